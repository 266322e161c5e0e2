//! What happens with nobody asking: the leader's process looks after redundancy, and every node sweeps its own copies
//! (DESIGN §10).
//!
//! The planners are pure and in `vsd_core::plan`; this is what asks the nodes, moves the bytes and commits the results.

mod nodes;
mod progress;
mod repair;
pub(crate) mod status;
mod survey;
mod task;
mod term;
mod world;

pub(crate) use repair::Repairer;
