//! What keeps the project in shape (DESIGN §3): which crate may use which, what cores may not do, and what no file may hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use vs_tests::repo;

/// Crates of the workspace and those of them that each may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("vs-core", &[]),
    ("vs-wire", &["vs-core"]),
    ("vs-client", &["vs-core", "vs-wire"]),
    ("vsd-core", &["vs-core"]),
    ("vsplay-core", &["vs-core"]),
    ("vsd", &["vs-core", "vs-wire", "vs-client", "vsd-core"]),
    ("vsctl", &["vs-core", "vs-wire", "vs-client"]),
    ("vsplay", &["vs-core", "vs-wire", "vs-client", "vsplay-core"]),
    ("vs-tests", &["vs-core", "vs-wire", "vs-client", "vsd-core", "vsd", "vsctl", "vsplay"]),
    ("vs-sim", &["vs-core", "vsd-core", "vsplay-core"]),
];
/// Planted mistakes: nobody enables them but the simulator.
const MUTANTS: &str = "mutants";
/// Databases and consensus are the daemon's business.
const VSD_ONLY: &[&str] = &["openraft", "rocksdb"];
/// Crates that decide and never act.
const CORES: &[&str] = &["proto/core", "vsd/core", "vsplay/core"];
/// These would bring clocks, sockets and files in by the back door.
const NOT_IN_CORES: &[&str] = &["tokio", "nix", "hyper", "tonic", "axum", "rand", "jiff", "tempfile"];
/// Parts of `std` that touch the world, and clocks.
const WORLDLY: &[&str] = &["fs", "net", "thread", "env", "process"];
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now", "UNIX_EPOCH.elapsed"];
/// Everything visible at the top.
const TOP: &[&str] = &[
    "proto",
    "vsd",
    "vsctl",
    "vsplay",
    "config",
    "man",
    "completions",
    "tests",
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "CHANGELOG.md",
    "README.md",
    "Makefile",
    "rust-toolchain.toml",
];
const COLUMNS_MAX: usize = 132;
/// Longest function, from its first line to its last.
const FUNCTION_LINES_MAX: usize = 100;
/// Files that a program wrote.
const GENERATED: &[&str] = &["proto/wire/src/generated/", "man/", "completions/", "Cargo.lock"];

/// The workspace's packages with the names of all that they depend on, for whatever purpose.
fn packages() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(repo::root());
    let said = vs_tests::program::run(&mut command).ok().json();
    let names = |package: &serde_json::Value, normal_only: bool| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let wanted = dependencies.filter(|dependency| !normal_only || dependency["kind"].is_null());
        wanted.filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned())).collect::<BTreeSet<_>>()
    };
    let packages = said["packages"].as_array().expect("packages").iter();
    let named = |package: &serde_json::Value| {
        (package["name"].as_str().expect("a name").to_owned(), (names(package, false), names(package, true)))
    };
    packages.map(named).collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let known: BTreeSet<_> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(packages.keys().cloned().collect::<BTreeSet<_>>(), known, "the crates of DESIGN §3");
    for (name, allowed) in MAY_USE {
        let (all, _) = &packages[*name];
        let own: Vec<_> =
            all.iter().filter(|used| known.contains(*used) && !allowed.contains(&used.as_str())).collect();
        assert!(own.is_empty(), "{name} must not use {own:?}");
        for only in VSD_ONLY {
            assert!(*name == "vsd" || !all.contains(*only), "{name} uses {only}: that is vsd's alone");
        }
    }
}

#[test]
fn nobody_plants_mistakes_but_the_simulator() {
    let defining = ["proto/core/Cargo.toml", "vsd/core/Cargo.toml", "tests/sim/Cargo.toml"];
    let names = repo::files().into_iter().filter(|name| name.ends_with("Cargo.toml"));
    let enabling = names.filter(|name| repo::text(name).is_some_and(|text| text.contains(MUTANTS)));
    assert_eq!(enabling.collect::<BTreeSet<_>>(), defining.map(str::to_owned).into());
}

#[test]
fn cores_decide_and_never_act() {
    let packages = packages();
    for name in ["vs-core", "vsd-core", "vsplay-core"] {
        let (_, normal) = &packages[name];
        let worldly: Vec<_> = NOT_IN_CORES.iter().filter(|name| normal.contains(**name)).collect();
        assert!(worldly.is_empty(), "{name} uses {worldly:?}");
    }
    let mut found = Vec::new();
    for core in CORES {
        let below = format!("{core}/src/");
        let sources: Vec<_> = repo::files().into_iter().filter(|name| name.starts_with(&below)).collect();
        let tests = test_modules(&sources);
        assert!(!sources.is_empty(), "{core} has sources");
        for name in
            sources.iter().filter(|name| name.ends_with(".rs") && !tests.iter().any(|test| name.starts_with(test)))
        {
            let code = without_tests(&repo::text(name).expect("sources are text"));
            found.extend(worldly_uses(&code).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What a piece of code uses of the world.
fn worldly_uses(code: &str) -> Vec<String> {
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found: Vec<_> =
        CLOCKS.iter().filter(|clock| code.contains(**clock)).map(|clock| (*clock).to_owned()).collect();
    for (at, _) in code.match_indices("std::") {
        let rest = &code[at + "std::".len()..];
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        // `use std::{a, b::{c, d}}` names its parts at the first level of the braces.
        let names = if let Some(group) = rest.strip_prefix('{') { first_level(group) } else { vec![word(rest)] };
        found.extend(
            names.into_iter().filter(|name| WORLDLY.contains(&name.as_str())).map(|name| format!("std::{name}")),
        );
    }
    found
}

/// The first words of the items of a brace group, up to its closing brace.
fn first_level(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut items) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(std::mem::take(&mut item)),
            c if depth == 0 => item.push(c),
            _ => {}
        }
    }
    items.push(item);
    items.iter().map(|item| item.trim().split("::").next().unwrap_or_default().to_owned()).collect()
}

/// Paths, and beginnings of paths, of modules that only tests have: declared by `#[cfg(test)] mod name;`.
fn test_modules(sources: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for name in sources.iter().filter(|name| name.ends_with(".rs")) {
        let text = repo::text(name).expect("sources are text");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0].starts_with("#[cfg(test)]")) {
            let words: Vec<_> = pair[1].split_whitespace().collect();
            let Some(at) = words.iter().position(|word| *word == "mod") else { continue };
            let Some(module) = words.get(at + 1).and_then(|word| word.strip_suffix(';')) else { continue };
            let path = Path::new(name);
            let is_root =
                matches!(path.file_name().and_then(|name| name.to_str()), Some("lib.rs" | "mod.rs" | "main.rs"));
            let folder = if is_root { path.parent().expect("a folder").to_owned() } else { path.with_extension("") };
            found.push(format!("{}.rs", folder.join(module).display()));
            found.push(format!("{}/", folder.join(module).display()));
        }
    }
    found
}

