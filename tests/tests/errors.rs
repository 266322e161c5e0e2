//! Bad input to each command: the error form, the exit code, and nothing lost.

use std::{fs, path::PathBuf};

use vs_tests::{
    Node, Proxy, Tools,
    clip::{Clip, numbered},
    program::{self, bare, run},
    sha256,
};

/// An id that no library has.
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";
/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:9";
/// What calls to begin a session cost, beside the film's bytes.
const A_GOOD_PART: u64 = 16 << 20;

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn names_of_videos_that_mean_none_or_several() {
    let node = Node::start(&[]);
    let tools = node.tools();
    tools.vsctl(&["show", "@last"]).fails(5, "VS-E0501");
    let twins: Vec<_> =
        (1..=2).map(|n| tools.upload(&numbered(Clip::Short, n, &node.work()), &["--title", "Twin"])).collect();
    let out = node.work().join("out.mp4");
    let verbs: &[&[&str]] = &[
        &["show"],
        &["rm"],
        &["download"],
        &["video", "restore"],
        &["video", "purge", "--yes"],
        &["video", "edit", "--title", "x"],
    ];
    for verb in verbs {
        for unknown in [UNKNOWN, "No Such Film", "zzzz"] {
            let said = tools.vsctl(&[verb, &[unknown][..]].concat());
            said.fails(5, "VS-E0501");
            assert!(said.err.contains(unknown), "it says what it looked for: {said}");
        }
    }
    // Titles are ambiguous as prefixes are; whoever asks is shown what there is to choose from.
    for verb in [
        &["show", "Twin"][..],
        &["rm", "Twin"],
        &["download", "Twin", text(&out)],
        &["video", "purge", "--yes", "Twin"],
    ] {
        let said = tools.vsctl(verb);
        said.fails(2, "VS-E0502");
        assert!(twins.iter().all(|twin| said.err.contains(&twin.id[..8])), "the candidates are listed: {said}");
    }
    assert!(!out.exists());
    let short = tools.vsctl(&["show", &twins[0].id[..3]]);
    assert!([2, 5].contains(&short.code) && short.code_told().is_some(), "{short}");
    tools.vsplay(&[UNKNOWN, "--headless"]).fails(5, "VS-E0501");
    tools.vsplay(&["Twin", "--headless"]).fails(2, "VS-E0502");
    tools.vsplay(&[&twins[0].id, "--headless", "-Q", "4320p"]).fails(5, "VS-E0501");
    tools.vsctl(&["download", &twins[0].id, text(&out), "--track", "v7"]).fails(5, "VS-E0501");
    assert_eq!(tools.ls(&[]).len(), 2, "nothing was lost");

    // Several at once: those that can be done are, and it says that this was not all.
    let partly = tools.vsctl(&["rm", &twins[0].id, UNKNOWN]);
    partly.fails(9, "VS-E0901");
    assert!(partly.err.contains("[VS-E0501]"), "{partly}");
    assert_eq!(tools.ls(&[]).len(), 1);
    let edited = tools.vsctl(&["video", "edit", &twins[1].id, "--title", "Only", "--tag", "a=b", "-o", "json"]).ok();
    assert_eq!(edited.json()["items"][0]["title"], "Only", "{edited}");
}

#[test]
fn files_that_are_no_films() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let folder = node.work();
    let make = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("written");
        folder.join(name)
    };
    let pipe = folder.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    let loop_ = folder.join("loop");
    std::os::unix::fs::symlink(&loop_, &loop_).expect("a link");
    let secret = make("secret.mp4", b"x");
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o000)).expect("a mode");
    let mut cases: Vec<(PathBuf, i32, &str)> = vec![
        (folder.join("missing.mp4"), 5, "VS-E0501"),
        (folder.clone(), 2, "VS-E0201"),
        (make("empty.mp4", b""), 1, "VS-E0102"),
        (pipe, 2, "VS-E0201"),
        (loop_, 1, "VS-E0103"),
        (make("text.mp4", &b"This is no film.\n".repeat(1000)), 1, "VS-E0102"),
        (make("byte.mp4", b"\0"), 1, "VS-E0102"),
    ];
    if nix::unistd::geteuid().is_root() {
        eprintln!("skipped: root can read every file");
    } else {
        cases.push((secret, 1, "VS-E0103"));
    }
    for (path, exit, code) in &cases {
        let said = tools.vsctl(&["upload", text(path)]);
        said.fails(*exit, code);
        assert!(said.out().is_empty(), "{said}");
        let data = tools.try_upload(path, &[]);
        data.fails(*exit, code);
        let told = data.json_lines();
        assert_eq!(told.len(), 1, "one object a file: {data}");
        assert_eq!((&told[0]["code"], &told[0]["video_id"]), (&(*code).into(), &serde_json::Value::Null), "{data}");
    }
    assert!(tools.ls(&[]).is_empty() && tools.sessions(&[]).is_empty(), "nothing is left of them");
    node.await_tidy();
}

