//! What the three programs share on the command line: common flags, where a value comes from, how a failure is told, exit codes,
//! the version, and the generator of man pages and completions.
//!
//! Invariants:
//! - A value comes from the first of: flag, environment, context, file, default; and it is known which ([`Origin`]).
//! - Data goes to stdout, all else to stderr. Nothing here writes data.
//! - Every failure ends as one `error:` block with a stable code and that code's exit status (CLI §1, §2).
//! - A pipe closed early is not an error.
//!
//! A program builds its [`clap::Command`] with [`Common`] flattened in, gives it environment twins with [`twins`], parses with
//! [`parse`], resolves with [`Common::resolve`] and ends with [`report`].

mod choice;
pub mod docs;
mod ending;
mod last;
mod resolve;

use std::{sync::LazyLock, time::Duration};

use clap::{Args, Command};
use vs_core::unit::{InvalidQuantity, parse_duration};

pub use choice::{ColorWhen, OutputFormat, ProgressWhen};
pub use ending::{early_color, exit_code, failure_of, parse, print_failure, render_failure, report, stopped};
pub use last::{LAST, video_name};
pub use resolve::{Connection, Origin, Setting, given};

/// The three programs; a program's name in capitals is the prefix of its environment variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Vsd,
    Vsctl,
    Vsplay,
}

/// Flags every client has. Values not given here come from the environment, the context or the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Use this context of the configuration file
    #[arg(short = 'C', long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub context: Option<String>,
    /// Nodes to talk to; the first to answer is used
    #[arg(short, long, global = true, value_name = "HOST:PORT[,…]", value_parser = endpoints, help_heading = GLOBAL)]
    pub endpoint: Option<Endpoints>,
    /// Read whatever the answering node has, without asking the others
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub stale: bool,
    /// Give up after this long, as in 30s
    #[arg(long, global = true, value_name = "TIME", value_parser = positive_duration, help_heading = GLOBAL)]
    pub timeout: Option<Duration>,
    /// Say more on stderr: -v steps, -vv calls and timings, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GLOBAL)]
    pub verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, help_heading = GLOBAL)]
    pub color: Option<ColorWhen>,
}

/// Heading of the flags that every command takes.
pub const GLOBAL: &str = "Global options";

/// A list of `HOST:PORT`, none of them malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(pub Vec<String>);

/// `HOST:PORT[,…]`.
///
/// # Errors
/// When one of them is not a host and a port.
pub fn endpoints(text: &str) -> Result<Endpoints, String> {
    let list: Vec<_> = text.split(',').map(str::trim).filter(|addr| !addr.is_empty()).map(str::to_owned).collect();
    if list.is_empty() {
        return Err("name at least one HOST:PORT".to_owned());
    }
    match list.iter().find(|addr| !is_host_port(addr)) {
        Some(bad) => Err(format!("`{bad}` is not HOST:PORT")),
        None => Ok(Endpoints(list)),
    }
}

fn is_host_port(addr: &str) -> bool {
    let Some((host, port)) = addr.rsplit_once(':') else { return false };
    let host_ok = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
    };
    host_ok && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A duration above zero: a limit of nothing can only be a mistake.
///
/// # Errors
/// When the text is no duration, or zero.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).map_err(|error: InvalidQuantity| error.to_string())?;
    if duration.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(duration) }
}

/// Every flag with an environment twin: the argument's id, vsctl's variable, vsplay's.
const TWINS: &[(&str, &str, &str)] = &[
    ("context", "VSCTL_CONTEXT", "VSPLAY_CONTEXT"),
    ("endpoint", "VSCTL_ENDPOINT", "VSPLAY_ENDPOINT"),
    ("stale", "VSCTL_STALE", "VSPLAY_STALE"),
    ("timeout", "VSCTL_TIMEOUT", "VSPLAY_TIMEOUT"),
    ("verbose", "VSCTL_VERBOSE", "VSPLAY_VERBOSE"),
    ("color", "VSCTL_COLOR", "VSPLAY_COLOR"),
];

impl Program {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vsd => "vsd",
            Self::Vsctl => "vsctl",
            Self::Vsplay => "vsplay",
        }
    }

    /// The variable that names another configuration file.
    #[must_use]
    pub fn config_variable(self) -> &'static str {
        match self {
            Self::Vsd => "VSD_CONFIG",
            Self::Vsctl => "VSCTL_CONFIG",
            Self::Vsplay => "VSPLAY_CONFIG",
        }
    }

    /// The environment twin of an argument of [`Common`].
    #[must_use]
    pub fn twin(self, arg: &str) -> Option<&'static str> {
        let (_, vsctl, vsplay) = TWINS.iter().find(|(id, ..)| *id == arg)?;
        match self {
            Self::Vsd => None,
            Self::Vsctl => Some(vsctl),
            Self::Vsplay => Some(vsplay),
        }
    }
}

/// Gives the flags of [`Common`] this program's environment variables.
#[must_use]
pub fn twins(command: Command, program: Program) -> Command {
    let given = |command: Command, (id, ..): &(&'static str, &str, &str)| match program.twin(id) {
        Some(variable) => command.mut_arg(id, |arg| with_twin(arg, variable)),
        None => command,
    };
    TWINS.iter().fold(command, given)
}

/// Gives one argument an environment variable; a switch is set by `1`, `true`, `yes` or `on`.
#[must_use]
pub fn with_twin(arg: clap::Arg, variable: &'static str) -> clap::Arg {
    let is_switch = matches!(arg.get_action(), clap::ArgAction::SetTrue);
    let arg = arg.env(variable).hide_env_values(true);
    if is_switch { arg.value_parser(clap::builder::BoolishValueParser::new()) } else { arg }
}

/// The release, the commit it was built from and that commit's date.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| format!("{RELEASE} ({} {})", commit(), commit_date()));
    &VERSION
}

/// The release alone: what generated files carry, so that they do not change with every commit.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");

#[must_use]
pub fn commit() -> &'static str {
    option_env!("VS_COMMIT").filter(|text| !text.is_empty()).unwrap_or("unknown")
}

#[must_use]
pub fn commit_date() -> &'static str {
    option_env!("VS_COMMIT_DATE").filter(|text| !text.is_empty()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_hosts_and_ports() {
        assert_eq!(endpoints("a:1, [::1]:7400,").map(|list| list.0.len()), Ok(2));
        for bad in ["", ",", "a", "a:", ":1", "a:0", "a:70000", "http://a:1", "a b:1", "::1:7400", "a:1\n"] {
            assert!(endpoints(&format!("{bad} x")).is_err() || endpoints(bad).is_err(), "{bad}");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn twins_are_each_program_s_own() {
        let command = Common::augment_args(Command::new("x"));
        for (program, prefix) in [(Program::Vsctl, "VSCTL_"), (Program::Vsplay, "VSPLAY_")] {
            let command = twins(command.clone(), program);
            for arg in command.get_arguments() {
                let variable = arg.get_env().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
                assert_eq!(variable, format!("{prefix}{}", arg.get_id().as_str().to_uppercase()));
            }
        }
    }
}
