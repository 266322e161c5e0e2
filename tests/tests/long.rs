//! What takes too long for every run: `make long`.

use std::time::Duration;

use vs_tests::{Node, clip::Clip, crash::survive_kills, storm::survive_storm};

const KILLS: u32 = 50;
/// How long the storm lasts, unless `VS_STORM_MINUTES` says otherwise.
const STORM_MINUTES: f64 = 5.0;
const FILM_BYTES: u64 = 2 << 30;

#[test]
#[ignore = "minutes of kills; run by `make long`"]
fn nothing_acknowledged_is_lost_in_fifty_kills() {
    survive_kills(KILLS);
}

#[test]
#[ignore = "minutes of nodes that come and go; run by `make long`"]
fn nothing_acknowledged_is_lost_in_a_storm() {
    let given = std::env::var("VS_STORM_MINUTES").ok();
    let minutes = given.map_or(STORM_MINUTES, |minutes| minutes.parse().expect("VS_STORM_MINUTES is a number"));
    survive_storm(Duration::from_secs_f64(60.0 * minutes));
}

#[test]
#[ignore = "takes about 10 GiB of disk; run by `make long`"]
fn memory_stays_flat_over_an_upload_of_2_gib() {
    let mut node = Node::start(&[]);
    vs_tests::memory::upload_stays_small(&mut node, Clip::Heavy, FILM_BYTES);
}
