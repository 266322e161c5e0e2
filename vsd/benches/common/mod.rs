//! What the benches share: how they are called, processes under measurement, peers, and how figures are shown.
#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod disk;
pub(crate) mod package;
pub(crate) mod server;
pub(crate) mod table;

use std::{path::PathBuf, process::ExitCode};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How a bench was called.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Where the figures are kept, too.
    pub(crate) json: Option<PathBuf>,
    /// Only look whether everything runs: the figures mean nothing.
    pub(crate) is_quick: bool,
    /// The parts that were named; none means all.
    only: Vec<String>,
}

impl Options {
    /// `[--quick] [--json FILE] [PART…]`, of which these are known.
    pub(crate) fn parse(args: &[String], parts: &[&str]) -> Outcome<Self> {
        let is_set = |value: std::ffi::OsString| !value.is_empty() && value != "0";
        let mut options = Self { is_quick: std::env::var_os("BENCH_QUICK").is_some_and(is_set), ..Self::default() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.is_quick = true,
                "--json" => options.json = Some(args.next().ok_or("--json names no file")?.into()),
                part if parts.contains(&part) => options.only.push(part.to_owned()),
                other => {
                    let usage =
                        format!("usage: [--quick] [--json FILE] [PART…], with parts out of {}", parts.join(", "));
                    return Err(format!("`{other}`? {usage}").into());
                }
            }
        }
        Ok(options)
    }

    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// The arguments of the bench, without what cargo adds.
pub(crate) fn args() -> Vec<String> {
    std::env::args().skip(1).filter(|arg| arg != "--bench").collect()
}

/// A folder that goes when the bench ends. It lies beside the build: temporary files may lie in memory.
pub(crate) fn scratch() -> Outcome<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

pub(crate) fn exit(done: Outcome<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
