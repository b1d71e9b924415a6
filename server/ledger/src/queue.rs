//! What waits for the writer: bounded, and fair between tenants.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::tenant::TenantId;
use tokio::sync::Notify;

use crate::{LedgerError, command::Command, health::Sort, write::Backend};

/// In bytes, about: half a second's work of the writer, some 20,000 campaign runs.
const WAITING_MAX: usize = 8 << 20;
/// What one commit takes on, in bytes. More would make those wait who came first.
const GROUP_MAX: usize = 3 << 19;
/// Writes of the ledger itself come by the dozen; more are questions about the ledger's health that stand in line.
const SYSTEM_MAX: usize = 1_000;

#[derive(Default)]
pub(crate) struct Queue<S: Backend> {
    waiting: Mutex<Waiting<S>>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting<S: Backend> {
    /// Work that concerns no sender: deliveries that end, which make room.
    system: VecDeque<Command<S>>,
    /// Taken by themselves, and only while nothing else waits: what they find must not be the fault of others.
    trials: Vec<Command<S>>,
    /// The tenants that have something waiting, in the order of their turns.
    lanes: VecDeque<Lane<S>>,
    /// In bytes.
    weight: usize,
    closed: bool,
    /// Why nothing is taken on for now.
    refusing: Option<LedgerError>,
}

struct Lane<S: Backend> {
    tenant: TenantId,
    commands: VecDeque<Command<S>>,
    /// In bytes.
    weight: usize,
}

impl<S: Backend> Queue<S> {
    /// Takes a command on, or says at once that there is no room for it.
    pub(crate) fn push(&self, command: Command<S>) -> Result<(), LedgerError> {
        self.locked().push(command)?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Everything that waits, up to one commit's worth; none when the queue is closed and empty.
    pub(crate) async fn take(&self) -> Option<Vec<Command<S>>> {
        loop {
            {
                let mut waiting = self.locked();
                let group = waiting.take();
                if !group.is_empty() {
                    return Some(group);
                }
                if waiting.closed {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// How much waits, in bytes, and for how long the oldest of it has.
    pub(crate) fn backlog(&self) -> (usize, Duration) {
        let waiting = self.locked();
        let lanes = waiting.lanes.iter().filter_map(|lane| lane.commands.front());
        let oldest = lanes.chain(waiting.system.front()).map(|command| command.since).min();
        let system: usize = waiting.system.iter().map(Command::weight).sum();
        (waiting.weight + system, oldest.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// There is no writer: what waits is answered so, and what comes until there is one.
    pub(crate) fn refuse(&self, why: &LedgerError) {
        let left = {
            let mut waiting = self.locked();
            waiting.refusing = Some(why.clone());
            waiting.take_all()
        };
        let refused = Err(why.clone());
        left.into_iter().for_each(|command| command.work.finish(&refused));
    }

    /// There is a writer again.
    pub(crate) fn go_on(&self) {
        self.locked().refusing = None;
    }

    pub(crate) async fn closed(&self) {
        while !self.locked().closed {
            self.arrived.notified().await;
        }
    }

    /// What waits is still done; nothing more is taken on.
    pub(crate) fn close(&self) {
        self.locked().closed = true;
        self.arrived.notify_one();
    }

    fn locked(&self) -> MutexGuard<'_, Waiting<S>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Backend> Waiting<S> {
    fn push(&mut self, command: Command<S>) -> Result<(), LedgerError> {
        if self.closed {
            return Err(LedgerError::Closed);
        }
        if let Some(why) = &self.refusing {
            return Err(why.clone());
        }
        if command.work.sort() == Sort::Trial {
            self.trials.push(command);
            return Ok(());
        }
        let Some(tenant) = command.tenant() else {
            if self.system.len() >= SYSTEM_MAX {
                return Err(busy());
            }
            self.system.push_back(command);
            return Ok(());
        };
        let at = self.lanes.iter().position(|lane| lane.tenant == tenant);
        let lanes = self.lanes.len() + usize::from(at.is_none());
        let held = at.map_or(0, |at| self.lanes[at].weight);
        // A tenant with nothing waiting is let in while there is room at all; the others keep to their share.
        let share = if held == 0 { WAITING_MAX } else { WAITING_MAX / lanes };
        if held > 0 && held + command.weight() > share || self.weight > WAITING_MAX {
            return Err(busy());
        }
        self.weight += command.weight();
        match at {
            Some(at) => self.lanes[at].push(command),
            None => {
                let mut lane = Lane { tenant, commands: VecDeque::new(), weight: 0 };
                lane.push(command);
                self.lanes.push_back(lane);
            }
        }
        Ok(())
    }

    /// System work first, then one command of each tenant in turn until the group is full.
    fn take(&mut self) -> Vec<Command<S>> {
        let mut group: Vec<Command<S>> = self.system.drain(..).collect();
        let mut weight = 0;
        while weight < GROUP_MAX {
            let Some(mut lane) = self.lanes.pop_front() else { break };
            if let Some(command) = lane.commands.pop_front() {
                weight += command.weight();
                lane.weight -= command.weight();
                self.weight -= command.weight();
                group.push(command);
            }
            if !lane.commands.is_empty() {
                self.lanes.push_back(lane);
            }
        }
        if group.is_empty() {
            group.append(&mut self.trials);
        }
        group
    }

    fn take_all(&mut self) -> Vec<Command<S>> {
        self.weight = 0;
        let lanes = self.lanes.drain(..).flat_map(|lane| lane.commands);
        self.system.drain(..).chain(lanes).chain(self.trials.drain(..)).collect()
    }
}

const fn busy() -> LedgerError {
    LedgerError::Busy { retry_after: Duration::from_secs(1) }
}

impl<S: Backend> Lane<S> {
    fn push(&mut self, command: Command<S>) {
        self.weight += command.weight();
        self.commands.push_back(command);
    }
}

#[cfg(test)]
mod tests {
    use model::record::campaign_run::CAMPAIGN_RUN;
    use uuid::Uuid;

    use super::*;
    use crate::{
        command::{RecordsRequest, Work},
        probe::{Probe, ProbeWrite},
        sqlite::InFile,
        write::Reply,
    };

    /// Fills the queue without a rest.
    const STEP: usize = 64 * 1024;

    fn command(tenant: u128, weight: usize) -> Command<InFile> {
        let tenant = TenantId(Uuid::from_u128(tenant));
        let (sender, _) = tokio::sync::oneshot::channel();
        let reply = Reply::new(sender);
        Command::new(Work::Store(RecordsRequest {
            tenant,
            kind: &CAMPAIGN_RUN,
            records: Vec::new(),
            weight,
            reply,
        }))
    }

    fn tenants(group: &[Command<InFile>]) -> Vec<u128> {
        group.iter().filter_map(|command| command.tenant().map(|tenant| tenant.0.as_u128())).collect()
    }

    #[test]
    fn turns_go_round_between_tenants() {
        let mut waiting = Waiting::<InFile>::default();
        for tenant in [1, 1, 1, 2, 3] {
            waiting.push(command(tenant, 1)).unwrap();
        }
        assert_eq!(tenants(&waiting.take()), [1, 2, 3, 1, 1]);
        assert_eq!(waiting.weight, 0);
    }

    #[test]
    fn a_full_queue_is_busy() {
        let mut waiting = Waiting::<InFile>::default();
        while waiting.push(command(1, STEP)).is_ok() {}
        assert_eq!(waiting.weight, WAITING_MAX, "who is alone has all of it");
        assert!(matches!(waiting.push(command(1, 1)), Err(LedgerError::Busy { .. })));
        assert!(waiting.push(command(2, STEP)).is_ok(), "a tenant with nothing waiting is let in");
        let taken: usize = waiting.take().iter().map(Command::weight).sum();
        assert!((GROUP_MAX..GROUP_MAX + STEP).contains(&taken));
        assert!(waiting.push(command(2, STEP)).is_ok());
    }

    #[test]
    fn system_work_has_bounded_room() {
        let mut waiting = Waiting::<InFile>::default();
        let probe = || Command::write(Probe).0;
        while waiting.system.len() < SYSTEM_MAX {
            waiting.push(probe()).unwrap();
        }
        assert!(matches!(waiting.push(probe()), Err(LedgerError::Busy { .. })));
        assert_eq!(waiting.take().len(), SYSTEM_MAX);
        assert!(waiting.push(probe()).is_ok());
    }

    #[test]
    fn oversized_requests_enter_alone() {
        let mut waiting = Waiting::<InFile>::default();
        waiting.push(command(1, 1)).unwrap();
        waiting.push(command(2, WAITING_MAX)).unwrap();
        assert!(waiting.push(command(2, 1)).is_err());
    }

    #[test]
    fn a_trial_waits_until_it_is_alone() {
        let mut waiting = Waiting::<InFile>::default();
        let trial = || Command::write(ProbeWrite).0;
        waiting.push(trial()).unwrap();
        waiting.push(command(1, 1)).unwrap();
        let is_trial =
            |group: &[Command<InFile>]| matches!(group, [command] if command.work.sort() == Sort::Trial);
        assert_eq!(tenants(&waiting.take()), [1]);
        assert!(is_trial(&waiting.take()));
        assert!(waiting.take().is_empty());
    }

    #[test]
    fn what_waits_without_a_writer_is_refused() {
        let queue = Queue::<InFile>::default();
        let (waiting, mut answer) = Command::write(Probe);
        queue.push(waiting).unwrap();
        let why = LedgerError::Unavailable("no writer".to_owned());
        queue.refuse(&why);
        assert_eq!(answer.try_recv(), Ok(Err(why.clone())));
        assert_eq!(queue.push(command(1, 1)), Err(why));
        queue.go_on();
        assert_eq!(queue.push(command(1, WAITING_MAX)), Ok(()), "what was refused takes no room");
    }

    #[test]
    fn a_closed_queue_only_finishes() {
        let mut waiting = Waiting::<InFile>::default();
        waiting.push(command(1, 1)).unwrap();
        waiting.closed = true;
        assert_eq!(waiting.push(command(1, 1)).err(), Some(LedgerError::Closed));
        assert_eq!(waiting.take().len(), 1);
    }
}
