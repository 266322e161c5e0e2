//! The daemon's configuration: a TOML file, the environment over it, `--set` and flags over both.
//!
//! Invariants:
//! - Every key has a default, an environment twin `VSD_SECTION_KEY`, and a line in `config/vsd.toml` (a test holds them equal).
//! - Unknown keys, wrong units and impossible values are errors that name where they stand.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use vs_core::{
    error::{Code, Failure},
    unit,
};
use vsd_core::{
    care::CHECKED_WITHIN_MS,
    meta::{Role, table::dirs::DIRS_MAX},
};

/// Slowest care, in bytes a second: below this a single chunk takes longer than a minute.
const CARE_RATE_MIN: u64 = 64 << 10;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub node: Node,
    pub log: Log,
    pub metadata: Metadata,
    pub storage: Storage,
    pub upload: Upload,
    pub media: Media,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    pub data_dir: PathBuf,
    pub roles: Vec<Role>,
    pub listen: SocketAddr,
    /// Empty means the same as `listen`.
    pub advertise: String,
    pub zone: String,
    pub insecure: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    pub snapshot_entries: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Empty means `chunks` in `node.data_dir`.
    pub dirs: Vec<PathBuf>,
    pub warn_percent: u8,
    pub full_percent: u8,
    pub scrub_rate: Rate,
    pub scrub_interval: Span,
    pub compact_rate: Rate,
    pub compact_garbage_percent: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upload {
    pub concurrency: usize,
    pub spool_full_percent: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
    pub memory_max: Size,
    pub stall_timeout: Span,
    pub timeout: Span,
}

impl Default for Node {
    fn default() -> Self {
        let dirs = directories::ProjectDirs::from("", "", "v-stack");
        Self {
            data_dir: dirs.map_or_else(|| PathBuf::from("/var/lib/vsd"), |dirs| dirs.data_dir().join("vsd")),
            roles: Role::ALL.to_vec(),
            listen: SocketAddr::from(([127, 0, 0, 1], vs_core::limit::PORT)),
            advertise: String::new(),
            zone: "default".to_owned(),
            insecure: false,
        }
    }
}

impl Node {
    /// Where others reach this node.
    #[must_use]
    pub fn advertised(&self) -> String {
        if self.advertise.is_empty() { self.listen.to_string() } else { self.advertise.clone() }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self { snapshot_entries: 20_000 }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            dirs: Vec::new(),
            warn_percent: 85,
            full_percent: 95,
            scrub_rate: Rate(10 << 20),
            scrub_interval: Span(Duration::from_secs(14 * 86_400)),
            compact_rate: Rate(20 << 20),
            compact_garbage_percent: 25,
        }
    }
}

impl Default for Upload {
    fn default() -> Self {
        Self { concurrency: 4, spool_full_percent: 85 }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
            memory_max: Size(4 << 30),
            stall_timeout: Span(Duration::from_secs(60)),
            timeout: Span(Duration::from_secs(12 * 3600)),
        }
    }
}

/// Bytes, written with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// Bytes a second, written with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub u64);

/// A duration, written with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let unit = units.into_iter().find(|(_, scale)| self.0 > 0 && self.0.is_multiple_of(*scale));
        let (name, scale) = unit.unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / scale)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/s", Size(self.0)))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unit::parse_rate(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unit::parse_bytes(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)];
        let unit = units.into_iter().find(|(_, scale)| ms > 0 && ms.is_multiple_of(*scale));
        let (name, scale) = unit.unwrap_or(("ms", 1));
        serializer.collect_str(&format_args!("{}{name}", ms / scale))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unit::parse_duration(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// Where values come from, in rising order of precedence.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Named on the command line; must exist.
    pub file: Option<PathBuf>,
    /// `VSD_…` variables.
    pub environment: Vec<(String, String)>,
    /// `section.key=value`, from `--set` and flags.
    pub overrides: Vec<(String, String)>,
}

impl Config {
    /// The effective configuration.
    ///
    /// # Errors
    /// `Config`, naming file and line, variable or flag.
    pub fn load(sources: &Sources) -> Result<Self, Failure> {
        let mut table = toml::Table::new();
        let mut text = String::new();
        if let Some(path) = &sources.file {
            text = read(path)?;
            // Read as a whole first: only this way an error knows its line.
            toml::from_str::<Self>(&text).map_err(|error| in_file(path, &error))?;
            table = toml::from_str(&text).map_err(|error| in_file(path, &error))?;
        }
        for (name, value) in &sources.environment {
            let Some(key) = Self::keys().into_iter().find(|key| environment_twin(key) == *name) else { continue };
            overlay(&mut table, &key, value).map_err(|why| misplaced(name, &why))?;
        }
        for (key, value) in &sources.overrides {
            if !Self::keys().contains(key) {
                return Err(
                    misplaced(key, "no such key").hint("see every key with `vsd check-config --print-effective`")
                );
            }
            overlay(&mut table, key, value).map_err(|why| misplaced(key, &why))?;
        }
        let config: Self = table.try_into().map_err(|error: toml::de::Error| bad(error.message()))?;
        config.check().map_err(|(key, why)| {
            let place = sources.file.as_ref().and_then(|path| Some((path, line_of(&text, key)?)));
            let place = place.map(|(path, line)| format!("{}:{line}: ", path.display())).unwrap_or_default();
            bad(&format!("{place}{key}: {why}"))
        })?;
        Ok(config)
    }

