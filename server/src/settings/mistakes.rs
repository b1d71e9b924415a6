//! Reads settings one by one and keeps every mistake, so that all of them can be told at once.

use std::{fmt, fs};

use super::{Situation, Sources, table};

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub setting: String,
    /// Goes on after the setting's name; never repeats a secret.
    pub sentence: String,
}

impl Mistake {
    pub fn new(setting: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { setting: setting.into(), sentence: sentence.into() }
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {} {}", mistake.setting, mistake.sentence))
    }
}

pub(super) struct SettingReader<'a> {
    sources: &'a Sources,
    mistakes: Vec<Mistake>,
}

impl<'a> SettingReader<'a> {
    pub fn of(sources: &'a Sources) -> Self {
        Self { sources, mistakes: sources.mistakes() }
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.sources.get(name)
    }

    /// The tables of an organisation that have names of their own.
    pub fn tables(&self) -> &'a toml::Table {
        self.sources.tables()
    }

    /// What is set, understood; a mistake is noted and reads like nothing.
    pub fn read<T>(&mut self, name: &str, understand: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match understand(self.text(name)?) {
            Ok(value) => Some(value),
            Err(sentence) => {
                self.mistake(name, sentence);
                None
            }
        }
    }

    /// The same, or the default in this situation. None has a mistake behind it.
    pub fn read_or_default<T>(
        &mut self,
        name: &'static str,
        situation: Situation,
        understand: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let default = table::named(name).and_then(|setting| setting.default_in(situation));
        match understand(self.text(name).or(default).unwrap_or_default()) {
            Ok(value) => Some(value),
            Err(sentence) => {
                self.mistake(name, sentence);
                None
            }
        }
    }

    /// The content of the file that a setting names.
    pub fn file(&mut self, name: &'static str) -> Option<Vec<u8>> {
        let path = self.text(name)?;
        match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.mistake(name, format!("names {path}, which cannot be read: {error}"));
                None
            }
        }
    }

    /// The text in the file that a setting names, which `what` calls.
    pub fn text_file(&mut self, name: &'static str, what: &str) -> Option<String> {
        let text = String::from_utf8(self.file(name)?).unwrap_or_default();
        if text.trim().is_empty() {
            self.mistake(name, format!("names a file that holds no text; put {what} into it"));
            return None;
        }
        Some(text.trim().to_owned())
    }

    pub fn mistake(&mut self, setting: &str, sentence: impl Into<String>) {
        self.mistakes.push(Mistake::new(setting, sentence));
    }

    pub fn finish(mut self) -> Result<(), Mistakes> {
        // One mistake a sentence: a rule that two settings break is told once for each.
        self.mistakes.dedup();
        if self.mistakes.is_empty() { Ok(()) } else { Err(Mistakes(self.mistakes)) }
    }
}
