//! The uploader: takes films in, whole and verified, and makes them playable (DESIGN §7).
//!
//! | step | what is kept | what a crash leaves |
//! |---|---|---|
//! | receive | bytes in the spool, synced up to the offset that clients are told | a session that goes on at that offset |
//! | probe | nothing | the same step again, under a higher ballot |
//! | store | the original's chunks on quorum, then their parts, then one commit: the video is listed | the same step again |
//! | cut | each track's chunks and parts as ffmpeg makes them, then one commit: the video is ready | the same step again |
//!
//! Invariants:
//! - Nothing is called stored that is not on quorum, and nothing is listed that cannot be read whole.
//! - Memory does not grow with the film: segments share a budget, few groups of chunks are in flight, at most two
//!   chunks of a track wait for their stripe, and the spool is a file.
//! - Every child process ends before its upload does.

mod child;
mod chunks;
mod cutting;
mod pipeline;
mod probe;
mod service;
mod sessions;
mod spool;
mod tenure;
mod track;

pub(crate) use service::{UploadService, redundancy};
pub(crate) use sessions::{Options, Uploader, wall_of};
