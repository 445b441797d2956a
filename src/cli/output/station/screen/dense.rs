//! Many ports on a station's screen: a line each, and below them what somebody has to see to, in whole sentences.

use crate::cli::station::view::{Face, Place};

use super::{GAP, Line, MORE, fitted, side_by_side, word, wrapped};

/// How much a place matters where not all can be seen: the least number first.
fn rank(face: Face) -> u8 {
    match face {
        Face::Fail => 0,
        Face::Help => 1,
        Face::Stopped => 2,
        Face::Refused => 3,
        Face::Pass => 4,
        Face::Busy { .. } => 5,
        Face::Empty => 6,
    }
}

/// Whether somebody has to see to it.
fn is_urgent(place: &Place) -> bool {
    rank(place.face) <= rank(Face::Stopped)
}

/// The places in at most this many rows, this many of them beside each other.
pub fn places(places: &[Place], across: usize, columns: usize, rows: usize) -> Vec<Vec<Line>> {
    let width = (columns + GAP) / across - GAP;
    let all: Vec<&Place> = places.iter().collect();
    if all.len() > rows * across {
        return crowd(all, across, columns, rows);
    }
    let mut lines = grid(&all, across, width);
    let mut urgent: Vec<&&Place> = all.iter().filter(|place| is_urgent(place)).collect();
    urgent.sort_by_key(|place| rank(place.face));
    for place in urgent {
        let details = details(place, columns);
        // A blank line keeps them apart.
        if lines.len() + 1 + details.len() > rows {
            break;
        }
        lines.push(Vec::new());
        lines.extend(details);
    }
    lines
}

/// More places than there is room for: those first that somebody has to see to, in whole sentences in up to half of the
/// rows; then a line each; then how many are left out.
fn crowd(mut all: Vec<&Place>, across: usize, columns: usize, rows: usize) -> Vec<Vec<Line>> {
    all.sort_by_key(|place| rank(place.face));
    let mut lines = Vec::new();
    let mut told = 0;
    for place in all.iter().filter(|place| is_urgent(place)) {
        let details = details(place, columns);
        if lines.len() + details.len() > rows / 2 {
            break;
        }
        lines.extend(details);
        told += 1;
    }
    let room = rows.saturating_sub(lines.len() + 1) * across;
    let rest = &all[told..];
    let (shown, hidden) = rest.split_at(room.min(rest.len()));
    let width = (columns + GAP) / across - GAP;
    lines.extend(grid(shown, across, width));
    let urgent = hidden.iter().filter(|place| is_urgent(place)).count();
    let text = match (hidden.len(), urgent) {
        (0, _) => return lines,
        (hidden, 0) => format!("{MORE} and {hidden} ports more"),
        (hidden, urgent) => format!("{MORE} and {hidden} ports more, {urgent} need help"),
    };
    lines.push(vec![(fitted(&text, columns), None)]);
    lines
}

fn grid(places: &[&Place], across: usize, width: usize) -> Vec<Vec<Line>> {
    let cells = places.iter().map(|place| {
        let (word, color) = word(place.face);
        let next = place.next.lines().next().unwrap_or_default();
        let text = format!("{}  {word}  {next}", place.path);
        vec![(fitted(text.trim_end(), width), color)]
    });
    let cells: Vec<Vec<Line>> = cells.collect();
    side_by_side(&cells, across, width, 1)
}

/// Why somebody has to see to a place, and how.
fn details(place: &Place, columns: usize) -> Vec<Vec<Line>> {
    let (word, color) = word(place.face);
    let parts = place.text.iter().map(String::as_str);
    let why: Vec<&str> = parts.chain(place.next.lines()).collect();
    let text = format!("{}  {word}  {}", place.path, why.join(" "));
    let lines = wrapped(&text, columns).into_iter();
    lines.map(|line| vec![(line, color)]).collect()
}
