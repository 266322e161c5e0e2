//! What happens with nobody asking: the leader's process looks after redundancy, and every node sweeps its own copies
//! (DESIGN §10). What is done is decided in [`vsd_core::background`] and [`vsd_core::plan`]; here it is started,
//! and asked how it stands.
//!
//! The one role that reads the metadata of its own process: a planner that asked by the network what it has at hand would
//! know no better.

mod desk;
mod sweep;

pub(crate) use desk::{Desk, start};
pub(crate) use sweep::Sweeper;
