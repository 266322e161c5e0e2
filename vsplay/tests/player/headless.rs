//! `vsplay --headless` against a made-up cluster with faults.

use std::{
    process::Output,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::fake::{Fake, Fault, Source, VIDEO_ID};
use vs_core::{hash::Hash, manifest::TrackKind};

fn film() -> Vec<Source> {
    vec![
        Source::noise("original", TrackKind::Original, 1, 1, 1000),
        Source::noise("v0", TrackKind::Video, 5, 2_000, 3_000_000),
        Source::noise("a0-eng", TrackKind::Audio, 5, 2_000, 50_000),
    ]
}

/// Ten seconds of 800 kbit/s.
fn light_film() -> Vec<Source> {
    vec![
        Source::noise("v0", TrackKind::Video, 5, 2_000, 190_000),
        Source::noise("a0-eng", TrackKind::Audio, 5, 2_000, 10_000),
    ]
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON")
}

/// Plays as fast as it goes, with a report.
fn check(fake: &Fake, args: &[&str]) -> (Output, serde_json::Value) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.json");
    let all = [&["--headless", "--no-clock", "--report", path.to_str().expect("text")], args].concat();
    let output = fake.play(&all);
    (output, report(&path))
}

#[test]
fn whole_tracks_come_out_byte_for_byte() {
    let fake = Fake::start(film(), 3);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("out.mp4");
    let (output, report) = check(&fake, &["-O", file.to_str().expect("text"), "8f3c"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(std::fs::read(&file).expect("written"), fake.track("v0"));
    assert_eq!(report["tracks"][0]["name"], "v0");
    for (at, name) in ["v0", "a0-eng"].into_iter().enumerate() {
        assert_eq!(report["tracks"][at]["sha256"], Hash::of(&fake.track(name)).to_string());
        assert_eq!(report["tracks"][at]["bytes"], fake.track(name).len());
    }
    assert_eq!((&report["rebuffer_count"], &report["rebuffer_ms"]), (&0.into(), &0.into()));
    assert_eq!(report["played_ms"], 10_000);
    assert_eq!(report["chunks_verified"], 15);
    assert_eq!(fake.views.load(Ordering::Relaxed), 1);
    assert_eq!(report["scheduler"], "score");
    let keys: Vec<_> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let contract = "startup_ms rebuffer_count rebuffer_ms avg_buffer_ms played_ms bytes_fetched bytes_wasted \
                    throughput_mbps chunks_verified failovers hedges switches scheduler nodes tracks";
    assert_eq!(keys, contract.split_whitespace().collect::<Vec<_>>());
    let node: Vec<_> = report["nodes"][0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(node.join(" "), "id score latency_ms bandwidth_mbps reliability chunks share");
}

#[test]
fn a_film_in_stripes_comes_out_byte_for_byte_without_any_two_nodes() {
    let fake = Fake::striped(film(), 5);
    let mut missed = 0;
    for (a, b) in (0..5).flat_map(|a| (a + 1..5).map(move |b| (a, b))) {
        for (first, second) in [(Fault::Failing, Fault::Failing), (Fault::Corrupt, Fault::Absent)] {
            fake.set_fault(a, first);
            fake.set_fault(b, second);
            let (output, report) = check(&fake, &["8f3c"]);
            assert_eq!(output.status.code(), Some(0), "{a} {b} {first:?}: {}", stderr(&output));
            for (at, name) in ["v0", "a0-eng"].into_iter().enumerate() {
                assert_eq!(
                    report["tracks"][at]["sha256"],
                    Hash::of(&fake.track(name)).to_string(),
                    "{a} {b} {first:?}"
                );
            }
            missed += report["failovers"].as_u64().expect("a number");
        }
        [a, b].iter().for_each(|node| fake.set_fault(*node, Fault::None));
    }
    assert!(missed > 20, "the faults met nothing: {missed}");
}

#[test]
fn outputs_go_where_they_are_sent() {
    let fake = Fake::start(film(), 1);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().to_str().expect("text");
    assert!(fake.play(&["--headless", "--no-clock", "-O", path, "@last"]).status.success());
    assert_eq!(std::fs::read(dir.path().join("v0.mp4")).expect("written"), fake.track("v0"));
    assert_eq!(std::fs::read(dir.path().join("a0-eng.m4a")).expect("written"), fake.track("a0-eng"));
    let piped = fake.play(&["--headless", "--no-clock", "--video", "off", "-O", "-", VIDEO_ID]);
    assert_eq!(piped.stdout, fake.track("a0-eng"));
    let lines = fake.play(&["--headless", "--no-clock", "--status-json", "-", VIDEO_ID]);
    let last = String::from_utf8_lossy(&lines.stdout).lines().last().map(str::to_owned).expect("a line");
    let status: serde_json::Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!((&status["state"], &status["position_ms"]), (&"ended".into(), &10_000.into()));
}

#[test]
fn a_part_of_the_film_is_whole_segments() {
    let fake = Fake::start(film(), 1);
    let args = ["--headless", "--no-clock", "-O", "-", "--start", "2s", "--end", "0:03.5", VIDEO_ID];
    let source = film().remove(1);
    assert_eq!(fake.play(&args).stdout, [source.init.clone(), source.segments[1].clone()].concat());
}

#[test]
fn bad_copies_and_broken_nodes_are_gone_round() {
    let fake = Fake::start(film(), 3);
    for fault in [Fault::Corrupt, Fault::Failing, Fault::Absent, Fault::Silent] {
        fake.set_fault(0, fault);
        let (output, report) = check(&fake, &[VIDEO_ID]);
        assert_eq!(output.status.code(), Some(0), "{fault:?} {}", stderr(&output));
        assert!(report["failovers"].as_u64() >= Some(1), "{fault:?} {report}");
        let blamed =
            report["nodes"].as_array().expect("a list").iter().find(|node| node["id"] == "n1").expect("listed");
        assert!(blamed["reliability"].as_f64() < Some(1.0), "{fault:?} {blamed}");
    }
}

#[test]
fn what_nobody_has_intact_is_an_integrity_error_that_names_everybody_asked() {
    let fake = Fake::start(film(), 2);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("out");
    for fault in [Fault::Corrupt, Fault::Absent] {
        (0..2).for_each(|node| fake.set_fault(node, fault));
        let output = fake.play(&["--headless", "--no-clock", "-O", file.to_str().expect("text"), VIDEO_ID]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(8), "{text}");
        assert!(text.contains("[VS-E0801]") && text.contains("cannot be had intact"), "{text}");
        assert!(fake.nodes.iter().all(|node| text.contains(&node.addr.to_string())), "{text}");
        assert_eq!(std::fs::read(&file).expect("opened").len(), 80, "nothing but the init segment");
    }
}

#[test]
fn nothing_in_time_is_a_timeout() {
    let fake = Fake::start(film(), 2);
    (0..2).for_each(|node| fake.set_fault(node, Fault::Silent));
    let began = Instant::now();
    let output = fake.play(&["--headless", "--timeout", "2s", VIDEO_ID]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert!((2..5).contains(&began.elapsed().as_secs()));
}

#[test]
fn with_a_fifth_more_than_the_bitrate_it_plays_without_a_stall() {
    let fake = Fake::start(light_film(), 1);
    fake.nodes[0].rate.store(120_000, Ordering::Relaxed);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.json");
    let began = Instant::now();
    let output = fake.play(&["--headless", "--report", path.to_str().expect("text"), VIDEO_ID]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = report(&path);
    assert_eq!(report["rebuffer_count"], 0, "{report}");
    assert_eq!(report["played_ms"], 10_000);
    assert!(began.elapsed() < Duration::from_secs(19), "it starts before all is there: {:?}", began.elapsed());
}

#[test]
fn real_time_takes_real_time_and_survives_metadata_going_away() {
    let fake = Fake::start(light_film(), 1);
    let began = Instant::now();
    let child = fake.command(&["--headless", VIDEO_ID]).spawn().expect("vsplay runs");
    std::thread::sleep(Duration::from_secs(1));
    fake.metadata_up.store(false, Ordering::Relaxed);
    assert!(child.wait_with_output().expect("ends").status.success());
    assert!((10..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn mistakes_have_the_exit_code_of_the_contract() {
    let fake = Fake::start(light_film(), 1);
    for (args, code, says) in [
        (&["--headless", "ffff0000"][..], 5, "VS-E0501"),
        (&["--headless", "-Q", "v7", VIDEO_ID], 5, "v0"),
        (&["--headless", "--audio", "deu", VIDEO_ID], 5, "eng"),
        (&["--headless", "--subs", "eng", VIDEO_ID], 5, "no subtitle track"),
        (&[VIDEO_ID], 2, "vsplay --headless 8f3c"),
        (&["--headless", "--video", "sixel", VIDEO_ID], 13, "VS-E1301"),
        (&["--headless", "--no-clock", "-O", "/nonexistent/x", VIDEO_ID], 1, "/nonexistent/x"),
        (&["--headless", "--no-clock", "-O", "/dev/full", VIDEO_ID], 11, "/dev/full"),
        (&["--no-such-flag"], 2, "hint:"),
    ] {
        let output = fake.play(args);
        assert_eq!(output.status.code(), Some(code), "{args:?} {}", stderr(&output));
        assert!(stderr(&output).starts_with("error: ") && stderr(&output).contains(says), "{}", stderr(&output));
    }
    let addr = fake.meta_addr;
    fake.stop();
    let mut away = std::process::Command::new(env!("CARGO_BIN_EXE_vsplay"));
    away.args(["-e", &addr.to_string(), "--headless", "--timeout", "2s", VIDEO_ID]);
    let output = away.env("VSPLAY_CONFIG", "/nonexistent/config.toml").output().expect("runs");
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    use std::process::Stdio;
    let fake = Fake::start(film(), 1);
    let mut child = fake
        .command(&["--headless", "--no-clock", "-O", "-", VIDEO_ID])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("vsplay runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn signals_end_it_with_their_own_code_and_a_report() {
    let fake = Fake::start(light_film(), 1);
    for (signal, code) in [(nix::sys::signal::Signal::SIGINT, 130), (nix::sys::signal::Signal::SIGTERM, 143)] {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("report.json");
        let args = ["--headless", "--report", path.to_str().expect("text"), VIDEO_ID];
        let mut child = fake.command(&args).spawn().expect("vsplay runs");
        std::thread::sleep(Duration::from_millis(1500));
        let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("small"));
        nix::sys::signal::kill(id, signal).expect("alive");
        assert_eq!(child.wait().expect("ends").code(), Some(code));
        assert!(report(&path)["played_ms"].as_u64() > Some(500));
    }
}
