//! What nodes tell of their Raft logs (`vsd::raft_trace`), and whether that keeps the five properties of the paper ("In Search of
//! an Understandable Consensus Algorithm", extended version, figure 3).
//!
//! A trace is what one node told from its first start on, over all restarts. Nothing is assumed of how the clocks of two traces
//! go together: each property is one of orders within a trace and of what several traces say of the same term or index.
//!
//! A node that is killed may have told of an entry that never reached its disk, or not have told of one that did. So after each
//! start the end of its log is not known until it tells of the next entry.

mod log;
mod property;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::node::{IS_NEW, STARTS};
use property::{election_safety, leader_append_only, leader_completeness, log_matching, state_machine_safety};

/// The target of the lines of a log that are meant.
pub(crate) const TARGET: &str = "vsd::raft_trace";

/// A term and who leads it, as one number in the order of votes: openraft lets a node take a term over from one with a lower id,
/// so that the terms of the paper are these. Ids are small, and those of an incarnation begin at its number times 2^48.
fn reign(term: u64, leader: u64) -> u64 {
    term << 24 | (leader >> 48 & 0xff) << 16 | leader & 0xffff
}

/// What one node told.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// How the node is called in what is found.
    pub node: String,
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its process was started.
    Start,
    /// It leads this term.
    Lead { term: u64 },
    /// An entry came into its log.
    Append { term: u64, index: u64, crc: u64 },
    /// Entries from this one on left its log.
    Truncate { from: u64 },
    /// Entries up to this one left its log, being in a snapshot.
    Purge { term: u64, index: u64 },
    /// It took over another node's state after this entry. The chain is over everything applied so far.
    Install { term: u64, index: u64, chain: String },
    /// It applied this entry.
    Apply { term: u64, index: u64, chain: String },
}

/// Reads a node's log: one trace for every time that it began without a data directory.
///
/// # Errors
/// With a line that cannot be understood.
pub fn read(node: &str, log: &str) -> Result<Vec<Trace>, String> {
    let mut traces: Vec<Trace> = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(how) = line.strip_prefix(STARTS) {
            if how == IS_NEW || traces.is_empty() {
                let lives = traces.len();
                let name = if lives == 0 { node.to_owned() } else { format!("{node}, life {}", lives + 1) };
                traces.push(Trace { node: name, events: Vec::new() });
            }
            traces.last_mut().expect("just made").events.push(Event::Start);
        } else if line.contains(TARGET) {
            // the last line before a kill may be cut short
            let is_last = lines.peek().is_none_or(|next| next.is_empty() || next.starts_with(STARTS));
            let trace = traces.last_mut().ok_or("a line before the first start")?;
            match event(line) {
                Some(event) => trace.events.push(event),
                None if is_last && serde_json::from_str::<Value>(line).is_err() => {}
                None => return Err(format!("{node}: not understood: {line}")),
            }
        }
    }
    Ok(traces)
}

fn event(line: &str) -> Option<Event> {
    let line: Value = serde_json::from_str(line).ok()?;
    let number = |field: &str| line[field].as_u64();
    let term = || Some(reign(number("term")?, number("leader")?));
    let chain = || Some(line["chain"].as_str()?.to_owned());
    Some(match line["message"].as_str()? {
        "lead" => Event::Lead { term: term()? },
        "append" => Event::Append { term: term()?, index: number("index")?, crc: number("crc")? },
        "truncate" => Event::Truncate { from: number("from")? },
        "purge" => Event::Purge { term: term()?, index: number("index")? },
        "install" => Event::Install { term: term()?, index: number("index")?, chain: chain()? },
        "apply" => Event::Apply { term: term()?, index: number("index")?, chain: chain()? },
        _ => return None,
    })
}

/// Everything in which these traces, all those of one cluster, break one of the properties.
#[must_use]
pub fn violations(traces: &[Trace]) -> Vec<String> {
    let properties: [Property; 5] = [
        ("election safety", election_safety),
        ("leader append-only", leader_append_only),
        ("log matching", log_matching),
        ("leader completeness", leader_completeness),
        ("state machine safety", state_machine_safety),
    ];
    let named = |(name, property): Property| {
        property(traces).into_iter().map(|what| format!("{name}: {what}")).collect::<Vec<_>>()
    };
    properties.into_iter().flat_map(named).collect()
}

/// A property's name, and what gives everything that breaks it.
type Property = (&'static str, fn(&[Trace]) -> Vec<String>);

/// Who led which term, in the order of terms.
#[must_use]
pub fn reigns(traces: &[Trace]) -> Vec<(u64, &str)> {
    let leads = |trace: &'_ Trace| {
        trace
            .events
            .iter()
            .filter_map(|event| if let Event::Lead { term } = event { Some(*term) } else { None })
            .collect()
    };
    let mut reigns: Vec<_> = traces
        .iter()
        .flat_map(|trace| {
            let terms: Vec<u64> = leads(trace);
            terms.into_iter().map(|term| (term, trace.node.as_str()))
        })
        .collect();
    reigns.sort_unstable();
    reigns.dedup();
    reigns
}

/// How often another node than before became the leader.
#[must_use]
pub fn leader_changes(traces: &[Trace]) -> usize {
    reigns(traces).windows(2).filter(|pair| pair[0].1 != pair[1].1).count()
}
