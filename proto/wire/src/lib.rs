//! The gRPC contract: code generated from `proto/vs/v1` and the checked way between its messages and `vs-core`'s types.
//!
//! Invariants:
//! - What comes from the wire is checked once, here: a hash has 32 bytes, a layout lists only its own nodes, an enum is known.
//! - Every failed call carries its [`Failure`](vs_core::error::Failure) in one trailer, so no text is parsed anywhere.

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    unreachable_pub,
    unused_qualifications,
    missing_debug_implementations,
    reason = "generated"
)]
pub mod v1 {
    include!("generated/vs.v1.rs");
}

mod convert;
mod session;
mod status;

pub use convert::{Checked, InvalidMessage, hash, scheme_from_wire, scheme_to_wire, tag, track_info};
pub use session::{CLIENT_KEY, SEQ_KEY, Stamp};
pub use status::{
    FAILURE_TRAILER, answered, failure_from_status, failure_from_wire, failure_to_wire, leader_from_status,
    status_from_failure,
};

/// The compiled `.proto` files, for the reflection service.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/vs.v1.bin");

/// Largest message either side accepts, in bytes: an upload piece or a manifest with room to spare.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
