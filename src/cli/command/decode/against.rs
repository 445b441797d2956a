//! `stdfu decode --against`: where the recorded device and a simulated board differ.

use std::time::Duration;

use crate::recording::compare::{Comparison, Difference, Times, compare};
use crate::recording::rerun::rerun;
use crate::sim::SimBus;
use crate::sim::spec::{BoardSpec, BoardSpecError};
use crate::usb::Bus;

use crate::cli::document::{AgainstDocument, DifferenceDocument, TimesDocument};
use crate::cli::error::CliError;

use super::Decoded;
use super::words::duration;

/// A board to compare with, on which time counts.
pub fn parse_board(text: &str) -> Result<BoardSpec, BoardSpecError> {
    match text.contains("timing=") {
        true => text.parse(),
        false => format!("{text},timing=real").parse(),
    }
}

/// Asks a fresh board what the recorded device was asked.
pub fn comparison(
    decoded: &Decoded<'_>,
    board: &BoardSpec,
) -> Result<Option<Comparison>, CliError> {
    let bus = SimBus::new(std::slice::from_ref(board))?;
    let devices = bus.devices()?;
    let Some(info) = devices.first() else {
        return Ok(None);
    };
    let other = rerun(&bus, info, decoded.device, &decoded.operations)?;
    Ok(other.map(|other| compare(&decoded.identity, &decoded.operations, &other)))
}

/// What differs, and how long both take.
pub fn text(name: &str, comparison: &Comparison) -> String {
    let Comparison { differences, times } = comparison;
    let mut text = match differences.is_empty() {
        true => format!("  No different from {name}, times aside.\n"),
        false => format!("  Different from {name}:\n"),
    };
    for Difference {
        about,
        recorded,
        other,
        times,
    } in differences
    {
        text += &format!("      {about}: {recorded}; {name}: {other}");
        if *times > 1 {
            text += &format!(" ({times} times)");
        }
        text.push('\n');
    }
    if !times.is_empty() {
        text += "  How long it takes:\n";
    }
    for times in times {
        text += &format!(
            "      {}: {}; {name}: {}{}\n",
            times.about,
            span(times.recorded),
            span(times.other),
            if times.differ() {
                ", which is far off"
            } else {
                ""
            }
        );
    }
    text
}

fn span((quickest, slowest): (Duration, Duration)) -> String {
    match (duration(quickest), duration(slowest)) {
        (quickest, slowest) if quickest == slowest => quickest,
        (quickest, slowest) => format!("{quickest} to {slowest}"),
    }
}

/// The same for programs.
pub fn document<'c>(name: &'c str, comparison: &'c Comparison) -> AgainstDocument<'c> {
    let difference = |difference: &'c Difference| DifferenceDocument {
        about: &difference.about,
        recorded: &difference.recorded,
        simulated: &difference.other,
        times: difference.times,
    };
    let seconds =
        |(quickest, slowest): (Duration, Duration)| [quickest.as_secs_f64(), slowest.as_secs_f64()];
    let times = |times: &'c Times| TimesDocument {
        about: &times.about,
        recorded: seconds(times.recorded),
        simulated: seconds(times.other),
    };
    AgainstDocument {
        board: name,
        differences: comparison.differences.iter().map(difference).collect(),
        seconds: comparison.times.iter().map(times).collect(),
    }
}
