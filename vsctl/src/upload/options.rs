//! What an upload asks of the server, checked before anything is sent.

use std::{fmt, str::FromStr};

use clap::ValueEnum;
use vs_core::{
    error::{Code, Failure},
    limit::{DESCRIPTION_CHARS_MAX, STRIPE_DATA, STRIPE_PARITY, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX},
};
use vs_wire::v1;

/// What to do when the same bytes are in the library already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDuplicate {
    /// Answer with the video that is there
    Skip,
    /// Make another video
    New,
    /// Refuse
    Error,
}

impl From<OnDuplicate> for v1::OnDuplicate {
    fn from(wanted: OnDuplicate) -> Self {
        match wanted {
            OnDuplicate::Skip => Self::Skip,
            OnDuplicate::New => Self::New,
            OnDuplicate::Error => Self::Error,
        }
    }
}

/// Until when a command waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wait {
    /// The original is safe on a quorum
    Stored,
    /// The video can be played
    Ready,
    /// All bytes are handed over
    None,
}

/// `auto`, `replicate[:N]` or `erasure[:K+M]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redundancy {
    Auto,
    Replicate(u8),
    Erasure,
}

/// Copies of `replicate` without a number.
const REPLICAS: u8 = 3;
const REPLICAS_MAX: u8 = 5;

impl FromStr for Redundancy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let erasure = format!("{STRIPE_DATA}+{STRIPE_PARITY}");
        match (name, number) {
            ("auto", None) => Ok(Self::Auto),
            ("replicate", None) => Ok(Self::Replicate(REPLICAS)),
            ("replicate", Some(n)) => match n.parse() {
                Ok(n @ 1..=REPLICAS_MAX) => Ok(Self::Replicate(n)),
                _ => Err(format!("between 1 and {REPLICAS_MAX} copies are possible")),
            },
            ("erasure", None) => Ok(Self::Erasure),
            ("erasure", Some(members)) if members == erasure => Ok(Self::Erasure),
            ("erasure", Some(_)) => Err(format!("stripes are {erasure}")),
            _ => Err(format!("choose auto, replicate:{REPLICAS} or erasure:{erasure}")),
        }
    }
}

impl fmt::Display for Redundancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Replicate(n) => write!(f, "replicate:{n}"),
            Self::Erasure => write!(f, "erasure:{STRIPE_DATA}+{STRIPE_PARITY}"),
        }
    }
}

/// What every file of one command is uploaded with.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) title: Option<String>,
    pub(crate) description: String,
    pub(crate) tags: Vec<v1::Tag>,
    pub(crate) keep_original: bool,
    pub(crate) redundancy: Redundancy,
    pub(crate) on_duplicate: OnDuplicate,
}

impl Options {
    /// Refuses what the server would refuse, before any byte is sent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let longer = |text: &str, max: usize| text.chars().nth(max).is_some();
        let invalid = |what: String| Err(Failure::new(Code::Invalid, what));
        if self.title.as_deref().is_some_and(|title| longer(title, TITLE_CHARS_MAX)) {
            return invalid(format!("the title is longer than {TITLE_CHARS_MAX} characters"));
        }
        if longer(&self.description, DESCRIPTION_CHARS_MAX) {
            return invalid(format!("the description is longer than {DESCRIPTION_CHARS_MAX} characters"));
        }
        if self.tags.len() > TAGS_MAX {
            return invalid(format!("more than {TAGS_MAX} tags"));
        }
        let bad =
            |tag: &&v1::Tag| tag.key.is_empty() || longer(&tag.key, TAG_CHARS_MAX) || longer(&tag.value, TAG_CHARS_MAX);
        if let Some(tag) = self.tags.iter().find(bad) {
            return invalid(format!("tag `{}`: key and value have 1 to {TAG_CHARS_MAX} characters", tag.key));
        }
        Ok(())
    }

    /// The title: what was asked for, or the file's name without its extension.
    pub(crate) fn title_of(&self, file_name: &str) -> String {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        let stem = if stem.is_empty() { file_name } else { stem };
        self.title.clone().unwrap_or_else(|| stem.chars().take(TITLE_CHARS_MAX).collect())
    }

    /// The request that begins, or finds again, one session.
    pub(crate) fn begin(&self, upload: String, file_name: &str, size: u64, sha256: Vec<u8>) -> v1::BeginRequest {
        v1::BeginRequest {
            upload,
            file_name: file_name.to_owned(),
            title: self.title_of(file_name),
            description: self.description.clone(),
            tags: self.tags.clone(),
            size,
            sha256,
            renditions: "none".to_owned(),
            drop_original: !self.keep_original,
            redundancy: self.redundancy.to_string(),
            on_duplicate: v1::OnDuplicate::from(self.on_duplicate).into(),
        }
    }
}

#[cfg(test)]
pub(super) fn plain() -> Options {
    Options {
        title: None,
        description: String::new(),
        tags: Vec::new(),
        keep_original: true,
        redundancy: Redundancy::Auto,
        on_duplicate: OnDuplicate::Skip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundancy_is_read_and_normalised() {
        for (text, normal) in [
            ("auto", "auto"),
            ("replicate", "replicate:3"),
            ("replicate:1", "replicate:1"),
            ("erasure", "erasure:3+2"),
            ("erasure:3+2", "erasure:3+2"),
        ] {
            assert_eq!(text.parse::<Redundancy>().unwrap().to_string(), normal);
        }
        for bad in ["", "auto:1", "replicate:0", "replicate:6", "erasure:4+2", "raid"] {
            assert!(bad.parse::<Redundancy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn titles_come_from_names() {
        let mut options = plain();
        for (name, title) in [("film.mp4", "film"), (".mp4", ".mp4"), ("a.b.mkv", "a.b"), ("film", "film")] {
            assert_eq!(options.title_of(name), title);
        }
        options.title = Some("x".repeat(501));
        assert!(options.check().is_err());
    }
}
