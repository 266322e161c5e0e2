//! The nodes, how good each looks from here, and what it does for us.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use vsplay_core::snapshot::NodeView;

use super::{draw::shortened, scene::Scene, theme::Theme};

const FORMULA: &str = "Nodes — score = (bandwidth × reliability) / (1 + latency × 0.1)";

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme, merged: bool) {
    let summary = if merged {
        let snapshot = &scene.snapshot;
        format!("{}/{} failovers {}", snapshot.in_flight, snapshot.concurrency, snapshot.failovers)
    } else {
        format!("ping {} s", scene.ping_interval.as_secs_f64())
    };
    let name = if usize::from(area.width) > FORMULA.chars().count() + summary.len() + 8 { FORMULA } else { "Nodes" };
    let block = theme.frame(name, Line::styled(summary, theme.dim()));
    let rows = scene.snapshot.nodes.iter().map(|node| row(scene, node, theme, merged));
    frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()).block(block), area);
}

fn row<'a>(scene: &Scene, node: &NodeView, theme: Theme, merged: bool) -> Line<'a> {
    let facts = scene.nodes.get(&node.id).cloned().unwrap_or_default();
    let state = if node.excluded { "excluded".to_owned() } else { facts.state };
    let style = match state.as_str() {
        "up" => theme.good(),
        "excluded" | "down" => theme.bad(),
        _ => theme.warn(),
    };
    let mut line = Line::from(vec![
        Span::styled(format!(" {:<4}", node.id.to_string()), theme.strong()),
        Span::styled(format!("{:<8}", shortened(&facts.zone, 7)), theme.dim()),
        Span::styled(format!("{state:<9}"), style),
        Span::raw(format!("{:>8.2} {:>6.1} ms  ", node.score, node.latency_ms)),
    ]);
    if merged {
        line.push_span(format!("{:>8.1} Mbit/s  ", node.bandwidth_mbps));
        line.push_span(coming(scene, node));
    } else {
        line.push_span(format!("{:>8.1} Mbit/s  {:.3}  ", node.bandwidth_mbps, node.reliability));
        line.push_span(load(scene, node, theme));
        line.push_span(format!("{:>4} chunks {:>4.0}%", node.chunks, node.share * 100.0));
    }
    line
}

/// How much is asked of the node; of one that gave bad bytes, how often.
fn load<'a>(scene: &Scene, node: &NodeView, theme: Theme) -> Span<'a> {
    match node.bad_copies {
        0 => Span::raw(format!("{}/{} in flight  ", node.in_flight, scene.snapshot.concurrency)),
        bad => Span::styled(format!("{:<15}", format!("{bad} bad copies")), theme.bad()),
    }
}

/// What the node is sending, where downloads have no pane: how far each is.
fn coming(scene: &Scene, node: &NodeView) -> String {
    let open = scene.snapshot.downloads.iter().filter(|fetch| fetch.node == node.id && !fetch.done);
    let percent = |fetch: &vsplay_core::snapshot::Download| fetch.received_bytes * 100 / fetch.total_bytes.max(1);
    let texts: Vec<_> = open.map(|fetch| format!("{}%", percent(fetch))).collect();
    if texts.is_empty() { format!("{:>5} chunks", node.chunks) } else { format!("↓ {}", texts.join(" ")) }
}
