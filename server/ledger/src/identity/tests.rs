//! Who may take a ledger's records where, in every order of starts.

use super::*;

const NOW: Timestamp = Timestamp::EARLIEST;

fn owner(n: u128, inside: bool) -> Owner {
    Owner { id: Uuid::from_u128(n), place: format!("https://{n}.example"), inside }
}

fn emulator(n: u128) -> Owner {
    owner(n, true)
}

fn real(n: u128) -> Owner {
    owner(n, false)
}

fn embedded(n: u128, tells: bool) -> Claim {
    Claim::Inside { emulator: Some(emulator(n)), tells }
}

fn adopt(number: u128) -> Claim {
    Claim::Adopt { owner: real(number), again: false }
}

fn connected(n: u128) -> Claim {
    Claim::Connected(Some(real(n)))
}

/// One ledger, claimed again and again.
struct ClaimedLedger {
    identity: LedgerIdentity,
    has_records: bool,
    was_acknowledged: bool,
    traces: Traces,
}

impl ClaimedLedger {
    fn empty() -> Self {
        Self {
            identity: LedgerIdentity::default(),
            has_records: false,
            was_acknowledged: false,
            traces: Traces::default(),
        }
    }

    /// Of a version that kept no identity.
    fn old(story: bool, emulator: bool) -> Self {
        Self { traces: Traces { story, emulator }, ..Self::empty() }.used()
    }

    fn used(self) -> Self {
        Self { has_records: true, was_acknowledged: true, ..self }
    }

    fn ask(&self, claim: Claim) -> Result<ClaimGranted, Stranger> {
        let asked = ClaimLedger {
            claim,
            traces: self.traces,
            place: LedgerLocation::File("data/ledger.sqlite".into()),
        };
        let (has_records, was_acknowledged) = (self.has_records, self.was_acknowledged);
        asked.decide(StoredIdentity { identity: self.identity.clone(), has_records, was_acknowledged }, NOW)
    }

    /// Says whether everything is to be sent again.
    #[track_caller]
    fn take(&mut self, claim: Claim) -> bool {
        let granted = self.ask(claim).unwrap();
        self.identity = granted.identity;
        granted.anew
    }

    #[track_caller]
    fn refuses(&self, claim: Claim, piece: &str) {
        let said = self.ask(claim).unwrap_err().to_string();
        assert!(said.contains(piece) && said.contains("data/ledger.sqlite"), "{said}");
    }

    fn after(claim: Claim) -> Self {
        let mut ledger = Self::empty();
        assert!(!ledger.take(claim));
        ledger.used()
    }
}

#[test]
fn demo_data_go_only_to_emulators() {
    for mut ledger in [ClaimedLedger::after(embedded(1, true)), ClaimedLedger::old(true, true)] {
        for claim in [connected(2), Claim::Connected(None), Claim::Resting, adopt(2)] {
            ledger.refuses(claim, "holds demo data, which must never reach a real organisation");
        }
        ledger.refuses(embedded(1, false), "STUDIO_DEMO is off");
        assert!(!ledger.take(embedded(1, true)));
        assert!(ledger.identity.demo);
    }
}

#[test]
fn ledgers_belong_to_one_organisation() {
    let mut ledger = ClaimedLedger::after(connected(1));
    ledger.refuses(connected(2), "belongs to the organisation https://1.example");
    for tells in [true, false] {
        ledger.refuses(embedded(3, tells), "the emulator inside must not take them");
        ledger.refuses(Claim::Inside { emulator: None, tells }, "and belongs to the organisation");
    }
    assert!(!ledger.take(connected(1)) && !ledger.take(Claim::Resting) && !ledger.take(adopt(1)));
    assert!(ledger.take(adopt(2)), "all of it is sent again");
    assert_eq!(
        ledger.identity,
        LedgerIdentity { owner: Some(real(2)), demo: false, copied_at: Some(NOW), generation: 1 }
    );
    ledger.refuses(connected(1), "belongs to the organisation https://2.example");
    assert!(ledger.take(Claim::Adopt { owner: real(2), again: true }), "and so it is when it is told to");
}

#[test]
fn emulator_deliveries_count_for_no_organisation() {
    for mut ledger in [ClaimedLedger::after(embedded(1, false)), ClaimedLedger::old(false, true)] {
        for claim in [connected(2), Claim::Connected(None), Claim::Resting] {
            ledger.refuses(claim, "say `studio adopt`");
        }
        ledger.refuses(embedded(1, true), "demo data would mix with them");
        assert!(ledger.take(adopt(2)));
    }
}

#[test]
fn waiting_records_are_not_the_emulators() {
    let mut ledger = ClaimedLedger { has_records: true, ..ClaimedLedger::empty() };
    for tells in [true, false] {
        ledger.refuses(embedded(1, tells), "holds records that are no demo data");
    }
    assert!(!ledger.take(Claim::Connected(None)) && ledger.identity.owner.is_none());
    assert!(!ledger.take(connected(2)));
    assert_eq!(ledger.identity.owner, Some(real(2)));
}

#[test]
fn another_emulator_gets_everything_again() {
    let mut ledger = ClaimedLedger::after(embedded(1, true));
    assert!(ledger.take(embedded(2, true)));
    let mut ledger = ClaimedLedger::after(embedded(1, false));
    assert!(ledger.take(embedded(2, false)) && !ledger.take(embedded(2, false)));
}

#[test]
fn an_emulator_without_records_is_no_owner() {
    let mut ledger = ClaimedLedger::empty();
    assert!(!ledger.take(embedded(1, true)));
    assert!(!ledger.take(connected(2)));
    assert!(!ledger.identity.demo);
}
