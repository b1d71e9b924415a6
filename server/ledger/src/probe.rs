//! Whether writing works, found out by writing.

use crate::{health::Sort, write::Write};

/// Writes nothing that is ever read, to see whether writing works.
pub(crate) struct Probe;

/// Asks for more than anything of ours does, to see whether everything can be kept again.
pub(crate) struct ProbeWrite;

impl Write for Probe {
    type Answer = ();
}

impl Write for ProbeWrite {
    type Answer = ();

    fn sort(&self) -> Sort {
        Sort::Trial
    }
}
