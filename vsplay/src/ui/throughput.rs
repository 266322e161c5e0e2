//! Bytes as they came in over the last minute.

use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{RenderDirection, Sparkline},
};

use super::{scene::Scene, theme::Theme};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let now = format!("{:.1} Mbit/s", scene.snapshot.throughput_mbps);
    let block = theme.frame("Throughput", Line::styled(now, theme.good()));
    let latest_first: Vec<u64> = scene.history.iter().rev().copied().collect();
    let line = Sparkline::default()
        .block(block)
        .data(latest_first)
        .direction(RenderDirection::RightToLeft)
        .style(theme.accent());
    frame.render_widget(line, area);
}
