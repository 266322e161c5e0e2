//! What a lab found, as JSON and for people.

use std::time::Duration;

use serde_json::{Value, json};
use vs_core::unit::human_duration;

use super::{
    oracle::{Op, Oracle, Tally},
    schedule::Round,
    verdict::{Lived, Minority, Verdict, held},
};
use crate::{
    desk::millis,
    out::{
        self, Column, Kind, Style,
        human::{self, number, plain, text},
    },
};

/// One thing that went wrong, beside how it was lived through.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) nodes: Vec<String>,
    /// Of those, who led.
    pub(crate) leader: Option<String>,
    pub(crate) what: String,
    pub(crate) notes: Vec<String>,
    pub(crate) lived: Lived,
}

/// What would go wrong.
pub(crate) fn planned(round: &Round, nodes: &[String]) -> Value {
    json!({
        "fault": round.kind.to_string(),
        "nodes": nodes,
        "or_leader": round.aims_at_leader,
        "what": round.what(),
        "lasts_ms": millis(round.lasts),
    })
}

pub(crate) fn round(told: &Told, oracle: &Oracle) -> Value {
    let Lived { kind, began, ended, mended, minority } = &told.lived;
    let (from, to) = told.lived.span();
    json!({
        "at_ms": millis(*began),
        "fault": kind.to_string(),
        "nodes": told.nodes,
        "leader": told.leader,
        "what": told.what,
        "notes": told.notes,
        "lasted_ms": millis(ended.saturating_sub(*began)),
        "mended_ms": mended.map(millis),
        "write_pause_ms": millis(oracle.longest_pause(Op::Write, from, to)),
        "read_pause_ms": millis(oracle.longest_pause(Op::Read, from, to)),
        "chunk_pause_ms": millis(oracle.longest_pause(Op::Chunk, from, to)),
        "minority": minority.iter().map(cut_off).collect::<Vec<_>>(),
    })
}

fn cut_off(minority: &Minority) -> Value {
    json!({
        "node": minority.node,
        "gives_chunks": minority.gives_chunks,
        "reads_stale": minority.reads_stale,
        "refuses_writes": minority.refuses_writes,
        "said": minority.said,
    })
}

pub(crate) fn operation(op: Op, oracle: &Oracle, until: Duration) -> Value {
    let Tally { acknowledged, failed, unknown } = oracle.tally(op);
    json!({
        "operation": op.to_string(),
        "tried": acknowledged + failed + unknown,
        "acknowledged": acknowledged,
        "failed": failed,
        "unknown": unknown,
        "longest_pause_ms": millis(oracle.longest_pause(op, Duration::ZERO, until)),
    })
}

pub(crate) fn promise(verdict: &Verdict) -> Value {
    json!({ "id": verdict.id, "promise": verdict.promise, "held": verdict.held, "why": verdict.why })
}

/// `held` or `broken`.
pub(crate) fn outcome(verdicts: &[Verdict]) -> &'static str {
    if held(verdicts) { "held" } else { "broken" }
}

pub(crate) static CHAOS: Kind = Kind {
    id: "outcome",
    keys: &[
        "outcome",
        "seed",
        "nodes",
        "lasted_ms",
        "faults",
        "operations",
        "films_acknowledged",
        "films_intact",
        "nodes_ended",
        "promises",
        "repeat",
    ],
    columns: &[],
};

pub(crate) static PLANNED: Kind = Kind {
    id: "fault",
    keys: &["fault", "nodes", "or_leader", "what", "lasts_ms"],
    columns: &[
        Column { key: "fault", heading: "FAULT", wide: false, right: false, show: |r, _| text(r, "fault") },
        Column { key: "nodes", heading: "NODES", wide: false, right: false, show: show_planned },
        Column { key: "what", heading: "HOW", wide: false, right: false, show: |r, _| text(r, "what") },
        Column { key: "lasts_ms", heading: "LASTS", wide: false, right: true, show: |r, _| span(r, "lasts_ms") },
    ],
};

static ROUNDS: Kind = Kind {
    id: "fault",
    keys: &[
        "at_ms",
        "fault",
        "nodes",
        "leader",
        "what",
        "notes",
        "lasted_ms",
        "mended_ms",
        "write_pause_ms",
        "read_pause_ms",
        "chunk_pause_ms",
        "minority",
    ],
    columns: &[
        Column { key: "at_ms", heading: "AT", wide: false, right: true, show: |r, _| span(r, "at_ms") },
        Column { key: "fault", heading: "FAULT", wide: false, right: false, show: |r, _| text(r, "fault") },
        Column { key: "nodes", heading: "NODES", wide: false, right: false, show: show_nodes },
        Column { key: "what", heading: "HOW", wide: false, right: false, show: |r, _| text(r, "what") },
        Column { key: "lasted_ms", heading: "FOR", wide: false, right: true, show: |r, _| span(r, "lasted_ms") },
        Column { key: "mended_ms", heading: "MENDED", wide: false, right: true, show: show_mended },
        Column {
            key: "write_pause_ms",
            heading: "NO WRITE",
            wide: false,
            right: true,
            show: |r, _| pause(r, "write_pause_ms"),
        },
        Column {
            key: "read_pause_ms",
            heading: "NO READ",
            wide: false,
            right: true,
            show: |r, _| pause(r, "read_pause_ms"),
        },
        Column {
            key: "chunk_pause_ms",
            heading: "NO CHUNK",
            wide: false,
            right: true,
            show: |r, _| pause(r, "chunk_pause_ms"),
        },
    ],
};

