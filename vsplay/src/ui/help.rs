//! The keys, over everything else.

use ratatui::{
    Frame,
    layout::{Constraint, Rect},
    text::{Line, Span},
    widgets::{Clear, Paragraph},
};

use super::{keys::HELP, theme::Theme};

const COLUMNS: u16 = 62;

pub(super) fn draw(frame: &mut Frame, screen: Rect, theme: Theme) {
    let rows = u16::try_from(HELP.len()).unwrap_or(u16::MAX).saturating_add(2);
    let area = screen.centered(Constraint::Length(COLUMNS), Constraint::Length(rows));
    let line = |(key, what): &(&'static str, &'static str)| {
        Line::from(vec![Span::styled(format!(" {key:<11}"), theme.strong()), Span::raw(*what)])
    };
    let lines: Vec<_> = HELP.iter().map(line).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(theme.frame("Keys", "")), area);
}
