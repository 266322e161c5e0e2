//! What keys mean.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::scene::{Pane, View};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    TogglePause,
    SeekBy(i64),
    SeekPercent(u8),
    Look(View),
    WriteReport,
    Quit,
    Interrupt,
}

/// Every key there is, as the help tells it.
pub(crate) const HELP: &[(&str, &str)] = &[
    ("space", "pause and go on"),
    ("← →", "10 seconds back, forth"),
    ("shift ← →", "60 seconds back, forth"),
    ("0 - 9", "to that tenth of the film"),
    ("tab", "next pane on the whole screen, then all again"),
    ("1 - 6", "while one pane is shown: video, buffer, nodes,"),
    ("", "downloads, consensus, log"),
    ("n c l", "nodes, consensus, log on the whole screen"),
    ("w", "write the report now"),
    ("?", "this help"),
    ("esc", "close the help or the pane; else quit"),
    ("q", "quit"),
];

const SHORT_SECONDS: i64 = 10;
const LONG_SECONDS: i64 = 60;

/// The meaning of a key while `view` is open.
pub(crate) fn command(key: KeyEvent, view: View) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let step = if key.modifiers.contains(KeyModifiers::SHIFT) { LONG_SECONDS } else { SHORT_SECONDS };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Command::Interrupt,
        _ if control => return None,
        KeyCode::Char(' ') => Command::TogglePause,
        KeyCode::Left => Command::SeekBy(-step),
        KeyCode::Right => Command::SeekBy(step),
        KeyCode::Char(digit @ '1'..='6') if view.zoom.is_some() => look_at(Pane::ALL[usize::from(digit as u8 - b'1')]),
        KeyCode::Char(digit @ '0'..='9') => Command::SeekPercent((digit as u8 - b'0') * 10),
        KeyCode::Tab => Command::Look(View { zoom: after(view.zoom), help: false }),
        KeyCode::BackTab => Command::Look(View { zoom: before(view.zoom), help: false }),
        KeyCode::Char('n') => toggle(view, Pane::Nodes),
        KeyCode::Char('c') => toggle(view, Pane::Consensus),
        KeyCode::Char('l') => toggle(view, Pane::Log),
        KeyCode::Char('w') => Command::WriteReport,
        KeyCode::Char('?') => Command::Look(View { help: !view.help, ..view }),
        KeyCode::Esc if view.help => Command::Look(View { help: false, ..view }),
        KeyCode::Esc if view.zoom.is_some() => Command::Look(View::default()),
        KeyCode::Esc | KeyCode::Char('q') => Command::Quit,
        _ => return None,
    })
}

fn look_at(pane: Pane) -> Command {
    Command::Look(View { zoom: Some(pane), help: false })
}

fn toggle(view: View, pane: Pane) -> Command {
    if view.zoom == Some(pane) { Command::Look(View::default()) } else { look_at(pane) }
}

fn after(zoom: Option<Pane>) -> Option<Pane> {
    match zoom.and_then(|pane| Pane::ALL.iter().position(|each| *each == pane)) {
        None => Some(Pane::ALL[0]),
        Some(at) => Pane::ALL.get(at + 1).copied(),
    }
}

fn before(zoom: Option<Pane>) -> Option<Pane> {
    match zoom.and_then(|pane| Pane::ALL.iter().position(|each| *each == pane)) {
        None => Pane::ALL.last().copied(),
        Some(at) => at.checked_sub(1).map(|at| Pane::ALL[at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers, view: View) -> Option<Command> {
        command(KeyEvent::new(code, modifiers), view)
    }

    #[test]
    fn keys_do_what_the_contract_says() {
        let none = KeyModifiers::NONE;
        let plain = |code| press(code, none, View::default());
        assert_eq!(plain(KeyCode::Char(' ')), Some(Command::TogglePause));
        assert_eq!(plain(KeyCode::Left), Some(Command::SeekBy(-10)));
        assert_eq!(press(KeyCode::Right, KeyModifiers::SHIFT, View::default()), Some(Command::SeekBy(60)));
        assert_eq!(plain(KeyCode::Char('0')), Some(Command::SeekPercent(0)));
        assert_eq!(plain(KeyCode::Char('5')), Some(Command::SeekPercent(50)));
        assert_eq!(plain(KeyCode::Char('q')), Some(Command::Quit));
        assert_eq!(plain(KeyCode::Esc), Some(Command::Quit));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL, View::default()), Some(Command::Interrupt));
        assert_eq!(plain(KeyCode::Char('z')), None);
    }

    #[test]
    fn tab_goes_round_and_escape_closes_one_thing_at_a_time() {
        let mut view = View::default();
        for _ in 0..=Pane::ALL.len() {
            let Some(Command::Look(next)) = press(KeyCode::Tab, KeyModifiers::NONE, view) else { panic!() };
            view = next;
        }
        assert_eq!(view, View::default());
        let zoomed = View { zoom: Some(Pane::Log), help: true };
        let closed = Some(Command::Look(View { zoom: Some(Pane::Log), help: false }));
        assert_eq!(press(KeyCode::Esc, KeyModifiers::NONE, zoomed), closed);
        let digit = press(KeyCode::Char('3'), KeyModifiers::NONE, View { zoom: Some(Pane::Log), help: false });
        assert_eq!(digit, Some(look_at(Pane::Nodes)));
    }
}
