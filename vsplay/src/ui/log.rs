//! What happened, the latest last.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use vs_core::unit::clock;

use super::{scene::Scene, theme::Theme};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let block = theme.frame("Log", "");
    let rows = usize::from(block.inner(area).height);
    let skipped = scene.log.len().saturating_sub(rows);
    let line = |(at, text): &(std::time::Duration, String)| {
        Line::from(vec![Span::styled(format!(" {}  ", clock(*at)), theme.dim()), Span::raw(text.clone())])
    };
    let lines: Vec<_> = scene.log.iter().skip(skipped).map(line).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
