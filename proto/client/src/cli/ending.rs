//! How a program ends: the error block of CLI §1.10, usage errors in the same form, exit codes, signals.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{ArgMatches, Command, error::ErrorKind};
use vs_core::{
    error::{Code, Exit, Failure},
    text::shown,
};

use super::ColorWhen;

/// Column that the code of an error ends at, where the line is short enough.
const CODE_COLUMN: usize = 81;

/// The error block as it is shown.
#[must_use]
pub fn render_failure(failure: &Failure, color: bool) -> String {
    let (red, dim, bold, end) = if color { ("\x1b[1;31m", "\x1b[2m", "\x1b[1m", "\x1b[0m") } else { ("", "", "", "") };
    let what = shown(&failure.what);
    let code = format!("[{}]", failure.code);
    let used = "error: ".len() + what.chars().count() + code.len();
    let gap = " ".repeat(CODE_COLUMN.saturating_sub(used).max(2));
    let mut text = format!("{red}error:{end} {what}{gap}{dim}{code}{end}\n");
    for line in failure.why.iter().flat_map(|why| why.lines()) {
        text.push_str(&format!("  {}\n", shown(line)));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("{bold}hint:{end} {}\n", shown(hint)));
    }
    text
}

/// Writes the error block to stderr. A closed stderr leaves nobody to tell.
pub fn print_failure(failure: &Failure, color: ColorWhen) {
    let mut stderr = io::stderr().lock();
    let text = render_failure(failure, color.applies_to(&stderr));
    let _ = stderr.write_all(text.as_bytes());
}

/// The exit status of a process.
#[must_use]
pub fn exit_code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// What went wrong, out of an error and its causes: the first [`Failure`] among them, or an internal one that names them all.
/// None when it is only that somebody closed our pipe.
#[must_use]
pub fn failure_of<'a>(chain: impl Iterator<Item = &'a (dyn Error + 'static)>) -> Option<Failure> {
    let chain: Vec<_> = chain.collect();
    if let Some(failure) = chain.iter().find_map(|error| error.downcast_ref::<Failure>()) {
        return Some(failure.clone());
    }
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if chain.iter().any(|error| error.downcast_ref::<io::Error>().is_some_and(closed)) {
        return None;
    }
    let full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let code = if chain.iter().any(|error| error.downcast_ref::<io::Error>().is_some_and(full)) {
        Code::NoSpace
    } else {
        Code::Internal
    };
    let mut texts = chain.iter().map(ToString::to_string);
    let mut failure = Failure::new(code, texts.next().unwrap_or_default());
    failure.why.extend(texts);
    Some(failure)
}

/// Tells the error that ended the program, and gives its exit status.
#[must_use]
pub fn report<'a>(chain: impl Iterator<Item = &'a (dyn Error + 'static)>, color: ColorWhen) -> ExitCode {
    match failure_of(chain) {
        Some(failure) => {
            print_failure(&failure, color);
            exit_code(failure.code.exit())
        }
        None => ExitCode::SUCCESS,
    }
}

/// Parses the command line. Help and version are printed; usage errors are told in the form of every other error.
///
/// # Errors
/// The status to exit with, when there is nothing more to do.
pub fn parse(command: Command) -> Result<ArgMatches, ExitCode> {
    let color = early_color(std::env::args_os());
    let choice = match color {
        ColorWhen::Auto => clap::ColorChoice::Auto,
        ColorWhen::Always => clap::ColorChoice::Always,
        ColorWhen::Never => clap::ColorChoice::Never,
    };
    let name = command.get_name().to_owned();
    command.color(choice).try_get_matches().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            exit_code(Exit::Usage)
        }
        _ => {
            print_failure(&usage_failure(&error, &name), color);
            exit_code(Exit::Usage)
        }
    })
}

