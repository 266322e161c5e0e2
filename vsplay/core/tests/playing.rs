//! How the player behaves over a whole film, in fake time.

mod world;

use std::time::Duration;

use proptest::prelude::*;
use vs_core::{
    id::{NodeId, Version},
    layout::Scheme,
    manifest::TrackKind,
};
use vsplay_core::{
    event::{Ending, Event, Note},
    placement::Placement,
    settings::{SILENCE_MAX_ALONE, Settings},
    snapshot::State,
};
use world::{AUDIO, Kept, Mode, SimNode, TrackShape, VIDEO, World};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fast(count: usize) -> Vec<SimNode> {
    vec![SimNode::new(100_000_000, 2); count]
}

fn film(settings: Settings, nodes: Vec<SimNode>) -> World {
    World::new(settings, &[VIDEO, AUDIO], nodes)
}

#[test]
fn a_film_plays_to_its_end_in_real_time() {
    let mut world = film(Settings::default(), fast(1));
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    assert!(world.fed_all());
    let report = world.report();
    assert_eq!((report.rebuffer_count, report.played_ms), (0, 120_000));
    assert!(report.startup_ms.is_some_and(|ms| ms < 300), "{report:?}");
    assert!((120..122).contains(&world.now.as_secs()), "{:?}", world.now);
    assert!(report.avg_buffer_ms > 20_000, "{report:?}");
    assert_eq!(report.bytes_wasted, 0);
}

#[test]
fn without_a_clock_it_takes_as_long_as_the_bytes() {
    let mut world = film(Settings { clocked: false, ..Settings::default() }, fast(1));
    world.run(s(60));
    assert_eq!(world.ended, Some(Ending::Played));
    assert!(world.fed_all());
    // 12 × 5.16 MB at 100 Mbit/s take 5 s.
    assert!(world.now < s(7), "{:?}", world.now);
    let report = world.report();
    assert_eq!((report.rebuffer_count, report.rebuffer_ms, report.played_ms), (0, 0, 120_000));
}

#[test]
fn slow_outputs_hold_the_fetching_back_and_are_waited_for() {
    let heavy = TrackShape { segment_bytes: 60_000_000, segments: 6, ..VIDEO };
    for (clocked, shape) in [(false, VIDEO), (true, heavy)] {
        let settings = Settings { clocked, memory_bytes_max: 32 << 20, ..Settings::default() };
        let mut world = World::new(settings, &[shape, AUDIO], vec![SimNode::new(400_000_000, 1)]);
        world.outputs = false;
        world.run(s(100));
        assert_eq!(world.ended, None, "{clocked}");
        world.outputs = true;
        world.run(s(200));
        assert_eq!(world.ended, Some(Ending::Played), "{clocked}");
        assert!(world.fed_all());
    }
}

/// The film needs 4.13 Mbit/s.
#[test]
fn with_a_fifth_more_than_the_bitrate_it_starts_late_and_never_stalls() {
    let mut world = film(Settings::default(), vec![SimNode::new(4_954_000, 20)]);
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    let report = world.report();
    assert_eq!(report.rebuffer_count, 0, "{report:?}");
    let started =
        world.notes.iter().find_map(|note| if let Note::Started { after } = note { Some(*after) } else { None });
    assert!(started.is_some_and(|after| after < s(12)), "{started:?}");
}

#[test]
fn below_the_bitrate_it_stalls_says_so_and_still_plays_everything() {
    let mut world = film(Settings::default(), vec![SimNode::new(3_000_000, 20)]);
    world.run(s(400));
    assert_eq!(world.ended, Some(Ending::Played));
    let report = world.report();
    assert!(report.rebuffer_count >= 1 && report.rebuffer_ms > 10_000, "{report:?}");
    assert_eq!(report.played_ms, 120_000);
    let total = world.now.as_millis() - u128::from(report.played_ms) - u128::from(report.rebuffer_ms);
    assert!(total < 30_000, "playing, stalling and starting are all there is: {total}");
}

#[test]
fn a_node_that_dies_costs_no_stall() {
    for mode in [Mode::Dead, Mode::Frozen, Mode::Corrupting, Mode::Empty] {
        let mut world = film(Settings::default(), vec![SimNode::new(20_000_000, 5); 3]);
        world.run(s(15));
        world.nodes.get_mut(&NodeId(1)).expect("there").mode = mode;
        world.run(s(200));
        assert_eq!(world.ended, Some(Ending::Played), "{mode:?}");
        let report = world.report();
        assert_eq!(report.rebuffer_count, 0, "{mode:?} {report:?}");
        // A node that does not even answer pings may be left out before it is asked.
        let answers = matches!(mode, Mode::Corrupting | Mode::Empty);
        assert!(report.failovers >= u64::from(answers), "{mode:?} {report:?}");
        assert!(world.fed_all());
    }
}