#[test]
fn command_lines_that_mean_nothing() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let film = Clip::Short.path();
    for args in [
        &["upload"][..],
        &["frobnicate"],
        &["ls", "--nonsense"],
        &["ls", "-o", "xml"],
        &["ls", "--columns", "colour"],
        &["ls", "-o", "csv", "--json"],
        &["ls", "-e", "nowhere"],
        &["ls", "--timeout", "0s"],
        &["ls", "--timeout", "30"],
        &["upload", text(&film), "--redundancy", "raid"],
        &["upload", text(&film), "--bwlimit", "fast"],
        &["upload", text(&film), text(&film), "--title", "one for two"],
        &["upload", text(&film), "--title", &"x".repeat(501)],
        &["config", "set", "colour", "red"],
    ] {
        tools.vsctl(args).fails(2, "VS-E0201");
    }
    tools.vsctl(&["upload", text(&film), "--renditions", "auto"]).fails(13, "VS-E1301");
    for args in [&["x", "--no-clock"][..], &["x", "--mem", "1MiB"], &["x", "--start", "soon"], &["x", "-O", "-"]] {
        tools.vsplay(args).fails(2, "VS-E0201");
    }
    tools.vsplay(&["x", "--headless", "--video", "sixel"]).fails(13, "VS-E1301");
    for program in ["vsd", "vsctl", "vsplay"] {
        let said = run(&mut tools.command(program));
        assert!(said.code == 2 && said.err.contains("Usage:") && said.out().is_empty(), "{said}");
    }
    tools.vsctl(&["ls", "-C", "nowhere"]).fails(5, "VS-E0501");
    assert!(tools.ls(&[]).is_empty(), "nothing was uploaded");
}