/// The last `--color` of a command line that is not parsed yet, for errors about the command line itself.
pub fn early_color(args: impl Iterator<Item = std::ffi::OsString>) -> ColorWhen {
    let mut found = ColorWhen::Auto;
    let mut is_value = false;
    for arg in args.filter_map(|arg| arg.into_string().ok()) {
        let value = if is_value { Some(arg.as_str()) } else { arg.strip_prefix("--color=") };
        if let Some(color) = value.and_then(|value| clap::ValueEnum::from_str(value, false).ok()) {
            found = color;
        }
        is_value = arg == "--color";
    }
    found
}

/// clap's message, taken apart: its first line, the lines that explain, and the command whose help to read.
fn usage_failure(error: &clap::Error, program: &str) -> Failure {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim_end);
    let first = lines.next().unwrap_or_default();
    let what = first.strip_prefix("error: ").unwrap_or(first).trim_end_matches(':');
    let mut failure = Failure::new(Code::Invalid, what.replace('\'', "`"));
    let mut command = program.to_owned();
    for line in lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("For more information")) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            let is_name =
                |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
            command = usage.split_whitespace().take_while(is_name).collect::<Vec<_>>().join(" ");
        }
        failure.why.push(line.to_owned());
    }
    failure.hint(format!("see `{command} --help`"))
}

/// Waits until the process is asked to stop, and says with what to exit.
pub async fn stopped() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => Exit::Interrupted,
        _ = terminated => Exit::Terminated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_form_of_the_contract() {
        let failure = Failure::new(Code::NoQuorum, "no quorum: 1 of 3 voters reachable (need 2)")
            .because("n1 127.0.0.1:7400  ok (follower, term 7)")
            .because("two\nlines")
            .hint("reads still work with --stale; see `vsctl help consistency`");
        let expected = "error: no quorum: 1 of 3 voters reachable (need 2)                     [VS-E0701]\n  \
                        n1 127.0.0.1:7400  ok (follower, term 7)\n  two\n  lines\n\
                        hint: reads still work with --stale; see `vsctl help consistency`\n";
        assert_eq!(render_failure(&failure, false), expected);
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let failure = Failure::new(Code::NotFound, format!("no video `\x1b[2J\n{}`", "x".repeat(90))).because("a\rb");
        let text = render_failure(&failure, false);
        assert!(text.lines().count() == 2 && !text.contains('\x1b') && !text.contains('\r'), "{text}");
        assert!(text.contains("x`  [VS-E0501]\n"), "{text}");
    }

    #[test]
    fn usage_errors_name_the_command_to_read_about() {
        let command = || Command::new("vsctl").subcommand(Command::new("rm").arg(clap::Arg::new("ID").required(true)));
        let told = |args: &[&str]| {
            let error = command().try_get_matches_from(args).expect_err("a usage error");
            usage_failure(&error, "vsctl")
        };
        let failure = told(&["vsctl", "rm"]);
        assert_eq!(failure.what, "the following required arguments were not provided");
        assert_eq!(failure.why, ["<ID>", "Usage: vsctl rm <ID>"]);
        assert_eq!(failure.hint.as_deref(), Some("see `vsctl rm --help`"));
        assert_eq!(told(&["vsctl", "--nosuch"]).what, "unexpected argument `--nosuch` found");
    }

    #[test]
    fn a_failure_is_found_under_its_context_and_closed_pipes_are_silent() {
        let failure = Failure::new(Code::Conflict, "x");
        let chain: [&(dyn Error + 'static); 2] = [&io::Error::other("outer"), &failure];
        assert_eq!(failure_of(chain.into_iter()), Some(failure.clone()));
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(failure_of([&closed as &(dyn Error + 'static)].into_iter()), None);
    }

    #[test]
    fn colour_is_known_before_parsing() {
        let args = |args: &[&str]| early_color(args.iter().map(Into::into));
        assert_eq!(args(&["x", "--color", "always"]), ColorWhen::Always);
        assert_eq!(args(&["x", "--color=never", "ls"]), ColorWhen::Never);
        assert_eq!(args(&["x", "--color=pink"]), ColorWhen::Auto);
    }
}