#[test]
fn a_frozen_node_delays_the_start_by_less_than_a_second() {
    let mut nodes = vec![SimNode::new(100_000_000, 5); 3];
    nodes[0].mode = Mode::Frozen;
    let mut world = film(Settings::default(), nodes);
    world.run(s(3));
    assert_eq!(world.player.state(), State::Playing);
    assert!(world.report().startup_ms.is_some_and(|ms| ms < 1_000));
}

#[test]
fn a_node_that_keeps_failing_is_left_alone() {
    let mut nodes = fast(3);
    nodes[1].mode = Mode::Corrupting;
    let mut world = film(Settings::default(), nodes);
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    let asked = world.asked.iter().filter(|(node, _)| *node == NodeId(2)).count();
    assert!(asked < 12, "asked {asked} times");
    let blamed = world.player.snapshot(world.now).nodes.into_iter().find(|node| node.id == NodeId(2)).expect("listed");
    assert!(blamed.bad_copies >= 1 && blamed.chunks == 0, "{blamed:?}");
}

#[test]
fn load_spreads_over_equal_nodes() {
    let mut world = film(Settings::default(), vec![SimNode::new(10_000_000, 5); 3]);
    world.run(s(200));
    for node in world.report().nodes {
        assert!(node.share > 0.15, "{node:?}");
    }
}

#[test]
fn an_outage_of_everything_is_waited_out() {
    let mut world = film(Settings::default(), fast(2));
    world.run(s(10));
    world.nodes.values_mut().for_each(|node| node.mode = Mode::Dead);
    world.metadata = false;
    world.run(s(45));
    assert_eq!(world.player.state(), State::Rebuffering);
    world.nodes.values_mut().for_each(|node| node.mode = Mode::Up);
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    assert_eq!(world.report().rebuffer_count, 1);
}

#[test]
fn an_outage_that_lasts_ends_the_playback() {
    let mut world = film(Settings::default(), fast(2));
    world.run(s(10));
    world.nodes.values_mut().for_each(|node| node.mode = Mode::Dead);
    world.run(s(300));
    assert!(matches!(world.ended, Some(Ending::ChunkLost { .. })), "{:?}", world.ended);
    assert!((60..90).contains(&world.now.as_secs()), "buffer and patience: {:?}", world.now);
}

#[test]
fn what_nobody_has_intact_ends_it_where_it_is_needed_and_not_before() {
    for (mode, clocked) in [(Mode::Corrupting, true), (Mode::Empty, true), (Mode::Corrupting, false)] {
        let mut world = film(Settings { clocked, ..Settings::default() }, vec![SimNode::new(40_000_000, 5); 2]);
        world.run(s(2));
        let had = world.fed[0].len();
        assert!(had >= 2);
        world.nodes.values_mut().for_each(|node| node.mode = mode);
        world.run(s(200));
        let Some(Ending::ChunkLost { at, .. }) = world.ended else { panic!("{:?}", world.ended) };
        assert_eq!(world.fed[at.track].iter().filter(|fed| **fed == at).count(), 0);
        if clocked {
            assert!(world.report().played_ms > 5_000, "what was there is played");
        }
    }
}

#[test]
fn a_film_damaged_at_its_beginning_fails_at_once() {
    let mut nodes = fast(2);
    nodes.iter_mut().for_each(|node| node.mode = Mode::Corrupting);
    let mut world = film(Settings::default(), nodes);
    world.run(s(100));
    assert!(matches!(world.ended, Some(Ending::ChunkLost { .. })));
    assert!(world.now < s(2), "{:?}", world.now);
    assert_eq!((world.fed.concat(), world.views), (vec![], 0));
}

#[test]
fn chunks_that_moved_to_nodes_unheard_of_are_found_by_looking_again() {
    for clocked in [true, false] {
        let mut world = film(Settings { clocked, ..Settings::default() }, fast(4));
        let moved = world.placement.clone();
        let nodes = [1, 2].map(NodeId).to_vec();
        world.send(Event::Placement(Placement { nodes: nodes.clone(), layouts: vec![], ..moved.clone() }));
        world.run(s(1));
        nodes.iter().for_each(|id| world.nodes.get_mut(id).expect("there").mode = Mode::Empty);
        world.newer = Some(moved);
        world.run(s(200));
        assert_eq!((&world.ended, world.fed_all()), (&Some(Ending::Played), true), "clocked: {clocked}");
        assert!(world.newer.is_none());
    }
}

