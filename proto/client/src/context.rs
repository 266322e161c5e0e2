//! The configuration file of `vsctl` and `vsplay`: named clusters and defaults, shared by both.
//!
//! ```toml
//! current = "home"            # the context used when none is named
//!
//! [defaults]                  # for every context
//! timeout = "30s"
//! color = "auto"
//!
//! [contexts.home]             # any key of [defaults] may stand here too, and wins
//! endpoints = ["127.0.0.1:7400"]
//! ```
//!
//! Invariants:
//! - A key nobody knows is an error that names its line: a misspelt setting must not be silently ignored.
//! - Reading never writes; a file that is not there is an empty one.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::Error as _};
use vs_core::error::{Code, Failure};

use crate::cli::{self, ColorWhen, Origin, OutputFormat, Program, ProgressWhen, Setting};

/// Name of the folder in the XDG config and state directories.
const FOLDER: &str = "v-stack";
const FILE: &str = "config.toml";
/// Longest name of a context, in characters.
pub const CONTEXT_CHARS_MAX: usize = 64;

/// What `[defaults]` and a context may set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    #[serde(deserialize_with = "endpoints")]
    pub endpoints: Option<Vec<String>>,
    #[serde(deserialize_with = "duration")]
    pub timeout: Option<Duration>,
    pub stale: Option<bool>,
    pub color: Option<ColorWhen>,
    pub output: Option<OutputFormat>,
    pub progress: Option<ProgressWhen>,
    /// Exact sizes in tables.
    pub bytes: Option<bool>,
    /// Exact times in tables.
    pub utc: Option<bool>,
}

impl Settings {
    /// Every key, with what it means.
    pub const KEYS: &[(&str, &str)] = &[
        ("endpoints", "nodes to talk to, a list of HOST:PORT"),
        ("timeout", "what a whole command may take, as in 30s"),
        ("stale", "read whatever the answering node has"),
        ("color", "auto, always or never"),
        ("output", "table, wide, json, jsonl, yaml, csv or name"),
        ("progress", "auto, bar, plain, json or none"),
        ("bytes", "exact sizes in tables"),
        ("utc", "exact times in tables"),
    ];
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    current: Option<String>,
    defaults: Settings,
    contexts: BTreeMap<String, Settings>,
}

/// The configuration file as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    path: PathBuf,
    file: File,
}

impl Config {
    /// Reads the file the environment or the XDG base directories name.
    ///
    /// # Errors
    /// `Config`, with the line, when it is wrong.
    pub fn load(program: Program) -> Result<Self, Failure> {
        let path = path(program)?;
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, file: File::default() }),
            Err(error) => Err(Failure::new(Code::Config, format!("cannot read {}", path.display())).because(error)),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// `Config`, with the line, when it is wrong.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count());
            let place = line.map_or_else(String::new, |line| format!(" line {}", line + 1));
            let failure = invalid(format!("{}{place}: {}", path.display(), error.message().replace('\n', " ")));
            match line.and_then(|line| text.lines().nth(line)).map(str::trim).filter(|line| !line.is_empty()) {
                Some(line) => failure.because(line),
                None => failure,
            }
        })?;
        for name in file.contexts.keys() {
            check_context_name(name).map_err(|why| invalid(format!("{}: {why}", path.display())))?;
        }
        Ok(Self { path: path.to_owned(), file })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings of all contexts, by name.
    #[must_use]
    pub fn contexts(&self) -> &BTreeMap<String, Settings> {
        &self.file.contexts
    }

    /// What holds for every context.
    #[must_use]
    pub fn defaults(&self) -> &Settings {
        &self.file.defaults
    }

    /// The context used when none is named.
    ///
    /// # Errors
    /// `Config` when the file names one that it does not have.
    pub fn current(&self) -> Result<Option<&str>, Failure> {
        match self.file.current.as_deref() {
            Some(name) if !self.file.contexts.contains_key(name) => {
                Err(invalid(format!("{}: the current context `{name}` is not in the file", self.path.display()))
                    .hint("choose one with `vsctl context use NAME`"))
            }
            current => Ok(current),
        }
    }

    /// The name in the file, whether or not there is such a context.
    #[must_use]
    pub fn current_name(&self) -> Option<&str> {
        self.file.current.as_deref()
    }

    /// A context by its name.
    ///
    /// # Errors
    /// `NotFound`, listing those there are.
    pub fn context(&self, name: &str) -> Result<&Settings, Failure> {
        self.file.contexts.get(name).ok_or_else(|| {
            let mut failure = Failure::new(Code::NotFound, format!("no context `{name}` in {}", self.path.display()));
            failure.why.extend(self.file.contexts.keys().cloned());
            failure.hint(format!("add it with `vsctl context add {name} HOST:PORT`"))
        })
    }

    /// Settles one value from what was given, the context, the file and the default.
    pub fn layered<T>(
        &self,
        given: Option<(T, Origin)>,
        context: Option<&str>,
        get: impl Fn(&Settings) -> Option<T>,
        default: T,
    ) -> Setting<T> {
        if let Some((value, origin)) = given {
            return Setting { value, origin };
        }
        let of_context = context.and_then(|name| Some((get(self.file.contexts.get(name)?)?, name)));
        if let Some((value, name)) = of_context {
            return Setting { value, origin: Origin::Context(name.to_owned()) };
        }
        match get(&self.file.defaults) {
            Some(value) => Setting { value, origin: Origin::File },
            None => Setting { value: default, origin: Origin::Default },
        }
    }
}

