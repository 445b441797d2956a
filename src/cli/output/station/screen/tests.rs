use std::fs;
use std::path::Path;

use super::*;
use crate::chip::serial_port::Asks;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::select::{Other, Reason, SelectError};
use crate::cli::sentence::sentence;
use crate::cli::station::remedy;
use crate::cli::station::verdict::{Counts, Refusal};

/// What a screen of this size shows is in this file of `tests/data/screens`.
#[track_caller]
fn check(view: &View, name: &str, columns: usize) {
    let text = draw(view, columns, 24, Paint::off()) + "\n";
    for line in text.lines() {
        assert!(measure_text_width(line) <= columns, "{line}");
    }
    assert_eq!(text.lines().count(), 24);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/screens")
        .join(format!("station-{name}.{columns}.txt"));
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}:\n{text}", path.display());
}

fn view(places: Vec<Place>) -> View {
    View {
        title: "firmware.dfu".to_owned(),
        counts: Counts {
            good: 12,
            failed: 1,
            ..Counts::default()
        },
        alarm: None,
        stage: Stage::Open,
        places,
    }
}

fn place(path: &str, face: Face, text: &str, next: &str) -> Place {
    let serial = match face {
        Face::Empty | Face::Help => None,
        _ => Some("336133663433".to_owned()),
    };
    Place {
        path: path.to_owned(),
        serial,
        face,
        text: text.lines().map(str::to_owned).collect(),
        next: next.to_owned(),
    }
}

const DONE: &str = "384 KiB written, verified, started  3.1 s";

fn pass(path: &str) -> Place {
    place(path, Face::Pass, DONE, "Take it out.")
}

fn fail(path: &str) -> Place {
    let reason = "Writing at 0x08001000: the device is gone; so far 0 sectors erased and 2048 bytes written.";
    place(path, Face::Fail, reason, "Take it out. Put it aside.")
}

fn busy(path: &str) -> Place {
    let face = Face::Busy {
        doing: "writing",
        fraction: 0.45,
    };
    place(path, face, "", "Leave it plugged in.")
}

fn empty(path: &str) -> Place {
    place(path, Face::Empty, "", "Plug in a board in DFU mode.")
}

#[test]
fn before_the_first_board_the_screen_says_what_to_do() {
    let view = View {
        counts: Counts::default(),
        ..view(Vec::new())
    };
    check(&view, "nobody", 80);
}

#[test]
fn at_one_port_each_moment_says_what_to_do_next() {
    check(&view(vec![empty("1-1")]), "empty", 80);
    check(&view(vec![busy("1-1")]), "busy", 80);
    check(&view(vec![pass("1-1")]), "pass", 80);
    let next = Place {
        next: "Take it out. Plug in the next board.".to_owned(),
        ..pass("1-1")
    };
    check(&view(vec![next]), "pass-free", 80);
    check(&view(vec![fail("1-1")]), "fail", 80);
    let refused = place(
        "1-1",
        Face::Refused,
        "It is good since 2026-11-26T14:52:03Z.",
        "Take it out.",
    );
    let mut view = view(vec![refused]);
    view.counts.refused = 1;
    check(&view, "refused", 80);
}

/// What the station says of a board that it can't work with.
fn help(path: &str, trouble: &Diagnosis) -> Place {
    let step = trouble.hint.as_deref().expect("each has a next step");
    place(path, Face::Help, &sentence(&trouble.message), step)
}

fn micropython() -> Diagnosis {
    let others = vec![Other {
        path: "1-3".to_owned(),
        vendor_id: 0xF055,
        product_id: 0x9800,
        serial: None,
        reason: Reason::Serial(Asks::MicroPython),
    }];
    let wanted = String::new();
    let error = SelectError::NoneRunning { wanted, others };
    remedy::not_called("1-3", &error.into())
}

#[test]
fn what_can_not_be_used_says_why() {
    let application = help("1-1", &remedy::runs_its_application(None));
    check(&view(vec![application]), "unusable", 80);
}

