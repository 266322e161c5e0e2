//! `vsctl download`: a track's bytes back, each chunk checked against its name and the whole against the track's SHA-256.
//!
//! The bytes grow in `DEST.part`, which becomes DEST only when everything was checked and synced: DEST is whole or not there. What
//! an interrupted download left is checked again before `--resume` builds on it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal, Read, Seek, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use clap_complete::{ArgValueCompleter, PathCompleter};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use vs_client::{chunk::ChunkClient, film::Film, reader::Reader};
use vs_core::{
    error::{Code, Exit, Failure},
    hash::{Hash, Hasher},
    manifest::{ChunkRef, ORIGINAL, Part, Track},
    text::shown,
};

use crate::{
    complete,
    desk::Desk,
    out::{self, Kind, human},
    progress::{Board, Task},
    row::short_id,
};

const AFTER_HELP: &str = "\
Examples:
  vsctl download 8f3c2a1e
  vsctl download @last - --track v0 | ffprobe -i -";

/// Chunks being fetched at a time.
const FETCHES: usize = 4;
/// Longest file name made of a video's, in bytes, so that `.part` and a track's name still fit.
const NAME_BYTES_MAX: usize = 200;

/// Get a video's file back, verified byte for byte
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DownloadArgs {
    /// Id, unique prefix, exact title or @last
    #[arg(value_name = "ID", add = ArgValueCompleter::new(complete::videos))]
    id: String,
    /// File or folder to write to, - for stdout [default: the original's name]
    #[arg(value_name = "DEST", add = ArgValueCompleter::new(PathCompleter::any().stdio()))]
    dest: Option<PathBuf>,
    /// Which track: the uploaded file, or one of those `show` lists
    #[arg(long, value_name = "original|NAME", default_value = ORIGINAL)]
    track: String,
    /// Go on with DEST.part of an earlier download
    #[arg(long)]
    resume: bool,
    /// Replace DEST if it exists
    #[arg(long)]
    force: bool,
}

static FILES: Kind = Kind { id: "video_id", keys: &["path", "video_id", "track", "bytes", "sha256"], columns: &[] };

pub(crate) async fn run(args: DownloadArgs, desk: &Desk) -> anyhow::Result<Exit> {
    FILES.check(&desk.style)?;
    let to_stdout = args.dest.as_deref() == Some(Path::new("-"));
    if to_stdout && args.resume {
        return Err(Failure::new(Code::Invalid, "standard output cannot be resumed").hint("name a file").into());
    }
    if to_stdout && io::stdout().is_terminal() && !desk.dry_run {
        return Err(Failure::new(Code::Invalid, "refusing to write a film onto the terminal")
            .hint("name a file, or pipe it: `vsctl download ID - | ffprobe -i -`")
            .into());
    }
    let name = desk.video_name(&args.id).await?;
    let stale = desk.connection.stale.value;
    let reader = Reader::new(Film::load_from(desk.reach(), &name, stale, desk.left()).await?, stale);
    let film = reader.film();
    let track = find_track(&film, &args.track)?;
    let board = Board::new(desk);
    if to_stdout && !desk.dry_run {
        let task = board.task("stdout");
        let mut sink = Sink::Stdout;
        Fetch { film: &reader, track, task: &task }.run(&mut sink, 0).await?;
        return Ok(Exit::Ok);
    }
    let dest = destination(&args, &film, track)?;
    let is_there = args.resume && is_track(&dest, track);
    if !to_stdout && !is_there {
        check_free(&dest, args.force)?;
    }
    if desk.dry_run {
        let (size, path) = (human::bytes(&desk.style, track.bytes), shown(&dest.display().to_string()));
        desk.plan(&format!("plan: write {size} of track {} to {path}", track.name));
        return Ok(Exit::Ok);
    }
    if !is_there {
        let task = board.task(&dest.display().to_string());
        to_file(&reader, track, &dest, &args, &task, desk).await?;
    }
    drop(board);
    let item = item(&film, track, &dest);
    out::one(&desk.style, &FILES, &item, |style| tell(&item, &film, style))?;
    Ok(Exit::Ok)
}

fn item(film: &Film, track: &Track, dest: &Path) -> Value {
    json!({
        "path": dest.display().to_string(),
        "video_id": film.id.to_string(),
        "track": track.name,
        "bytes": track.bytes,
        "sha256": track.sha256.to_string(),
    })
}