#[test]
fn nobody_at_the_other_end() {
    let home = tempfile::tempdir().expect("a folder");
    let tools = Tools::new(home.path(), NOBODY.to_owned());
    let film = Clip::Short.path();
    for args in
        [&["ls"][..], &["show", UNKNOWN], &["status"], &["rm", UNKNOWN], &["node", "ls"], &["upload", text(&film)]]
    {
        let said = tools.vsctl(&[args, &["--timeout", "2s"]].concat());
        said.fails(7, "VS-E0702");
        assert!(said.err.contains(NOBODY), "who did not answer: {said}");
    }
    tools.vsplay(&[UNKNOWN, "--headless", "--timeout", "2s"]).fails(7, "VS-E0702");
    // Somebody else's server is not ours either.
    let web = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = web.local_addr().expect("an address").to_string();
    let serving = std::thread::spawn(move || {
        while let Ok((mut stream, _)) = web.accept() {
            let mut head = [0; 3];
            let _ = std::io::Read::read_exact(&mut stream, &mut head);
            if head == *b"END" {
                return;
            }
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let said = tools.at(&addr).vsctl(&["ls", "--timeout", "2s"]);
    assert!([7, 10].contains(&said.code) && said.code_told().is_some(), "{said}");
    let mut end = std::net::TcpStream::connect(&addr).expect("a connection");
    std::io::Write::write_all(&mut end, b"END").expect("sent");
    serving.join().expect("it ends");
}

#[test]
fn a_node_that_goes_away_in_the_middle_of_an_upload() {
    let proxy = Proxy::new();
    let mut node = Node::start(&[&format!("node.advertise={}", proxy.addr())]);
    proxy.aim(node.addr());
    let tools = node.tools().at(proxy.addr());
    let film = Clip::Heavy.path();
    let mut command = tools.command("vsctl");
    command.args(["upload", "--bwlimit", "12MiB/s", "--timeout", "5s"]).arg(&film);
    let upload = program::start(&mut command, None);
    proxy.await_calls_sent(A_GOOD_PART / 2);
    node.kill();
    let said = upload.wait();
    assert!([7, 10].contains(&said.code), "{said}");
    said.fails(said.code, if said.code == 7 { "VS-E0702" } else { "VS-E1001" });
    node.restart();
    let video = tools.upload(&film, &[]);
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    assert_eq!(tools.ls(&[]).len(), 1);
    node.await_tidy();
}

#[test]
fn a_node_that_goes_away_in_the_middle_of_a_download() {
    let proxy = Proxy::new();
    let node = Node::start(&[&format!("node.advertise={}", proxy.addr())]);
    proxy.aim(node.addr());
    let tools = node.tools().at(proxy.addr());
    let film = Clip::Heavy.path();
    let video = tools.upload(&film, &[]);
    let dest = node.work().join("back.mp4");
    let part = node.work().join("back.mp4.part");
    proxy.cut_after(A_GOOD_PART);
    let said = tools.vsctl(&["download", &video.id, text(&dest), "--timeout", "10s"]);
    assert!(proxy.is_cut() && [7, 10].contains(&said.code) && said.code_told().is_some(), "{said}");
    assert!(!dest.exists(), "what is not whole has no name");
    proxy.cut_after(0);
    tools.vsplay(&[&video.id, "--headless", "--no-clock", "--timeout", "2s"]).fails(7, "VS-E0702");
    proxy.mend();

    // What is there is checked before it is built on.
    let kept = fs::metadata(&part).expect("the beginning is kept").len();
    assert!(kept > 1 << 20, "{kept} bytes");
    let mut bytes = fs::read(&part).expect("readable");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&part, bytes).expect("written");
    let _ = tools.vsctl(&["download", &video.id, text(&dest), "--resume"]).ok();
    assert_eq!((sha256(&dest), part.exists()), (sha256(&film), false));

    let _ = tools.vsctl(&["download", &video.id, text(&dest), "--resume"]).ok();
    tools.vsctl(&["download", &video.id, text(&dest)]).fails(6, "VS-E0601");
    tools.vsctl(&["download", &video.id, &format!("{}/nowhere/", text(&node.work()))]).fails(1, "VS-E0103");
    let nowhere = node.work().join("no/such/folder/x.mp4");
    tools.vsctl(&["download", &video.id, text(&nowhere)]).fails(1, "VS-E0103");
    tools.vsctl(&["download", &video.id, "/dev/full"]).fails(2, "VS-E0201");
    tools.vsplay(&[&video.id, "--headless", "--no-clock", "--start", "9:00:00"]).fails(2, "VS-E0201");
    tools.vsplay(&[&video.id, "--headless", "--no-clock", "-O", "/dev/full"]).fails(11, "VS-E1101");
}

/// A server without room says so before it takes the bytes, and keeps what it has.
#[test]
fn a_full_disk_takes_no_uploads_and_loses_nothing() {
    let said = run(bare("df").args(["--output=pcent"]).arg(std::env::temp_dir())).ok().out();
    let used: u32 = said.lines().nth(1).and_then(|line| line.trim().trim_end_matches('%').parse().ok()).expect("df");
    if used < 2 {
        eprintln!("skipped: the disk is so empty that no limit makes it full");
        return;
    }
    let full = Node::start(&["upload.spool_full_percent=1", "storage.full_percent=1"]);
    let tools = full.tools();
    let said = tools.try_upload(&Clip::Short.path(), &[]);
    said.fails(11, "VS-E1101");
    let mut command = tools.command("vsctl");
    let bytes = fs::read(Clip::Short.path()).expect("a clip");
    program::run_with(command.args(["upload", "-"]), &bytes).fails(11, "VS-E1101");
    assert!(tools.ls(&[]).is_empty());
    full.await_tidy();
}

/// A value comes from the first of flag, environment, context, file, default; and it is told which.
#[test]
fn contexts_name_clusters_and_say_so() {
    let node = Node::start(&[]);
    let bare_tools = |args: &[&str]| run(node.tools().command("vsctl").env_remove("VSCTL_ENDPOINT").args(args));
    let origin_of = |args: &[&str]| {
        let view = bare_tools(&[&["config", "view", "--origin", "-o", "json"], args].concat()).ok().json();
        let items = view["items"].as_array().expect("a list").clone();
        let item = items.into_iter().find(|item| item["key"] == "endpoints").expect("endpoints");
        ["value", "origin"].map(|key| item[key].as_str().expect("a text").to_owned())
    };
    assert_eq!(origin_of(&[]), ["127.0.0.1:7400", "default"]);
    let _ = bare_tools(&["context", "add", "home", node.addr()]).ok();
    assert_eq!(origin_of(&[]), [node.addr(), "context home"]);
    let _ = bare_tools(&["ls"]).ok();
    let _ = bare_tools(&["context", "add", "away", NOBODY]).ok();
    bare_tools(&["ls", "-C", "away", "--timeout", "1s"]).fails(7, "VS-E0702");
    assert_eq!(origin_of(&["-e", NOBODY]), [NOBODY, "flag --endpoint"]);
    // The second of two endpoints answers.
    let both = format!("{NOBODY},{}", node.addr());
    let _ = bare_tools(&["ls", "-e", &both]).ok();
    let mut command = node.tools().command("vsctl");
    let said = run(command.env("VSCTL_ENDPOINT", NOBODY).args(["ls", "--timeout", "1s"]));
    said.fails(7, "VS-E0702");
    let _ = bare_tools(&["config", "set", "timeout", "7s"]).ok();
    assert_eq!(bare_tools(&["config", "get", "timeout"]).ok().out(), "7.0s\n");
    let path = bare_tools(&["config", "path"]).ok().out();
    fs::write(path.trim(), "[defaults]\n\ntimeuot = '1s'\n").expect("written");
    let said = bare_tools(&["ls"]);
    said.fails(3, "VS-E0301");
    assert!(said.err.contains("line 3"), "{said}");
}
