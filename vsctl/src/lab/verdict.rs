//! What was promised (DESIGN §2), and whether it held in a lab.

use std::time::Duration;

use vs_core::unit::human_duration;

use super::{
    oracle::{Op, Oracle},
    schedule::FaultKind,
};

/// What became of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lived {
    pub(crate) kind: FaultKind,
    pub(crate) began: Duration,
    /// When the fault was taken away.
    pub(crate) ended: Duration,
    /// How long after that everything was whole again; none when it was not in time.
    pub(crate) mended: Option<Duration>,
    /// What those who were cut off did.
    pub(crate) minority: Vec<Minority>,
}

impl Lived {
    /// The time in which what it did can be felt.
    pub(crate) fn span(&self) -> (Duration, Duration) {
        (self.began, self.ended + self.mended.unwrap_or_default())
    }
}

/// What a node that is cut off from the majority does for those who reach it; none of what could not be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Minority {
    pub(crate) node: String,
    pub(crate) gives_chunks: Option<bool>,
    pub(crate) reads_stale: bool,
    pub(crate) refuses_writes: bool,
    /// What it said instead.
    pub(crate) said: Vec<String>,
}

/// Everything that a verdict is made of.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) oracle: &'a Oracle,
    pub(crate) rounds: &'a [Lived],
    /// Acknowledged films that did not come back, and why.
    pub(crate) lost: &'a [String],
    /// Nodes that ended by themselves, and how.
    pub(crate) ended: &'a [String],
    /// Longest that clients may have to wait for a success.
    pub(crate) pause_max: Duration,
}

/// A promise and whether it held; none when nothing was done that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) id: &'static str,
    pub(crate) promise: &'static str,
    pub(crate) held: Option<bool>,
    /// What says so.
    pub(crate) why: Vec<String>,
}

impl Verdict {
    fn new(id: &'static str, promise: &'static str, is_tested: bool, broken: Vec<String>) -> Self {
        let held = (is_tested || !broken.is_empty()).then_some(broken.is_empty());
        Self { id, promise, held, why: broken }
    }
}

/// Whether nothing that was promised was broken, and something was promised at all.
pub(crate) fn held(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|verdict| verdict.held != Some(false)) && verdicts.iter().any(|verdict| verdict.held.is_some())
}

pub(crate) fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    vec![durable(facts), intact(facts), linearizable(facts), cut_off(facts), available(facts), on_bad_disks(facts)]
}

fn durable(facts: &Facts<'_>) -> Verdict {
    let mut broken = facts.lost.to_vec();
    if facts.oracle.films.is_empty() {
        broken.push("no upload was acknowledged".to_owned());
    }
    let late = facts.rounds.iter().filter(|round| round.mended.is_none());
    broken.extend(late.map(|round| format!("not everything was mended after {} in time", told(round))));
    Verdict::new("DUR-1", "what was acknowledged comes back, and repair ends", true, broken)
}

fn intact(facts: &Facts<'_>) -> Verdict {
    let has_read = facts.oracle.tally(Op::Chunk).acknowledged > 0;
    Verdict::new("INT-1", "no reader is given other bytes than those uploaded", has_read, facts.oracle.wrong.clone())
}

fn linearizable(facts: &Facts<'_>) -> Verdict {
    let has_read = facts.oracle.tally(Op::Read).acknowledged > 0;
    Verdict::new("CON-1", "reads show every change acknowledged before", has_read, facts.oracle.stale.clone())
}

fn cut_off(facts: &Facts<'_>) -> Verdict {
    let minorities = || facts.rounds.iter().flat_map(|round| &round.minority);
    let broken = minorities().flat_map(|minority| {
        let Minority { node, gives_chunks, reads_stale, refuses_writes, said } = minority;
        let faults = [
            (*gives_chunks == Some(false), "gave no chunks"),
            (!reads_stale, "answered no stale read"),
            (!refuses_writes, "did not refuse a write with `no quorum`"),
        ];
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
        let faults = faults.into_iter().filter(|(is_so, _)| *is_so);
        faults.map(move |(_, fault)| format!("{node}, cut off, {fault}{said}"))
    });
    let promise = "a minority serves chunks and stale reads, and refuses writes";
    Verdict::new("AVL-1", promise, minorities().next().is_some(), broken.collect())
}

fn available(facts: &Facts<'_>) -> Verdict {
    let dead = facts.rounds.iter().filter(|round| matches!(round.kind, FaultKind::Crash | FaultKind::Freeze));
    Verdict::new(
        "AVL-2",
        "nodes die or freeze: reads go on, writes resume within seconds",
        dead.clone().next().is_some(),
        dead.flat_map(|round| paused(facts, round)).collect(),
    )
}

fn on_bad_disks(facts: &Facts<'_>) -> Verdict {
    use FaultKind::{Corrupt, FullDisk, ReadError, SlowDisk};
    let bad = facts.rounds.iter().filter(|round| matches!(round.kind, SlowDisk | FullDisk | ReadError | Corrupt));
    let mut broken: Vec<_> = bad.clone().flat_map(|round| paused(facts, round)).collect();
    let left = bad.clone().filter(|round| round.mended.is_none());
    broken.extend(left.map(|round| format!("something is still damaged after {}", told(round))));
    broken.extend(facts.ended.iter().map(|ended| format!("a node ended by itself: {ended}")));
    let promise = "a bad disk ends no node, stops nobody, and its harm is mended";
    Verdict::new("DSK-1", promise, bad.clone().next().is_some(), broken)
}

