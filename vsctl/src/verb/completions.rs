//! `vsctl completions`: scripts that complete commands and flags, or the short form that asks vsctl itself for ids and titles too.

use anyhow::Context;
use clap::{Args, ValueEnum};
use clap_complete::{Shell, env::Shells};
use vs_client::cli::docs;
use vs_core::error::Exit;

use crate::{args::command, out};

const AFTER_HELP: &str = "\
Examples:
  vsctl completions bash > ~/.local/share/bash-completion/completions/vsctl
  vsctl completions zsh --dynamic > ~/.zfunc/_vsctl

With --dynamic the script asks vsctl on every tab, which also completes ids,
titles and contexts, within 300 ms and silently when no daemon answers.";

/// Print a shell's completion script
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    shell: ShellName,
    /// Complete ids, titles and contexts too
    #[arg(long)]
    dynamic: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let (shell, name) = match args.shell {
        ShellName::Bash => (Shell::Bash, "bash"),
        ShellName::Zsh => (Shell::Zsh, "zsh"),
        ShellName::Fish => (Shell::Fish, "fish"),
    };
    if !args.dynamic {
        out::write_bytes(&docs::completion(&command(), shell))?;
        return Ok(Exit::Ok);
    }
    let shells = Shells::builtins();
    let completer = shells.completer(name).context("a shell without dynamic completion")?;
    let mut script = Vec::new();
    completer.write_registration("COMPLETE", "vsctl", "vsctl", "vsctl", &mut script)?;
    out::write_bytes(&script)?;
    Ok(Exit::Ok)
}
