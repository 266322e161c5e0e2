//! Colours by meaning. Without colour everything is still told by words and symbols.

use ratatui::{
    layout::Alignment,
    style::{Color, Modifier, Style},
    text::Line,
    widgets::Block,
};

use crate::decode::Palette;

/// Nodes are told apart by their number and by these colours, over and over.
const NODE_COLORS: [Color; 6] =
    [Color::Green, Color::Cyan, Color::Magenta, Color::Yellow, Color::Blue, Color::LightRed];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    color: bool,
}

impl Theme {
    pub(crate) fn of(palette: Palette) -> Self {
        Self { color: palette != Palette::None }
    }

    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn accent(self) -> Style {
        self.colored(Color::Cyan)
    }

    pub(crate) fn dim(self) -> Style {
        self.colored(Color::DarkGray)
    }

    pub(crate) fn good(self) -> Style {
        self.colored(Color::Green)
    }

    pub(crate) fn warn(self) -> Style {
        self.colored(Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.colored(Color::Red)
    }

    /// The `at`-th node's own.
    pub(crate) fn node(self, at: usize) -> Style {
        self.colored(NODE_COLORS[at % NODE_COLORS.len()])
    }

    /// A pane's frame with its name on the left and its summary on the right.
    pub(crate) fn frame<'a>(self, name: &'a str, summary: impl Into<Line<'a>>) -> Block<'a> {
        let name = Line::from(format!(" {name} ")).style(self.accent());
        let mut summary: Line = summary.into();
        if summary.width() > 0 {
            summary.spans.insert(0, " ".into());
            summary.push_span(" ");
        }
        Block::bordered().border_style(self.dim()).title(name).title(summary.alignment(Alignment::Right))
    }
}
