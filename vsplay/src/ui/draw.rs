//! One scene on one screen.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vs_core::unit::clock;
use vsplay_core::snapshot::State;

use super::{
    arrange::{arrange, is_tiny},
    buffer, consensus, downloads, help, log, nodes,
    scene::Scene,
    theme::Theme,
    throughput, video,
};

/// What the footer tells about keys, the most needed first.
const KEYS: &str = " space pause  ←→ seek  0-9 jump  tab panes  ? help  q quit";
/// What is left of a title at least, and how much of it the context gives way to.
const TITLE_COLUMNS_MIN: usize = 8;
const TITLE_COLUMNS: usize = 30;
const SILENT: &str = "silent: this release plays no sound ";

pub(crate) fn draw(frame: &mut Frame, scene: &Scene) {
    let theme = Theme::of(scene.palette);
    let screen = frame.area();
    let areas = arrange(screen, scene.view, scene.snapshot.nodes.len());
    if is_tiny(screen) {
        frame.render_widget(Paragraph::new(one_line(scene, theme)), areas.header);
        return;
    }
    frame.render_widget(Paragraph::new(header(scene, theme, screen.width)), areas.header);
    let mut pane = |area: Option<Rect>, draw: &dyn Fn(&mut Frame, Rect)| {
        if let Some(area) = area {
            draw(frame, area);
        }
    };
    pane(areas.video, &|frame, area| video::draw(frame, area, scene, theme));
    pane(areas.buffer, &|frame, area| buffer::draw(frame, area, scene, theme));
    pane(areas.throughput, &|frame, area| throughput::draw(frame, area, scene, theme));
    pane(areas.nodes, &|frame, area| nodes::draw(frame, area, scene, theme, areas.merged));
    pane(areas.downloads, &|frame, area| downloads::draw(frame, area, scene, theme));
    pane(areas.consensus, &|frame, area| consensus::draw(frame, area, scene, theme));
    pane(areas.log, &|frame, area| log::draw(frame, area, scene, theme));
    footer(frame, areas.footer, scene, theme);
    if scene.view.help {
        help::draw(frame, screen, theme);
    }
}

fn state(scene: &Scene, theme: Theme) -> Span<'static> {
    let state = scene.snapshot.state;
    let text = state.as_str().to_uppercase();
    match state {
        State::Playing => Span::styled(format!("{text} 1.00x"), theme.good()),
        State::Paused | State::Starting => Span::styled(text, theme.warn()),
        State::Rebuffering => Span::styled(text, theme.bad()),
        State::Ended => Span::styled(text, theme.dim()),
    }
}

/// The title gives way where room is short, and the context goes first.
fn header(scene: &Scene, theme: Theme, columns: u16) -> Line<'static> {
    let snapshot = &scene.snapshot;
    let gap = if columns < 100 { "  " } else { "   " };
    let context = format!("{gap}{}", scene.context);
    let mut rest = Line::from(vec![
        Span::styled(format!(" ({}){gap}", scene.id), theme.dim()),
        state(scene, theme),
        Span::raw(format!("{gap}{} / {}{gap}{}", clock(snapshot.position), clock(snapshot.end), scene.quality)),
    ]);
    const BRAND: &str = " vsplay  ";
    let whole = BRAND.len() + rest.width() + scene.title.width().min(TITLE_COLUMNS) + context.width();
    if whole <= columns.into() {
        rest.push_span(Span::styled(context, theme.dim()));
    }
    let room = usize::from(columns).saturating_sub(BRAND.len() + rest.width()).max(TITLE_COLUMNS_MIN);
    let title = Span::styled(shortened(&scene.title, room), theme.strong());
    let mut line = Line::from(vec![Span::styled(BRAND, theme.accent()), title]);
    line.extend(rest.spans);
    line
}

/// All that matters, where there is one line.
fn one_line(scene: &Scene, theme: Theme) -> Line<'static> {
    let snapshot = &scene.snapshot;
    Line::from(vec![
        state(scene, theme),
        Span::raw(format!(" {}/{}", clock(snapshot.position), clock(snapshot.end))),
        Span::raw(format!(" buffer {:.1} s", snapshot.ahead.as_secs_f64())),
        Span::raw(format!(" {}/{}", snapshot.in_flight, snapshot.concurrency)),
    ])
}

fn footer(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let left = match &scene.message {
        Some(message) => Line::styled(format!(" {message}"), theme.warn()),
        None => Line::styled(KEYS, theme.dim()),
    };
    let room = usize::from(area.width).saturating_sub(left.width());
    frame.render_widget(Paragraph::new(left), area);
    let right = Line::styled(if room > SILENT.len() { SILENT } else { "silent " }, theme.warn());
    if room > right.width() {
        frame.render_widget(Paragraph::new(right.right_aligned()), area);
    }
}

/// The first characters of a text that fit into `columns`.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= columns
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// A bar of `columns` cells of which `part` (0..=1) is filled, to an eighth of a cell.
pub(crate) fn bar(columns: usize, part: f64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let mut text = String::new();
    for at in 0..columns {
        #[allow(clippy::cast_precision_loss, reason = "a screen is narrow")]
        let filled = part * columns as f64 - at as f64;
        let reached = |(_, n): &(&char, f64)| filled * 8.0 >= *n;
        let eighth = EIGHTHS.iter().zip([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).rev().find(reached);
        let eighth = eighth.map_or(' ', |(c, _)| *c);
        text.push(if filled >= 1.0 { '█' } else { eighth });
    }
    text
}
