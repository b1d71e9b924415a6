#![doc = include_str!("../README.md")]

mod options;

pub use options::{Emulator, Error, Options};
