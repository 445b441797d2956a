//! A station's screen: a place for each port, with what has to be seen from far away as large as there is room.

mod dense;

use clap::builder::styling::AnsiColor;
use console::{measure_text_width, truncate_str};

use crate::printable;

use crate::cli::output::style::Paint;
use crate::cli::output::wrap::wrap;
use crate::cli::station::view::{Face, Place, Stage, View};

use super::letters;

/// The least columns of a place that stands beside another.
const PLACE_WIDTH: usize = 38;
/// What stands between two places, in columns.
const GAP: usize = 2;
/// The least lines of a place with blank lines around the large word, beside all that has to be said.
const ROOMY_HEIGHT: usize = letters::HEIGHT + 8;
/// The most lines that say why a station has stopped.
const ALARM_HEIGHT: usize = 4;
/// The least lines of a place that has more than one: title, why, what to do next, and a blank line.
const SMALL_HEIGHT: usize = 4;
/// Lines at the bottom of the screen that no place has.
const FOOT: usize = 2;
/// What is said where there is no room for all of it.
const MORE: &str = "...";

/// A line of a place, and its colour.
type Line = (String, Option<AnsiColor>);

/// The screen, each line without blanks at its end. No line is longer than `columns`, and there are at most `rows`.
pub fn draw(view: &View, columns: usize, rows: usize, paint: Paint) -> String {
    let columns = columns.max(1);
    let mut lines = vec![vec![header(view, columns)]];
    lines.extend(alarm(view, columns));
    let room = rows.saturating_sub(lines.len() + FOOT);
    lines.extend(places(view, columns, room));
    lines.resize(rows.saturating_sub(FOOT), Vec::new());
    lines.push(vec![("-".repeat(columns), None)]);
    lines.push(vec![(fitted(ending(view), columns), None)]);
    let painted = lines.iter().map(|line| painted(line, paint));
    painted.collect::<Vec<_>>().join("\n")
}

fn header(view: &View, columns: usize) -> Line {
    let counts = view.counts;
    let mut right = format!("{} good  {} failed", counts.good, counts.failed);
    for (count, what) in counts.others() {
        right += &format!("  {count} {what}");
    }
    let room = columns.saturating_sub(measure_text_width(&right) + GAP);
    let left = fitted(&format!("stdfu station  {}", view.title), room);
    let left = padded(&left, room + GAP);
    (fitted(&(left + &right), columns), None)
}

/// Why the station has stopped, or a rule.
fn alarm(view: &View, columns: usize) -> Vec<Vec<Line>> {
    let Some(alarm) = &view.alarm else {
        return vec![vec![("-".repeat(columns), None)]];
    };
    let text = printable::lines(&format!("STOPPED: {alarm}")).into_owned();
    let text = wrap(&text, Some(columns), 0);
    let lines = text.lines().take(ALARM_HEIGHT);
    let lines = lines.map(|line| vec![(fitted(line, columns), Some(AnsiColor::Red))]);
    lines.chain([vec![("-".repeat(columns), None)]]).collect()
}

fn ending(view: &View) -> &'static str {
    let is_at_work = |place: &Place| matches!(place.face, Face::Busy { .. });
    let has_ended = view.stage != Stage::Open && !view.places.iter().any(is_at_work);
    match (&view.alarm, view.stage) {
        (None, _) if has_ended => "The station has ended.",
        (_, Stage::Stopping) => "Stopping the boards at work. Ctrl-C again ends at once.",
        (Some(_), _) => "No board is begun any more. Ask whoever looks after this station.",
        (None, Stage::Closing) => {
            "Ending with the boards that are at work. Ctrl-C again stops them."
        }
        (None, Stage::Open) => "Ctrl-C ends the station.",
    }
}

/// The places, side by side and below each other.
fn places(view: &View, columns: usize, rows: usize) -> Vec<Vec<Line>> {
    if view.places.is_empty() {
        let text = "\nPlug in a board in DFU mode.\n\nEach port gets a place of its own here.";
        let lines = text.lines();
        return lines
            .map(|line| vec![(fitted(line, columns), None)])
            .collect();
    }
    let count = view.places.len();
    let across = (columns / (PLACE_WIDTH + GAP)).clamp(1, count);
    let down = count.div_ceil(across);
    let height = rows / down;
    let width = (columns + GAP) / across - GAP;
    if height < SMALL_HEIGHT {
        return dense::places(&view.places, across, columns, rows);
    }
    let cells = view.places.iter();
    let cells: Vec<Vec<Line>> = cells.map(|place| cell(place, width, height)).collect();
    side_by_side(&cells, across, width, height)
}

