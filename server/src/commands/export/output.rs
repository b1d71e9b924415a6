//! Where an export goes: a new file, which has its name once it is whole, or standard output. A reader that is slow or gone
//! holds up a thread of its own, and nothing else.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context as _;
use tokio::sync::{mpsc, oneshot};

use crate::commands::{
    Failure,
    unfinished_file::{UnfinishedFile, is_taken},
};

/// What became of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    All {
        records: i64,
    },
    /// The reader of standard output went away.
    Unread,
    /// After how many, where that is known.
    Stopped {
        records: Option<i64>,
    },
}

impl Written {
    /// The same with this number of records, where it is all.
    pub const fn with(self, records: i64) -> Self {
        if let Self::All { .. } = self { Self::All { records } } else { self }
    }
}

/// Takes pieces of text.
pub struct ExportOutput {
    pieces: mpsc::Sender<Vec<u8>>,
    ended: oneshot::Receiver<io::Result<()>>,
    file: Option<UnfinishedExport>,
}

impl ExportOutput {
    /// # Errors
    /// When the file is there already or cannot be made: mistakes of usage.
    pub fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let (to, file): (Box<dyn Write + Send>, _) = match file {
            None => (Box::new(io::stdout()), None),
            Some(target) => {
                let (unfinished, file) = UnfinishedExport::begin(target)?;
                (Box::new(file), Some(unfinished))
            }
        };
        let ((pieces, taken), (end, ended)) = (mpsc::channel(1), oneshot::channel());
        thread::spawn(move || {
            // Where the command has ended, no one asks any more.
            _ = end.send(write_all(to, taken));
        });
        Ok(Self { pieces, ended, file })
    }

    /// Whether it was taken. If not, the end says why.
    pub async fn send(&mut self, piece: Vec<u8>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    /// Everything is on its way: waits until it is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end(self) -> anyhow::Result<Written> {
        let Self { pieces, ended, file } = self;
        drop(pieces);
        match ended.await.unwrap_or_else(|_| Err(io::Error::other("the writing ended unasked"))) {
            Err(gone) if gone.kind() == io::ErrorKind::BrokenPipe && file.is_none() => Ok(Written::Unread),
            Err(error) => Err(error).context("it cannot be written"),
            Ok(()) => {
                file.map(UnfinishedExport::publish).transpose().context("it cannot be written")?;
                Ok(Written::All { records: 0 })
            }
        }
    }
}

fn write_all(to: Box<dyn Write + Send>, mut pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    while let Some(piece) = pieces.blocking_recv() {
        to.write_all(&piece)?;
    }
    to.flush()
}

/// A file under another name, which goes when it does not become whole.
struct UnfinishedExport {
    file: UnfinishedFile,
    written: File,
    target: PathBuf,
}

impl UnfinishedExport {
    fn begin(target: &Path) -> Result<(Self, File), Failure> {
        let name = target.display();
        if is_taken(target) {
            return Err(Failure::Usage(format!(
                "{name} is there already; name another file, or move that one aside"
            )));
        }
        let begun = UnfinishedFile::begin(target).and_then(|(file, to)| {
            Ok((Self { file, written: to.try_clone()?, target: target.to_owned() }, to))
        });
        begun.map_err(|error| Failure::Usage(format!("{name} cannot be written: {error}")))
    }

    /// On disk first, then under its name, which must still be free.
    fn publish(self) -> io::Result<()> {
        self.written.sync_all()?;
        self.file.publish(&self.target)
    }
}
