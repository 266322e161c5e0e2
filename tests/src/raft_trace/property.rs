//! The five properties, one function each, which gives what breaks it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Event, Trace,
    log::{At, Entry, Log},
};

/// Election safety (§5.2): at most one node leads a term.
#[must_use]
pub(super) fn election_safety(traces: &[Trace]) -> Vec<String> {
    let mut leaders: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for (term, node) in super::reigns(traces) {
        leaders.entry(term).or_default().insert(node);
    }
    leaders.retain(|_, nodes| nodes.len() > 1);
    leaders.into_iter().map(|(term, nodes)| format!("term {term} is led by {nodes:?}")).collect()
}

/// Leader append-only (§5.3): a leader never overwrites or deletes entries in its log.
///
/// When a node stops leading is not told. It does lead as long as it writes entries of its term. So an entry may not take another
/// one's place without that being deleted first, nothing may be deleted by a leader after which nobody else was ever elected, and
/// who has deleted something does not go on with its own term.
#[must_use]
pub(super) fn leader_append_only(traces: &[Trace]) -> Vec<String> {
    let last_term = super::reigns(traces).last().map_or(0, |(term, _)| *term);
    let mut found = Vec::new();
    for trace in traces {
        let mut log = Log::default();
        // the term that it leads, for all that is known, and whether it has deleted something since
        let mut leads: Option<(u64, Option<u64>)> = None;
        for event in &trace.events {
            match (event, &mut leads) {
                (Event::Start, _) => leads = None,
                (Event::Lead { term }, _) => leads = Some((*term, None)),
                (Event::Truncate { from }, Some((term, deleted))) if Some(*from) <= log.last() => {
                    if *term == last_term {
                        found.push(format!(
                            "{} leads term {term}, the last one, and deletes from {from} on",
                            trace.node
                        ));
                    }
                    *deleted = Some(*from);
                }
                (Event::Append { term, index, .. }, Some((led, deleted))) => {
                    let (node, led) = (&trace.node, *led);
                    match deleted {
                        Some(from) if *term == led => {
                            found.push(format!("{node} leads term {led}, deletes from {from} on and writes {index}"));
                        }
                        None if log.overwrites(*index) => {
                            found.push(format!("{node} leads term {led} and overwrites {index} in term {term}"));
                        }
                        _ => {}
                    }
                    if *term > led {
                        leads = None;
                    }
                }
                _ => {}
            }
            log.apply(event);
        }
    }
    found
}

/// Log matching (§5.3): logs that agree on the index and term of an entry agree on it and on everything before it.
///
/// It is enough that an entry is the same wherever it is, and follows the same one: the rest is induction, as in the paper.
#[must_use]
pub(super) fn log_matching(traces: &[Trace]) -> Vec<String> {
    let mut known: HashMap<(u64, u64), (u64, Option<Entry>, &str)> = HashMap::new();
    let mut found = Vec::new();
    for trace in traces {
        let mut log = Log::default();
        for event in &trace.events {
            if let Event::Append { term, index, crc } = event {
                let before = index.checked_sub(1).and_then(|before| match log.at(before) {
                    At::Entry(entry) => Some(entry),
                    At::Nothing | At::Unknown => None,
                });
                let node = trace.node.as_str();
                let (crc_there, before_there, there) = known.entry((*index, *term)).or_insert((*crc, before, node));
                if crc_there != crc {
                    found.push(format!("entry {index} of term {term} differs on {there} and {node}"));
                }
                match (&before_there, before) {
                    (Some(one), Some(other)) if differ(*one, other) => {
                        found
                            .push(format!("what is before entry {index} of term {term} differs on {there} and {node}"));
                    }
                    (None, Some(_)) => *before_there = before,
                    _ => {}
                }
            }
            log.apply(event);
        }
    }
    found
}

/// Whether two entries at the same index are not the same.
fn differ(one: Entry, other: Entry) -> bool {
    one.term != other.term || one.crc.zip(other.crc).is_some_and(|(one, other)| one != other)
}

