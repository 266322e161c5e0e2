//! Clips for tests, made with ffmpeg's own sources and kept between runs in cargo's folder for temporary files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use crate::{ffmpeg::ffmpeg, program::build_dir, sha256_of};

/// What a test may need. Pictures move and sound sounds, so that nothing compresses to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clip {
    /// 2 s, H.264 and AAC: where any film will do.
    Short,
    /// 12 s, H.264 and AAC: two segments and several chunks.
    Film,
    /// 8 s of noise, about 24 MB: an upload that takes a while.
    Heavy,
    /// 4 s with sound in English and German and subtitles in both.
    Bilingual,
    /// 3 s, MPEG-4 and MP3 in AVI: a picture that must be transcoded.
    Old,
    /// 3 s of sound alone.
    Song,
    /// 12 s of a tiny picture and faint sound: of hours of it there are many chunks and few bytes.
    Tiny,
}

const VIDEO: &str = "testsrc2=size=640x360:rate=24";
const TINY_VIDEO: &str = "testsrc2=size=64x64:rate=6";
const NOISE: &str = "testsrc2=size=640x360:rate=24,noise=alls=60:allf=t";
const SOUND: &str = "sine=frequency=330:sample_rate=48000";
const OTHER_SOUND: &str = "sine=frequency=550:sample_rate=44100";
const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p"];
const AAC: &[&str] = &["-c:a", "aac", "-ac", "2"];
const SUBTITLES: &str =
    "1\n00:00:00,500 --> 00:00:01,500\nHallo, \"Welt\"\n\n2\n00:00:02,000 --> 00:00:03,500\nzwei & drei\n";

impl Clip {
    /// The file's extension and ffmpeg's arguments, without the name of the output. `{subs}` stands for a subtitle file.
    fn recipe(self) -> (&'static str, Vec<&'static str>) {
        let film = |video, seconds, more: &[&'static str]| {
            let inputs = vec!["-f", "lavfi", "-i", video, "-f", "lavfi", "-i", SOUND, "-t", seconds];
            [inputs, H264.to_vec(), AAC.to_vec(), more.to_vec()].concat()
        };
        match self {
            Self::Short => ("mp4", film(VIDEO, "2", &[])),
            Self::Film => ("mp4", film(VIDEO, "12", &[])),
            Self::Heavy => ("mp4", film(NOISE, "8", &["-b:v", "24M", "-maxrate", "24M", "-bufsize", "24M"])),
            Self::Bilingual => {
                let inputs = ["-f", "lavfi", "-i", VIDEO, "-f", "lavfi", "-i", SOUND, "-f", "lavfi", "-i", OTHER_SOUND];
                let maps = ["-i", "{subs}", "-t", "4", "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "3"];
                let languages = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"];
                let more = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=deu", "-c:s", "srt"];
                ("mkv", [&inputs[..], &maps, &languages, &more, H264, AAC].concat())
            }
            Self::Old => {
                let inputs = ["-f", "lavfi", "-i", VIDEO, "-f", "lavfi", "-i", SOUND, "-t", "3"];
                ("avi", [&inputs[..], &["-c:v", "mpeg4", "-q:v", "5", "-c:a", "libmp3lame", "-ac", "2"]].concat())
            }
            Self::Tiny => {
                let inputs =
                    ["-f", "lavfi", "-i", TINY_VIDEO, "-f", "lavfi", "-i", SOUND, "-t", "12", "-c:v", "libx264"];
                let small = ["-preset", "ultrafast", "-crf", "35", "-g", "12", "-pix_fmt", "yuv420p"];
                ("mp4", [&inputs[..], &small, AAC, &["-b:a", "32k"]].concat())
            }
            Self::Song => ("m4a", [&["-f", "lavfi", "-i", SOUND, "-t", "3"], AAC].concat()),
        }
    }

    /// The clip's file, made if it is not there yet.
    #[must_use]
    pub fn path(self) -> PathBuf {
        static MAKING: Mutex<()> = Mutex::new(());
        let _alone = MAKING.lock();
        let (extension, args) = self.recipe();
        let folder = build_dir().with_file_name("tmp").join("clips");
        fs::create_dir_all(&folder).expect("a folder for clips");
        let recipe = sha256_of(args.join(" ").as_bytes());
        let path = folder.join(format!("{}-{}.{extension}", format!("{self:?}").to_lowercase(), &recipe[..12]));
        if !path.exists() {
            make(&args, &path);
        }
        path
    }

    #[must_use]
    pub fn bytes(self) -> u64 {
        fs::metadata(self.path()).expect("a clip").len()
    }
}

/// Under another name first, so that a test that is stopped leaves no half a clip.
fn make(args: &[&str], path: &Path) {
    let own = std::process::id();
    let subs = path.with_file_name(format!("subs-{own}.srt"));
    fs::write(&subs, SUBTITLES).expect("subtitles");
    let subs = subs.to_str().expect("a path of ours").to_owned();
    let fresh = path.with_file_name(format!("{own}-{}", path.file_name().expect("a name").to_string_lossy()));
    let args: Vec<_> = args.iter().map(|arg| if *arg == "{subs}" { subs.as_str() } else { arg }).collect();
    ffmpeg(&[&args[..], &[fresh.to_str().expect("a path of ours")]].concat());
    fs::rename(&fresh, path).expect("renamed");
    fs::remove_file(&subs).expect("removed");
}

/// A copy of an MP4 clip that no other copy equals: a box that players skip carries its number.
#[must_use]
pub fn numbered(clip: Clip, number: u64, folder: &Path) -> PathBuf {
    marked(&clip.path(), &format!("{clip:?}").to_lowercase(), number, folder)
}

/// A clip repeated until it has about so many bytes, as a copy that no other copy equals.
#[must_use]
pub fn repeated_numbered(clip: Clip, bytes: u64, number: u64, folder: &Path) -> PathBuf {
    marked(&repeated(clip, bytes, folder), &format!("{clip:?}-long").to_lowercase(), number, folder)
}

fn marked(of: &Path, name: &str, number: u64, folder: &Path) -> PathBuf {
    let path = folder.join(format!("{name}-{number}.mp4"));
    let mut bytes = fs::read(of).expect("a clip");
    bytes.extend_from_slice(&16u32.to_be_bytes());
    bytes.extend_from_slice(b"free");
    bytes.extend_from_slice(&number.to_be_bytes());
    fs::write(&path, bytes).expect("a copy");
    path
}

/// A clip repeated without being encoded again, until it has about so many bytes.
#[must_use]
pub fn repeated(clip: Clip, bytes: u64, folder: &Path) -> PathBuf {
    let path = folder.join(format!("{clip:?}-repeated.mp4").to_lowercase());
    let loops = (bytes / clip.bytes()).saturating_sub(1).to_string();
    let (from, to) = (clip.path(), path.to_str().expect("a path of ours").to_owned());
    ffmpeg(&["-stream_loop", &loops, "-i", from.to_str().expect("a path of ours"), "-map", "0", "-c", "copy", &to]);
    path
}
