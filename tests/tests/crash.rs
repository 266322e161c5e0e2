//! Processes that die in the middle of their work, and what the next ones make of it.

use vs_tests::{
    Node, Proxy,
    clip::{Clip, numbered},
    crash::survive_kills,
    sha256, wait_for,
};

/// How much of the film the first run sends before it dies.
const SENT_FIRST: u64 = 10 << 20;
/// What calls cost beside the film's bytes, and what was in flight when the first run died.
const SLACK: u64 = 4 << 20;
const KILLS: u32 = 5;

/// The server's offset is the truth: the second run sends the rest, under the same session, and the result is the film.
#[test]
fn an_upload_that_was_killed_goes_on_from_the_server_s_offset() {
    let proxy = Proxy::new();
    let node = Node::start(&[&format!("node.advertise={}", proxy.addr())]);
    proxy.aim(node.addr());
    let tools = node.tools().at(proxy.addr());
    let film = numbered(Clip::Heavy, 1, &node.work());
    let size = std::fs::metadata(&film).expect("a film").len();

    let mut command = tools.command("vsctl");
    let first = vs_tests::program::start(command.args(["upload", "--bwlimit", "12MiB/s"]).arg(&film), None);
    proxy.await_calls_sent(SENT_FIRST);
    first.kill();
    let durable = wait_for("the server to have what it got", || {
        let sessions = tools.sessions(&[]);
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert_eq!(sessions[0]["state"], "receiving", "{sessions:?}");
        sessions[0]["durable_bytes"].as_u64().filter(|bytes| *bytes > 0)
    });
    let session = tools.sessions(&[])[0]["id"].clone();

    let before = proxy.calls_sent();
    let video = tools.upload(&film, &[]);
    let sent = proxy.calls_sent() - before;
    assert!(sent <= size - durable + SLACK, "{durable} of {size} bytes were there, and {sent} were sent again");
    let sessions = tools.sessions(&["--all"]);
    assert_eq!(sessions.len(), 1, "the first run's session was continued: {sessions:?}");
    assert_eq!((&sessions[0]["id"], &sessions[0]["video_id"]), (&session, &video.id.as_str().into()));
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    node.await_tidy();
}

/// A session that nobody resumes is listed, can be resumed from another machine, and can be cancelled.
#[test]
fn sessions_in_flight_are_seen_resumed_elsewhere_and_cancelled() {
    let proxy = Proxy::new();
    let node = Node::start(&[&format!("node.advertise={}", proxy.addr())]);
    proxy.aim(node.addr());
    let tools = node.tools().at(proxy.addr());
    let begin = |film: &std::path::Path| {
        let mut command = tools.command("vsctl");
        let sent = proxy.calls_sent();
        let run = vs_tests::program::start(command.args(["upload", "--bwlimit", "12MiB/s"]).arg(film), None);
        proxy.await_calls_sent(sent + (2 << 20));
        run.kill();
    };
    let (one, other) = (numbered(Clip::Heavy, 1, &node.work()), numbered(Clip::Heavy, 2, &node.work()));
    begin(&one);
    begin(&other);
    let sessions = tools.sessions(&[]);
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert!(tools.ls(&[]).is_empty(), "what is half there is not listed");
    let id_of = |film: &std::path::Path| {
        let name = film.file_name().expect("a name").to_string_lossy().into_owned();
        let session = sessions.iter().find(|session| session["file_name"] == name.as_str()).expect("it is listed");
        session["id"].as_str().expect("an id").to_owned()
    };

    let elsewhere = tools.someone_else("elsewhere");
    let told = elsewhere.vsctl(&["session", "resume", &id_of(&one)[..8], one.to_str().expect("UTF-8"), "-o", "jsonl"]);
    let video = told.ok().json_lines()[0]["video_id"].as_str().expect("a video").to_owned();
    assert_eq!(tools.download(&video, &node.work().join("back.mp4")), sha256(&one));

    let planned = tools.vsctl(&["session", "cancel", &id_of(&other), "--dry-run"]).ok();
    assert!(planned.out().contains("plan:") && tools.sessions(&[]).len() == 1, "{planned}");
    let _ = tools.vsctl(&["session", "cancel", &id_of(&other)]).ok();
    assert!(tools.sessions(&[]).is_empty());
    assert_eq!(tools.ls(&[]).len(), 1);
    tools.vsctl(&["session", "cancel", "0000beef"]).fails(5, "VS-E0501");
    node.await_tidy();
}

/// A few kills here; `make long` does many.
#[test]
fn nothing_acknowledged_is_lost_when_the_node_is_killed() {
    survive_kills(KILLS);
}
