//! Where panes lie, for any size of terminal.

use ratatui::layout::{Constraint, Layout, Rect};

use super::scene::{Pane, View};
use crate::decode::Size;

/// Below this there is room for one line only.
const COLUMNS_MIN: u16 = 60;
const ROWS_MIN: u16 = 15;
/// From this on there is room for throughput, and for downloads of their own.
const COLUMNS_FULL: u16 = 100;
const ROWS_FULL: u16 = 30;
/// Rows of the nodes pane besides its nodes, and most nodes shown beside other panes.
const FRAME_ROWS: u16 = 2;
const NODE_ROWS_MAX: u16 = 6;
/// Rows of the last line of panes: the members of a metadata group of five, or of three, and the frame.
const LAST_ROWS_FULL: u16 = 7;
const LAST_ROWS: u16 = 5;

/// The areas of one screen; a pane without an area is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) header: Rect,
    pub(crate) video: Option<Rect>,
    pub(crate) buffer: Option<Rect>,
    pub(crate) throughput: Option<Rect>,
    pub(crate) nodes: Option<Rect>,
    pub(crate) downloads: Option<Rect>,
    pub(crate) consensus: Option<Rect>,
    pub(crate) log: Option<Rect>,
    pub(crate) footer: Rect,
    /// Downloads have no area of their own and are told with the nodes.
    pub(crate) merged: bool,
}

/// True when only one line fits.
pub(crate) fn is_tiny(screen: Rect) -> bool {
    screen.width < COLUMNS_MIN || screen.height < ROWS_MIN
}

pub(crate) fn arrange(screen: Rect, view: View, nodes: usize) -> Areas {
    if is_tiny(screen) {
        return Areas { header: Rect { height: screen.height.min(1), ..screen }, ..Areas::default() };
    }
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(screen);
    let areas = Areas { header, footer, ..Areas::default() };
    match view.zoom {
        Some(pane) => zoomed(areas, body, pane),
        None => together(areas, body, screen, nodes),
    }
}

fn zoomed(mut areas: Areas, body: Rect, pane: Pane) -> Areas {
    let area = match pane {
        Pane::Video => &mut areas.video,
        Pane::Buffer => &mut areas.buffer,
        Pane::Nodes => &mut areas.nodes,
        Pane::Downloads => &mut areas.downloads,
        Pane::Consensus => &mut areas.consensus,
        Pane::Log => &mut areas.log,
    };
    *area = Some(body);
    areas
}

fn together(mut areas: Areas, body: Rect, screen: Rect, nodes: usize) -> Areas {
    let full = screen.width >= COLUMNS_FULL && screen.height >= ROWS_FULL;
    let node_rows = u16::try_from(nodes).unwrap_or(u16::MAX).clamp(1, NODE_ROWS_MAX) + FRAME_ROWS;
    let node_rows = if full { node_rows } else { node_rows.min(body.height / 4) };
    let last_rows = if full { LAST_ROWS_FULL } else { LAST_ROWS };
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(node_rows), Constraint::Length(last_rows)])
            .areas(body);
    let [left, right] = Layout::horizontal([Constraint::Percentage(54), Constraint::Fill(1)]).areas(top);
    areas.video = Some(left);
    areas.nodes = Some(middle);
    if full {
        let [buffer, throughput] = Layout::vertical([Constraint::Length(9), Constraint::Fill(1)]).areas(right);
        let [downloads, consensus] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(bottom);
        areas.buffer = Some(buffer);
        areas.throughput = Some(throughput);
        areas.downloads = Some(downloads);
        areas.consensus = Some(consensus);
    } else {
        areas.buffer = Some(right);
        areas.consensus = Some(bottom);
        areas.merged = true;
    }
    areas
}

/// The cells inside a pane's frame, as far as a picture goes.
pub(crate) fn picture_size(areas: &Areas) -> Size {
    let inner = |area: Rect| Size { columns: area.width.saturating_sub(2), rows: area.height.saturating_sub(2) };
    areas.video.map(inner).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On every size of terminal panes lie inside the screen and beside one another.
    #[test]
    fn panes_never_overlap() {
        for (width, height) in [(60, 15), (80, 24), (100, 30), (100, 20), (79, 60), (300, 90), (40, 10), (1, 1), (0, 0)]
        {
            for zoom in [None, Some(Pane::Video), Some(Pane::Log)] {
                let screen = Rect::new(0, 0, width, height);
                let a = arrange(screen, View { zoom, help: false }, 9);
                let panes = [a.video, a.buffer, a.throughput, a.nodes, a.downloads, a.consensus, a.log];
                let rects: Vec<_> = panes.into_iter().flatten().chain([a.header, a.footer]).collect();
                for (at, rect) in rects.iter().enumerate() {
                    assert_eq!(rect.intersection(screen), *rect);
                    assert!(rects[..at].iter().all(|other| !other.intersects(*rect)), "{width}x{height} {zoom:?}");
                }
            }
        }
    }
}
