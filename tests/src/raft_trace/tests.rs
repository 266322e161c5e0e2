//! Each property finds what breaks it, and nothing in traces of a cluster that did as it should.

use super::{Event, Trace, leader_changes, read, reign, violations};

fn lead(term: u64) -> Event {
    Event::Lead { term }
}

fn append(term: u64, index: u64) -> Event {
    Event::Append { term, index, crc: term * 1_000 + index }
}

fn apply(term: u64, index: u64) -> Event {
    Event::Apply { term, index, chain: format!("{term:x}{index:x}") }
}

fn truncate(from: u64) -> Event {
    Event::Truncate { from }
}

fn purge(term: u64, index: u64) -> Event {
    Event::Purge { term, index }
}

fn install(term: u64, index: u64) -> Event {
    Event::Install { term, index, chain: format!("{term:x}{index:x}") }
}

fn trace(node: &str, events: &[&[Event]]) -> Trace {
    Trace { node: node.to_owned(), events: [&[Event::Start], &events.concat()[..]].concat() }
}

/// Three nodes over three terms: the first leader is killed with an entry that nobody else has and comes back to lose it, the
/// second one hands over, and the third node gets a snapshot.
fn sound() -> Vec<Trace> {
    let first = [append(1, 0), append(1, 1), append(1, 2)];
    let one = [&[lead(1)], &first[..], &[apply(1, 0), apply(1, 1), append(1, 3), append(1, 4)]].concat();
    let one_later = [truncate(3), append(2, 3), append(2, 4), apply(1, 0), apply(1, 1), apply(1, 2), apply(2, 3)];
    let two = [&first[..], &[lead(2), append(2, 3), apply(1, 0), apply(1, 1), append(2, 4), apply(1, 2)]].concat();
    let two_later = [apply(2, 3), append(2, 5), append(3, 6), purge(2, 3), apply(2, 4), apply(2, 5)];
    let three = [append(1, 0), install(2, 4), append(2, 5), lead(3), append(3, 6), apply(2, 5), apply(3, 6)];
    let one_at_last = [append(2, 5), append(3, 6), apply(2, 4), apply(2, 5), apply(3, 6)];
    vec![
        trace("n1", &[&one, &[Event::Start], &one_later, &one_at_last]),
        trace("n2", &[&two, &two_later]),
        trace("n3", &[&three]),
    ]
}

/// What is found when these events are put into the sound traces, at a place of one node.
#[track_caller]
fn found(node: usize, at: usize, events: &[Event]) -> Vec<String> {
    let mut traces = sound();
    traces[node].events.splice(at..at, events.iter().cloned());
    violations(&traces)
}

fn position(node: usize, event: &Event) -> usize {
    sound()[node].events.iter().position(|there| there == event).expect("it is there")
}

#[track_caller]
fn assert_only(property: &str, found: &[String]) {
    assert!(!found.is_empty() && found.iter().all(|what| what.starts_with(property)), "{found:#?}");
}

#[test]
fn a_cluster_that_did_as_it_should_breaks_nothing() {
    assert_eq!(violations(&sound()), Vec::<String>::new());
    assert_eq!(leader_changes(&sound()), 2);
    // what a kill kept from being told is not held against a node
    let mut traces = sound();
    let untold = position(1, &append(1, 2));
    traces[1].events.splice(untold..=untold, [Event::Start]);
    assert_eq!(violations(&traces), Vec::<String>::new());
    // nor entries that went when it took over a snapshot
    let taken_over = [append(1, 1), append(1, 2), append(1, 3), Event::Start, purge(2, 4)];
    assert_eq!(found(2, position(2, &install(2, 4)), &taken_over), Vec::<String>::new());
}

#[test]
fn two_leaders_of_a_term() {
    assert_only("election safety", &found(2, 3, &[lead(2)]));
    assert!(found(1, position(1, &append(2, 5)), &[lead(2)]).is_empty(), "the same one again is none");
}

#[test]
fn a_leader_that_overwrites_or_deletes() {
    let at = position(1, &append(2, 4)) + 1;
    let overwritten = Event::Append { term: 2, index: 4, crc: 2_004 };
    assert_only("leader append-only", &found(1, at, &[overwritten]));
    assert_only("leader append-only", &found(1, at, &[truncate(4), append(2, 4)]));
    let last = sound()[2].events.len();
    assert_only("leader append-only", &found(2, last, &[truncate(6)]));
}

