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

/// The stream tells something every second; older than this, the picture says how old it is.
const FRESH: Duration = Duration::from_millis(2_500);

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let consensus = &scene.consensus;
    let Some(state) = &consensus.state else {
        let text = " waiting for the cluster's state; playing does not need it";
        let block = theme.frame("Consensus", "");
        frame.render_widget(Paragraph::new(text).style(theme.dim()).wrap(Wrap { trim: false }).block(block), area);
        return;
    };
    let summary = match consensus.age.filter(|age| *age > FRESH) {
        Some(age) => Line::styled(format!("as of {} ago", crate::long(age)), theme.warn()),
        None => Line::styled(format!("term {} quorum {}/{}", state.term, state.quorum, state.voters), theme.dim()),
    };
    let rows: Vec<_> = state.members.iter().map(|member| row(member, theme)).collect();
    frame.render_widget(Paragraph::new(rows).block(theme.frame("Consensus", summary)), area);
}

fn row<'a>(member: &Member, theme: Theme) -> Line<'a> {
    let leads = member.state == "leader";
    let role = format!("{:<10}", shown(&member.state).to_uppercase());
    let mut line = Line::from(vec![
        Span::styled(format!(" n{:<3}", member.id), theme.strong()),
        Span::styled(role, if leads { theme.good() } else { theme.accent() }),
    ]);
    if leads {
        line.push_span(format!("commit {:<7} lag {}", member.commit, member.lag));
    } else {
        line.push_span(format!("match  {:<7} lag {:<3} hb {} ms", member.r#match, member.lag, member.heartbeat_ms));
    }
    line
}
