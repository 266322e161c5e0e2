//! Films for a lab to upload: one that the person names or that ffmpeg makes, over and over, no two of them alike.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use uuid::Uuid;
use vs_core::{
    error::{Code, Failure},
    unit::human_bytes,
};

/// Longest film that is uploaded over and over.
const FILM_BYTES_MAX: u64 = 64 << 20;
/// What is made where no film is named: four seconds, about a megabyte.
const RECIPE: &str = "-nostdin -v error -y -f lavfi -i testsrc2=size=640x360:rate=24 -f lavfi -i sine=frequency=330 -t 4 \
                      -c:v libx264 -preset ultrafast -g 48 -pix_fmt yuv420p -c:a aac -f mp4";

/// One film, and a folder for its copies. The folder goes with the value.
#[derive(Debug)]
pub(crate) struct Clips {
    film: Vec<u8>,
    folder: PathBuf,
    made: u64,
}

impl Clips {
    /// Copies of this film, or of one that is made.
    pub(crate) fn of(film: Option<&Path>) -> Result<Self, Failure> {
        let local = |error: io::Error| Failure::new(Code::LocalFile, "films cannot be prepared").because(error);
        let folder = std::env::temp_dir().join(format!("vsctl-lab-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).map_err(local)?;
        let mut clips = Self { film: Vec::new(), folder, made: 0 };
        let made = clips.folder.join("film.mp4");
        let path = match film {
            Some(path) => path,
            None => {
                make(&made)?;
                &made
            }
        };
        let unread = |error: io::Error| {
            Failure::new(Code::LocalFile, format!("{} cannot be read", path.display())).because(error)
        };
        let bytes = fs::metadata(path).map_err(unread)?.len();
        if bytes > FILM_BYTES_MAX {
            let what = format!("{} has {}", path.display(), human_bytes(bytes));
            return Err(Failure::new(Code::Invalid, what)
                .because(format!("a lab uploads it many times, so at most {}", human_bytes(FILM_BYTES_MAX)))
                .hint("name a shorter one, or none"));
        }
        clips.film = fs::read(path).map_err(unread)?;
        if clips.film.get(4..8) != Some(b"ftyp") {
            return Err(Failure::new(Code::Invalid, format!("{} is no MP4 file", path.display()))
                .because("only of MP4 can copies be made that differ and play the same")
                .hint("name an MP4 file, or none"));
        }
        Ok(clips)
    }

    /// A copy that no other one equals: players skip the box at its end.
    pub(crate) fn next(&mut self) -> Result<PathBuf, Failure> {
        let path = self.folder.join(format!("lab-{}.mp4", self.made));
        self.made += 1;
        let mark = [&24_u32.to_be_bytes()[..], b"free", Uuid::new_v4().as_bytes()].concat();
        let written = fs::write(&path, [self.film.as_slice(), &mark].concat());
        written.map_err(|error| Failure::new(Code::LocalFile, "a film cannot be written").because(error))?;
        Ok(path)
    }
}

impl Drop for Clips {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn make(path: &Path) -> Result<(), Failure> {
    let failed = |why: String| {
        let failure = Failure::new(Code::LocalFile, "no film could be made").because(why);
        failure.hint("name one: `vsctl lab chaos --film FILM.mp4`")
    };
    let mut command = Command::new("ffmpeg");
    command.args(RECIPE.split_whitespace()).arg(path).stdin(Stdio::null());
    let made = command.output().map_err(|error| failed(format!("ffmpeg: {error}")))?;
    if made.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&made.stderr);
    Err(failed(format!("ffmpeg: {}", said.lines().last().unwrap_or("no word of why"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_differ_and_begin_with_the_film_and_leave_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let film = scratch.path().join("film.mp4");
        fs::write(&film, b"\0\0\0\x0cftypisom").unwrap();
        let mut clips = Clips::of(Some(&film)).unwrap();
        let (one, other) = (fs::read(clips.next().unwrap()).unwrap(), fs::read(clips.next().unwrap()).unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with(b"\0\0\0\x0cftypisom") && one.len() == 12 + 24);
        let folder = clips.folder.clone();
        drop(clips);
        assert!(!folder.exists());
        fs::write(&film, b"RIFF....AVI ").unwrap();
        assert_eq!(Clips::of(Some(&film)).unwrap_err().code, Code::Invalid);
    }
}
