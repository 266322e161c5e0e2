//! The command line, and what it settles to.

use std::{path::PathBuf, time::Duration};

use clap::{Command, CommandFactory, Parser, ValueEnum};
use vs_client::cli::{self, Common, Program};
use vs_core::{
    error::{Code, Failure},
    unit::{human_bytes, parse_bytes, parse_duration},
};
use vsplay_core::settings::{CONCURRENCY_MAX, MEMORY_BYTES_MIN, Settings};

use crate::choose::Wish;

/// Widest line of the help, in characters.
const HELP_COLUMNS: usize = 80;

const AFTER_HELP: &str = "\
Examples:
  vsplay @last
  vsplay 8f3c2a1e --start 1:30 --audio deu
  vsplay --headless --no-clock -O film.mp4 --report report.json 8f3c2a1e

Press ? while it plays for the keys. The player is silent in this release.
Exit codes: 0 ended or quit, 2 usage, 5 unknown video or track, 7 unreachable,
8 a chunk cannot be had intact, 10 start timed out, 13 not supported.";

/// Play a video in the terminal
#[derive(Debug, Parser)]
#[command(name = "vsplay", version = cli::version(), after_help = AFTER_HELP, max_term_width = HELP_COLUMNS)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    /// Id, unique prefix of it, exact title, or @last
    #[arg(value_name = "VIDEO-ID|@last")]
    id: String,
    #[command(flatten)]
    pub(crate) common: Common,

    /// Video track to play, as `vsctl show` names it
    #[arg(short = 'Q', long, value_name = "NAME", default_value = "auto")]
    quality: String,
    /// Begin here, as in 90s or 1:30
    #[arg(long, value_name = "TIME", value_parser = position, default_value = "0s", hide_default_value = true)]
    start: Duration,
    /// End here
    #[arg(long, value_name = "TIME", value_parser = position)]
    end: Option<Duration>,
    /// Audio track by language or name; off for none [default: the first]
    #[arg(long, value_name = "LANG|off")]
    audio: Option<String>,
    /// Subtitle track to fetch, by language or name; it is not drawn yet
    #[arg(long, value_name = "LANG|off", default_value = "off")]
    subs: String,
    /// How to draw the picture: half (half-blocks), or off to leave the
    /// video track out
    #[arg(long, value_name = "HOW", value_enum, default_value = "auto", hide_possible_values = true)]
    video: VideoMode,

    /// Write the bytes played: the video track's, or the audio track's
    /// without one; into a directory, a file for each track
    #[arg(short = 'O', long = "output", value_name = "FILE|-", help_heading = OUTPUT)]
    output: Option<PathBuf>,
    /// Write a report as JSON at the end
    #[arg(long, value_name = "FILE|-", help_heading = OUTPUT)]
    report: Option<PathBuf>,
    /// Write the state as a JSON object a second
    #[arg(long, value_name = "FILE|-", help_heading = OUTPUT)]
    status_json: Option<PathBuf>,
    /// Play without a terminal
    #[arg(long, help_heading = OUTPUT)]
    headless: bool,
    /// Play as fast as data comes, for checks
    #[arg(long, requires = "headless", help_heading = OUTPUT)]
    no_clock: bool,

    /// Chunks fetched at a time
    #[arg(long, value_name = "N", default_value = "4", value_parser = concurrency, help_heading = BUFFER)]
    concurrency: usize,
    /// Seconds to fetch ahead
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = seconds, help_heading = BUFFER)]
    target_buffer: Duration,
    /// Buffer below which a silent node is given up sooner
    #[arg(long, value_name = "TIME", default_value = "15", value_parser = seconds, help_heading = BUFFER)]
    low_water: Duration,
    /// Buffer with which playback starts at the latest
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = seconds, help_heading = BUFFER)]
    start_buffer: Duration,
    /// Most memory for chunks
    #[arg(long, value_name = "SIZE", default_value = "500MiB", value_parser = memory, help_heading = BUFFER)]
    mem: u64,
    /// How often nodes are pinged
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = interval, help_heading = BUFFER)]
    ping_interval: Duration,
}

const OUTPUT: &str = "Output options";
const BUFFER: &str = "Buffer options";
/// Pinging more often measures the pings.
const PING_INTERVAL_MIN: Duration = Duration::from_millis(100);

/// How the picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum VideoMode {
    Auto,
    Half,
    Off,
    Kitty,
    Sixel,
    Ascii,
}

/// What the command line asks for, checked.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The video as the person named it.
    pub(crate) video: String,
    pub(crate) wish: Wish,
    pub(crate) settings: Settings,
    pub(crate) output: Option<PathBuf>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) status_json: Option<PathBuf>,
    pub(crate) headless: bool,
}

/// The whole command line, for parsing, man pages and completions.
#[must_use]
pub fn command() -> Command {
    cli::twins(Args::command(), Program::Vsplay)
}

/// Whether a path stands for standard output.
pub(crate) fn is_stdout(path: &std::path::Path) -> bool {
    path.as_os_str() == "-"
}

impl Args {
    /// Checks what flags mean together.
    pub(crate) fn settle(self, timeout: Duration) -> Result<Options, Failure> {
        if matches!(self.video, VideoMode::Kitty | VideoMode::Sixel | VideoMode::Ascii) {
            let how = self.video.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            return Err(Failure::new(Code::NotSupported, format!("this release cannot draw with `--video {how}`"))
                .hint("use `--video half`"));
        }
        self.check_ranges()?;
        self.check_stdout()?;
        let settings = Settings {
            concurrency: self.concurrency,
            target_buffer: self.target_buffer,
            low_water: self.low_water,
            start_buffer: self.start_buffer,
            memory_bytes_max: self.mem,
            ping_interval: self.ping_interval,
            patience: timeout,
            clocked: !self.no_clock,
            start: self.start,
            end: self.end,
        };
        Ok(Options {
            video: self.id,
            wish: Wish {
                quality: Some(self.quality).filter(|name| name != "auto"),
                video: self.video != VideoMode::Off,
                audio: self.audio,
                subs: Some(self.subs).filter(|name| name != "off"),
            },
            settings,
            output: self.output,
            report: self.report,
            status_json: self.status_json,
            headless: self.headless,
        })
    }