fn tell(item: &Value, film: &Film, style: &out::Style) -> String {
    let size = human::bytes(style, human::number(item, "bytes"));
    let path = human::text(item, "path");
    format!("✓ {}  {size}  {path}  verified\n", shown(&film.video.title))
}

fn find_track<'a>(film: &'a Film, name: &str) -> Result<&'a Track, Failure> {
    if let Some(track) = film.track(name) {
        return Ok(track);
    }
    let mut failure = if name == ORIGINAL {
        Failure::new(Code::NotFound, "the original of this video was not kept")
    } else {
        Failure::new(Code::NotFound, format!("no track `{name}`"))
    };
    failure.why.extend(film.tracks.iter().map(|track| format!("{}  {}", track.name, track.codec)));
    let id = short_id(&film.id.to_string());
    let other = film.tracks.iter().find(|track| track.name == "v0").or(film.tracks.first());
    let other = other.map_or("v0", |track| track.name.as_str());
    Err(failure.hint(format!("get a track: `vsctl download {id} --track {other}`")))
}

fn check_free(dest: &Path, force: bool) -> Result<(), Failure> {
    match fs::metadata(dest) {
        // A device would be replaced by a file, not written to.
        Ok(there) if !there.is_file() => {
            Err(Failure::new(Code::Invalid, format!("{} is not a regular file", dest.display()))
                .hint("write to standard output instead: `vsctl download ID -`"))
        }
        Ok(_) if !force => Err(exists(dest)),
        _ => Ok(()),
    }
}

/// Whether an earlier download of the track is there, whole.
fn is_track(dest: &Path, track: &Track) -> bool {
    let read = || -> io::Result<bool> {
        let mut file = File::open(dest)?;
        if !file.metadata()?.is_file() || file.metadata()?.len() != track.bytes {
            return Ok(false);
        }
        let (mut hasher, mut piece) = (Hasher::default(), vec![0; 1 << 20]);
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hasher.finish() == track.sha256),
                length => hasher.update(&piece[..length]),
            }
        }
    };
    read().unwrap_or(false)
}

fn exists(dest: &Path) -> Failure {
    Failure::new(Code::Conflict, format!("{} exists", dest.display()))
        .hint("name another file, or add `--force` to replace it")
}

/// Where to write: the name asked for, or the original's inside the folder asked for or the current one.
fn destination(args: &DownloadArgs, film: &Film, track: &Track) -> Result<PathBuf, Failure> {
    let name = || file_name(&film.video.file_name, &film.id.to_string(), track);
    match &args.dest {
        Some(dest) if dest.is_dir() => Ok(dest.join(name())),
        Some(dest) if dest.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            Err(Failure::new(Code::LocalFile, format!("there is no folder {}", dest.display()))
                .hint(format!("make it first: `mkdir -p {}`", human::quoted_path(dest))))
        }
        Some(dest) => Ok(dest.clone()),
        None => Ok(PathBuf::from(name())),
    }
}

/// A name that is only a name: whoever uploaded the file chose it, and must not choose where it is written.
fn file_name(uploaded_as: &str, id: &str, track: &Track) -> String {
    let last = uploaded_as.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe =
        |c: char| if c.is_control() || shown(c.encode_utf8(&mut [0; 4])).len() != c.len_utf8() { '_' } else { c };
    let mut name: String = last.chars().map(safe).collect();
    while name.starts_with(['.', '-', ' ']) {
        name.remove(0);
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 => (stem, Some(extension)),
        _ => (name.as_str(), None),
    };
    let mut end = stem.len().min(NAME_BYTES_MAX);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = Some(stem[..end].trim_end()).filter(|stem| !stem.is_empty()).unwrap_or(id);
    match (track.name.as_str(), extension) {
        (ORIGINAL, Some(extension)) => format!("{stem}.{extension}"),
        (ORIGINAL, None) => stem.to_owned(),
        (name, _) if track.init.is_empty() => format!("{stem}.{name}.vtt"),
        (name, _) => format!("{stem}.{name}.mp4"),
    }
}

