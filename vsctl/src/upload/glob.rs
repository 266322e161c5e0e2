//! `*.mp4`, `series/**/?1.mkv`: patterns of `--include` and `--exclude`.
//!
//! A pattern without `/` is matched with the file's name, one with `/` with its path below the folder given. `*` and `?` stop at
//! `/`, `**` does not.

/// Whether a path below the folder matches.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let text = if pattern.contains('/') { path } else { path.rsplit('/').next().unwrap_or(path) };
    let pattern: Vec<_> = pattern.trim_start_matches('/').chars().collect();
    let text: Vec<_> = text.chars().collect();
    fits(&pattern, &text)
}

/// Row by row over the pattern, keeping which prefixes of the text fit so far: no pattern makes it slow.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let mut next = vec![false; text.len() + 1];
        let is_deep = pattern[at] == '*' && pattern.get(at + 1) == Some(&'*');
        match pattern[at] {
            '*' => {
                let mut open = false;
                for i in 0..=text.len() {
                    open = reached[i] || (open && (is_deep || text[i - 1] != '/'));
                    next[i] = open;
                }
                // `**/` also means no folder at all.
                if is_deep && pattern.get(at + 2) == Some(&'/') {
                    at += 1;
                    let folders: Vec<_> =
                        (0..=text.len()).map(|i| i > 0 && next[i - 1] && text[i - 1] == '/').collect();
                    for i in 0..=text.len() {
                        next[i] = reached[i] || folders[i];
                    }
                }
            }
            wanted => {
                for i in 0..text.len() {
                    next[i + 1] = reached[i] && (text[i] == wanted || (wanted == '?' && text[i] != '/'));
                }
            }
        }
        at += if is_deep { 2 } else { 1 };
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_and_paths() {
        for (pattern, path) in [
            ("*.mp4", "a/b/film.mp4"),
            ("film.*", "film.mp4"),
            ("a/*.mp4", "a/film.mp4"),
            ("a/**/*.mp4", "a/film.mp4"),
            ("a/**/*.mp4", "a/b/c/film.mp4"),
            ("**/c/*", "a/b/c/film"),
            ("**", "a/b"),
            ("/film", "film"),
            ("?1.mkv", "s1.mkv"),
            ("*a*a*a*b", "aaaaaaaaaab"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.mp4", "film.mkv"),
            ("a/*.mp4", "a/b/film.mp4"),
            ("?.mkv", "s1.mkv"),
            ("a/?/x", "a//x"),
            ("b/**/x", "a/x"),
            ("*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
