//! What the browser loads.