#[test]
fn a_film_that_is_coded_while_it_plays_is_read_from_its_stripes() {
    let mut world = World::with(Settings::default(), &[VIDEO, AUDIO], fast(5), Kept::Striped);
    let coded = world.forget_parity();
    let placement = Placement { version: Version(2), ..world.placement.clone() };
    world.send(Event::Placement(Placement { scheme: Scheme::Replicate(3), ..world.placement.clone() }));
    world.run(s(5));
    world.parts = coded;
    world.send(Event::Placement(placement));
    world.run(s(1));
    [1, 2].map(NodeId).iter().for_each(|id| world.nodes.get_mut(id).expect("there").mode = Mode::Dead);
    world.run(s(200));
    assert_eq!((&world.ended, world.fed_all()), (&Some(Ending::Played), true));
    assert!(world.rebuilt > 0, "two of five nodes had chunks that are needed");
}

#[test]
fn a_start_that_brings_nothing_times_out() {
    for clocked in [true, false] {
        let mut nodes = fast(1);
        nodes[0].mode = Mode::Frozen;
        let mut world = film(Settings { clocked, ..Settings::default() }, nodes);
        world.run(s(100));
        assert_eq!(world.ended, Some(Ending::StartTimedOut));
        assert!(world.now <= s(31) && world.now >= SILENCE_MAX_ALONE);
    }
}

#[test]
fn metadata_is_needed_only_to_start() {
    let mut world = film(Settings::default(), fast(1));
    world.run(s(1));
    world.metadata = false;
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    assert_eq!(world.report().rebuffer_count, 0);
}

#[test]
fn a_pause_stops_the_clock_and_not_the_buffer() {
    let mut world = film(Settings::default(), vec![SimNode::new(8_000_000, 5)]);
    world.run(s(5));
    let (position, buffered) = (world.player.position(), world.fed[0].len());
    world.send(Event::Pause);
    world.run(s(300));
    assert_eq!((world.player.state(), world.player.position()), (State::Paused, position));
    assert!(world.fed[0].len() > buffered);
    world.send(Event::Resume);
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    assert_eq!(world.report().rebuffer_count, 0);
}

#[test]
fn a_seek_drops_what_it_leaves_and_is_no_stall() {
    let mut world = film(Settings::default(), vec![SimNode::new(8_000_000, 5)]);
    world.run(s(4));
    world.send(Event::Seek(s(95)));
    assert!(world.cancelled > 0, "fetches of the old place go on");
    world.run(s(10));
    assert_eq!(world.fed[0].first().map(|at| at.segment), Some(9));
    assert_eq!(world.player.state(), State::Playing);
    world.send(Event::Seek(s(3)));
    world.run(s(20));
    assert_eq!(world.fed[0].first().map(|at| at.segment), Some(0));
    assert_eq!(world.restarts, [s(0), s(95), s(3)]);
    assert_eq!(world.views, 1, "however often it begins anew");
    world.send(Event::Seek(s(1_000)));
    world.run(s(5));
    assert_eq!(world.ended, Some(Ending::Played), "behind the end is the end");
    assert_eq!(world.report().rebuffer_count, 0);
}

#[test]
fn a_short_seek_uses_what_is_held() {
    let mut world = film(Settings::default(), fast(1));
    world.run(s(8));
    let before = world.report().bytes_fetched;
    world.send(Event::Seek(s(25)));
    assert_eq!(world.fed[0].first().map(|at| at.segment), Some(2), "held, so fed at once");
    world.run(Duration::from_millis(50));
    assert_eq!(world.player.state(), State::Playing);
    assert!(world.report().bytes_fetched - before < 6_000_000);
}

#[test]
fn start_and_end_bound_what_is_fetched() {
    let settings = Settings { clocked: false, start: s(35), end: Some(s(60)), ..Settings::default() };
    let mut world = film(settings, fast(1));
    world.run(s(60));
    assert_eq!(world.ended, Some(Ending::Played));
    let segments: Vec<_> = world.fed[1].iter().map(|at| at.segment).collect();
    assert_eq!(segments, [3, 4, 5]);
    assert_eq!(world.report().played_ms, 25_000);
}

