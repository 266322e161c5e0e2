//! What a person can set, and the limits nobody can.

use std::time::Duration;

use vs_core::limit::{CHUNK_BYTES_MAX, STRIPE_DATA};

/// How a film is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Most chunk fetches in flight.
    pub concurrency: usize,
    /// How far ahead of the position chunks are fetched.
    pub target_buffer: Duration,
    /// Below this much buffer a silent node is given up sooner.
    pub low_water: Duration,
    /// With this much buffer playback starts whatever the estimate says.
    pub start_buffer: Duration,
    /// Most bytes held and asked for together.
    pub memory_bytes_max: u64,
    pub ping_interval: Duration,
    /// Waiting this long without any progress ends the playback.
    pub patience: Duration,
    /// Play in real time; otherwise as fast as the outputs take the bytes.
    pub clocked: bool,
    pub start: Duration,
    pub end: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            target_buffer: Duration::from_secs(30),
            low_water: Duration::from_secs(15),
            start_buffer: Duration::from_secs(10),
            memory_bytes_max: 500 << 20,
            ping_interval: Duration::from_secs(3),
            patience: Duration::from_secs(30),
            clocked: true,
            start: Duration::ZERO,
            end: None,
        }
    }
}

/// Least memory a person may allow, in bytes: a few chunks of every track must fit.
pub const MEMORY_BYTES_MIN: u64 = 32 << 20;
/// Most bytes fetched to compute chunks of one stripe.
pub const STRIPE_BYTES_MAX: u64 = (STRIPE_DATA * CHUNK_BYTES_MAX) as u64;
/// Most fetches in flight a person may ask for.
pub const CONCURRENCY_MAX: usize = 64;
/// Silence of a node before the next holder is asked, with buffer to spare and without.
pub const SILENCE_MAX: Duration = Duration::from_secs(2);
pub const SILENCE_MAX_WHEN_LOW: Duration = Duration::from_millis(600);
/// Silence of the only holder left before it is asked anew.
pub const SILENCE_MAX_ALONE: Duration = Duration::from_secs(5);
/// Failures in a row after which a node is asked last, and for how long.
pub const FAILURES_MAX: u32 = 3;
pub const EXCLUDED_FOR: Duration = Duration::from_secs(30);
/// Wait before all holders of a chunk are asked again; doubles with every round up to the second bound.
pub const ROUND_WAIT: Duration = Duration::from_millis(250);
pub const ROUND_WAIT_MAX: Duration = Duration::from_secs(2);
/// Parts of the manifest fetched at a time, and the wait before a failed one is asked for again.
pub const PARTS_IN_FLIGHT_MAX: usize = 4;
pub const PART_RETRY_WAIT: Duration = Duration::from_secs(1);
/// Longest time one step can play: when the process itself was stopped, nothing was played.
pub const STEP_MAX: Duration = Duration::from_secs(1);