#[test]
fn logs_that_part_and_meet_again() {
    let mut traces = sound();
    let at = position(0, &append(2, 4));
    traces[0].events[at] = Event::Append { term: 2, index: 4, crc: 7 };
    assert_only("log matching", &violations(&traces));
    let mut traces = sound();
    let at = position(0, &append(2, 3));
    // another entry before one that is the same
    traces[0].events[at] = append(1, 3);
    let found = violations(&traces);
    assert!(found.iter().any(|what| what.starts_with("log matching: what is before entry 4")), "{found:#?}");
}

#[test]
fn a_leader_without_what_was_committed() {
    let mut traces = sound();
    // entries 0 and 1 were applied by the leader of term 1, which went on: the leader of term 2 must have them
    let at = position(1, &lead(2));
    traces[1].events.splice(at - 2..at, []);
    let found = violations(&traces);
    assert!(
        found.iter().any(|what| what == "leader completeness: n2 leads term 2 without entry 1 of term 1"),
        "{found:#?}"
    );
    let mut traces = sound();
    // entry 2 was applied before the leader of term 2 went on, but it is in term 3 that it had to be there
    traces[2].events.retain(|event| !matches!(event, Event::Install { .. }));
    traces[2].events.retain(|event| *event != append(2, 5));
    assert_only("leader completeness: n3", &violations(&traces));
}

#[test]
fn state_machines_that_part() {
    let at = position(2, &apply(3, 6));
    let mut traces = sound();
    traces[2].events[at] = Event::Apply { term: 3, index: 6, chain: "another".to_owned() };
    assert_only("state machine safety", &violations(&traces));
    assert_only("state machine safety", &found(2, at, &[apply(2, 5)]));
    let mut traces = sound();
    traces[2].events[at] = apply(2, 6);
    assert_only("state machine safety", &violations(&traces));
    let mut traces = sound();
    let at = position(2, &install(2, 4));
    traces[2].events[at] = Event::Install { term: 2, index: 4, chain: "another".to_owned() };
    assert_only("state machine safety", &violations(&traces));
}

#[test]
fn logs_are_read_over_kills_and_wipes() {
    let line = |fields: &str| format!("{{\"level\":\"TRACE\",\"target\":\"vsd::raft_trace\",{fields}}}\n");
    let log = [
        "\n--- vsd starts as a new node\n{\"level\":\"WARN\",\"target\":\"vsd\",\"message\":\"slow\"}\n",
        &line("\"message\":\"append\",\"term\":1,\"leader\":2,\"index\":2,\"crc\":3"),
        &line("\"message\":\"apply\",\"term\":1,\"leader\":2,\"index\":2,\"chain\":\"12\""),
        "{\"level\":\"TRACE\",\"target\":\"vsd::raft_trace\",\"messa\n--- vsd starts\n",
        &line("\"message\":\"lead\",\"term\":4,\"leader\":3"),
        &line("\"message\":\"truncate\",\"from\":5"),
        "\n--- vsd starts as a new node\n",
        &line("\"message\":\"install\",\"term\":1,\"leader\":2,\"index\":2,\"chain\":\"12\""),
        &line("\"message\":\"purge\",\"term\":1,\"leader\":2,\"index\":2"),
    ];
    let traces = read("n1", &log.concat()).expect("understood");
    let (first, chain) = (reign(1, 2), "12".to_owned());
    let append = Event::Append { term: first, index: 2, crc: 3 };
    let applied = Event::Apply { term: first, index: 2, chain: chain.clone() };
    let events = [Event::Start, append, applied, Event::Start, lead(reign(4, 3)), truncate(5)];
    assert_eq!(traces[0].events, events);
    let installed = Event::Install { term: first, index: 2, chain };
    assert_eq!(traces[1].events, [Event::Start, installed, purge(first, 2)]);
    assert_eq!((traces[0].node.as_str(), traces[1].node.as_str()), ("n1", "n1, life 2"));
    for wrong in
        ["\"message\":\"lead\"", "\"message\":\"append\",\"term\":1,\"leader\":2,\"index\":2", "\"message\":\"vote\""]
    {
        let log = format!("--- vsd starts\n{}{}", line(wrong), line("\"message\":\"lead\",\"term\":4,\"leader\":3"));
        assert!(read("n1", &log).is_err(), "{wrong}");
    }
}
