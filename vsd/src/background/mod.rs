//! What happens with nobody asking: the leader's process looks after redundancy, and every node sweeps its own copies
//! (DESIGN §10). What is to be done is decided in `vsd_core::plan`; this asks the nodes, moves the bytes and commits.
//!
//! The one role that reads the metadata of its own process: a planner that asked by the network what it has at hand would
//! know no better.

mod jobs;
mod migrate;
mod orders;
mod place;
mod progress;
mod repair;
pub(crate) mod status;
mod survey;
mod sweep;
mod task;
mod term;
mod world;

pub(crate) use repair::Repairer;
pub(crate) use sweep::Sweeper;
