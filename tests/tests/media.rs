//! Real media and media that was made to break things: what goes in comes out, and nothing gets out of hand.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use vs_tests::{
    Node, Tools,
    clip::Clip,
    ffmpeg::{decode, streams, subtitle},
    media::{self, collection},
    memory::MEMORY_BYTES_MAX,
    program::{bare, run},
    sha256,
};

/// Files that are looked at side by side.
const SIDE_BY_SIDE: usize = 2;
/// A hostile file may cost this much disk and no more, whatever its headers claim.
const DISK_BYTES_MAX: u64 = 512 << 20;
/// Limits of one ffmpeg, short so that a file that stalls it is a short test.
const LIMITS: &[&str] = &["media.stall_timeout=20s", "media.timeout=60s"];

/// Looks at every file, some at a time, and gives what is wrong with them.
fn look_at(files: &[PathBuf], look: impl Fn(&Path, usize) -> Vec<String> + Sync) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for worker in 0..SIDE_BY_SIDE {
            let (next, found, look) = (&next, &found, &look);
            scope.spawn(move || {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let wrong = look(file, worker).into_iter().map(|what| format!("{name}: {what}"));
                    found.lock().expect("nobody panicked").extend(wrong);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("nobody panicked");
    found.sort();
    found
}

#[test]
fn every_real_film_comes_back_and_plays_as_it_was() {
    let Some(folder) = collection() else { return };
    let files = media::files(&folder, false);
    let mut node = Node::start(&[]);
    let tools = node.tools().clone();
    let work = node.work();
    let found = look_at(&files, |file, worker| {
        let said = tools.try_upload(file, &["--on-duplicate", "new"]);
        if said.code != 0 {
            return vec![said.to_string()];
        }
        let id = said.json_lines()[0]["video_id"].as_str().expect("an id").to_owned();
        let copy = work.join(format!("copy-{worker}"));
        let mut wrong = Vec::new();
        if tools.download(&id, &copy) != sha256(file) {
            wrong.push("the download is another file".to_owned());
        }
        let shown = tools.show(&id);
        for (track, stream) in tracks_of(&shown, file, &mut wrong) {
            wrong.extend(compare(&tools, &id, &track, file, stream, &work.join(format!("track-{worker}"))));
        }
        wrong
    });
    assert!(found.is_empty(), "{} of {} files:\n{}", found.len(), files.len(), found.join("\n"));
    node.assert_alive();
    node.await_tidy();
}

/// Each track with the number of the stream it was made from: tracks of a kind stand in the order of the streams of that kind
/// which became tracks.
fn tracks_of(shown: &Value, file: &Path, wrong: &mut Vec<String>) -> Vec<(Value, usize)> {
    let described = shown["source"]["streams"].as_array().cloned().unwrap_or_default();
    let probed = streams(file);
    if described.len() != probed.len() {
        wrong.push(format!("{} of {} streams are described", described.len(), probed.len()));
    }
    let is_left_out =
        |stream: &Value| stream["note"].as_str().is_some_and(|note| note.starts_with("kept in the original only"));
    let mut pairs = Vec::new();
    for kind in ["video", "audio", "subtitle"] {
        let tracks = shown["tracks"].as_array().into_iter().flatten().filter(|track| track["kind"] == kind);
        let of_kind = described.iter().enumerate().filter(|(_, stream)| stream["kind"] == kind && !is_left_out(stream));
        let tracks: Vec<_> = tracks.cloned().collect();
        let of_kind: Vec<_> = of_kind.map(|(no, _)| no).collect();
        if tracks.len() != of_kind.len() {
            wrong.push(format!("{} {kind} tracks of {} streams: {described:?}", tracks.len(), of_kind.len()));
        }
        pairs.extend(tracks.into_iter().zip(of_kind));
    }
    // What is left out must be something that cannot be played: a picture, subtitles made of pictures, data.
    for stream in described.iter().filter(|stream| is_left_out(stream)) {
        let is_playable = stream["kind"] == "audio"
            || (stream["kind"] == "video" && stream["codec"] != "mjpeg" && stream["codec"] != "png");
        if is_playable {
            wrong.push(format!("left out: {stream}"));
        }
    }
    pairs
}

/// What differs between a track, played to a file, and the stream it was made from.
fn compare(tools: &Tools, id: &str, track: &Value, file: &Path, stream: usize, out: &Path) -> Vec<String> {
    let (name, kind) = (track["name"].as_str().expect("a name"), track["kind"].as_str().expect("a kind"));
    let choice = match kind {
        "video" => ["-Q", name, "--audio", "off"].to_vec(),
        "audio" => ["--video", "off", "--audio", name].to_vec(),
        _ => ["--video", "off", "--audio", "off", "--subs", name].to_vec(),
    };
    let to = out.to_str().expect("a path of ours");
    let played = tools.vsplay(&[&[id, "--headless", "--no-clock", "--report", "-", "-O", to], &choice[..]].concat());
    if played.code != 0 {
        return vec![format!("{name}: {played}")];
    }
    let mut wrong = Vec::new();
    let reported = &played.json()["tracks"][0];
    if reported["sha256"] != track["sha256"] || track["sha256"] != sha256(out).as_str() {
        wrong.push(format!("{name}: what was played is not what its manifest names"));
    }
    if kind == "subtitle" {
        if fs::read_to_string(out).ok().as_deref() != Some(subtitle(file, stream).as_str()) {
            wrong.push(format!("{name}: another text"));
        }
        return wrong;
    }
    let (ours, theirs) = (decode(out, 0, kind), decode(file, stream, kind));
    let new: Vec<_> = ours.said.difference(&theirs.said).collect();
    if ours.code != 0 || !new.is_empty() {
        wrong.push(format!("{name}: decoding ends with {} and says {new:?}", ours.code));
    }
    let allowed = if kind == "audio" { samples_aside(track, &streams(file)[stream]) } else { 0 };
    if ours.count.abs_diff(theirs.count) > allowed {
        wrong.push(format!("{name}: {} of {} frames or samples", ours.count, theirs.count));
    }
    wrong
}

/// Samples that may be more or less: one frame of priming, and of a track that was encoded again the rest of its last frame, since
/// codecs hold whole frames only.
fn samples_aside(track: &Value, source: &Value) -> u64 {
    let of_codec = |codec: &Value| match codec.as_str().unwrap_or_default() {
        "opus" => 960,
        "mp3" => 1152,
        "ac3" | "eac3" => 1536,
        "flac" => 4608,
        "vorbis" => 2048,
        _ => 1024,
    };
    let frame = of_codec(&track["codec"]).max(of_codec(&source["codec_name"]));
    if track["transcoded_from"].is_null() { frame } else { 2 * frame - 1 }
}

#[test]
fn no_malformed_file_gets_out_of_hand() {
    let Some(folder) = collection() else { return };
    let files = media::files(&folder, true);
    assert!(!files.is_empty(), "the collection has malformed files");
    let mut node = Node::start(LIMITS);
    let tools = node.tools().clone();
    let work = node.work();
    let found = look_at(&files, |file, worker| end_well(&tools, file, &work.join(format!("out-{worker}"))));
    assert!(found.is_empty(), "{} files:\n{}", found.len(), found.join("\n"));
    node.assert_alive();
    node.await_tidy();
    let peak = node.memory_peak_bytes();
    assert!(peak < MEMORY_BYTES_MAX, "the daemon held {} MiB", peak >> 20);
    let disk = run(bare("du").arg("-s").arg("-k").arg(node.data_dir())).ok().out();
    let kib: u64 = disk.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("du");
    assert!(kib << 10 < DISK_BYTES_MAX, "{kib} KiB of disk for {} small files", files.len());
    // It still does its work.
    let film = Clip::Short.path();
    let video = tools.upload(&film, &[]);
    assert_eq!(tools.download(&video.id, &work.join("back.mp4")), sha256(&film));
}

/// A malformed file ends in a clear error, with nothing or only the original kept, or as a video that plays.
fn end_well(tools: &Tools, file: &Path, out: &Path) -> Vec<String> {
    let said = tools.try_upload(file, &["--on-duplicate", "new"]);
    if fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0) {
        // Refused before anybody is asked.
        return if said.code_told().as_deref() == Some("VS-E0102") { Vec::new() } else { vec![said.to_string()] };
    }
    let told = said.json_lines();
    let [told] = told.as_slice() else { return vec![format!("not one object: {said}")] };
    let id = told["video_id"].as_str();
    let mut wrong = Vec::new();
    match (said.code, told["status"].as_str(), id) {
        (0, Some("ready"), Some(id)) => {
            let played = tools.vsplay(&[id, "--headless", "--no-clock", "-O", out.to_str().expect("UTF-8")]);
            if played.code != 0 {
                wrong.push(format!("it is ready and does not play: {played}"));
            }
        }
        (1, Some("rejected"), None) | (1, Some("failed"), Some(_)) => {
            if said.code_told().as_deref() != Some("VS-E0102") || told["error"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("not a clear error: {said}"));
            }
        }
        _ => wrong.push(format!("neither an error nor a video: {said}")),
    }
    if let Some(id) = id
        && tools.download(id, out) != sha256(file)
    {
        wrong.push("the original is another file".to_owned());
    }
    wrong
}

