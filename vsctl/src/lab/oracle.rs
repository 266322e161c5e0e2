//! What clients were told, and whether what they were given later agrees with it.
//!
//! Times are durations since the lab began.

use std::{collections::BTreeMap, fmt, time::Duration};

use vs_core::error::{Code, Failure};

/// Shorter pauses between successes are none.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// What clients do over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    /// Uploads a film.
    Upload,
    /// Brings a whole film back, and compares it.
    Download,
    /// Reads a chunk.
    Chunk,
    /// Changes metadata.
    Write,
    /// Reads metadata, missing nothing that was acknowledged before.
    Read,
}

impl Op {
    pub(crate) const ALL: [Self; 5] = [Self::Upload, Self::Download, Self::Chunk, Self::Write, Self::Read];
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Chunk => "chunk",
            Self::Write => "write",
            Self::Read => "read",
        })
    }
}

/// How an operation ended, for all that its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Acknowledged,
    /// It did not take place.
    Failed,
    /// It may have.
    Unknown,
}

impl Ended {
    /// What a failure tells of the change that it ends.
    pub(crate) fn of(failure: &Failure) -> Self {
        let is_refused =
            matches!(failure.code, Code::NoQuorum | Code::NotLeader | Code::Busy) && failure.why.is_empty();
        if failure.code.retryable() && !is_refused { Self::Unknown } else { Self::Failed }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
}

/// A film of which it was said that it is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Safe {
    pub(crate) video: String,
    pub(crate) sha256: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) films: Vec<Safe>,
    tallies: BTreeMap<Op, Tally>,
    /// The last success of each kind, and the pauses before.
    last: BTreeMap<Op, Duration>,
    pauses: BTreeMap<Op, Vec<(Duration, Duration)>>,
    /// Bytes that were given and are not what was uploaded.
    pub(crate) wrong: Vec<String>,
    /// Reads that missed what was acknowledged before they began, or told what nobody wrote.
    pub(crate) stale: Vec<String>,
    /// The highest number that was written into the register, and that was acknowledged.
    written: u64,
    acknowledged: u64,
}

impl Oracle {
    pub(crate) fn ended(&mut self, op: Op, ended: Ended, at: Duration) {
        let tally = self.tallies.entry(op).or_default();
        match ended {
            Ended::Acknowledged => tally.acknowledged += 1,
            Ended::Failed => tally.failed += 1,
            Ended::Unknown => tally.unknown += 1,
        }
        if ended == Ended::Acknowledged {
            let before = self.last.insert(op, at).unwrap_or(at);
            if at.saturating_sub(before) >= PAUSE_MIN {
                self.pauses.entry(op).or_default().push((before, at));
            }
        }
    }

    pub(crate) fn tally(&self, op: Op) -> Tally {
        self.tallies.get(&op).copied().unwrap_or_default()
    }

    /// The longest time without a success that touched the time from `from` to `to`; the one that has not ended at `to` counts
    /// as far as it goes.
    pub(crate) fn longest_pause(&self, op: Op, from: Duration, to: Duration) -> Duration {
        let ended = self.pauses.get(&op).into_iter().flatten().copied();
        let open = (self.last.get(&op).copied().unwrap_or_default(), to);
        let touching = ended.chain([open]).filter(|(began, ended)| *began < to && *ended > from);
        touching.map(|(began, ended)| ended.saturating_sub(began)).max().unwrap_or_default()
    }

    /// The next number to be written into the register.
    pub(crate) fn write(&mut self) -> u64 {
        self.written += 1;
        self.written
    }

    pub(crate) fn written(&mut self, number: u64) {
        self.acknowledged = self.acknowledged.max(number);
    }

    /// What a read that begins now must not be below.
    pub(crate) fn floor(&self) -> u64 {
        self.acknowledged
    }

    /// A read of the register that began when the floor was `floor`.
    pub(crate) fn looked(&mut self, floor: u64, number: u64) {
        if number < floor {
            self.stale.push(format!("a read gave {number} after {floor} was acknowledged"));
        } else if number > self.written {
            self.stale.push(format!("a read gave {number}, which nobody wrote"));
        }
    }

    /// A film came back whole, with this hash.
    pub(crate) fn came_back(&mut self, film: &Safe, sha256: &str) -> bool {
        let is_same = film.sha256 == sha256;
        if !is_same {
            self.wrong.push(format!("video {} came back as {sha256}, it is {}", film.video, film.sha256));
        }
        is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pauses_are_between_successes_and_the_last_one_may_be_open() {
        let mut oracle = Oracle::default();
        for at in [1, 2, 7, 8] {
            oracle.ended(Op::Write, Ended::Acknowledged, s(at));
        }
        oracle.ended(Op::Write, Ended::Unknown, s(9));
        assert_eq!(oracle.longest_pause(Op::Write, s(0), s(9)), s(5));
        assert_eq!(oracle.longest_pause(Op::Write, s(4), s(5)), s(5), "all of a pause counts");
        assert_eq!(oracle.longest_pause(Op::Write, s(7), s(8)), s(1), "what ended before does not");
        assert_eq!(oracle.longest_pause(Op::Write, s(8), s(30)), s(22), "nothing has come since");
        assert_eq!(oracle.longest_pause(Op::Chunk, s(0), s(30)), s(30), "nothing ever came");
        assert_eq!(oracle.tally(Op::Write), Tally { acknowledged: 4, failed: 0, unknown: 1 });
    }

    #[test]
    fn reads_that_go_back_and_bytes_that_differ_are_noted() {
        let mut oracle = Oracle::default();
        let (first, second) = (oracle.write(), oracle.write());
        oracle.written(first);
        let floor = oracle.floor();
        oracle.looked(floor, first);
        // it timed out, and took effect: that is allowed
        oracle.looked(floor, second);
        assert_eq!(oracle.stale, Vec::<String>::new());
        oracle.written(second);
        oracle.looked(floor, first);
        assert_eq!(oracle.stale.len(), 0, "it began before");
        oracle.looked(oracle.floor(), first);
        oracle.looked(oracle.floor(), 3);
        assert_eq!(oracle.stale.len(), 2);
        let film = Safe { video: "v".to_owned(), sha256: "ab".to_owned() };
        assert!(oracle.came_back(&film, "ab") && oracle.wrong.is_empty());
        assert!(!oracle.came_back(&film, "cd") && oracle.wrong.len() == 1);
    }

    #[test]
    fn of_a_change_that_timed_out_nothing_is_known() {
        let failure = |code| Failure::new(code, "x");
        for (failure, ended) in [
            (failure(Code::Timeout), Ended::Unknown),
            (failure(Code::Unreachable), Ended::Unknown),
            (failure(Code::NoQuorum), Ended::Failed),
            (failure(Code::NoQuorum).because("whether the request took effect is unknown"), Ended::Unknown),
            (failure(Code::Conflict), Ended::Failed),
        ] {
            assert_eq!(Ended::of(&failure), ended, "{failure:?}");
        }
    }
}