/// Cells of this many columns and lines, this many of them beside each other.
fn side_by_side(cells: &[Vec<Line>], across: usize, width: usize, height: usize) -> Vec<Vec<Line>> {
    let mut lines = Vec::new();
    for cells in cells.chunks(across) {
        for line in 0..height {
            let cells = cells.iter().map(|cell| {
                let (text, color) = cell.get(line).cloned().unwrap_or_default();
                (padded(&text, width + GAP), color)
            });
            lines.push(cells.collect());
        }
    }
    lines
}

/// A place of this many columns, and at most this many lines, of which the last is blank.
fn cell(place: &Place, width: usize, height: usize) -> Vec<Line> {
    let (word, color) = word(place.face);
    let text = text(place, width);
    let next = wrapped(&place.next, width);
    let serial = place.serial.as_deref().unwrap_or_default();
    // Beside the large word: the title, why, what to do next, and the blank line.
    let needed = 2 + text.len().min(1) + next.len().min(2);
    let is_large =
        !word.is_empty() && height >= letters::HEIGHT + needed && letters::width(word) <= width;
    let title = match is_large {
        true => format!("{}  {serial}", place.path),
        false => format!("{}  {word}  {serial}", place.path),
    };
    let title = fitted(title.trim_end(), width);
    let mut lines = vec![(title, color.filter(|_| !is_large))];
    if is_large {
        let is_roomy = height >= ROOMY_HEIGHT;
        let blank = is_roomy.then(Line::default);
        lines.extend(blank.clone());
        lines.extend(letters::large(word).map(|line| (line, color)));
        lines.extend(blank);
    }
    let room = (height - 1).saturating_sub(lines.len());
    // What to do next matters more than why; some of that stays all the same.
    let steps = next.len().min(room.saturating_sub(text.len().min(1)));
    let why = cut(text, room - steps, width).into_iter();
    lines.extend(why.map(|line| (line, None)));
    let steps = cut(next, steps, width).into_iter();
    lines.extend(steps.map(|line| (line, Some(AnsiColor::Cyan))));
    lines
}

/// What stands below the word.
fn text(place: &Place, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = match place.face {
        Face::Busy { doing, fraction } => vec![bar(doing, fraction, width)],
        _ => Vec::new(),
    };
    for line in &place.text {
        lines.extend(wrapped(line, width));
    }
    lines
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let text = wrap(&printable::lines(text), Some(width), 0);
    text.lines().map(|line| fitted(line, width)).collect()
}

/// At most this many lines; where there are more, the last one says so.
fn cut(mut lines: Vec<String>, room: usize, width: usize) -> Vec<String> {
    if lines.len() > room {
        lines.truncate(room);
        if let Some(last) = lines.last_mut() {
            let mut kept = last.as_str();
            while measure_text_width(kept) + 1 + MORE.len() > width {
                kept = kept.rsplit_once(' ').map_or("", |(before, _)| before);
            }
            *last = fitted(format!("{kept} {MORE}").trim_start(), width);
        }
    }
    lines
}

fn bar(doing: &str, fraction: f64, width: usize) -> String {
    const LENGTH: usize = 16;
    // From 0 to 1.
    let done = (fraction * LENGTH as f64) as usize;
    let bar = "#".repeat(done) + &"-".repeat(LENGTH - done.min(LENGTH));
    fitted(
        &format!("[{bar}] {:3.0} %  {doing}", fraction * 100.0),
        width,
    )
}

fn word(face: Face) -> (&'static str, Option<AnsiColor>) {
    match face {
        Face::Empty => ("", None),
        Face::Busy { .. } => ("WAIT", Some(AnsiColor::Yellow)),
        Face::Pass => ("PASS", Some(AnsiColor::Green)),
        Face::Fail => ("FAIL", Some(AnsiColor::Red)),
        Face::Stopped => ("STOP", Some(AnsiColor::Red)),
        Face::Refused => ("SKIP", Some(AnsiColor::Yellow)),
        Face::Help => ("HELP", Some(AnsiColor::Magenta)),
    }
}

fn painted(line: &[Line], paint: Paint) -> String {
    let last = line.len().saturating_sub(1);
    let parts = line.iter().enumerate().map(|(index, (text, color))| {
        let text = if index == last { text.trim_end() } else { text };
        match color {
            Some(color) => paint.bold(*color, text),
            None => text.to_owned(),
        }
    });
    let text: String = parts.collect();
    text.trim_end().to_owned()
}

fn fitted(text: &str, width: usize) -> String {
    truncate_str(text, width, MORE).into_owned()
}

fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(measure_text_width(text));
    text.to_owned() + &" ".repeat(blanks)
}

#[cfg(test)]
mod tests;