/// What had to be waited for longer than may be.
fn paused(facts: &Facts<'_>, round: &Lived) -> Vec<String> {
    let (from, to) = round.span();
    let longest = [Op::Chunk, Op::Read, Op::Write].map(|op| (op, facts.oracle.longest_pause(op, from, to)));
    let too_long = longest.into_iter().filter(|(_, pause)| *pause > facts.pause_max);
    too_long.map(|(op, pause)| format!("no {op} for {} with {}", human_duration(pause), told(round))).collect()
}

fn told(round: &Lived) -> String {
    format!("{} at {}", round.kind, human_duration(round.began))
}

#[cfg(test)]
mod tests {
    use super::{
        super::oracle::{Ended, Safe},
        *,
    };

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lived(kind: FaultKind) -> Lived {
        Lived { kind, began: s(10), ended: s(15), mended: Some(s(2)), minority: Vec::new() }
    }

    /// A minute in which everything went well.
    fn well() -> Oracle {
        let mut oracle = Oracle::default();
        oracle.films.push(Safe { video: "v".to_owned(), sha256: "ab".to_owned() });
        for at in 0..60 {
            Op::ALL.into_iter().for_each(|op| oracle.ended(op, Ended::Acknowledged, s(at)));
        }
        oracle
    }

    fn judge(
        oracle: &Oracle,
        rounds: &[Lived],
        lost: &[String],
        ended: &[String],
    ) -> Vec<(&'static str, Option<bool>)> {
        let verdicts = verdicts(&Facts { oracle, rounds, lost, ended, pause_max: s(4) });
        assert_eq!(held(&verdicts), verdicts.iter().all(|verdict| verdict.held != Some(false)));
        assert!(verdicts.iter().all(|verdict| (verdict.held == Some(false)) != verdict.why.is_empty()));
        verdicts.iter().map(|verdict| (verdict.id, verdict.held)).collect()
    }

    fn broken(judged: &[(&'static str, Option<bool>)]) -> Vec<&'static str> {
        judged.iter().filter(|(_, held)| *held == Some(false)).map(|(id, _)| *id).collect()
    }

    #[test]
    fn what_was_not_tried_is_not_said_to_have_held() {
        let judged = judge(&well(), &[lived(FaultKind::Crash)], &[], &[]);
        let expected = [
            ("DUR-1", Some(true)),
            ("INT-1", Some(true)),
            ("CON-1", Some(true)),
            ("AVL-1", None),
            ("AVL-2", Some(true)),
            ("DSK-1", None),
        ];
        assert_eq!(judged, expected);
    }

    #[test]
    fn each_broken_promise_is_named() {
        let well = well();
        let something = ["x".to_owned()];
        assert_eq!(broken(&judge(&well, &[], &something, &[])), ["DUR-1"]);
        let but = |change: fn(&mut Oracle)| {
            let mut oracle = well.clone();
            change(&mut oracle);
            broken(&judge(&oracle, &[], &[], &[]))
        };
        assert_eq!(but(|oracle| oracle.films.clear()), ["DUR-1"]);
        assert_eq!(but(|oracle| oracle.wrong.push("x".to_owned())), ["INT-1"]);
        assert_eq!(but(|oracle| oracle.stale.push("x".to_owned())), ["CON-1"]);
        assert_eq!(broken(&judge(&well, &[lived(FaultKind::FullDisk)], &[], &something)), ["DSK-1"]);
        let rotten = Lived { mended: None, ..lived(FaultKind::Corrupt) };
        assert_eq!(broken(&judge(&well, &[rotten], &[], &[])), ["DUR-1", "DSK-1"]);

        let sound = Minority { gives_chunks: None, reads_stale: true, refuses_writes: true, ..Minority::default() };
        let of = |minority| [Lived { minority: vec![minority], ..lived(FaultKind::Partition) }];
        assert_eq!(broken(&judge(&well, &of(sound.clone()), &[], &[])), Vec::<&str>::new());
        for unsound in [
            Minority { gives_chunks: Some(false), ..sound.clone() },
            Minority { reads_stale: false, ..sound.clone() },
            Minority { refuses_writes: false, ..sound },
        ] {
            assert_eq!(broken(&judge(&well, &of(unsound), &[], &[])), ["AVL-1"]);
        }
    }

    #[test]
    fn a_pause_counts_where_it_must_not_be() {
        let mut slow = Oracle::default();
        slow.films.push(Safe { video: "v".to_owned(), sha256: "ab".to_owned() });
        for at in (0..12).chain(17..60) {
            Op::ALL.into_iter().for_each(|op| slow.ended(op, Ended::Acknowledged, s(at)));
        }
        for (kind, ids) in [
            (FaultKind::Crash, &["AVL-2"][..]),
            (FaultKind::Freeze, &["AVL-2"]),
            (FaultKind::SlowDisk, &["DSK-1"]),
            (FaultKind::Latency, &[]),
        ] {
            assert_eq!(broken(&judge(&slow, &[lived(kind)], &[], &[])), ids, "{kind}");
        }
    }
}