static OPERATIONS: Kind = Kind {
    id: "operation",
    keys: &["operation", "tried", "acknowledged", "failed", "unknown", "longest_pause_ms"],
    columns: &[
        Column { key: "operation", heading: "CLIENTS", wide: false, right: false, show: |o, _| text(o, "operation") },
        Column { key: "tried", heading: "TRIED", wide: false, right: true, show: |o, _| count(o, "tried") },
        Column {
            key: "acknowledged",
            heading: "ACKNOWLEDGED",
            wide: false,
            right: true,
            show: |o, _| count(o, "acknowledged"),
        },
        Column { key: "failed", heading: "FAILED", wide: false, right: true, show: |o, _| count(o, "failed") },
        Column { key: "unknown", heading: "UNKNOWN", wide: false, right: true, show: |o, _| count(o, "unknown") },
        Column {
            key: "longest_pause_ms",
            heading: "LONGEST PAUSE",
            wide: false,
            right: true,
            show: |o, _| pause(o, "longest_pause_ms"),
        },
    ],
};

pub(crate) static FAILOVERS: Kind = Kind {
    id: "outcome",
    keys: &[
        "outcome",
        "blow",
        "failovers",
        "write_ms_median",
        "write_ms_max",
        "read_ms_median",
        "read_ms_max",
        "promises",
    ],
    columns: &[],
};

pub(crate) static PLANNED_DEATHS: Kind = Kind { id: "blow", keys: &["blow", "times", "away_ms"], columns: &[] };

static DEATHS: Kind = Kind {
    id: "leader",
    keys: &["nth", "leader", "write_ms", "read_ms"],
    columns: &[
        Column { key: "nth", heading: "#", wide: false, right: true, show: |d, _| text(d, "nth") },
        Column { key: "leader", heading: "LEADER", wide: false, right: false, show: |d, _| text(d, "leader") },
        Column {
            key: "write_ms",
            heading: "FIRST WRITE",
            wide: false,
            right: true,
            show: |d, _| format!("{} ms", number(d, "write_ms")),
        },
        Column {
            key: "read_ms",
            heading: "FIRST READ",
            wide: false,
            right: true,
            show: |d, _| format!("{} ms", number(d, "read_ms")),
        },
    ],
};

fn span(item: &Value, key: &str) -> String {
    human_duration(Duration::from_millis(number(item, key)))
}

/// Shorter ones are none.
fn pause(item: &Value, key: &str) -> String {
    if number(item, key) == 0 { "–".to_owned() } else { span(item, key) }
}

fn count(item: &Value, key: &str) -> String {
    human::count(number(item, key))
}

fn show_nodes(round: &Value, _: &Style) -> String {
    let nodes = round["nodes"].as_array().into_iter().flatten();
    let marked = |node: &Value| if round.get("leader") == Some(node) { plain(node) + "*" } else { plain(node) };
    nodes.map(marked).collect::<Vec<_>>().join(" ")
}

fn show_planned(round: &Value, style: &Style) -> String {
    let nodes = show_nodes(round, style);
    if round["or_leader"] == true { format!("{nodes} or the leader") } else { nodes }
}

fn show_mended(round: &Value, _: &Style) -> String {
    if round["mended_ms"].is_null() { "no".to_owned() } else { span(round, "mended_ms") }
}

fn items(report: &Value, key: &str) -> Vec<Value> {
    report[key].as_array().cloned().unwrap_or_default()
}

/// A promise a line, and below it what broke it.
fn promises(report: &Value) -> String {
    let line = |promise: &Value| {
        let mark = match promise["held"].as_bool() {
            Some(true) => "✓ held    ",
            Some(false) => "✗ broken  ",
            None => "– untried ",
        };
        let why = promise["why"].as_array().into_iter().flatten();
        let why: String = why.map(|why| format!("\n    {}", plain(why))).collect();
        format!("{mark} {}  {}{why}\n", text(promise, "id"), text(promise, "promise"))
    };
    items(report, "promises").iter().map(line).collect()
}

