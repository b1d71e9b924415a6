//! What a check found, line by line for people, or as one document for programs.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::version::VERSION;

/// How a step went, with the sentence that says it.
pub enum StepOutcome {
    Held(String),
    /// It works, and a person should see to it.
    Warned(String),
    Failed(String),
}

/// Collects what is found. For people it is told at once.
pub struct CheckReport {
    is_json: bool,
    settings: Vec<Json>,
    steps: Vec<Json>,
    held: bool,
}

impl From<Result<String, String>> for StepOutcome {
    fn from(result: Result<String, String>) -> Self {
        result.map_or_else(Self::Failed, Self::Held)
    }
}

impl CheckReport {
    pub const fn new(is_json: bool) -> Self {
        Self { is_json, settings: Vec::new(), steps: Vec::new(), held: true }
    }

    /// A line of its own, which programs are not told.
    ///
    /// # Errors
    /// When standard output is closed, as in all that follow.
    pub fn heading(&self, text: &str) -> anyhow::Result<()> {
        if self.is_json { Ok(()) } else { write(&format!("{text}\n")) }
    }

    /// `origin`: where it was set; none for a default.
    pub fn setting(&mut self, name: &str, value: Option<&str>, origin: Option<&str>) -> anyhow::Result<()> {
        self.settings.push(json!({"name": name, "value": value, "origin": origin.unwrap_or("default")}));
        let origin = origin.map(|origin| format!("  ({origin})")).unwrap_or_default();
        self.heading(&format!("  {name:<34} {}{origin}", value.unwrap_or("–")))
    }

    /// Takes a step and says how it went and how long it took; whether it held.
    pub async fn step<O: Into<StepOutcome>>(
        &mut self,
        name: &str,
        step: impl Future<Output = O>,
    ) -> anyhow::Result<bool> {
        let started = Instant::now();
        let outcome = step.await.into();
        let milliseconds = started.elapsed().as_millis();
        let (sign, word, sentence) = match outcome {
            StepOutcome::Held(sentence) => ("✓", "held", sentence),
            StepOutcome::Warned(sentence) => ("!", "warned", sentence),
            StepOutcome::Failed(sentence) => ("✗", "failed", sentence),
        };
        self.heading(&format!("  {sign} {name:<12} {milliseconds:>6} ms  {sentence}"))?;
        self.steps
            .push(json!({"step": name, "outcome": word, "milliseconds": milliseconds, "sentence": sentence}));
        let held = word != "failed";
        self.held &= held;
        Ok(held)
    }

    /// Whether everything held. The document is written here.
    pub fn finish(self, mode: &str) -> anyhow::Result<bool> {
        if self.is_json {
            let document = json!({
                "version": VERSION,
                "mode": mode,
                "held": self.held,
                "settings": self.settings,
                "steps": self.steps,
            });
            write(&format!("{document:#}\n"))?;
        }
        Ok(self.held)
    }
}

fn write(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output is closed")
}
