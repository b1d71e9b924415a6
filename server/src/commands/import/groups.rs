//! A file read in groups, beside those who write them: what waits in between is two groups at most.

use std::{io, sync::Arc, thread};

use model::clock::Clock;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{
    json_members::SeenMembers,
    rows::{ReadRow, RowReader},
};

/// Rows that are written together.
const GROUP_ROWS: usize = 1_000;
/// And their bytes, about.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Rows that are written together.
#[derive(Default)]
pub struct RowGroup {
    pub rows: Vec<ReadRow>,
    /// How much of the file was read by then.
    pub bytes: u64,
    /// What is to be said of all rows until then.
    pub seen: SeenMembers,
}

/// Reads the file on a thread of its own: where it is a pipe, nothing can be told for how long it is silent.
pub fn read(reader: RowReader, clock: Arc<dyn Clock>) -> Receiver<io::Result<RowGroup>> {
    let (sender, groups) = mpsc::channel(1);
    thread::spawn(move || send_all(reader, &*clock, &sender));
    groups
}

fn send_all(mut reader: RowReader, clock: &dyn Clock, sender: &Sender<io::Result<RowGroup>>) {
    loop {
        let group = group(&mut reader, clock);
        let is_last = !matches!(&group, Ok(group) if !group.rows.is_empty());
        let has_news = group.is_err() || !is_last;
        // Where no one takes it, the command has ended.
        if has_news && sender.blocking_send(group).is_err() || is_last {
            return;
        }
    }
}

fn group(reader: &mut RowReader, clock: &dyn Clock) -> io::Result<RowGroup> {
    let (now, mut rows, mut weight) = (clock.now(), Vec::new(), 0);
    while rows.len() < GROUP_ROWS && weight < GROUP_BYTES {
        let Some(row) = reader.next(now)? else { break };
        weight += row.raw.weight();
        rows.push(row);
    }
    Ok(RowGroup { rows, bytes: reader.bytes(), seen: reader.seen() })
}
