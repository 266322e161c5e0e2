//! The decisions of the V-Stack daemon, as pure code: what is kept where and how (`superblock`, `storage`), when it is looked
//! after (`care`), what the cluster agrees on (`meta`), who leads it (`election`), which nodes are up (`health`), what
//! is to be changed next (`plan`), how that is carried out with nobody asking (`background`), and what becomes of an
//! uploaded file (`upload`).
//!
//! Invariant: no clock, no randomness, no network, no threads and no files: they come in as arguments, so that the same
//! code runs in the daemon, in property tests and in the simulator.

pub mod background;
pub mod care;
pub mod election;
pub mod health;
pub mod meta;
pub mod plan;
pub mod storage;
pub mod superblock;
pub mod upload;
