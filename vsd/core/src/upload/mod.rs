//! What an upload decides: what a file is made of, how each stream becomes a track, where a track is cut, what its parts say,
//! and who finishes it.
//!
//! Media files are hostile input. Nothing here trusts a header: every length is bounded before memory is taken, every number is
//! checked before it is added, and whatever does not fit is an error with a reason a person can read.

pub mod mp4;
pub mod once;
pub mod plan;
pub mod room;
pub mod segment;
pub mod store;
pub mod tenure;
pub mod track;
pub mod write;
