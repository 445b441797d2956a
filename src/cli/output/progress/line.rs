//! The line that shows how far the work on a board is, for a terminal of any width.

use std::time::Duration;

use console::measure_text_width;

use crate::cli::args::number::rate;

/// What a line shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'l> {
    /// What the board is called; empty where there is only one.
    pub label: &'l str,
    /// The columns that all labels get.
    pub label_width: usize,
    /// What is being done.
    pub doing: &'l str,
    /// How much of all the work is done, from 0 to 1.
    pub fraction: f64,
    /// Bytes a second.
    pub rate: Option<f64>,
    /// How long the rest may take.
    pub time_left: Option<Duration>,
}

/// Columns for the longest word of what is being done.
const DOING: usize = 9;
/// Columns for `1234 KiB/s`.
const RATE: usize = 10;
/// Columns for `ETA 12:34`.
const ETA: usize = 9;
/// Columns that a bar is worth drawing for.
const SHORTEST_BAR: usize = 8;
/// The least columns that a serial number is cut to.
const SHORTEST_SERIAL: usize = 3;
/// The least columns that a label is cut to.
const SHORTEST_LABEL: usize = 12;

impl Line<'_> {
    /// In no more than this many columns. Words are left out, not cut.
    pub fn text(&self, columns: usize) -> String {
        let percent = format!("{:>3.0}%", (self.fraction * 100.0).floor());
        let mut text = String::new();
        if self.label_width > 0 {
            let width = label_width(self.label_width, columns);
            let label = shortened(self.label, width);
            text += &format!("{label:<width$}  ");
        }
        text += &format!("{:<DOING$}", self.doing);
        let rate = self.rate.map(rate).unwrap_or_default();
        let eta = self.time_left.map(eta).unwrap_or_default();
        let used = measure_text_width(&text);
        let wide = used + " [] ".len() + percent.len() + 2 + RATE + 2 + ETA;
        match columns.checked_sub(wide) {
            Some(room) if room >= SHORTEST_BAR => {
                let filled = (self.fraction * room as f64) as usize;
                let bar = "#".repeat(filled.min(room));
                text += &format!(" [{bar:<room$}] {percent}  {rate:>RATE$}  {eta:>ETA$}");
            }
            _ => {
                text += &format!(" {percent}");
                for (part, width) in [(rate, RATE), (eta, ETA)] {
                    if measure_text_width(&text) + 2 + width <= columns {
                        text += &format!("  {part:>width$}");
                    }
                }
            }
        }
        text.trim_end().to_owned()
    }
}

/// The columns that labels get of so many, where the longest has `longest`.
fn label_width(longest: usize, columns: usize) -> usize {
    longest.min((columns / 3).max(SHORTEST_LABEL))
}

/// A board's label of at most so many columns. The path stays whole, where there is room for it and some more.
fn shortened(label: &str, columns: usize) -> String {
    let (serial, path) = label.split_at(label.rfind(" at ").unwrap_or(label.len()));
    match columns.checked_sub(path.chars().count()) {
        Some(room) if room >= SHORTEST_SERIAL => cut(serial, room) + path,
        _ => cut(label, columns),
    }
}

/// A text of at most so many columns, cut in the middle: of serial numbers, the ends tell boards apart.
fn cut(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    if length <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let tail = kept / 2 + kept % 2;
    let head = text.chars().take(kept - tail);
    let end = text.chars().skip(length - tail);
    head.chain(['…']).chain(end).collect()
}

fn eta(left: Duration) -> String {
    match left.as_secs() {
        seconds @ ..60 => format!("ETA {} s", seconds + 1),
        seconds => format!("ETA {}:{:02}", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(columns: usize) -> String {
        let boards = [
            ("", 0, "comparing", 0.004, None, None),
            ("", 0, "writing", 0.45, Some(119_808.0), Some(3)),
            ("", 0, "verifying", 0.999, Some(1_500_000.0), Some(754)),
        ];
        let several = [
            (
                "336133663433 at 1-1",
                42,
                "erasing",
                0.2,
                Some(90_000.0),
                Some(65),
            ),
            (
                "104473541196000618001900241F1E6931 at 1-2.4",
                42,
                "writing",
                1.0,
                None,
                None,
            ),
        ];
        let line =
            |(label, label_width, doing, fraction, rate, left): (_, _, _, _, _, Option<u64>)| {
                let line = Line {
                    label,
                    label_width,
                    doing,
                    fraction,
                    rate,
                    time_left: left.map(Duration::from_secs),
                };
                let text = line.text(columns);
                assert!(measure_text_width(&text) <= columns, "{text}");
                text + "\n"
            };
        boards.into_iter().chain(several).map(line).collect()
    }

    #[test]
    fn at_40_columns_there_is_no_bar_and_every_word_is_whole() {
        assert_eq!(lines(40), include_str!("line/40.txt"));
    }

    #[test]
    fn at_80_columns_there_are_a_bar_a_speed_and_the_time_left() {
        assert_eq!(lines(80), include_str!("line/80.txt"));
    }

    #[test]
    fn at_160_columns_the_bar_is_longer() {
        assert_eq!(lines(160), include_str!("line/160.txt"));
    }
}