/// Leader completeness (§5.4): what is committed in a term is in the log of every leader of a later term.
///
/// That an entry is committed in a term at the latest is certain when the leader of that term applied it and wrote entries of that
/// term afterwards.
#[must_use]
pub(super) fn leader_completeness(traces: &[Trace]) -> Vec<String> {
    let committed = committed(traces);
    let applied = traces.iter().flat_map(|trace| &trace.events).filter_map(|event| match event {
        Event::Apply { term, index, .. } => Some((*index, *term)),
        _ => None,
    });
    let terms: BTreeMap<u64, u64> = applied.collect();
    let mut found = Vec::new();
    for trace in traces {
        let mut log = Log::default();
        for event in &trace.events {
            if let Event::Lead { term } = event
                && let Some(until) = committed.range(..*term).map(|(_, index)| *index).max()
            {
                let missing = terms.range(..=until).find(|(index, committed)| match log.at(**index) {
                    At::Entry(entry) => entry.term != **committed,
                    At::Nothing => true,
                    At::Unknown => false,
                });
                found.extend(missing.map(|(index, committed)| {
                    format!("{} leads term {term} without entry {index} of term {committed}", trace.node)
                }));
            }
            log.apply(event);
        }
    }
    found
}

/// The highest index of which it is certain that it was committed in this term at the latest, term by term.
fn committed(traces: &[Trace]) -> BTreeMap<u64, u64> {
    let leaders: HashMap<u64, &str> = super::reigns(traces).into_iter().collect();
    let mut committed = BTreeMap::new();
    for trace in traces {
        // the term in which it writes as the leader, and what it applied since it began to
        let mut reign: Option<(u64, Option<u64>)> = None;
        // entries of a term that it led and leads no more may come back to it from others
        let mut over = 0;
        for event in &trace.events {
            match event {
                Event::Append { term, .. } if *term > over && leaders.get(term) == Some(&trace.node.as_str()) => {
                    match reign {
                        Some((led, applied)) if led == *term => committed.extend(applied.map(|index| (*term, index))),
                        _ => reign = Some((*term, None)),
                    }
                }
                Event::Apply { index, .. } => {
                    reign = reign.map(|(led, applied)| (led, applied.max(Some(*index))));
                }
                Event::Start | Event::Append { .. } | Event::Truncate { .. } | Event::Install { .. } => {
                    over = reign.take().map_or(over, |(led, _)| led.max(over));
                }
                Event::Lead { .. } | Event::Purge { .. } => {}
            }
        }
    }
    committed
}

/// State machine safety (§5.4.3): no two nodes apply different entries at the same index.
///
/// The chain tells more: that all entries before were the same too, and did the same.
#[must_use]
pub(super) fn state_machine_safety(traces: &[Trace]) -> Vec<String> {
    let mut known: HashMap<u64, (u64, &str, &str)> = HashMap::new();
    let mut found = Vec::new();
    for trace in traces {
        let (mut log, mut last) = (Log::default(), None);
        for event in &trace.events {
            let node = trace.node.as_str();
            if let Event::Apply { term, index, chain } | Event::Install { term, index, chain } = event {
                let there = *known.entry(*index).or_insert((*term, chain, node));
                if (there.0, there.1) != (*term, chain.as_str()) {
                    let (term_there, _, there) = there;
                    found
                        .push(format!("{there} at {index} has applied term {term_there}, {node} term {term}, or more"));
                }
            }
            match event {
                Event::Apply { term, index, .. } => {
                    if last.is_some_and(|last| *index <= last) {
                        found.push(format!("{node} applies {index} after {}", last.unwrap_or(0)));
                    }
                    if matches!(log.at(*index), At::Entry(entry) if entry.term != *term) {
                        found.push(format!("{node} applies {index} of term {term}, which is not in its log"));
                    }
                    last = Some(*index);
                }
                Event::Start => last = None,
                _ => {}
            }
            log.apply(event);
        }
    }
    found
}
