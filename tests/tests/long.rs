//! What takes too long for every run: `make long`.

use vs_tests::{Node, clip::Clip, crash::survive_kills, storm::survive_storm};

const KILLS: u32 = 50;
/// Nodes that go away or come back.
const EVENTS: u32 = 60;
const FILM_BYTES: u64 = 2 << 30;

#[test]
#[ignore = "minutes of kills; run by `make long`"]
fn nothing_acknowledged_is_lost_in_fifty_kills() {
    survive_kills(KILLS);
}

#[test]
#[ignore = "minutes of nodes that come and go; run by `make long`"]
fn nothing_acknowledged_is_lost_in_a_storm() {
    survive_storm(EVENTS);
}

#[test]
#[ignore = "takes about 10 GiB of disk; run by `make long`"]
fn memory_stays_flat_over_an_upload_of_2_gib() {
    let mut node = Node::start(&[]);
    vs_tests::memory::upload_stays_small(&mut node, Clip::Heavy, FILM_BYTES);
}
