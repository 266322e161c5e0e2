//! Man pages and completion scripts out of a [`clap::Command`].
//!
//! Invariants:
//! - The same command gives the same bytes: no date, no commit, no terminal width goes in, so the committed files can be
//!   compared with what the code says.
//! - Hidden commands have no page.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::Shell;

use super::RELEASE;

/// The shells that scripts are made for, each with its folder and the name a script must have to be found.
const SHELLS: [(Shell, &str); 3] = [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")];

/// A generated file: its path below the folder it belongs in, and its content.
pub type Page = (PathBuf, Vec<u8>);

/// One page for the command and one for each subcommand, as `vsctl-video-ls.1`.
///
/// # Errors
/// Never in practice: the pages are written to memory.
pub fn man_pages(command: &Command) -> io::Result<Vec<Page>> {
    let mut command = command.clone().version(RELEASE).disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, command.get_name(), &mut pages)?;
    Ok(pages)
}

fn add_pages(command: &Command, name: &str, pages: &mut Vec<Page>) -> io::Result<()> {
    let named = command.clone().display_name(name).version(RELEASE);
    let man = clap_mangen::Man::new(named).title(name.to_uppercase()).source(format!("V-Stack {RELEASE}"));
    let mut page = Vec::new();
    man.manual("V-Stack").render(&mut page)?;
    pages.push((PathBuf::from(format!("{name}.1")), page));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        add_pages(sub, &format!("{name}-{}", sub.get_name()), pages)?;
    }
    Ok(())
}

/// The completion script of one shell.
#[must_use]
pub fn completion(command: &Command, shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let mut command = command.clone().version(RELEASE);
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// The scripts of all shells, as `bash/vsctl`, `zsh/_vsctl`, `fish/vsctl.fish`.
#[must_use]
pub fn completions(command: &Command) -> Vec<Page> {
    let name = command.get_name();
    let script = |(shell, folder): (Shell, &str)| {
        let file = match shell {
            Shell::Zsh => format!("_{name}"),
            Shell::Fish => format!("{name}.fish"),
            _ => name.to_owned(),
        };
        (Path::new(folder).join(file), completion(command, shell))
    };
    SHELLS.into_iter().map(script).collect()
}

/// Writes every page and script of a command. Files of commands that are gone are left to the caller, who may share the folders.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn generate(command: &Command, man_dir: &Path, completions_dir: &Path) -> io::Result<()> {
    write_all(man_dir, &man_pages(command)?)?;
    write_all(completions_dir, &completions(command))
}

/// Writes pages below a folder, which is made where it is missing.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn write_all(dir: &Path, pages: &[Page]) -> io::Result<()> {
    for (path, content) in pages {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// What is wrong with the folders compared with the command: missing, different, or of a command that is gone.
///
/// # Errors
/// When a folder cannot be read.
pub fn drift(command: &Command, man_dir: &Path, completions_dir: &Path) -> io::Result<Vec<String>> {
    let pages = man_pages(command)?;
    let mut found = Vec::new();
    for (dir, pages) in [(man_dir, &pages), (completions_dir, &completions(command))] {
        for (path, content) in pages {
            let path = dir.join(path);
            match fs::read(&path) {
                Ok(kept) if kept == *content => {}
                Ok(_) => found.push(format!("{} is not what the code says", path.display())),
                Err(error) => found.push(format!("{}: {error}", path.display())),
            }
        }
    }
    let (own, below) = (format!("{}.1", command.get_name()), format!("{}-", command.get_name()));
    for entry in fs::read_dir(man_dir)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let is_ours = file == own || (file.starts_with(&below) && file.ends_with(".1"));
        if is_ours && !pages.iter().any(|(path, _)| path.as_os_str() == file.as_str()) {
            found.push(format!("{file} is the page of a command that is gone"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let secret = Command::new("secret").hide(true);
        Command::new("tool")
            .version("9 (abc 2020-01-01)")
            .about("A tool")
            .subcommand(Command::new("do").about("Does").subcommand(Command::new("it").about("It")).subcommand(secret))
    }

    #[test]
    fn pages_name_no_commit_and_no_hidden_command() {
        let pages = man_pages(&command()).expect("in memory");
        let names: Vec<_> = pages.iter().map(|(path, _)| path.display().to_string()).collect();
        assert_eq!(names, ["tool.1", "tool-do.1", "tool-do-it.1"]);
        for (path, page) in pages.iter().chain(&completions(&command())) {
            assert!(!String::from_utf8_lossy(page).contains("abc"), "{}", path.display());
        }
    }

    #[test]
    fn drift_is_found() {
        let dir = std::env::temp_dir().join(format!("vs-docs-{}", std::process::id()));
        let (man, scripts) = (dir.join("man"), dir.join("completions"));
        generate(&command(), &man, &scripts).expect("written");
        assert_eq!(drift(&command(), &man, &scripts).expect("read"), Vec::<String>::new());
        fs::write(man.join("tool-gone.1"), "").expect("written");
        fs::write(man.join("tool.1"), "").expect("written");
        assert_eq!(drift(&command(), &man, &scripts).expect("read").len(), 2);
        fs::remove_dir_all(dir).expect("removed");
    }
}