/// Where the configuration file is, whether or not it is there.
///
/// # Errors
/// `Config` when there is no home directory to look in.
pub fn path(program: Program) -> Result<PathBuf, Failure> {
    if let Some(path) = env::var_os(program.config_variable()).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    Ok(dirs()?.config_dir().join(FILE))
}

/// The folder for what a program remembers between runs.
///
/// # Errors
/// `Config` when there is no home directory.
pub fn state_dir() -> Result<PathBuf, Failure> {
    let dirs = dirs()?;
    Ok(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned())
}

fn dirs() -> Result<directories::ProjectDirs, Failure> {
    directories::ProjectDirs::from("", "", FOLDER)
        .ok_or_else(|| invalid("no home directory to look for the configuration in").hint("set HOME"))
}

/// Whether a context may have this name: it stands in TOML keys, in flags and in tables.
///
/// # Errors
/// Why not.
pub fn check_context_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_sound = name.len() <= CONTEXT_CHARS_MAX && name.chars().all(allowed) && !name.starts_with('-');
    if name.is_empty() || !is_sound {
        return Err(format!(
            "`{name}` cannot name a context: use up to {CONTEXT_CHARS_MAX} letters, digits, `.`, `_`, `-`"
        ));
    }
    Ok(())
}

fn invalid(what: impl Into<String>) -> Failure {
    Failure::new(Code::Config, what).hint("`vsctl config path` tells which file is read")
}

fn endpoints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    cli::endpoints(&list.join(",")).map(|list| Some(list.0)).map_err(D::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    cli::positive_duration(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(Path::new("/c/config.toml"), text)
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line, word) in [
            ("current = 'a'\n\n[defaults]\ntimeuot = '1s'\n", 4, "timeuot"),
            ("[contexts.a]\nendpoints = ['a']\n", 2, "HOST:PORT"),
            ("[defaults]\ncolor = 'pink'\n", 2, "pink"),
            ("[defaults]\noutput = 3\n", 2, "wanted string"),
            ("[defaults]\n\ntimeout = '30'\n", 3, "30s"),
            ("[contexts.a]\nstale = 'yes'\n", 2, "boolean"),
            ("current = \n", 1, ""),
        ] {
            let failure = parse(text).expect_err(text);
            assert_eq!(failure.code, Code::Config);
            assert!(failure.what.starts_with(&format!("/c/config.toml line {line}: ")), "{}", failure.what);
            assert!(failure.what.contains(word), "{}", failure.what);
        }
    }

    #[test]
    fn contexts_are_found_or_told() {
        let config = parse("current = 'b'\n[contexts.a]\nendpoints = ['h:1']\n").expect("valid");
        assert_eq!(config.current().expect_err("not there").code, Code::Config);
        assert_eq!(config.context("a").expect("there").endpoints, Some(vec!["h:1".to_owned()]));
        assert_eq!(config.context("x").expect_err("not there").why, ["a"]);
        assert!(parse("[contexts.'a b']\n").is_err());
    }

    #[test]
    fn every_key_is_documented() {
        for (key, _) in Settings::KEYS {
            let failure = parse(&format!("[defaults]\n{key} = {{}}\n")).expect_err("of no sensible type");
            assert!(!failure.what.contains("unknown"), "{key}: {}", failure.what);
        }
        let failure = parse("[defaults]\nx = 1\n").expect_err("unknown");
        let listed = failure.what.matches('`').count() / 2 - 1;
        assert_eq!(listed, Settings::KEYS.len(), "{}", failure.what);
    }
}
