//! When chunks that are listed as damaged are read once more.
//!
//! What a disk refused may be good: it was the disk that failed, or its cable, and it has come back. Nor is one bad read always
//! the copy's fault. So neither waits for the next scrub: everything listed is read again soon after something was found,
//! and then less and less often, since a disk that dies should not be busy with what it will not give.

use std::time::Duration;

/// How soon at first, and how rarely at last.
const SOON: Duration = Duration::from_secs(5);
const RARELY: Duration = Duration::from_secs(3_600);

/// Of one data directory.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    listed: u64,
    every: Duration,
    /// On the caller's clock; none while nothing is listed.
    next: Option<Duration>,
}

impl Doubts {
    /// How long until everything listed is to be read again; none while nothing is. `listed`: how many chunks are, of those that
    /// can be asked for at all.
    pub fn wait(&mut self, now: Duration, listed: u64) -> Option<Duration> {
        if listed == 0 {
            *self = Self::default();
            return None;
        }
        if listed > self.listed {
            let soon = now + SOON;
            (self.every, self.next) = (SOON, Some(self.next.map_or(soon, |next| next.min(soon))));
        }
        self.listed = listed;
        Some(self.next?.saturating_sub(now))
    }

    /// They are being read again.
    pub fn begin(&mut self, now: Duration) {
        self.next = Some(now + self.every);
        self.every = (self.every * 2).min(RARELY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which so many are read again, looked at once a second until then.
    fn read_at(doubts: &mut Doubts, seconds: std::ops::Range<u64>, listed: impl Fn(u64) -> u64) -> Vec<u64> {
        let is_due = |second: &u64| {
            let now = Duration::from_secs(*second);
            let is_due = doubts.wait(now, listed(*second)) == Some(Duration::ZERO);
            if is_due {
                doubts.begin(now);
            }
            is_due
        };
        seconds.filter(is_due).collect()
    }

    #[test]
    fn what_is_found_is_read_again_soon_then_ever_more_rarely_and_soon_again_when_there_is_more() {
        let mut doubts = Doubts::default();
        assert_eq!(read_at(&mut doubts, 0..100, |_| 0), Vec::<u64>::new());
        assert_eq!(read_at(&mut doubts, 100..200, |_| 3), [105, 110, 120, 140, 180]);
        assert_eq!(read_at(&mut doubts, 200..300, |second| if second < 280 { 2 } else { 4 }), [260, 285, 290]);
        assert_eq!(read_at(&mut doubts, 300..305, |_| 0), Vec::<u64>::new());
        assert_eq!(read_at(&mut doubts, 305..320, |_| 4), [310, 315], "all anew once nothing was listed");

        let late = read_at(&mut doubts, 320..200_000, |_| 4);
        let rests: Vec<_> = late.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(rests.is_sorted() && rests.last() == Some(&RARELY.as_secs()), "{rests:?}");
        let burst = read_at(&mut doubts, 200_000..200_060, |second| 5 + second - 200_000);
        assert!(burst.len() >= 10, "a list that grows and grows does not put off what is listed: {burst:?}");
    }
}
