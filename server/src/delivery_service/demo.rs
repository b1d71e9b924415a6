//! What a person giving a demo can do to the emulator inside: take it away, throttle it, bring it back.

use std::sync::Arc;

use app::pages::Trouble;
use arc_swap::ArcSwap;
use emulator::{Controls, Disturbance, FaultEffect};

/// In the primary names of the runs that a refusing Dataverse minds.
const REFUSED: &str = " · 2-3";
/// Seconds for which a throttled request asks everybody to wait.
const PAUSE: u64 = 4;

pub struct DemoControls {
    controls: Controls,
    trouble: ArcSwap<Option<Trouble>>,
}

impl DemoControls {
    pub fn of(controls: Controls) -> Self {
        Self { controls, trouble: ArcSwap::from_pointee(None) }
    }

    pub fn trouble(&self) -> Option<Trouble> {
        **self.trouble.load()
    }

    pub fn make(&self, trouble: Option<Trouble>) {
        self.controls.calm();
        if let Some(trouble) = trouble {
            self.controls.disturb(disturbance(trouble));
        }
        self.trouble.store(Arc::new(trouble));
        tracing::info!(?trouble, "the demo's Dataverse");
    }
}

fn disturbance(trouble: Trouble) -> Disturbance {
    match trouble {
        Trouble::Away => Disturbance { effect: FaultEffect::CutBefore, ..Disturbance::default() },
        Trouble::Throttled => Disturbance {
            effect: FaultEffect::Answer,
            status: Some(429),
            retry_after: Some(PAUSE),
            every: Some(2),
            ..Disturbance::default()
        },
        Trouble::Refusing => Disturbance {
            effect: FaultEffect::Refuse,
            text: Some(REFUSED.to_owned()),
            ..Disturbance::default()
        },
    }
}