#[test]
fn a_film_longer_than_the_memory_plays() {
    let heavy = TrackShape { segment_bytes: 60_000_000, segments: 6, ..VIDEO };
    let settings = Settings { memory_bytes_max: 32 << 20, ..Settings::default() };
    let mut world = World::new(settings, &[heavy, AUDIO], vec![SimNode::new(400_000_000, 1)]);
    world.run(s(200));
    assert_eq!(world.ended, Some(Ending::Played));
    assert_eq!(world.report().rebuffer_count, 0);
}

#[test]
fn tracks_of_different_lengths_end_with_the_longest() {
    let short = TrackShape { segments: 3, ..AUDIO };
    let mut world = World::new(Settings::default(), &[VIDEO, short], fast(1));
    world.run(s(200));
    assert_eq!((world.ended.clone(), world.report().played_ms), (Some(Ending::Played), 120_000));
    let empty = TrackShape { segments: 0, ..AUDIO };
    let mut world = World::new(Settings::default(), &[empty], fast(1));
    world.run(s(1));
    assert_eq!(world.ended, Some(Ending::Played));
}

#[test]
fn a_text_without_duration_is_fed_whole_wherever_playback_is() {
    let text = TrackShape { kind: TrackKind::Subtitle, segments: 1, segment_s: 0, segment_bytes: 100, per_part: 1 };
    for clocked in [true, false] {
        let settings = Settings { clocked, start: s(15), ..Settings::default() };
        let mut world = World::new(settings, &[VIDEO, text], fast(1));
        world.run(s(200));
        assert_eq!(world.ended, Some(Ending::Played));
        assert_eq!((world.fed[1].len(), world.report().played_ms), (1, 105_000));
    }
    let picture = TrackShape { kind: TrackKind::Video, ..text };
    let mut world = World::new(Settings::default(), &[picture], fast(1));
    world.run(s(1));
    assert_eq!((world.ended.clone(), world.fed_all()), (Some(Ending::Played), true));
}

/// The film needs 4.13 Mbit/s; each node gives five times that.
fn striped(settings: Settings, nodes: u64) -> World {
    let nodes = (0..nodes).map(|_| SimNode::new(20_000_000, 5)).collect();
    World::with(settings, &[VIDEO, AUDIO], nodes, Kept::Striped)
}

#[test]
fn any_two_nodes_of_five_may_be_dead_from_the_start() {
    for (a, b) in (1..=5).flat_map(|a| (a + 1..=5).map(move |b| (a, b))) {
        for (mode, startup_ms) in
            [(Mode::Dead, 500), (Mode::Frozen, 1_500), (Mode::Corrupting, 2_000), (Mode::Empty, 500)]
        {
            let mut world = striped(Settings::default(), 5);
            [a, b].iter().for_each(|id| world.nodes.get_mut(&NodeId(*id)).expect("there").mode = mode);
            world.run(s(200));
            assert_eq!((world.ended.clone(), world.fed_all()), (Some(Ending::Played), true), "{a} {b} {mode:?}");
            let report = world.report();
            assert_eq!(report.rebuffer_count, 0, "{a} {b} {mode:?} {report:?}");
            assert!(report.startup_ms.is_some_and(|ms| ms < startup_ms), "{a} {b} {mode:?} {report:?}");
            assert!(world.rebuilt > 0, "{a} {b} {mode:?}");
        }
    }
}

#[test]
fn any_two_nodes_of_five_may_die_while_it_plays() {
    for (a, b) in (1..=5).flat_map(|a| (a + 1..=5).map(move |b| (a, b))) {
        for mode in [Mode::Dead, Mode::Frozen, Mode::Corrupting] {
            let mut world = striped(Settings::default(), 5);
            world.run(s(15));
            world.nodes.get_mut(&NodeId(a)).expect("there").mode = mode;
            world.run(s(20));
            world.nodes.get_mut(&NodeId(b)).expect("there").mode = mode;
            world.run(s(200));
            assert_eq!((world.ended.clone(), world.fed_all()), (Some(Ending::Played), true), "{a} {b} {mode:?}");
            assert_eq!(world.report().rebuffer_count, 0, "{a} {b} {mode:?}");
        }
    }
}

