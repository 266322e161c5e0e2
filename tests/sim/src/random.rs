//! Choices, by seed. Every concern has a stream of its own: one choice more in one of them shifts nothing in the others,
//! so that a case that is made smaller stays the same case.

use std::time::Duration;

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of one concern of a case.
    #[must_use]
    pub fn of(seed: u64, concern: &str) -> Self {
        // FNV-1a
        let name = concern
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut stream = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name);
        stream.roll();
        stream
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `min` to `max`, both included.
    pub fn between(&mut self, min: u64, max: u64) -> u64 {
        min + self.roll() % (max - min + 1)
    }

    /// A position in a list of so many, which are not none.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.roll() % count as u64).unwrap_or(0)
    }

    pub fn duration(&mut self, min: Duration, max: Duration) -> Duration {
        let nanos = |of: Duration| u64::try_from(of.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.between(nanos(min), nanos(max)))
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.roll() % 1_000 < chance
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { Some(&from[self.below(from.len())]) }
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for some in bytes.chunks_mut(8) {
            let drawn = self.roll().to_le_bytes();
            some.copy_from_slice(&drawn[..some.len()]);
        }
    }
}