async fn to_file(
    film: &Reader,
    track: &Track,
    dest: &Path,
    args: &DownloadArgs,
    task: &Task,
    desk: &Desk,
) -> anyhow::Result<()> {
    let part = part_path(dest);
    let fail = |error: io::Error| local(&part, "write", &error);
    let mut file = if args.resume {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part).map_err(fail)?
    } else {
        // A new file, so that nobody's link is followed.
        let _ = fs::remove_file(&part);
        OpenOptions::new().read(true).write(true).create_new(true).open(&part).map_err(fail)?
    };
    let kept = file.metadata().map_err(fail)?.len();
    let (to, name) = (human::quoted_path(dest), human::quoted(&track.name));
    let again = format!("vsctl download {} {to} --track {name} --resume", film.film().id);
    desk.at_interrupt(Some(format!("interrupted; go on with: {again}")));
    file.rewind().map_err(fail)?;
    let mut sink = Sink::File { file, path: part.clone() };
    Fetch { film, track, task }.run(&mut sink, kept).await?;
    if let Sink::File { file, .. } = sink {
        file.sync_all().map_err(fail)?;
    }
    put_in_place(&part, dest, args.force)?;
    Ok(())
}

fn part_path(dest: &Path) -> PathBuf {
    let mut name = dest.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    dest.with_file_name(name)
}

/// Gives the finished file its name; without `force` only if nobody else took it meanwhile.
fn put_in_place(part: &Path, dest: &Path, force: bool) -> Result<(), Failure> {
    if !force {
        match fs::hard_link(part, dest) {
            Ok(()) => {
                let _ = fs::remove_file(part);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(dest)),
            // A file system without links: checking first is the next best.
            Err(_) if dest.exists() => return Err(exists(dest)),
            Err(_) => {}
        }
    }
    fs::rename(part, dest).map_err(|error| local(dest, "write", &error))
}

fn local(path: &Path, act: &str, error: &io::Error) -> Failure {
    let what = format!("cannot {act} {}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Failure::new(Code::NoSpace, what).because(error).hint("make room, then go on with `--resume`")
        }
        _ => Failure::new(Code::LocalFile, what).because(error),
    }
}

/// Where the bytes go.
enum Sink {
    File { file: File, path: PathBuf },
    Stdout,
}

impl Sink {
    /// Appends bytes. A closed standard output is passed on as it is: it is no failure.
    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::File { file, path } => file.write_all(bytes).map_err(|error| local(path, "write", &error).into()),
            Self::Stdout => out::write_bytes(bytes),
        }
    }

    /// Whether the next bytes are there already and hash to `hash`; steps over them if so, and cuts off everything from there on
    /// if not.
    fn has(&mut self, bytes: usize, hash: &Hash) -> Result<Option<Vec<u8>>, Failure> {
        let Self::File { file, path } = self else { return Ok(None) };
        let mut there = vec![0; bytes];
        let fail = |error: io::Error| local(path, "read", &error);
        let at = file.stream_position().map_err(fail)?;
        match file.read_exact(&mut there) {
            Ok(()) if Hash::of(&there) == *hash => return Ok(Some(there)),
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(fail(error)),
        }
        file.set_len(at).and_then(|()| file.seek(io::SeekFrom::Start(at))).map_err(fail)?;
        Ok(None)
    }
}

/// One track being fetched.
struct Fetch<'a> {
    film: &'a Reader,
    track: &'a Track,
    task: &'a Task,
}

