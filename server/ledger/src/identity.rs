//! To which organisation a ledger belongs, and whether its records were made up for a demo. It is kept in the ledger and
//! claimed before anything is sent there or read from there, so that no order of starts takes records to a stranger.

mod anew;

use std::fmt::{self, Display, Formatter};

use model::time::Timestamp;
use uuid::Uuid;

pub(crate) use anew::anew;

use crate::{LedgerError, LedgerLocation, write::Write};

/// What is true of a whole ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerIdentity {
    /// None before the first contact.
    pub owner: Option<Owner>,
    /// Its records were made up.
    pub demo: bool,
    /// Since when Dataverse may hold newer states than the ledger: it was put back from a copy taken then, or went to
    /// another organisation. None once that was looked at.
    pub copied_at: Option<Timestamp>,
    /// A process that claimed an earlier one writes no more.
    pub(crate) generation: i64,
}

/// An organisation that a ledger belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The organisation's id, as Dataverse gives it.
    pub id: Uuid,
    /// How people know it.
    pub place: String,
    /// It is an emulator inside the server.
    pub inside: bool,
}

/// Where the ledger's records are to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// To an emulator inside the server. Without it, it is only asked whether that may be. `tells`: demo data are told
    /// into the ledger.
    Inside { emulator: Option<Owner>, tells: bool },
    /// To a real organisation. Without it, it is only asked whether that may be.
    Connected(Option<Owner>),
    /// To none: a flow carries them.
    Resting,
    /// To this real organisation, whichever it was before. `again`: as if nothing had gone there yet.
    Adopt {
        /// The organisation that takes them from now on.
        owner: Owner,
        /// Whatever it has acknowledged is sent once more.
        again: bool,
    },
}

/// What a version that did not keep an identity may have left beside a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// How far the demo's story was told.
    pub story: bool,
    /// An emulator's organisation.
    pub emulator: bool,
}

/// Why the records are not to be taken there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    #[error(
        "the ledger {place} holds demo data, which must never reach a real organisation; {}, and keep this one for demos",
        place.elsewhere()
    )]
    Demo { place: LedgerLocation },
    #[error(
        "the ledger {place} belongs to the emulator inside the server, which took records that no real organisation has; {}, or \
         say `studio adopt`, and all of them are sent to the organisation of the settings",
        place.elsewhere()
    )]
    OfEmulator { place: LedgerLocation },
    #[error(
        "the ledger {place} belongs to {owner}, and the settings name {asked}; mend DATAVERSE_URL, {}, or say `studio adopt` if \
         all of it shall go to that one from now on",
        place.elsewhere()
    )]
    OfAnother { place: LedgerLocation, owner: Box<Owner>, asked: Box<Owner> },
    #[error(
        "the ledger {place} holds records that are no demo data{}, and the emulator inside must not take them; set DATAVERSE_URL \
         and how to sign in to it, or {}",
        .owner.as_ref().map_or_else(String::new, |owner| format!(" and belongs to {owner}")), place.elsewhere()
    )]
    Real { place: LedgerLocation, owner: Option<Owner> },
    #[error(
        "the ledger {place} holds records of your own, and demo data would mix with them; set STUDIO_DEMO to off, or {}",
        place.elsewhere()
    )]
    NoDemo { place: LedgerLocation },
    #[error(
        "STUDIO_DEMO is off, and the ledger {place} holds demo data; take STUDIO_DEMO away, or {}", place.elsewhere()
    )]
    NothingButDemo { place: LedgerLocation },
}

/// Why a ledger was not claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    #[error(transparent)]
    Stranger(#[from] Stranger),
    #[error("it cannot be asked to which organisation the ledger belongs: {0}")]
    Ledger(#[from] LedgerError),
}

/// A claim on its way to the store.
#[derive(Clone, Debug)]
pub(crate) struct ClaimLedger {
    pub(crate) claim: Claim,
    pub(crate) traces: Traces,
    pub(crate) place: LedgerLocation,
}

/// What stands in Dataverse was looked at: what is here is not older any more.
pub(crate) struct Looked;

impl Write for ClaimLedger {
    type Answer = Result<LedgerIdentity, Stranger>;
}

impl Write for Looked {
    type Answer = ();
}

/// What the store knows.
pub(crate) struct StoredIdentity {
    pub(crate) identity: LedgerIdentity,
    pub(crate) has_records: bool,
    /// Records were acknowledged, in whichever organisation.
    pub(crate) was_acknowledged: bool,
}

/// What becomes of the ledger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClaimGranted {
    pub(crate) identity: LedgerIdentity,
    /// Nothing of what was acknowledged counts any more.
    pub(crate) anew: bool,
}

