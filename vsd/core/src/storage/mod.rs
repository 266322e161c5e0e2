//! A node's data directories as one: which of them takes a chunk (`pick`), how much room they have (`condition`), and what
//! is known of a chunk that several of them may hold (`verified`).
//!
//! Invariants:
//! - A directory that is full, refuses or stalls takes nothing from the others but its share of the space.
//! - One good copy in any directory is a good copy.

mod condition;
pub mod pick;
mod verified;

pub use condition::Condition;
pub use verified::Verified;
