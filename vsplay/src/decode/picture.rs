//! Frames as terminal cells: two pixels in each, above and below, drawn with one half-block.

use ratatui::style::Color;

/// The colours a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    True,
    Indexed,
    /// No colour: no picture either.
    None,
}

impl Palette {
    /// What the terminal says of itself.
    pub(crate) fn of_terminal(color: bool) -> Self {
        let says = std::env::var("COLORTERM").unwrap_or_default();
        match () {
            () if !color => Self::None,
            () if says == "truecolor" || says == "24bit" => Self::True,
            () => Self::Indexed,
        }
    }

    fn color(self, rgb: [u8; 3]) -> Color {
        match self {
            Self::Indexed => Color::Indexed(nearest(rgb)),
            _ => Color::Rgb(rgb[0], rgb[1], rgb[2]),
        }
    }
}

/// A size in terminal cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Size {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

impl Size {
    pub(crate) fn is_empty(self) -> bool {
        self.columns == 0 || self.rows == 0
    }

    /// Pixels: one a column, two a row.
    pub(crate) fn pixels(self) -> (u32, u32) {
        (self.columns.into(), 2 * u32::from(self.rows))
    }

    /// Bytes of one frame at three a pixel.
    pub(crate) fn frame_bytes(self) -> usize {
        6 * usize::from(self.columns) * usize::from(self.rows)
    }
}

/// One frame, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) size: Size,
    /// Upper and lower colour of each cell, row after row.
    pub(crate) cells: Vec<(Color, Color)>,
}

impl Picture {
    /// From rows of RGB pixels; `rgb` holds exactly one frame of that size.
    pub(crate) fn encode(size: Size, rgb: &[u8], palette: Palette) -> Self {
        let row_bytes = 3 * usize::from(size.columns);
        let pixel = |bytes: &[u8]| palette.color([bytes[0], bytes[1], bytes[2]]);
        let pair = |rows: &[u8]| {
            let (upper, lower) = rows.split_at(row_bytes);
            upper.chunks_exact(3).map(pixel).zip(lower.chunks_exact(3).map(pixel)).collect::<Vec<_>>()
        };
        Self { size, cells: rgb.chunks_exact(2 * row_bytes).flat_map(pair).collect() }
    }
}

/// The nearest of xterm's 256 colours: of the 6×6×6 cube or of the 24 greys.
fn nearest(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |value: u8| (0u8..6).min_by_key(|at| LEVELS[usize::from(*at)].abs_diff(value)).unwrap_or(0);
    let [r, g, b] = rgb.map(level);
    let cube = [r, g, b].map(|at| LEVELS[usize::from(at)]);
    let mean = u8::try_from(rgb.iter().map(|value| u32::from(*value)).sum::<u32>() / 3).unwrap_or(u8::MAX);
    let step = mean.saturating_sub(3) / 10;
    let step = step.min(23);
    let grey = [8 + 10 * step; 3];
    let distance =
        |color: [u8; 3]| -> u32 { color.iter().zip(rgb).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    if distance(grey) < distance(cube) { 232 + step } else { 16 + 36 * r + 6 * g + b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_two_pixels() {
        let size = Size { columns: 2, rows: 1 };
        let rgb = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
        assert_eq!(rgb.len(), size.frame_bytes());
        let picture = Picture::encode(size, &rgb, Palette::True);
        let grey = |v| Color::Rgb(v, v, v);
        assert_eq!(picture.cells, [(grey(1), grey(3)), (grey(2), grey(4))]);
    }

    #[test]
    fn colours_fall_on_their_nearest() {
        for (rgb, index) in [([0, 0, 0], 16), ([255, 255, 255], 231), ([255, 0, 0], 196), ([128, 128, 128], 244)] {
            assert_eq!(nearest(rgb), index, "{rgb:?}");
        }
    }
}