impl Fetch<'_> {
    /// Brings the track into the sink, whose first `kept` bytes may be right already.
    async fn run(&self, sink: &mut Sink, kept: u64) -> anyhow::Result<()> {
        let (mut hasher, mut done) = (Hasher::default(), 0u64);
        self.task.stage("fetching", &self.track.name, 0, self.track.bytes, "bytes");
        let mut skipping = kept > 0;
        let init = &self.track.init;
        if !init.is_empty() {
            skipping = skipping && sink.has(init.len(), &Hash::of(init))?.is_some();
            if !skipping {
                sink.write(init)?;
            }
            hasher.update(init);
            done += init.len() as u64;
        }
        let chunks = ChunkClient::new();
        for no in 0..u32::try_from(self.track.parts.len()).unwrap_or(u32::MAX) {
            let part = self.film.part(&self.track.name, no).await?;
            let mut wanted: Vec<_> = part.segments.iter().flat_map(|segment| segment.chunks.iter().copied()).collect();
            while let Some(chunk) = wanted.first().copied().filter(|_| skipping) {
                match sink.has(usize::try_from(chunk.bytes)?, &chunk.hash)? {
                    Some(bytes) => {
                        hasher.update(&bytes);
                        done += u64::from(chunk.bytes);
                        self.task.set(done, self.track.bytes);
                        wanted.remove(0);
                    }
                    None => skipping = false,
                }
            }
            self.fetch(&part, &wanted, &chunks, |bytes| {
                hasher.update(bytes);
                done += bytes.len() as u64;
                self.task.set(done, self.track.bytes);
                sink.write(bytes)
            })
            .await?;
        }
        if skipping {
            // All of it was there; what lies behind the end was not ours.
            sink.has(1, &Hash([0; 32]))?;
        }
        if done != self.track.bytes || hasher.finish() != self.track.sha256 {
            return Err(Failure::new(Code::Integrity, format!("track {} is not what it should be", self.track.name))
                .because(format!("{done} of {} bytes, with another SHA-256", self.track.bytes))
                .into());
        }
        Ok(())
    }

    /// Chunks in their order, several on the way at a time.
    async fn fetch(
        &self,
        part: &Part,
        wanted: &[ChunkRef],
        chunks: &ChunkClient,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let get = async |chunk: &ChunkRef| self.film.chunk(chunks, part, chunk).await;
        let mut coming = stream::iter(wanted).map(get).buffered(FETCHES);
        while let Some(bytes) = coming.try_next().await? {
            take(&bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vs_core::{id::Ballot, manifest::TrackKind};

    fn track(name: &str, init: &[u8]) -> Track {
        Track {
            name: name.to_owned(),
            kind: TrackKind::Original,
            codec: String::new(),
            language: None,
            transcoded_from: None,
            width: 0,
            height: 0,
            fps_milli: 0,
            sample_rate: 0,
            channels: 0,
            duration_us: 0,
            bytes: 0,
            segments: 0,
            chunks: 0,
            parity_bytes: 0,
            init: init.to_vec(),
            sha256: Hash([0; 32]),
            ballot: Ballot(0),
            parts: Vec::new(),
        }
    }

    #[test]
    fn uploaded_names_are_names_only() {
        let original = track(ORIGINAL, b"");
        for (uploaded_as, expected) in [
            ("film.mp4", "film.mp4"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\film.mp4", "film.mp4"),
            ("..", "id"),
            ("", "id"),
            (".bashrc", "bashrc"),
            ("-rf.mp4", "rf.mp4"),
            ("a\x1b[2J\n\u{202e}.mp4", "a_[2J__.mp4"),
            ("名前 'q' $x.mkv", "名前 'q' $x.mkv"),
        ] {
            assert_eq!(file_name(uploaded_as, "id", &original), expected, "{uploaded_as:?}");
        }
        assert!(file_name(&"é".repeat(400), "id", &original).len() <= NAME_BYTES_MAX);
        assert_eq!(file_name("film.mkv", "id", &track("v0", b"init")), "film.v0.mp4");
        assert_eq!(file_name("film.mkv", "id", &track("s0", b"")), "film.s0.vtt");
    }

    #[test]
    fn nothing_is_overwritten_unless_told() {
        let dir = tempfile::tempdir().unwrap();
        let (part, dest) = (dir.path().join("a.part"), dir.path().join("a"));
        fs::write(&part, "new").unwrap();
        fs::write(&dest, "old").unwrap();
        assert_eq!(put_in_place(&part, &dest, false).unwrap_err().code, Code::Conflict);
        assert_eq!(fs::read_to_string(&dest).unwrap(), "old");
        put_in_place(&part, &dest, true).unwrap();
        assert_eq!(fs::read_to_string(&dest).unwrap(), "new");
        assert!(!part.exists());
    }

    #[test]
    fn what_is_kept_is_checked_and_cut_where_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.part");
        fs::write(&path, b"aaabbbXX").unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut sink = Sink::File { file, path: path.clone() };
        assert!(sink.has(3, &Hash::of(b"aaa")).unwrap().is_some());
        assert!(sink.has(3, &Hash::of(b"ccc")).unwrap().is_none());
        sink.write(b"ccc").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"aaaccc");
    }
}
