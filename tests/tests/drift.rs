//! Man pages and completion scripts are what the code says, and help is readable. `VS_FIX=1` writes the files instead of comparing.

use std::{fs, path::PathBuf};

use clap::Command;
use vs_client::cli::docs;
use vs_tests::{program, repo};

/// Widest line of any help text, in characters.
const HELP_COLUMNS: usize = 80;
const EXAMPLES_MIN: usize = 2;

fn commands() -> [Command; 3] {
    [vsd::command(), vsctl::command(), vsplay::command()]
}

fn is_fixing() -> bool {
    std::env::var_os("VS_FIX").is_some_and(|value| !value.is_empty() && value != "0")
}

fn folders() -> (PathBuf, PathBuf) {
    (repo::root().join("man"), repo::root().join("completions"))
}

#[test]
fn man_pages_and_completions_are_what_the_code_says() {
    let (man, completions) = folders();
    if is_fixing() {
        fs::create_dir_all(&man).expect("a folder");
        for page in fs::read_dir(&man).expect("a readable folder").flatten() {
            fs::remove_file(page.path()).expect("an old page");
        }
        for command in commands() {
            docs::generate(&command, &man, &completions).expect("written");
        }
        fs::write(man.join("vsd.toml.5"), config_page()).expect("written");
    }
    let mut drift: Vec<String> = Vec::new();
    for command in commands() {
        drift.extend(docs::drift(&command, &man, &completions).expect("readable folders"));
    }
    if fs::read_to_string(man.join("vsd.toml.5")).ok() != Some(config_page()) {
        drift.push("man/vsd.toml.5 is not what config/vsd.toml says".to_owned());
    }
    assert!(drift.is_empty(), "run `make fix`: {drift:#?}");
}

/// `vsd.toml(5)` out of the annotated sample: a heading a section, a paragraph a key.
fn config_page() -> String {
    let sample = repo::text("config/vsd.toml").expect("the sample is there");
    let mut page = format!(
        ".\\\" Generated from config/vsd.toml; do not edit.\n.TH vsd.toml 5 \"\" \"V-Stack {release}\" \"V-Stack\"\n\
         .SH NAME\nvsd.toml \\- configuration of the V\\-Stack daemon\n.SH DESCRIPTION\n",
        release = docs_release()
    );
    let (mut remarks, mut section) = (Vec::new(), String::new());
    for line in sample.lines() {
        if let Some(remark) = line.strip_prefix('#') {
            remarks.push(remark.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            page.push_str(&format!(".SH \"[{name}]\"\n"));
        } else if let Some((key, default)) = line.split_once('=') {
            let (key, default) = (key.trim(), default.trim());
            let variable = format!("VSD_{section}_{key}").to_uppercase();
            page.push_str(&format!(".TP\n.B {}\n", roff(key)));
            page.push_str(&remarks.iter().map(|remark| roff(remark) + "\n").collect::<String>());
            page.push_str(&format!("Default: {}. Environment: {}.\n", roff(default), roff(&variable)));
            remarks.clear();
        } else {
            // Remarks that no key follows are about the whole.
            page.push_str(&remarks.iter().map(|remark| roff(remark) + "\n").collect::<String>());
            remarks.clear();
        }
    }
    page + ".SH SEE ALSO\n.BR vsd (1)\n"
}

fn docs_release() -> &'static str {
    vs_client::cli::RELEASE
}

/// Text as roff shows it unchanged.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

#[test]
fn every_key_of_the_configuration_has_a_paragraph_in_the_manual() {
    let sample = repo::text("config/vsd.toml").expect("the sample is there");
    let document: toml_edit::DocumentMut = sample.parse().expect("the sample is TOML");
    let page = config_page();
    for (section, keys) in document.iter() {
        for (key, _) in keys.as_table_like().expect("sections").iter() {
            assert!(page.contains(&format!(".B {key}\n")), "{section}.{key}");
        }
    }
    assert!(page.lines().all(|line| !line.starts_with('\'')), "a line that roff would obey: {page}");
}

#[test]
fn help_fits_the_screen_and_shows_examples() {
    let mut found = Vec::new();
    for command in commands() {
        let mut command = command;
        command.build();
        check_help(&command, "", &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn check_help(command: &Command, above: &str, found: &mut Vec<String>) {
    let path = format!("{above} {}", command.get_name()).trim().to_owned();
    let after = [command.get_after_help(), command.get_after_long_help()];
    let after: Vec<_> = after.into_iter().flatten().map(ToString::to_string).collect();
    let examples = after.iter().map(|text| examples(text, &path)).max().unwrap_or(0);
    if examples < EXAMPLES_MIN {
        found.push(format!("`{path}` has {examples} examples"));
    }
    for help in [command.clone().render_help(), command.clone().render_long_help()] {
        let wide = help.to_string().lines().filter(|line| line.chars().count() > HELP_COLUMNS).count();
        if wide > 0 {
            found.push(format!("`{path} --help` has {wide} lines wider than {HELP_COLUMNS}"));
        }
    }
    let subcommands = command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help");
    for sub in subcommands {
        check_help(sub, &path, found);
    }
}

/// Lines that show this command, at the beginning or behind a pipe.
fn examples(text: &str, path: &str) -> usize {
    let shows = |line: &&str| {
        let line = line.trim_start();
        line.starts_with(path) || line.contains(&format!("| {path}")) || line.contains(&format!("xargs {path}"))
    };
    text.lines().filter(shows).count()
}

#[test]
fn shells_can_read_the_completion_scripts() {
    let (_, completions) = folders();
    for (shell, flag) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        let is_there = program::bare("which").arg(shell).stdout(std::process::Stdio::null()).status();
        if !is_there.is_ok_and(|status| status.success()) {
            eprintln!("skipped: there is no {shell} to read its scripts");
            continue;
        }
        for script in fs::read_dir(completions.join(shell)).expect("`make fix` writes it").flatten() {
            let said = program::run(program::bare(shell).arg(flag).arg(script.path())).ok();
            assert!(said.err.is_empty(), "{said}");
        }
    }
}
