//! What every process of V-Stack agrees on: words, limits, ids, units, the cluster map, the manifest, stripes, the order of
//! reads and the node score.
//!
//! Invariants:
//! - No I/O, no clock, no randomness, no threads: whatever varies comes in as an argument.
//! - What is encoded here is read by every later release. Fields are added with a default and never change their meaning.

pub mod codec;
pub mod error;
pub mod group;
pub mod hash;
pub mod id;
pub mod layout;
pub mod limit;
pub mod manifest;
pub mod mutant;
pub mod placement;
pub mod read;
pub mod score;
pub mod stripe;
pub mod text;
pub mod unit;
