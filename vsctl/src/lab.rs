//! Labs: a cluster of `vsd dev` under load while things go wrong, and whether what was promised held (DESIGN §2).
//!
//! What goes wrong, and what is made of what came, is decided in pure modules (`schedule`, `oracle`, `verdict`); the others do
//! as decided.
//!
//! Invariants:
//! - Never more goes wrong at a time than the cluster promises to survive, and nothing new before the last is mended.
//! - Only what was acknowledged counts as promised. Of what timed out nothing is known, and nothing is required.
//! - What a lab does ends by itself on the nodes, should the lab die.

pub(crate) mod clip;
pub(crate) mod cluster;
pub(crate) mod load;
pub(crate) mod oracle;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod verdict;
