//! The kind that a test is about. Each test runs on a thread of its own, which keeps it.

use std::cell::Cell;

use model::record::{Identity, KINDS, Kind, Kinds, campaign_run::CAMPAIGN_RUN};

use crate::specimen;

thread_local! {
    static SUBJECT: Cell<Subject> = const { Cell::new(Subject::CampaignRun) };
}

/// The specimen with ids that senders give.
static GIVEN: Kind = Kind {
    name: "given-specimen",
    table: "given_specimens",
    identity: Identity::Given("specimenId"),
    ..specimen::KEYED
};

/// The specimen, each one another.
pub static FRESH: Kind =
    Kind { name: "fresh-specimen", table: "fresh_specimens", identity: Identity::Fresh, ..specimen::KEYED };

static BESIDE_KEYED: &[&Kind] = &[&specimen::KEYED, &CAMPAIGN_RUN, &FRESH];
static BESIDE_GIVEN: &[&Kind] = &[&GIVEN, &CAMPAIGN_RUN, &FRESH];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    CampaignRun,
    Keyed,
    Given,
}

impl Subject {
    pub fn this() -> Self {
        SUBJECT.get()
    }

    /// What this test is about from here on.
    pub fn set(self) {
        SUBJECT.set(self);
    }

    pub const fn kind(self) -> &'static Kind {
        match self {
            Self::CampaignRun => &CAMPAIGN_RUN,
            Self::Keyed => &specimen::KEYED,
            Self::Given => &GIVEN,
        }
    }

    /// What the ledger is opened with: the kind itself comes first, and others keep it company.
    pub fn kinds(self) -> Kinds {
        match self {
            Self::CampaignRun => KINDS,
            Self::Keyed => Kinds::new(BESIDE_KEYED),
            Self::Given => Kinds::new(BESIDE_GIVEN),
        }
    }

    /// What a step of the schema would make for those of the kinds that no product has. `studio.` stands for the schema,
    /// where there is one.
    pub fn tables(self, of_a_folder: bool) -> String {
        let tables = if of_a_folder {
            include_str!("../data/specimen/sqlite.sql")
        } else {
            include_str!("../data/specimen/postgres.sql")
        };
        let specimens = self.kinds().iter().filter(|kind| KINDS.of_name(kind.name).is_none());
        specimens.map(|kind| tables.replace("specimens", kind.table)).collect()
    }
}

/// The kind that this test is about.
pub fn kind() -> &'static Kind {
    Subject::this().kind()
}
