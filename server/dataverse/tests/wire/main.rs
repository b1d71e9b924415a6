//! The client against a stand-in that answers whatever a test wants: what goes over the wire, and how often.

mod batches;
mod identity;
mod reading;
mod retries;
mod stand_in;