/// A source without its items under `#[cfg(test)]`; rustfmt puts an item's end at its beginning's indentation.
fn without_tests(text: &str) -> String {
    let (mut kept, mut closing): (Vec<&str>, Option<String>) = (Vec::new(), None);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(end) = &closing {
            if line == end {
                closing = None;
            }
            continue;
        }
        if line.trim_start().starts_with("#[cfg(test)]") {
            let indent: String = line.chars().take_while(|c| *c == ' ').collect();
            while lines.peek().is_some_and(|line| line.trim_start().starts_with("#[")) {
                lines.next();
            }
            let item = lines.next().unwrap_or_default();
            closing = (!item.ends_with(';') && !item.ends_with('}')).then(|| format!("{indent}}}"));
            continue;
        }
        kept.push(line);
    }
    kept.join("\n")
}

#[test]
fn the_top_level_is_the_one_of_the_design() {
    let visible: BTreeSet<_> = repo::files()
        .iter()
        .filter_map(|name| name.split('/').next().map(str::to_owned))
        .filter(|name| !name.starts_with('.'))
        .collect();
    let designed: BTreeSet<_> = TOP.iter().map(|name| (*name).to_owned()).collect();
    let extra: Vec<_> = visible.difference(&designed).collect();
    let missing: Vec<_> = designed.difference(&visible).collect();
    assert!(extra.is_empty() && missing.is_empty(), "not of the design: {extra:?}; not there: {missing:?}");
}

#[test]
fn every_crate_says_what_it_is_for() {
    for file in repo::files().iter().filter(|name| name.ends_with("/Cargo.toml")) {
        let readme = file.replace("Cargo.toml", "README.md");
        assert!(
            repo::text(&readme).is_some_and(|text| text.starts_with("# ")),
            "{readme} is missing, or has no heading"
        );
    }
}

#[test]
fn no_text_holds_what_nobody_should_read() {
    // Taken apart, so that this file is not found by itself.
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let unfinished = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X "),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
    ];
    let mut found = Vec::new();
    for name in repo::files().iter().filter(|name| !is_generated(name)) {
        let Some(text) = repo::text(name) else { continue };
        let is_code = name.ends_with(".rs") || name.ends_with(".sh") || name.ends_with(".proto");
        for (at, line) in text.lines().enumerate() {
            let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
            if has(&places) || (is_code && has(&unfinished)) {
                found.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn is_generated(name: &str) -> bool {
    GENERATED.iter().any(|generated| name.starts_with(generated))
}

#[test]
fn sources_fit_a_screen() {
    let mut found = Vec::new();
    for name in repo::files().iter().filter(|name| name.ends_with(".rs") && !is_generated(name)) {
        let text = repo::text(name).expect("sources are text");
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.chars().count() > COLUMNS_MAX) {
            found.push(format!("{name}:{}: {} columns", at + 1, line.chars().count()));
        }
        found.extend(long_functions(&text).into_iter().map(|what| format!("{name}:{what}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Functions with more lines than one can follow.
fn long_functions(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let words: Vec<_> = code.split_whitespace().take(6).collect();
        let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "fn"];
        let is_function = words.iter().take_while(|word| modifiers.contains(word)).any(|word| *word == "fn");
        if !is_function {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        let length = lines[at..].iter().position(|line| *line == end).map_or(1, |length| length + 1);
        // A declaration, or a function on one line, has no end of its own before another one's.
        if length > FUNCTION_LINES_MAX && !line.ends_with(';') && !line.ends_with('}') {
            found.push(format!("{}: {length} lines: {code}", at + 1));
        }
    }
    found
}

/// The checks above find what they are there to find.
#[test]
fn the_checks_see() {
    assert_eq!(
        worldly_uses("use std::{\n    fmt,\n    net::IpAddr,\n};\nlet x = std::fs::read();"),
        ["std::net", "std::fs"]
    );
    assert_eq!(worldly_uses("use std::{fmt::{self, net}, sync::Arc}; // std::fs"), Vec::<String>::new());
    assert_eq!(worldly_uses("let now = Instant::now();"), ["Instant::now"]);
    let code =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\nfn b() {}\n#[cfg(test)]\nmod test;\nfn c() {}";
    assert_eq!(without_tests(code), "fn a() {}\nfn b() {}\nfn c() {}");
    let long = format!("impl X {{\n    pub fn f() {{\n{}    }}\n}}\n", "        g();\n".repeat(FUNCTION_LINES_MAX));
    assert_eq!(long_functions(&long).len(), 1);
}