    fn check_ranges(&self) -> Result<(), Failure> {
        let invalid = |what: String| Err(Failure::new(Code::Invalid, what).hint("see `vsplay --help`"));
        if self.end.is_some_and(|end| end <= self.start) {
            return invalid("--end is not after --start".to_owned());
        }
        for (name, value) in [("--low-water", self.low_water), ("--start-buffer", self.start_buffer)] {
            if value > self.target_buffer {
                let target = self.target_buffer.as_secs_f64();
                return invalid(format!("{name} {} is above --target-buffer {target}", value.as_secs_f64()));
            }
        }
        Ok(())
    }

    /// Standard output carries one thing at a time, and with the dashboard that is the dashboard.
    fn check_stdout(&self) -> Result<(), Failure> {
        let flags = [("--output", &self.output), ("--report", &self.report), ("--status-json", &self.status_json)];
        let to_stdout = |(_, path): &&(&str, &Option<PathBuf>)| path.as_deref().is_some_and(is_stdout);
        let names: Vec<_> = flags.iter().filter(to_stdout).map(|(name, _)| *name).collect();
        match names.as_slice() {
            [first, second, ..] => {
                Err(Failure::new(Code::Invalid, format!("{first} and {second} cannot both go to stdout")))
            }
            [name] if !self.headless => {
                Err(Failure::new(Code::Invalid, format!("{name} - needs --headless: the dashboard is on stdout")))
            }
            _ => Ok(()),
        }
    }
}

/// `90s`, `1:30`, `01:02:03.5`.
fn position(text: &str) -> Result<Duration, String> {
    if !text.contains(':') {
        return seconds(text);
    }
    let malformed = || format!("`{text}` is not a time; write it like `90s` or `1:30`");
    let fields: Vec<_> = text.split(':').collect();
    let (last, whole) = fields.split_last().ok_or_else(malformed)?;
    if whole.len() > 2 || fields.iter().any(|field| !field.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(malformed());
    }
    let mut minutes = 0u64;
    for field in whole {
        let field: u64 = field.parse().map_err(|_| malformed())?;
        minutes = minutes.checked_mul(60).and_then(|minutes| minutes.checked_add(field)).ok_or_else(malformed)?;
    }
    let whole = minutes.checked_mul(60).map(Duration::from_secs).ok_or_else(malformed)?;
    let rest = parse_duration(&format!("{last}s")).map_err(|_| malformed())?;
    whole.checked_add(rest).ok_or_else(malformed)
}

/// A duration; a bare number means seconds here, as in `--target-buffer 30`.
fn seconds(text: &str) -> Result<Duration, String> {
    let with_unit = if text.ends_with(|c: char| c.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() };
    parse_duration(&with_unit).map_err(|error| error.to_string())
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = seconds(text)?;
    if interval < PING_INTERVAL_MIN { Err("must be 100ms or more".to_owned()) } else { Ok(interval) }
}

fn concurrency(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=CONCURRENCY_MAX).contains(number));
    number.ok_or_else(|| format!("must be a number from 1 to {CONCURRENCY_MAX}"))
}

fn memory(text: &str) -> Result<u64, String> {
    let bytes = parse_bytes(text).map_err(|error| error.to_string())?;
    if bytes < MEMORY_BYTES_MIN { Err(format!("must be {} or more", human_bytes(MEMORY_BYTES_MIN))) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn settle(line: &str) -> Result<Options, Failure> {
        let matches = command().try_get_matches_from(line.split(' ')).expect("parses");
        Args::from_arg_matches(&matches).expect("the same").settle(Duration::from_secs(30))
    }

    #[test]
    fn the_command_is_sound_and_its_help_fits() {
        command().debug_assert();
        let help = command().render_long_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= HELP_COLUMNS), "{help}");
        assert!(help.matches("\n  vsplay ").count() >= 2);
    }

    #[test]
    fn defaults_are_the_core_s_own() {
        assert_eq!(settle("vsplay x").expect("valid").settings, Settings::default());
    }

    #[test]
    fn contradictions_are_told() {
        for (line, code) in [
            ("vsplay x --start 10s --end 10s", Code::Invalid),
            ("vsplay x --low-water 40", Code::Invalid),
            ("vsplay x --target-buffer 5", Code::Invalid),
            ("vsplay x -O -", Code::Invalid),
            ("vsplay x --headless -O - --status-json -", Code::Invalid),
            ("vsplay x --video sixel", Code::NotSupported),
        ] {
            assert_eq!(settle(line).expect_err(line).code, code, "{line}");
        }
        assert!(settle("vsplay x --headless -O - --report r.json").is_ok());
        let parses = |line: &str| command().try_get_matches_from(line.split(' ')).is_ok();
        for line in ["vsplay x --no-clock", "vsplay x --mem 1MiB", "vsplay x --concurrency 0", "vsplay x --video mp4"] {
            assert!(!parses(line), "{line}");
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, ms) in
            [("90s", 90_000), ("90", 90_000), ("1:30", 90_000), ("01:02:03.5", 3_723_500), ("2min", 120_000)]
        {
            assert_eq!(position(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", ":", "1:", ":1", "1:2:3:4", "-1", "1:-2", "x", "99999999999999999999:0"] {
            assert!(position(bad).is_err(), "{bad}");
        }
    }
}