#[test]
fn a_whole_stripe_is_not_fetched_where_neighbours_suffice() {
    let mut world = striped(Settings::default(), 5);
    world.run(s(200));
    assert_eq!((world.ended.clone(), world.rebuilt), (Some(Ending::Played), 0));
    let (intact, chunks) = (world.report().bytes_fetched, world.asked.len());
    assert_eq!(world.report().bytes_wasted, 0);
    let mut world = striped(Settings::default(), 5);
    world.nodes.get_mut(&NodeId(3)).expect("there").mode = Mode::Dead;
    world.run(s(200));
    let report = world.report();
    // Each stripe that lost a chunk costs its parity instead, padded to its longest chunk.
    assert!(report.bytes_fetched < intact + intact / 5, "{} for {intact}", report.bytes_fetched);
    assert!(world.asked.len() < chunks + chunks / 5, "{} for {chunks}", world.asked.len());
}

#[test]
fn a_film_in_stripes_that_too_few_nodes_have_ends_where_it_is_needed() {
    let mut world = striped(Settings::default(), 5);
    world.run(s(2));
    [1, 3, 4].iter().for_each(|id| world.nodes.get_mut(&NodeId(*id)).expect("there").mode = Mode::Empty);
    world.run(s(300));
    let Some(Ending::ChunkLost { at, .. }) = world.ended else { panic!("{:?}", world.ended) };
    assert!(!world.fed[at.track].contains(&at));
    let mut world = striped(Settings::default(), 5);
    world.nodes.values_mut().take(3).for_each(|node| node.mode = Mode::Frozen);
    world.run(s(100));
    assert_eq!(world.ended, Some(Ending::StartTimedOut), "what came of the others is no progress");
    assert!(world.now <= s(45), "{:?}", world.now);
}

#[test]
fn quitting_leaves_nothing_in_flight() {
    let mut world = film(Settings::default(), vec![SimNode::new(8_000_000, 5)]);
    world.run(s(2));
    world.send(Event::Quit);
    assert_eq!(world.ended, Some(Ending::Quit));
    assert_eq!(world.cancelled, 4);
    world.send(Event::Tick);
}

#[derive(Clone, Debug)]
enum Act {
    Run(u64),
    Mode(u64, Mode),
    Seek(u64),
    Pause(bool),
    Metadata(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let mode = prop_oneof![
        3 => Just(Mode::Up),
        1 => Just(Mode::Dead),
        1 => Just(Mode::Frozen),
        1 => Just(Mode::Corrupting),
        1 => Just(Mode::Empty),
    ];
    prop_oneof![
        4 => (1u64..4_000).prop_map(Act::Run),
        2 => (1u64..=5, mode).prop_map(|(node, mode)| Act::Mode(node, mode)),
        1 => (0u64..70).prop_map(Act::Seek),
        1 => any::<bool>().prop_map(Act::Pause),
        1 => any::<bool>().prop_map(Act::Metadata),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever happens, the promises checked by every step hold, and once the nodes are well the film plays to its
    /// end.
    #[test]
    fn any_weather_is_survived(
        acts in prop::collection::vec(act(), 1..16),
        rates in prop::collection::vec(2u64..60, 5),
        kept in prop_oneof![Just(Kept::Everywhere), Just(Kept::Striped)],
    ) {
        let video = TrackShape { segments: 6, per_part: 2, ..VIDEO };
        let audio = TrackShape { segments: 6, per_part: 1, ..AUDIO };
        let nodes = rates.iter().map(|mbps| SimNode::new(mbps * 1_000_000, *mbps)).collect();
        let settings = Settings { patience: s(1_000), memory_bytes_max: 32 << 20, ..Settings::default() };
        let mut world = World::with(settings, &[video, audio], nodes, kept);
        for act in acts {
            match act {
                Act::Run(ms) => world.run(Duration::from_millis(ms)),
                Act::Mode(node, mode) => world.nodes.get_mut(&NodeId(node)).expect("there").mode = mode,
                Act::Seek(to_s) => world.send(Event::Seek(s(to_s))),
                Act::Pause(true) => world.send(Event::Pause),
                Act::Pause(false) => world.send(Event::Resume),
                Act::Metadata(up) => world.metadata = up,
            }
        }
        if !matches!(world.ended, Some(Ending::ChunkLost { .. })) {
            world.nodes.values_mut().for_each(|node| node.mode = Mode::Up);
            world.metadata = true;
            world.send(Event::Resume);
            world.run(s(400));
            prop_assert!(matches!(world.ended, Some(Ending::Played)), "{:?}", world.player.snapshot(world.now));
        }
    }
}
