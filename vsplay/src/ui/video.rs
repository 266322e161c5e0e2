//! The picture, in half-blocks.

use ratatui::{
    Frame,
    layout::{Constraint, Flex, Layout, Rect},
    style::Style,
    text::Line,
    widgets::{Paragraph, Wrap},
};

use super::{
    scene::{Scene, Screen},
    theme::Theme,
};
use crate::decode::Picture;

const UPPER_HALF: &str = "▀";

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, theme: Theme) {
    let how = if matches!(scene.screen, Screen::Picture(_)) { "half-block" } else { "" };
    let block = theme.frame("Video", Line::styled(how, theme.dim()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match &scene.screen {
        Screen::Picture(picture) => blit(frame, inner, picture),
        Screen::Text(text) => {
            let [middle] = Layout::vertical([Constraint::Length(3)]).flex(Flex::Center).areas(inner);
            let text = Paragraph::new(text.as_str()).style(theme.dim()).centered().wrap(Wrap { trim: true });
            frame.render_widget(text, middle);
        }
    }
}

/// Copies the cells; a picture made for another size is drawn as far as it fits until the next one comes.
fn blit(frame: &mut Frame, area: Rect, picture: &Picture) {
    let columns = usize::from(picture.size.columns).max(1);
    let cells = frame.buffer_mut();
    for (row, y) in picture.cells.chunks(columns).zip(area.top()..area.bottom()) {
        for ((upper, lower), x) in row.iter().zip(area.left()..area.right()) {
            if let Some(cell) = cells.cell_mut((x, y)) {
                cell.set_symbol(UPPER_HALF).set_style(Style::new().fg(*upper).bg(*lower));
            }
        }
    }
}