    /// Every key, as `section.key`.
    #[must_use]
    pub fn keys() -> Vec<String> {
        let table = toml::Table::try_from(Self::default()).expect("the defaults are TOML");
        let section = |(section, keys): (String, toml::Value)| match keys {
            toml::Value::Table(keys) => keys.into_iter().map(|(key, _)| format!("{section}.{key}")).collect(),
            _ => Vec::new(),
        };
        table.into_iter().flat_map(section).collect()
    }

    /// What no type can express: the key at fault and why.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let percent = |key, value: u8| match value {
            1..=99 => Ok(()),
            _ => Err((key, format!("{value} is not between 1 and 99"))),
        };
        percent("storage.full_percent", self.storage.full_percent)?;
        percent("storage.warn_percent", self.storage.warn_percent)?;
        percent("upload.spool_full_percent", self.upload.spool_full_percent)?;
        self.storage.check_dirs().map_err(|why| ("storage.dirs", why))?;
        percent("storage.compact_garbage_percent", self.storage.compact_garbage_percent)?;
        for (key, rate) in
            [("storage.scrub_rate", self.storage.scrub_rate), ("storage.compact_rate", self.storage.compact_rate)]
        {
            if rate.0 < CARE_RATE_MIN {
                return Err((key, format!("must be at least {}/s", Size(CARE_RATE_MIN))));
            }
        }
        let interval = Duration::from_secs(60)..=Duration::from_millis(CHECKED_WITHIN_MS);
        if !interval.contains(&self.storage.scrub_interval.0) {
            return Err(("storage.scrub_interval", "must be at least 1min and at most 30d".to_owned()));
        }
        if self.upload.spool_full_percent > self.storage.full_percent {
            return Err(("upload.spool_full_percent", "must not be above storage.full_percent".to_owned()));
        }
        if !(1..=64).contains(&self.upload.concurrency) {
            return Err(("upload.concurrency", format!("{} is not between 1 and 64", self.upload.concurrency)));
        }
        if self.metadata.snapshot_entries < 100 {
            return Err(("metadata.snapshot_entries", "must be at least 100".to_owned()));
        }
        if self.media.memory_max.0 < 256 << 20 {
            return Err(("media.memory_max", "must be at least 256MiB".to_owned()));
        }
        if self.media.stall_timeout.0 < Duration::from_secs(1) || self.media.timeout.0 < self.media.stall_timeout.0 {
            return Err(("media.stall_timeout", "must be at least 1s and not above media.timeout".to_owned()));
        }
        if self.node.roles.is_empty() {
            return Err(("node.roles", "names no role".to_owned()));
        }
        if [Role::Storage, Role::Uploader].iter().any(|role| !self.node.roles.contains(role)) {
            return Err(("node.roles", "every node needs storage and uploader in this release".to_owned()));
        }
        if !self.node.listen.ip().is_loopback() && !self.node.insecure {
            let why = "only loopback is safe: nothing is encrypted and nobody is asked who they are; set node.insecure \
                       (or `--insecure`) if the network is yours alone";
            return Err(("node.listen", format!("refusing to listen on {}: {why}", self.node.listen)));
        }
        if self.node.listen.ip().is_unspecified() && self.node.advertise.is_empty() {
            let why = "others cannot reach it there: say where with node.advertise (or `--advertise HOST:PORT`)";
            return Err(("node.advertise", format!("{} is no address of this node: {why}", self.node.listen)));
        }
        tracing_subscriber::EnvFilter::try_new(&self.log.level)
            .map_err(|error| ("log.level", format!("`{}`: {error}", self.log.level)))?;
        Ok(())
    }
}

