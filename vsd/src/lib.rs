//! The V-Stack daemon: one process that runs any set of roles over one data directory and one port.
//!
//! Invariants:
//! - Roles do not call one another: they speak through `vs-client`, so one box and many are the same path.
//! - The port opens only when the node can serve chunks, and closes first when it stops.
//! - Every decision lives in `vsd-core`; what is here reads clocks, disks and sockets and does as decided.

mod admin;
mod admission;
mod background;
pub mod cli;
pub mod config;
mod dev;
mod fault;
mod fsck;
mod holdings;
mod inspect;
mod join;
mod listen;
mod meta;
mod node;
mod notify;
mod offline;
mod puts;
mod recover;
mod reserve;
mod run;
mod shell;
mod snapshot;
mod storage;
mod upload;

// What plants mistakes on purpose keeps nobody's films.
const _: () = assert!(!vs_core::mutant::CAN_PLANT, "vsd is not built with mutants: only `cargo sim` has them");

pub use cli::command;
/// What `benches/` measure of the inside.
#[doc(hidden)]
pub mod bench {
    pub use crate::{meta::bench::Direct, storage::bench::*};
}
