//! The metadata group as the cluster's stream tells it, with its age: playback does not depend on it, so neither does
//! the pane.

use std::time::Duration;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};
use vs_core::text::shown;
use vs_wire::v1::Member;

use super::{scene::Scene, theme::Theme};

/// From here on seconds tell more than milliseconds.
const LONG_MS: u64 = 10_000;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let consensus = &scene.consensus;
    let Some(state) = &consensus.state else {
        let text = " waiting for the cluster's state; playing does not need it";
        let block = theme.frame("Consensus", "");
        frame.render_widget(Paragraph::new(text).style(theme.dim()).wrap(Wrap { trim: false }).block(block), area);
        return;
    };
    let summary = match consensus.age.filter(|_| !consensus.is_fresh()) {
        Some(age) => Line::styled(format!("as of {} ago", crate::long(age)), theme.warn()),
        None if state.leader.is_none() => Line::styled(
            format!("no leader, term {} quorum {}/{}", state.term, state.quorum, state.voters),
            theme.bad(),
        ),
        None => Line::styled(format!("term {} quorum {}/{}", state.term, state.quorum, state.voters), theme.dim()),
    };
    let mut rows: Vec<_> = state.members.iter().map(|member| row(member, theme)).collect();
    if let Some(ago_ms) = state.last_election_ms {
        let since = consensus.age.unwrap_or_default() + Duration::from_millis(ago_ms);
        let seen = match state.elections {
            0 | 1 => String::new(),
            elections => format!(", {elections} elections seen"),
        };
        rows.push(Line::styled(format!(" elected {} ago{seen}", crate::long(since)), theme.dim()));
    }
    frame.render_widget(Paragraph::new(rows).block(theme.frame("Consensus", summary)), area);
}

fn row<'a>(member: &Member, theme: Theme) -> Line<'a> {
    let role = shown(&member.state).to_uppercase();
    let (role, style) = match member.state.as_str() {
        "leader" => (role, theme.good()),
        "down" => (format!("✗ {role}"), theme.bad()),
        "candidate" => (role, theme.warn()),
        _ => (role, theme.accent()),
    };
    let mut line = Line::from(vec![
        Span::styled(format!(" n{:<3}", member.id), theme.strong()),
        Span::styled(format!("{role:<10}"), style),
    ]);
    if member.state == "leader" {
        line.push_span(format!("commit {:<7} lag {}", member.commit, member.lag));
    } else {
        let heartbeat = heartbeat(member.heartbeat_ms);
        line.push_span(format!("match  {:<7} lag {:<3} hb {heartbeat}", member.r#match, member.lag));
    }
    line
}

fn heartbeat(ms: Option<u64>) -> String {
    match ms {
        None => "never".to_owned(),
        Some(ms) if ms >= LONG_MS => format!("{} s", ms / 1_000),
        Some(ms) => format!("{ms} ms"),
    }
}