impl LedgerIdentity {
    /// Whether what was acknowledged when this was so counts no more afterwards.
    #[must_use]
    pub const fn is_of_before(&self, after: &Self) -> bool {
        self.generation < after.generation
    }
}

impl Display for Owner {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(to, "the organisation {} ({})", self.place, self.id)
    }
}

impl ClaimLedger {
    pub(crate) fn decide(&self, mut found: StoredIdentity, now: Timestamp) -> Result<ClaimGranted, Stranger> {
        if !found.has_records && found.identity.owner.as_ref().is_some_and(|owner| owner.inside) {
            // Nothing came of it.
            let generation = found.identity.generation;
            found.identity = LedgerIdentity { generation, ..LedgerIdentity::default() };
        }
        let story = LedgerUse::of(&found, self.traces);
        let place = self.place.clone();
        match &self.claim {
            Claim::Resting | Claim::Connected(_) | Claim::Adopt { .. } if story.demo => {
                Err(Stranger::Demo { place })
            }
            Claim::Resting | Claim::Connected(_) if story.inside => Err(Stranger::OfEmulator { place }),
            Claim::Resting | Claim::Connected(None) => Ok(found.unchanged()),
            Claim::Connected(Some(asked)) => match found.identity.owner.clone() {
                Some(owner) if owner.id != asked.id => {
                    Err(Stranger::OfAnother { place, owner: Box::new(owner), asked: Box::new(asked.clone()) })
                }
                _ => Ok(found.given_to(asked, false, now)),
            },
            Claim::Adopt { owner: asked, again } => {
                let is_another = found.identity.owner.as_ref().is_some_and(|owner| owner.id != asked.id);
                Ok(found.given_to(asked, is_another || story.inside || *again, now))
            }
            Claim::Inside { emulator, tells } => self.inside(found, story, emulator.as_ref(), *tells, now),
        }
    }

    fn inside(
        &self,
        mut found: StoredIdentity,
        story: LedgerUse,
        emulator: Option<&Owner>,
        tells: bool,
        now: Timestamp,
    ) -> Result<ClaimGranted, Stranger> {
        let (place, owner) = (self.place.clone(), found.identity.owner.clone());
        let is_real = owner.as_ref().is_some_and(|owner| !owner.inside);
        let is_unknown = owner.is_none() && found.has_records && !story.demo && !self.traces.emulator;
        if is_real || is_unknown {
            return Err(Stranger::Real { place, owner });
        }
        if tells && found.has_records && !story.demo {
            return Err(Stranger::NoDemo { place });
        }
        if !tells && story.demo {
            return Err(Stranger::NothingButDemo { place });
        }
        let Some(emulator) = emulator else { return Ok(found.unchanged()) };
        found.identity.demo = tells;
        let is_another = owner.is_some_and(|owner| owner.id != emulator.id);
        Ok(found.given_to(emulator, is_another, now))
    }
}

/// What the ledger has been used for.
#[derive(Clone, Copy)]
struct LedgerUse {
    demo: bool,
    inside: bool,
}

impl LedgerUse {
    /// What lies beside a ledger says something only as long as the ledger itself does not.
    fn of(found: &StoredIdentity, traces: Traces) -> Self {
        let LedgerIdentity { owner, demo, .. } = &found.identity;
        let untold = owner.is_none() && found.has_records;
        Self {
            demo: *demo || untold && traces.story,
            inside: owner.as_ref().is_some_and(|owner| owner.inside)
                || untold && traces.emulator && found.was_acknowledged,
        }
    }
}

impl StoredIdentity {
    fn unchanged(self) -> ClaimGranted {
        ClaimGranted { identity: self.identity, anew: false }
    }

    /// `anew`: nothing of it is known to be there.
    fn given_to(self, owner: &Owner, anew: bool, now: Timestamp) -> ClaimGranted {
        let anew = anew && self.has_records;
        let before = self.identity;
        let identity = LedgerIdentity {
            owner: Some(owner.clone()),
            demo: before.demo,
            copied_at: if anew { before.copied_at.or(Some(now)) } else { before.copied_at },
            generation: before.generation + i64::from(anew),
        };
        ClaimGranted { identity, anew }
    }
}

#[cfg(test)]
mod tests;