#[test]
fn what_has_to_be_done_about_it_is_never_cut_off() {
    let places = vec![
        help("1-1", &remedy::runs_its_application(None)),
        help("1-2", &remedy::no_telling()),
        help("1-3", &micropython()),
        fail("1-4"),
    ];
    for columns in [40, 80, 160] {
        check(&view(places.clone()), "help", columns);
    }
}

#[test]
fn a_board_that_was_good_with_another_firmware_says_which() {
    let refusal = Refusal {
        since: "2026-11-26T14:52:03Z".to_owned(),
        other_firmware: Some(vec!["0123456789abcdef".repeat(4)].into()),
        stays: None,
    };
    let text = sentence(&refusal.in_words());
    let refused = place("1-1", Face::Refused, &text, "Take it out.");
    check(&view(vec![refused]), "refused-other", 80);
}

#[test]
fn a_board_that_is_not_in_the_log_shows_no_pass() {
    let text = "It is good, and is missing in the log: the log line.jsonl can't be used: No space left on device \
                (os error 28).";
    let unlogged = place("1-1", Face::Help, text, "Take it out. Put it aside.");
    let mut view = view(vec![unlogged]);
    view.counts.unlogged = 1;
    check(&view, "unlogged", 80);
}

#[test]
fn four_ports_have_a_place_each_whatever_the_width() {
    let places = vec![pass("1-1"), busy("1-2"), fail("1-3"), empty("1-4")];
    for columns in [40, 80, 160] {
        check(&view(places.clone()), "four", columns);
    }
}

#[test]
fn many_ports_get_a_line_each_and_no_screen_overflows() {
    let places = |count| (1..=count).map(|port| pass(&format!("1-{port}"))).collect();
    check(&view(places(20)), "twenty", 80);
    for count in 0..200 {
        for (columns, rows) in [(80, 24), (40, 10), (20, 5), (1, 1), (300, 100)] {
            let text = draw(&view(places(count)), columns, rows, Paint::off());
            assert!(
                text.lines().count() <= rows.max(2),
                "{count}, {columns}, {rows}"
            );
        }
    }
}

#[test]
fn among_many_ports_what_has_to_be_seen_to_is_told_in_whole_sentences() {
    let mut places: Vec<Place> = (1..=20).map(|port| pass(&format!("1-{port}"))).collect();
    places[2] = help("1-3", &micropython());
    places[16] = fail("1-17");
    check(&view(places), "twenty-two-bad", 80);
}

#[test]
fn where_not_all_ports_fit_those_that_failed_are_never_the_ones_that_are_left_out() {
    let mut places: Vec<Place> = (1..=60).map(|port| pass(&format!("1-{port}"))).collect();
    places[40] = help("1-41", &micropython());
    places[59] = fail("1-60");
    check(&view(places), "sixty", 80);
    // What can't be shown is counted.
    let places: Vec<Place> = (1..=60).map(|port| fail(&format!("1-{port}"))).collect();
    let text = draw(&view(places), 40, 12, Paint::off());
    let last = text.lines().rev().nth(2).expect("a line");
    assert_eq!(last, "... and 56 ports more, 56 need help");
}

#[test]
fn a_station_that_has_stopped_says_why_and_whom_to_ask() {
    let view = View {
        alarm: Some(
            "336133663433 at 1-1 is good, and is missing in the log: the log line.jsonl can't be used: \
             No space left on device (os error 28)"
                .to_owned(),
        ),
        ..view(vec![pass("1-1"), busy("1-2")])
    };
    check(&view, "stopped", 80);
}

#[test]
fn a_station_that_is_ending_says_so() {
    let view = View {
        stage: Stage::Closing,
        ..view(vec![busy("1-1")])
    };
    check(&view, "ending", 80);
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let view = view(vec![pass("1-1"), fail("1-2")]);
    let plain = draw(&view, 80, 24, Paint::off());
    assert!(!plain.contains('\u{1b}'));
}
