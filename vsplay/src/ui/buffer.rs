//! How much is buffered, and which chunk came from whom.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use vs_core::unit::human_bytes;
use vsplay_core::snapshot::{MapCell, Snapshot, State};

use super::{draw::bar, scene::Scene, theme::Theme};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let snapshot = &scene.snapshot;
    let part = snapshot.ahead.as_secs_f64() / snapshot.target_buffer.as_secs_f64().max(1e-3);
    let block = theme.frame("Buffer", health(snapshot, part, theme));
    let inner = block.inner(area);
    let width = usize::from(inner.width);
    let target = format!("▏{} s ", snapshot.target_buffer.as_secs_f64());
    let ahead = format!(" {:4.1} s ▕", snapshot.ahead.as_secs_f64());
    let room = width.saturating_sub(ahead.chars().count() + target.chars().count());
    let mut lines = vec![Line::from(vec![
        Span::raw(ahead),
        Span::styled(bar(room, part.min(1.0)), level(snapshot, theme)),
        Span::raw(target),
    ])];
    lines.extend(map(scene, width, theme));
    lines.push(legend(scene, theme));
    let bytes = human_bytes;
    let (held, memory) = (bytes(snapshot.held_bytes), bytes(snapshot.memory_bytes_max));
    lines.push(Line::from(format!(" held {held} of {memory}")));
    lines.push(Line::from(format!(
        " stalls {} ({} ms) · low water {} s",
        snapshot.rebuffer_count,
        snapshot.rebuffer.as_millis(),
        snapshot.low_water.as_secs_f64()
    )));
    let (fetched, wasted) = (bytes(snapshot.bytes_fetched), bytes(snapshot.bytes_wasted));
    lines.push(Line::from(format!(" fetched {fetched}, wasted {wasted}")));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Everything up to the film's end is there.
fn is_complete(snapshot: &Snapshot) -> bool {
    snapshot.position + snapshot.ahead >= snapshot.end && !snapshot.end.is_zero()
}

fn health(snapshot: &Snapshot, part: f64, theme: Theme) -> Line<'static> {
    let word = match () {
        () if is_complete(snapshot) => "COMPLETE",
        () if snapshot.state == State::Rebuffering => "EMPTY",
        () if snapshot.state == State::Starting => "FILLING",
        () if snapshot.ahead < snapshot.low_water => "LOW",
        () => "HEALTHY",
    };
    let text = if is_complete(snapshot) { word.to_owned() } else { format!("{word} {:.0}%", part.min(1.0) * 100.0) };
    Line::styled(text, level(snapshot, theme))
}

fn level(snapshot: &Snapshot, theme: Theme) -> ratatui::style::Style {
    match () {
        () if snapshot.state == State::Rebuffering => theme.bad(),
        () if snapshot.ahead < snapshot.low_water && !is_complete(snapshot) => theme.warn(),
        () => theme.good(),
    }
}

/// The chunks around the position, over two rows.
fn map<'a>(scene: &Scene, width: usize, theme: Theme) -> Vec<Line<'a>> {
    const LABEL: &str = " chunks ";
    let cells = &scene.snapshot.map;
    let now = cells.iter().position(|cell| *cell != MapCell::Played);
    let style = |(at, cell): (usize, &MapCell)| match cell {
        MapCell::Played => Span::styled("■", theme.dim()),
        _ if Some(at) == now && matches!(cell, MapCell::Held(_)) => Span::styled("▶", theme.strong()),
        MapCell::Held(node) => {
            let at = index(scene, *node);
            Span::styled(digit(at), theme.node(at))
        }
        MapCell::Fetching(node) => Span::styled("↓", theme.node(index(scene, *node))),
        MapCell::Wanted => Span::styled("!", theme.bad()),
        MapCell::Ahead => Span::styled("·", theme.dim()),
    };
    let spans: Vec<_> = cells.iter().enumerate().map(style).collect();
    let room = width.saturating_sub(LABEL.len() + 1).max(1);
    let mut rows = spans.chunks(room).take(2).map(<[Span]>::to_vec);
    let row = |label: &'static str, row: Option<Vec<Span<'a>>>| {
        let mut line = Line::from(label);
        line.extend(row.unwrap_or_default());
        line
    };
    vec![row(LABEL, rows.next()), row("        ", rows.next())]
}

fn legend<'a>(scene: &Scene, theme: Theme) -> Line<'a> {
    let mut nodes: Vec<_> = scene.snapshot.nodes.iter().map(|node| node.id).collect();
    nodes.sort_unstable();
    let mut line = Line::from("        ");
    for (at, id) in nodes.iter().enumerate().take(4) {
        line.push_span(Span::styled(format!("{}={id} ", digit(at)), theme.node(at)));
    }
    line.push_span(Span::styled("↓ coming", theme.dim()));
    line
}

/// A node's place in the order of ids: what its digit and colour come from.
fn index(scene: &Scene, node: vs_core::id::NodeId) -> usize {
    scene.snapshot.nodes.iter().filter(|other| other.id < node).count()
}

fn digit(at: usize) -> String {
    u32::try_from(at + 1).ok().and_then(|n| char::from_digit(n % 36, 36)).unwrap_or('?').to_string()
}
