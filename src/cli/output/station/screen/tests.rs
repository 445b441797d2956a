use std::fs;
use std::path::Path;

use super::*;
use crate::cli::station::verdict::Counts;

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
            refused: 0,
        },
        alarm: None,
        is_closing: false,
        places,
    }
}

fn place(path: &str, face: Face, text: &str, next: &'static str) -> Place {
    let serial = match face {
        Face::Empty | Face::Unusable => None,
        _ => Some("336133663433".to_owned()),
    };
    Place {
        path: path.to_owned(),
        serial,
        face,
        text: text.lines().map(str::to_owned).collect(),
        next,
    }
}

const DONE: &str = "384 KiB written, verified, started  3.1 s";

fn pass(path: &str) -> Place {
    place(path, Face::Pass, DONE, "Take it out.")
}

fn fail(path: &str) -> Place {
    let reason =
        "writing at 0x08001000: the device is gone; so far 0 sectors erased and 2048 bytes written";
    place(path, Face::Fail, reason, "Take it out, and put it aside.")
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
        next: "Take it out. Plug in the next board.",
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

#[test]
fn what_can_not_be_used_says_why() {
    let application = place(
        "1-1",
        Face::Unusable,
        "It runs its application. Hold BOOT0 high and reset it.",
        "Put that right, or take it out.",
    );
    check(&view(vec![application]), "unusable", 80);
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
        is_closing: true,
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
