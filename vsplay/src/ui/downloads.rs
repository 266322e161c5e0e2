//! Chunks on their way, then the latest that came.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use vsplay_core::snapshot::Download;

use super::{
    draw::{bar, shortened},
    scene::Scene,
    theme::Theme,
};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let snapshot = &scene.snapshot;
    let summary =
        format!("{}/{} in flight · failovers {}", snapshot.in_flight, snapshot.concurrency, snapshot.failovers);
    let block = theme.frame("Downloads", Line::styled(summary, theme.dim()));
    let inner = block.inner(area);
    let rows = snapshot.downloads.iter().take(inner.height.into()).map(|fetch| row(fetch, inner.width, theme));
    frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()).block(block), area);
}

fn row<'a>(fetch: &Download, width: u16, theme: Theme) -> Line<'a> {
    #[allow(clippy::cast_precision_loss, reason = "a chunk is small")]
    let part = fetch.received_bytes as f64 / fetch.total_bytes.max(1) as f64;
    let name = format!(" seg {:<3} {:<6} c{:<2} ", fetch.segment, shortened(&fetch.track, 6), fetch.chunk);
    let tail = format!(" {:>3.0}% {:>4} ms ", part * 100.0, fetch.elapsed.as_millis());
    let node = format!("{:<3} ", fetch.node.to_string());
    let room = usize::from(width).saturating_sub(name.chars().count() + tail.len() + node.len());
    Line::from(vec![
        Span::raw(name),
        Span::styled(node, theme.strong()),
        Span::styled(bar(room, part), if fetch.done { theme.dim() } else { theme.accent() }),
        Span::raw(tail),
    ])
}
