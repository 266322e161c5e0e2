//! What goes on with nobody asking (DESIGN §10). What is to be done is decided in `vsd_core::plan`.
//!
//! The one role that reads the metadata of its own process: a planner that asked by the network what it has at hand would
//! know no better.

mod sweep;

pub(crate) use sweep::Sweeper;
