//! How good a node looks from here, as a player shows it and uses it (DESIGN §8).
//!
//! score = (bandwidth × reliability) / (1 + latency × 0.1), in Mbit/s, 0..=1 and milliseconds. Measurements are exponentially
//! weighted: new = old + alpha × (sample − old).

/// Weight of a new sample.
pub const ALPHA: f64 = 0.3;
/// What a node not yet measured is believed to deliver, so that the first chunk does not wait for a measurement.
pub const PRIOR_MBPS: f64 = 50.0;

/// What is known about one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeScore {
    pub bandwidth_mbps: f64,
    /// Share of requests that ended well, 0..=1.
    pub reliability: f64,
    pub latency_ms: f64,
}

impl NodeScore {
    /// A node of which only the time to connect is known.
    #[must_use]
    pub fn unmeasured(connect_ms: f64) -> Self {
        Self { bandwidth_mbps: PRIOR_MBPS, reliability: 1.0, latency_ms: connect_ms.max(0.0) }
    }

    /// A transfer ended well.
    pub fn transferred(&mut self, bytes: u64, elapsed_ms: f64) {
        #[allow(clippy::cast_precision_loss, reason = "a chunk is far below 2^52 bytes")]
        let megabits = bytes as f64 * 8e-6;
        toward(&mut self.bandwidth_mbps, megabits / (elapsed_ms.max(0.01) / 1e3));
        toward(&mut self.reliability, 1.0);
    }

    /// A ping or the first byte of an answer came back.
    pub fn answered(&mut self, latency_ms: f64) {
        toward(&mut self.latency_ms, latency_ms.max(0.0));
    }

    /// A request failed, timed out or returned wrong bytes.
    pub fn failed(&mut self) {
        toward(&mut self.reliability, 0.0);
    }

    /// The score with nothing in flight.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.effective(0)
    }

    /// The score when `in_flight` fetches already share the node: so that four fetches do not herd onto one.
    #[must_use]
    pub fn effective(&self, in_flight: u32) -> f64 {
        let bandwidth = self.bandwidth_mbps / f64::from(1 + in_flight);
        (bandwidth * self.reliability) / (1.0 + self.latency_ms * 0.1)
    }
}

fn toward(value: &mut f64, sample: f64) {
    *value += ALPHA * (sample - *value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_the_one_shown() {
        let node = NodeScore { bandwidth_mbps: 48.2, reliability: 1.0, latency_ms: 18.5 };
        assert!((node.score() - 16.912).abs() < 0.001);
        assert!((node.effective(1) - node.score() / 2.0).abs() < 1e-9);
    }

    #[test]
    fn samples_move_the_estimate_by_alpha() {
        let mut node = NodeScore::unmeasured(10.0);
        node.failed();
        assert!((node.reliability - 0.7).abs() < 1e-9);
        node.answered(20.0);
        assert!((node.latency_ms - 13.0).abs() < 1e-9);
        node.transferred(1_250_000, 100.0);
        assert!((node.bandwidth_mbps - 65.0).abs() < 1e-9);
    }
}