/// The report of `lab chaos` for a person.
pub(crate) fn tell_chaos(report: &Value, style: &Style) -> String {
    let (rounds, operations) = (items(report, "faults"), items(report, "operations"));
    let mut told = match rounds.is_empty() {
        true => "nothing was done to the nodes\n".to_owned(),
        false => out::table(style, &ROUNDS, &rounds),
    };
    if rounds.iter().any(|round| !round["leader"].is_null()) {
        told.push_str("* led\n");
    }
    told = told + "\n" + &out::table(style, &OPERATIONS, &operations) + "\n" + &promises(report);
    let films = |key| human::count(number(report, key));
    told.push_str(&format!("\n{} of {} films came back", films("films_intact"), films("films_acknowledged")));
    told + &format!(" · seed {}\nagain: {}\n", number(report, "seed"), text(report, "repeat"))
}

/// The report of `lab failover` for a person.
pub(crate) fn tell_failover(report: &Value, style: &Style) -> String {
    let times = |of: &str| {
        let [median, max] = ["median", "max"].map(|which| number(report, &format!("{of}_ms_{which}")));
        format!("first {of}: median {median} ms, at most {max} ms\n")
    };
    let table = out::table(style, &DEATHS, &items(report, "failovers"));
    format!("{table}\n{}{}\n{}", times("write"), times("read"), promises(report))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{
        super::{
            schedule::{FaultKind, Schedule},
            verdict::{Facts, verdicts},
        },
        *,
    };
    use crate::out::tests::style;

    #[test]
    fn a_person_sees_what_went_wrong_what_came_of_it_and_how_to_see_it_again() {
        let minority = Minority { node: "n2".to_owned(), reads_stale: true, ..Minority::default() };
        let lived = Lived {
            kind: FaultKind::Partition,
            began: Duration::from_secs(4),
            ended: Duration::from_secs(9),
            mended: None,
            minority: vec![minority],
        };
        let told = Told {
            nodes: vec!["n2".to_owned(), "n3".to_owned()],
            leader: Some("n3".to_owned()),
            what: String::new(),
            notes: Vec::new(),
            lived,
        };
        let why = vec!["n2, cut off, did not refuse a write with `no quorum`".to_owned()];
        let verdicts = [
            Verdict { id: "AVL-1", promise: "a minority refuses writes", held: Some(false), why },
            Verdict { id: "DSK-1", promise: "a bad disk takes no node down", held: None, why: Vec::new() },
        ];
        let oracle = Oracle::default();
        let report = json!({
            "outcome": outcome(&verdicts),
            "seed": 7,
            "nodes": 5,
            "lasted_ms": 30_000,
            "faults": [round(&told, &oracle)],
            "operations": [operation(Op::Write, &oracle, Duration::from_secs(30))],
            "films_acknowledged": 3,
            "films_intact": 3,
            "nodes_ended": [],
            "promises": verdicts.iter().map(promise).collect::<Vec<_>>(),
            "repeat": "vsctl lab chaos --seed 7",
        });
        let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, CHAOS.keys);
        let keys: Vec<_> = report["faults"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ROUNDS.keys);
        let expected = "  AT  FAULT      NODES   HOW   FOR  MENDED  NO WRITE  NO READ  NO CHUNK
4.0s  partition  n2 n3*  –    5.0s      no      9.0s     9.0s      9.0s
* led

CLIENTS  TRIED  ACKNOWLEDGED  FAILED  UNKNOWN  LONGEST PAUSE
write        0             0       0        0            30s

✗ broken   AVL-1  a minority refuses writes
    n2, cut off, did not refuse a write with `no quorum`
– untried  DSK-1  a bad disk takes no node down

3 of 3 films came back · seed 7
again: vsctl lab chaos --seed 7
";
        assert_eq!(tell_chaos(&report, &style(vs_client::cli::OutputFormat::Table)), expected);
    }

    #[test]
    fn the_report_fits_a_terminal_of_80_columns() {
        let nodes = vec!["n12".to_owned(), "n3".to_owned()];
        let told = Schedule::new(1, FaultKind::value_variants(), 5).take(200).map(|round| Told {
            nodes: nodes.clone(),
            leader: Some("n12".to_owned()),
            what: round.what(),
            notes: Vec::new(),
            lived: Lived {
                kind: round.kind,
                began: Duration::from_secs(3_599),
                ended: Duration::from_secs(3_605),
                mended: Some(Duration::from_secs(119)),
                minority: Vec::new(),
            },
        });
        let oracle = Oracle::default();
        let rounds: Vec<_> = told.map(|told| round(&told, &oracle)).collect();
        let facts = Facts { oracle: &oracle, rounds: &[], lost: &[], ended: &[], pause_max: Duration::ZERO };
        let report = json!({
            "faults": rounds,
            "operations": Op::ALL.map(|op| operation(op, &oracle, Duration::from_secs(3_600))),
            "promises": verdicts(&facts).iter().map(promise).collect::<Vec<_>>(),
        });
        let told = tell_chaos(&report, &style(vs_client::cli::OutputFormat::Table));
        let wide: Vec<_> = told.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{}", wide.join("\n"));
    }
}
