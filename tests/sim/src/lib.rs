//! V-Stack's own cores under simulated faults: one thread, no Raft, no runtime, and the same run for the same seed.
//!
//! Inside are the real chunk store, the real metadata, the real planners and their executor, uploads, read plans and the
//! player. Around them are a network, disks, clocks, processes and people, all of which are simulated and go wrong by seed.
//! What clients were promised is known, and what must hold is checked while it runs ([`invariant`]).
//!
//! Modules in reading order: `random` and `case` (what a seed decides), `kernel` (time and tasks), `net`, `machine` and
//! `log` (what goes wrong), `node` (the shell around the cores), `client`, `operator`, `session`, `reader` and `play`
//! (people), `oracle`, `promise` and `invariant` (what must hold), `nemesis` and `harm` (faults), `run` (one case), `shrink`
//! (the same with less).

pub mod args;
pub mod case;
pub mod client;
pub mod film;
mod harm;
pub mod invariant;
pub mod kernel;
pub mod log;
pub mod machine;
pub mod message;
mod nemesis;
pub mod net;
pub mod node;
mod operator;
pub mod oracle;
mod play;
pub mod promise;
pub mod random;
pub mod reader;
pub mod replica;
pub mod run;
mod session;
pub mod shrink;
pub mod trace;
pub mod world;
