//! Screens of fixed scenes, compared with what they looked like when somebody looked.

use std::{sync::Arc, time::Duration};

use ratatui::{Terminal, backend::TestBackend};
use vs_core::id::NodeId;
use vs_wire::v1::{ClusterState, Member};
use vsplay_core::snapshot::{Download, MapCell, NodeView, Snapshot, State};

use super::scene::{Consensus, NodeFacts, Pane, Scene, Screen, View};
use crate::{
    decode::{Palette, Picture, Size},
    painter::paint,
};

fn node(id: u64, score: f64, latency_ms: f64, bandwidth_mbps: f64, in_flight: u32, chunks: u64) -> NodeView {
    NodeView {
        id: NodeId(id),
        score,
        latency_ms,
        bandwidth_mbps,
        reliability: 1.0,
        in_flight,
        chunks,
        #[allow(clippy::cast_precision_loss, reason = "small")]
        share: chunks as f64 / 79.0,
        bad_copies: u64::from(id == 3),
        excluded: id == 3,
    }
}

fn download(segment: u32, chunk: u32, node: u64, received_bytes: u64, done: bool) -> Download {
    Download {
        track: "v0".to_owned(),
        segment,
        chunk,
        node: NodeId(node),
        received_bytes,
        total_bytes: 2_000_000,
        elapsed: Duration::from_millis(29),
        done,
    }
}

fn snapshot() -> Snapshot {
    let mut map = vec![MapCell::Played; 9];
    map.extend([1, 1, 2, 2, 1, 3, 2].map(|id| MapCell::Held(NodeId(id))));
    map.extend([MapCell::Fetching(NodeId(2)), MapCell::Wanted]);
    map.extend([MapCell::Ahead; 60]);
    Snapshot {
        state: State::Playing,
        position: Duration::from_secs(192),
        end: Duration::from_secs(596),
        ahead: Duration::from_millis(28_500),
        target_buffer: Duration::from_secs(30),
        low_water: Duration::from_secs(15),
        held_bytes: 45_000_000,
        memory_bytes_max: 500 << 20,
        map,
        nodes: vec![
            node(2, 16.91, 18.5, 48.2, 2, 31),
            node(1, 15.19, 21.0, 47.1, 1, 27),
            node(3, 3.1, 70.2, 24.8, 0, 21),
        ],
        in_flight: 3,
        concurrency: 4,
        downloads: vec![
            download(22, 1, 2, 1_500_000, false),
            download(22, 2, 1, 0, false),
            download(22, 0, 2, 2_000_000, true),
        ],
        throughput_mbps: 95.3,
        failovers: 1,
        rebuffer_count: 1,
        rebuffer: Duration::from_millis(420),
        bytes_fetched: 160_000_000,
        bytes_wasted: 1_200_000,
    }
}

fn member(id: u64, state: &str, lag: u64, heartbeat_ms: Option<u64>) -> Member {
    Member {
        id,
        state: state.to_owned(),
        commit: 18_432,
        r#match: 18_432 - lag,
        lag,
        heartbeat_ms,
        ..Member::default()
    }
}

fn scene() -> Scene {
    let facts = |state: &str| NodeFacts { zone: "eu-1".to_owned(), state: state.to_owned() };
    let members =
        vec![member(1, "leader", 0, Some(0)), member(2, "follower", 2, Some(48)), member(3, "follower", 0, Some(51))];
    let state = ClusterState {
        leader: Some(1),
        term: 7,
        quorum: 2,
        voters: 3,
        members,
        last_election_ms: Some(8_049_000),
        elections: 3,
        ..ClusterState::default()
    };
    Scene {
        title: "Big Buck Bunny".to_owned(),
        id: "8f3c2a1e".to_owned(),
        quality: "720p auto".to_owned(),
        context: "ctx prod".to_owned(),
        snapshot: snapshot(),
        screen: Screen::Text("audio only".to_owned()),
        nodes: [(NodeId(1), facts("up")), (NodeId(2), facts("up")), (NodeId(3), facts("down"))].into(),
        ping_interval: Duration::from_secs(3),
        consensus: Consensus { state: Some(state), age: Some(Duration::from_millis(300)) },
        history: (0..40).map(|second| second * 7 % 50).collect(),
        log: vec![(Duration::from_secs(1), "playing after 420ms".to_owned())],
        message: None,
        view: View::default(),
        palette: Palette::True,
    }
}

fn screen(scene: &Scene, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    paint(&mut terminal, scene).unwrap();
    terminal.backend().to_string()
}

#[test]
fn full_size() {
    insta::assert_snapshot!(screen(&scene(), 100, 30));
}

#[test]
fn classic_size_has_no_throughput_and_merges_downloads() {
    insta::assert_snapshot!(screen(&scene(), 80, 24));
}

#[test]
fn tiny_size_is_one_line() {
    insta::assert_snapshot!(screen(&scene(), 50, 10));
}

#[test]
fn help_lies_over_it() {
    let view = View { zoom: None, help: true };
    insta::assert_snapshot!(screen(&Scene { view, ..scene() }, 80, 24));
}

#[test]
fn a_lost_cluster_says_how_old_its_picture_is() {
    let mut scene = scene();
    scene.view.zoom = Some(Pane::Consensus);
    scene.consensus.age = Some(Duration::from_secs(75));
    insta::assert_snapshot!(screen(&scene, 80, 15));
    scene.consensus = Consensus { state: None, age: None };
    assert!(screen(&scene, 80, 15).contains("playing does not need it"));
}

#[test]
fn members_that_are_down_say_so_in_words() {
    let mut scene = scene();
    scene.view.zoom = Some(Pane::Consensus);
    let state = scene.consensus.state.as_mut().unwrap();
    state.leader = None;
    state.members[0] = member(1, "down", 0, Some(12_400));
    state.members[1] = member(2, "candidate", 2, None);
    insta::assert_snapshot!(screen(&scene, 80, 15));
}

#[test]
fn a_picture_fills_its_pane() {
    let size = Size { columns: 4, rows: 2 };
    let rgb: Vec<u8> = (0..48).collect();
    assert_eq!(rgb.len(), size.frame_bytes());
    let picture = Arc::new(Picture::encode(size, &rgb, Palette::True));
    let view = View { zoom: Some(Pane::Video), help: false };
    let text = screen(&Scene { screen: Screen::Picture(picture), view, ..scene() }, 60, 15);
    assert_eq!(text.matches('▀').count(), 8, "{text}");
}

/// Every kind of pane and state on every size: nothing may panic.
#[test]
fn any_size_is_drawn() {
    for (columns, rows) in [(1, 1), (59, 14), (60, 15), (61, 16), (80, 24), (99, 29), (100, 30), (250, 80)] {
        for zoom in std::iter::once(None).chain(Pane::ALL.map(Some)) {
            for state in [State::Starting, State::Playing, State::Paused, State::Rebuffering, State::Ended] {
                let mut scene = scene();
                scene.title = "名前 \u{301}é".repeat(40);
                scene.view = View { zoom, help: true };
                scene.snapshot.state = state;
                screen(&scene, columns, rows);
            }
        }
    }
}
