//! What waits for the writer: bounded, and fair between tenants.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::tenant::TenantId;
use tokio::sync::Notify;

use super::command::Command;
use crate::LedgerError;

/// Half a second's work of the writer, and some 15 MB.
const WAITING_MAX: usize = 20_000;
/// What one commit takes on. More would make those wait who came first.
const GROUP_MAX: usize = 4_000;

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    /// The house's own work: deliveries that end, which make room.
    house: VecDeque<Command>,
    /// The tenants that have something waiting, in the order of their turns.
    lanes: VecDeque<Lane>,
    records: usize,
    closed: bool,
}

struct Lane {
    tenant: TenantId,
    commands: VecDeque<Command>,
    records: usize,
}

impl Queue {
    /// Takes a command on, or says at once that there is no room for it.
    pub(super) fn push(&self, command: Command) -> Result<(), LedgerError> {
        self.locked().push(command)?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Everything that waits, up to one commit's worth; none when the queue is closed and empty.
    pub(super) async fn take(&self) -> Option<Vec<Command>> {
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

    /// What waits is still done; nothing more is taken on.
    pub(super) fn close(&self) {
        self.locked().closed = true;
        self.arrived.notify_one();
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, command: Command) -> Result<(), LedgerError> {
        if self.closed {
            return Err(LedgerError::Closed);
        }
        let Some(tenant) = command.tenant else {
            self.house.push_back(command);
            return Ok(());
        };
        let lanes = self.lanes.len() + 1;
        let at = self.lanes.iter().position(|lane| lane.tenant == tenant);
        let held = at.map_or(0, |at| self.lanes[at].records);
        // Whoever has nothing waiting is let in while there is room at all; the others keep to their share.
        let share = if held == 0 { WAITING_MAX } else { WAITING_MAX / lanes };
        if held > 0 && held + command.weight > share || self.records > WAITING_MAX {
            return Err(LedgerError::Busy { retry_after: Duration::from_secs(1) });
        }
        self.records += command.weight;
        match at {
            Some(at) => self.lanes[at].push(command),
            None => {
                let mut lane = Lane { tenant, commands: VecDeque::new(), records: 0 };
                lane.push(command);
                self.lanes.push_back(lane);
            }
        }
        Ok(())
    }

    /// The house's work, then one command of each tenant in turn until the group is full.
    fn take(&mut self) -> Vec<Command> {
        let mut group: Vec<Command> = self.house.drain(..).collect();
        let mut weight = 0;
        while weight < GROUP_MAX {
            let Some(mut lane) = self.lanes.pop_front() else { break };
            if let Some(command) = lane.commands.pop_front() {
                weight += command.weight;
                lane.records -= command.weight;
                self.records -= command.weight;
                group.push(command);
            }
            if !lane.commands.is_empty() {
                self.lanes.push_back(lane);
            }
        }
        group
    }
}

impl Lane {
    fn push(&mut self, command: Command) {
        self.records += command.weight;
        self.commands.push_back(command);
    }
}
