//! Text that came from people or files, made safe to show.

/// `text` with everything escaped that could move the cursor, recolour the screen or reverse the reading order.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() || is_directional(char) {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// The controls of Unicode's bidirectional algorithm (UAX #9), line separators, and the invisible mark of byte order.
fn is_directional(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_escaped_and_letters_are_not() {
        assert_eq!(shown("naïve名前 'q' $x"), "naïve名前 'q' $x");
        assert_eq!(shown("a\x1b[31mb\n\u{202e}c\u{9b}"), "a\\u{1b}[31mb\\n\\u{202e}c\\u{9b}");
    }
}