impl Storage {
    fn check_dirs(&self) -> Result<(), String> {
        if self.dirs.len() > DIRS_MAX {
            return Err(format!("more than {DIRS_MAX} directories"));
        }
        for (nth, dir) in self.dirs.iter().enumerate() {
            if !dir.is_absolute() {
                return Err(format!("{} is not an absolute path", dir.display()));
            }
            if self.dirs[..nth].contains(dir) {
                return Err(format!("{} is named twice", dir.display()));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// `VSD_NODE_DATA_DIR` for `node.data_dir`.
#[must_use]
pub fn environment_twin(key: &str) -> String {
    format!("VSD_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Puts text where its key belongs, in the type that the key's default has.
fn overlay(table: &mut toml::Table, key: &str, text: &str) -> Result<(), String> {
    let (section, name) = key.split_once('.').ok_or("not a section.key")?;
    let defaults = toml::Table::try_from(Config::default()).map_err(|error| error.to_string())?;
    let value = match &defaults[section][name] {
        toml::Value::Integer(_) => toml::Value::Integer(text.parse().map_err(|_| format!("`{text}` is not a number"))?),
        toml::Value::Boolean(_) => {
            toml::Value::Boolean(text.parse().map_err(|_| format!("`{text}` is neither true nor false"))?)
        }
        toml::Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
        _ => toml::Value::String(text.to_owned()),
    };
    let keys = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    keys.as_table_mut().ok_or("not a section")?.insert(name.to_owned(), value);
    // Checked alone, so that a wrong value is blamed on whoever gave it.
    table.clone().try_into::<Config>().map(drop).map_err(|error| error.message().to_owned())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Code::Config, format!("cannot read {}", path.display()))
            .because(error)
            .hint("write one from the sample `config/vsd.toml`")
    })
}

fn bad(what: &str) -> Failure {
    Failure::new(Code::Config, format!("bad configuration: {what}")).hint("check it with `vsd check-config FILE`")
}

fn misplaced(place: &str, why: &str) -> Failure {
    bad(&format!("{place}: {why}"))
}

fn in_file(path: &Path, error: &toml::de::Error) -> Failure {
    let shown = error.to_string();
    let mut failure = bad(&format!("{}: {}", path.display(), error.message()));
    failure.why = shown.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect();
    failure
}

/// The line on which `section.key` stands.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let (section, name) = key.split_once('.')?;
    let document = toml_edit::Document::parse(text).ok()?;
    let (key, _) = document.get(section)?.as_table_like()?.get_key_value(name)?;
    Some(text[..key.span()?.start].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../config/vsd.toml");

    fn from(text: &str, environment: &[(&str, &str)], overrides: &[(&str, &str)]) -> Result<Config, Failure> {
        let file = tempfile::NamedTempFile::new().expect("a scratch file");
        std::fs::write(file.path(), text).expect("written");
        let owned = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(&Sources {
            file: Some(file.path().to_owned()),
            environment: owned(environment),
            overrides: owned(overrides),
        })
    }

    #[test]
    fn the_sample_shows_every_key_with_its_default() {
        let sample: Config = toml::from_str(SAMPLE).expect("the sample is valid");
        let expected = Node { data_dir: sample.node.data_dir.clone(), ..Node::default() };
        assert_eq!(sample, Config { node: expected, ..Config::default() });
        for key in Config::keys() {
            assert!(line_of(SAMPLE, &key).is_some(), "config/vsd.toml does not show {key}");
        }
        assert_eq!(toml::from_str::<Config>(&Config::default().to_string()), Ok(Config::default()));
    }

    #[test]
    fn later_sources_win() {
        let text = "[upload]\nconcurrency = 2\n[media]\nstall_timeout = \"5s\"\n";
        let config = from(text, &[("VSD_UPLOAD_CONCURRENCY", "3"), ("VSD_OTHER", "x")], &[]).expect("valid");
        assert_eq!((config.upload.concurrency, config.media.stall_timeout), (3, Span(Duration::from_secs(5))));
        let config = from(text, &[("VSD_UPLOAD_CONCURRENCY", "3")], &[("upload.concurrency", "4")]).expect("valid");
        assert_eq!(config.upload.concurrency, 4);
    }

    #[test]
    fn errors_name_their_place() {
        let shown = |result: Result<Config, Failure>| {
            let failure = result.expect_err("refused");
            assert_eq!(failure.code, Code::Config);
            format!("{failure}")
        };
        assert!(shown(from("[upload]\n\nconcurency = 2\n", &[], &[])).contains("line 3"));
        assert!(shown(from("[upload]\nconcurrency = 0\n", &[], &[])).contains(":2: upload.concurrency"));
        assert!(shown(from("[media]\nmemory_max = \"much\"\n", &[], &[])).contains("line 2"));
        assert!(shown(from("", &[("VSD_UPLOAD_CONCURRENCY", "many")], &[])).contains("VSD_UPLOAD_CONCURRENCY"));
        assert!(shown(from("", &[], &[("upload.nonsense", "1")])).contains("no such key"));
        assert!(shown(from("", &[], &[("media.stall_timeout", "5")])).contains("media.stall_timeout"));
        assert!(shown(from("[upload]\nspool_full_percent = 97\n", &[], &[])).contains("above storage.full_percent"));
        assert!(shown(from("[storage]\nwarn_percent = 100\n", &[], &[])).contains(":2: storage.warn_percent"));
        assert!(shown(from("[storage]\ndirs = [\"/a\", \"b\"]\n", &[], &[])).contains("b is not an absolute path"));
        assert!(shown(from("", &[], &[("storage.dirs", "/a,/a")])).contains("named twice"));
        assert!(shown(from("", &[], &[("storage.scrub_rate", "10MiB")])).contains("storage.scrub_rate"));
        assert!(shown(from("", &[], &[("storage.compact_rate", "1B/s")])).contains("at least 64KiB/s"));
        assert!(shown(from("", &[], &[("storage.scrub_interval", "31d")])).contains("at most 30d"));
    }
}