/// Things that fire when somebody reads them: a named pipe beside the library, and a port.
struct Canary {
    pipe: PathBuf,
    url: String,
    opened: Arc<AtomicBool>,
    called: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Canary {
    fn new(folder: &Path) -> Self {
        let pipe = folder.join("canary.ts");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket option");
        let url = format!("http://{}/secret.ts", listener.local_addr().expect("an address"));
        let [opened, called, is_over] = std::array::from_fn(|_| Arc::new(AtomicBool::new(false)));
        let canary = Self { pipe, url, opened, called, is_over };
        let (pipe, opened, called, is_over) =
            (canary.pipe.clone(), canary.opened.clone(), canary.called.clone(), canary.is_over.clone());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                // A pipe can be opened for writing without waiting only while somebody has it open for reading, and whoever
                // opens it for reading waits for a writer: nobody slips through.
                let writer =
                    fs::OpenOptions::new().write(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(&pipe);
                if let Ok(mut writer) = writer {
                    opened.store(true, Ordering::SeqCst);
                    let _ = writer.write_all(b"G");
                }
                if listener.accept().is_ok() {
                    called.store(true, Ordering::SeqCst);
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        canary
    }

    fn fired(&self) -> (bool, bool) {
        (self.opened.swap(false, Ordering::SeqCst), self.called.swap(false, Ordering::SeqCst))
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

/// Files that name other files or addresses, each called `.mp4`.
fn lures(canary: &Canary) -> Vec<(&'static str, String)> {
    let (pipe, url) = (canary.pipe.display().to_string(), &canary.url);
    let playlist = |target: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n");
    let mpd = |target: &str| {
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
             mediaPresentationDuration=\"PT2S\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" \
             bandwidth=\"1\"><BaseURL>{target}</BaseURL><SegmentList><SegmentURL media=\"{target}\"/></SegmentList>\
             </Representation></AdaptationSet></Period></MPD>"
        )
    };
    vec![
        ("playlist-local", playlist(&pipe)),
        ("playlist-file", playlist(&format!("file://{pipe}"))),
        ("playlist-net", playlist(url)),
        (
            "playlist-key",
            playlist("x.ts").replace("#EXTINF", &format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{url}\"\n#EXTINF")),
        ),
        ("concat-local", format!("ffconcat version 1.0\nfile '{pipe}'\n")),
        ("concat-relative", "ffconcat version 1.0\nfile ../../canary.ts\n".to_owned()),
        ("concat-net", format!("ffconcat version 1.0\nfile '{url}'\n")),
        ("dash-local", mpd(&pipe)),
        ("dash-net", mpd(url)),
        (
            "sdp",
            format!(
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{url}\nm=video 9 RTP/AVP 96\n"
            ),
        ),
        (
            "imf",
            format!("<AssetMap xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\"><Path>{pipe}</Path></AssetMap>"),
        ),
    ]
}

#[test]
fn no_file_makes_the_daemon_read_another_one_or_the_network() {
    let mut node = Node::start(LIMITS);
    // Two folders above the spool, where a relative name leads.
    let canary = Canary::new(node.data_dir().parent().expect("a folder"));
    let lure = node.work().join("lure.mp4");
    let mut bites = (false, false);
    for (name, text) in lures(&canary) {
        fs::write(&lure, text).expect("written");
        let said = node.tools().try_upload(&lure, &[]);
        said.fails(1, "VS-E0102");
        assert_eq!(canary.fired(), (false, false), "{name} was followed: {said}");
        // The same file does lead an unguarded ffprobe astray: the canary is alive.
        let mut naive = bare("ffprobe");
        naive.args(["-v", "quiet", "-protocol_whitelist", "file,http,tcp,crypto,data", "-show_format"]);
        let extension = if name.starts_with("playlist") { "m3u8" } else { "mp4" };
        let copy = node.work().join(format!("naive.{extension}"));
        fs::copy(&lure, &copy).expect("copied");
        let _ = run(naive
            .args(["-safe", "0", "-f"])
            .arg(if name.starts_with("concat") { "concat" } else { "hls" })
            .arg(&copy));
        let fired = canary.fired();
        bites = (bites.0 || fired.0, bites.1 || fired.1);
    }
    assert_eq!(bites, (true, true), "neither canary is dead");
    assert!(node.tools().ls(&[]).is_empty());
    node.assert_alive();
    node.await_tidy();
}
