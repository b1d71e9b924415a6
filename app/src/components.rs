//! The parts of the panel, each a plain function from what it shows to what is seen.

pub(crate) mod chart;
pub(crate) mod foot;
pub(crate) mod heading;
pub(crate) mod newest;
mod switch;
pub(crate) mod tiles;
pub(crate) mod view_bar;
