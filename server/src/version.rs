//! Which version this is.

/// The package's, with the commit that it was built from where the build says it: `0.1.0+1a2b3c4d5e6f.dirty`.
pub const VERSION: &str = env!("STUDIO_VERSION");
