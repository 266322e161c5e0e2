//! Figures in rounds, and what they come to.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Outcome;

/// What a ratio, or a figure without a peer, should come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Our own figure, whatever the peer's is.
    OursAtMost(f64),
}

impl Target {
    fn is_met(self, ours: f64, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
            Self::OursAtMost(most) => ours <= most,
        }
    }

    fn show(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {least}"),
            Self::AtMost(most) | Self::OursAtMost(most) => format!("<= {most}"),
        }
    }
}

/// Figures of one kind, one a round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them, from the least on.
    pub(crate) fn list(&self) -> String {
        self.sorted().iter().map(|figure| format!("{figure:.0}")).collect::<Vec<_>>().join(" ")
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The figure that so many percent of them do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let sorted = self.sorted();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    fn range(&self) -> (f64, f64) {
        let fold = |start, of: fn(f64, f64) -> f64| self.0.iter().copied().fold(start, of);
        (fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max))
    }

    /// Their mean, as one figure.
    pub(crate) fn mean(&self) -> Self {
        Self(vec![self.0.iter().sum::<f64>() / self.0.len() as f64])
    }

    /// Round by round, these by those.
    fn by(&self, others: &Self) -> Self {
        Self(self.0.iter().zip(&others.0).map(|(own, other)| own / other).collect())
    }
}

impl FromIterator<f64> for Rounds {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) what: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) ours: &'a Rounds,
    /// The peer's name and figures.
    pub(crate) peer: Option<(&'a str, &'a Rounds)>,
    pub(crate) target: Option<Target>,
}

/// What was measured; each line is shown as soon as it is there.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Value>,
    is_quick: bool,
    missed: usize,
}

impl Table {
    pub(crate) fn new(is_quick: bool) -> Self {
        say(&format!("{:<44} {:>12} {:>12}  {:<22} {:<8}", "", "ours", "peer", "ratio (least, most)", "target"));
        Self { rows: Vec::new(), is_quick, missed: 0 }
    }

    pub(crate) fn row(&mut self, row: &Row<'_>) {
        let ratio = row.peer.map_or_else(|| row.ours.clone(), |(_, peer)| row.ours.by(peer));
        let (least, most) = ratio.range();
        let is_met = row.target.map(|target| target.is_met(row.ours.median(), ratio.median()));
        self.missed += usize::from(is_met == Some(false));
        let peer = row.peer.map_or_else(String::new, |(_, peer)| shown(peer.median()));
        let verdict = match is_met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let target = row.target.map_or_else(String::new, Target::show);
        let name = row.peer.map_or_else(String::new, |(name, _)| format!("  / {name}"));
        let spread = match row.peer {
            Some(_) => format!("{:.2} ({least:.2}, {most:.2})", ratio.median()),
            None => format!("({}, {})", shown(least), shown(most)),
        };
        let (what, ours, unit) = (row.what, shown(row.ours.median()), row.unit);
        say(&format!("{what:<44} {ours:>12} {peer:>12}  {spread:<22} {target:<8} {verdict:<6} {unit}{name}"));
        self.rows.push(json!({
            "what": what, "unit": unit, "ours": row.ours.0,
            "peer": row.peer.map(|(name, _)| name), "peer_figures": row.peer.map(|(_, peer)| &peer.0),
            "ratio": ratio.median(), "least": least, "most": most, "target": target, "met": is_met,
        }));
    }

    /// The last word, and the file for machines.
    pub(crate) fn close(self, json: Option<&Path>) -> Outcome<()> {
        let note = if self.is_quick { " (a quick look: the figures mean nothing)" } else { "" };
        say(&format!("{} targets missed{note}", self.missed));
        if let Some(file) = json {
            let all = json!({ "quick": self.is_quick, "missed": self.missed, "rows": self.rows });
            std::fs::write(file, format!("{all:#}\n"))?;
        }
        Ok(())
    }
}

/// A figure as precise as its size is worth.
fn shown(figure: f64) -> String {
    if figure.abs() < 10.0 { format!("{figure:.2}") } else { format!("{figure:.1}") }
}

/// A line on standard output; one that nobody reads is no error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line.trim_end());
}

/// MB a second.
pub(crate) fn mb_per_s(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// How long something takes, and what it gives.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = run();
    (done, began.elapsed())
}

/// Runs all of them in every round, each as the first in its turn.
pub(crate) fn all_in_turns<T>(rounds: usize, runs: &mut [&mut dyn FnMut(usize) -> Outcome<T>]) -> Outcome<Vec<Vec<T>>> {
    let count = runs.len();
    let mut figures: Vec<Vec<T>> = runs.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for nth in 0..count {
            let at = (round + nth) % count;
            figures[at].push(runs[at](round)?);
        }
    }
    Ok(figures)
}

/// Runs ours and its peer in turns, each first in every other round.
pub(crate) fn in_turns(
    rounds: usize,
    mut ours: impl FnMut(usize) -> Outcome<f64>,
    mut peer: impl FnMut(usize) -> Outcome<f64>,
) -> Outcome<(Rounds, Rounds)> {
    let mut both = all_in_turns(rounds, &mut [&mut ours, &mut peer])?.into_iter().map(Rounds);
    Ok((both.next().unwrap_or_default(), both.next().unwrap_or_default()))
}
