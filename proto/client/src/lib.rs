//! How everything that talks to `vsd` talks to it: channels, chunk transfers, manifests, contexts, and how a person is told.
//!
//! Invariants:
//! - No chunk leaves this crate before its bytes hash to the name that was asked for (INT-1).
//! - Every call has a deadline, and every error is a [`Failure`](vs_core::error::Failure).
//! - A change is applied once, however often it had to be sent (CON-3).

pub mod channel;
pub mod chunk;
pub mod cli;
pub mod context;
pub mod film;
pub mod follow;
pub mod gather;
pub mod line;
pub mod reach;
pub mod reader;
pub mod retry;
pub mod session;

pub use channel::Client;
pub use reach::Reach;
pub use session::Session;
