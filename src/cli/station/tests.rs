//! A station as a whole, at a line whose boards come and go.

mod line;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::Mutex;

use super::log::{Form, Log, Mark};
use super::*;
use crate::board::Board;
use crate::cli::dfuse;
use crate::cli::observer::Observer as _;
use crate::cli::report::Summary;
use crate::cli::task::Planned;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::FlashOptions;
use crate::image::{self, Image, LoadOptions};
use line::{Line, Visit};

const PORTS: usize = 4;
const BOARDS: usize = 500;

/// Has the verdicts written down, and the boards taken out.
struct Operator<'l> {
    line: &'l Line,
    verdicts: BTreeMap<String, Vec<Judged>>,
    alarms: Vec<String>,
    most_places: usize,
}

impl Teller for Operator<'_> {
    fn show(&mut self, view: &View) {
        self.most_places = self.most_places.max(view.places.len());
    }

    fn judged(&mut self, path: &str, judged: &Judged) {
        self.line.take_out(path);
        let verdicts = self.verdicts.entry(path.to_owned()).or_default();
        verdicts.push(judged.clone());
    }

    fn alarm(&mut self, trouble: &Diagnosis) {
        self.alarms.push(trouble.message.clone());
    }
}

fn firmware() -> Image {
    let bytes = include_bytes!("../../../tests/data/blinky.dfu").to_vec();
    let options = LoadOptions {
        file_name: None,
        format: None,
        address: None,
    };
    image::load(bytes, &options).expect("a sample file")
}

fn line(ports: usize, boards: usize, image: &Image) -> Line {
    Line::new(ports, boards, 18, &image.targets[0].elements[0].data)
}

/// Runs a station at a line until all of its boards were there, and returns what it counted, and what was said.
fn run<'l>(
    line: &'l Line,
    log: &Mutex<Log>,
    image: &Image,
) -> (Counts, Result<(), CliError>, Operator<'l>) {
    let plan = |board: &Board| -> Planned<'_> {
        let plan = dfuse::flash(image, None, board, FlashOptions::PLAIN, |plan| {
            Ok(Plan::Flash(plan))
        });
        plan.map(Into::into)
    };
    let station = Station {
        work: Work {
            bus: line,
            watch: &|_| None,
            enter: &|_| unreachable!("none runs its application"),
            leaves_out: &|_| None,
            plan: &plan,
            finish: &|_| Ok(()),
            summary: |_| Summary::new("flashed"),
            log,
            again: false,
        },
        fitness: &|_| Fitness::Ready,
        fitness_without: &|_, _| Fitness::Other,
        sha256: vec!["0".repeat(64)],
        title: "blinky.dfu".to_owned(),
        output: Output::with_details(0),
    };
    let mut operator = Operator {
        line,
        verdicts: BTreeMap::new(),
        alarms: Vec::new(),
        most_places: 0,
    };
    let (counts, ended) = station.run(Core::default(), &mut operator, &|| line.is_over());
    (counts, ended, operator)
}

#[test]
fn five_hundred_boards_that_come_and_go_are_each_judged_once_and_rightly() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("line.jsonl");
    let (log, _) = Log::open(&path).expect("a new file");
    let log = Mutex::new(log);
    let image = firmware();
    let line = line(PORTS, BOARDS, &image);
    let (counts, ended, operator) = run(&line, &log, &image);
    assert!(ended.is_ok() && operator.alarms.is_empty());
    assert_eq!(operator.most_places, PORTS);
    let visits = line.visits();
    check_verdicts(&visits, &operator.verdicts);
    let all = || operator.verdicts.values().flatten();
    let count = |is_meant: fn(&Verdict) -> bool| {
        all().filter(|judged| is_meant(&judged.verdict)).count() as u64
    };
    let found = Counts {
        good: count(|verdict| matches!(verdict, Verdict::Pass { .. })),
        failed: count(|verdict| matches!(verdict, Verdict::Fail(_))),
        refused: count(|verdict| matches!(verdict, Verdict::Refused { .. })),
    };
    assert_eq!(counts, found);
    // All of it was tried.
    println!("{counts:?} of {} visits", visits.len());
    assert!(counts.good > 200 && counts.failed > 50 && counts.refused > 5);
    let text = fs::read_to_string(&path).expect("the log");
    check_log(&text, counts);
    drop(log);
    let (again, torn) = Log::open(&path).expect("it is a log");
    assert_eq!(torn, None);
    for judged in all() {
        let serial = judged.serial.as_ref().expect("all have one").raw();
        let is_good = matches!(judged.verdict, Verdict::Pass { .. });
        assert!(!is_good || again.good_since(serial).is_some());
    }
}

/// Every board that was there long enough to be opened has one verdict, which is true.
fn check_verdicts(visits: &[Visit], verdicts: &BTreeMap<String, Vec<Judged>>) {
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    let mut good: HashSet<&str> = HashSet::new();
    for visit in visits {
        let of_port = &verdicts[&visit.path];
        let next = next.entry(&visit.path).or_default();
        let judged = of_port.get(*next);
        let is_it = |judged: &&Judged| {
            let serial = judged.serial.as_ref();
            serial.is_some_and(|serial| serial.raw() == visit.serial)
        };
        let Some(judged) = judged.filter(is_it) else {
            assert!(
                !visit.was_opened || visit.was_cut_while_opened,
                "no verdict: {visit:?}"
            );
            continue;
        };
        *next += 1;
        match &judged.verdict {
            Verdict::Pass { .. } => {
                assert!(visit.is_flashed, "PASS, and it is not there: {visit:?}");
                assert!(good.insert(&visit.serial), "twice: {visit:?}");
            }
            Verdict::Refused { .. } => {
                assert!(
                    good.contains(&*visit.serial),
                    "refused, and was never good: {visit:?}"
                );
            }
            Verdict::Fail(error) => assert!(!error.message.is_empty(), "{visit:?}"),
        }
    }
    for (path, of_port) in verdicts {
        assert_eq!(
            next.get(&**path),
            Some(&of_port.len()),
            "a verdict on nobody at {path}"
        );
    }
}

fn check_log(text: &str, counts: Counts) {
    assert!(text.ends_with('\n'));
    let entries: Vec<_> = text.lines().map(|line| Form::Json.read(line)).collect();
    assert!(entries.iter().all(Option::is_some), "a torn line");
    let count = |mark| {
        let entries = entries.iter().flatten();
        entries.filter(|entry| entry.result == mark).count() as u64
    };
    assert_eq!(count(Mark::Pass), counts.good);
    assert_eq!(count(Mark::Fail), counts.failed);
    for entry in entries.iter().flatten() {
        assert_eq!(entry.reason.is_some(), entry.result == Mark::Fail);
    }
}

#[test]
fn a_log_that_can_not_be_written_stops_the_station_before_the_next_board() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("line.jsonl");
    let (log, _) = Log::open(&path).expect("a new file");
    // Moved away, as far as anybody sees.
    fs::rename(&path, directory.path().join("elsewhere")).expect("it is there");
    let log = Mutex::new(log);
    let image = firmware();
    let line = line(1, 5, &image);
    let (counts, ended, operator) = run(&line, &log, &image);
    assert_eq!(counts.good + counts.failed, 1);
    let error = ended.expect_err("nothing is kept").message();
    assert!(
        error.contains("and is missing in the log: the log "),
        "{error}"
    );
    assert_eq!(operator.alarms, [error]);
}

#[test]
fn what_is_going_on_is_seen_while_it_does() {
    let output = Output::with_details(0);
    let mut shared = Shared::new(output);
    assert_eq!(shared.look().doing(), "opening");
    shared.show(crate::dfu::event::Event::Begin(
        crate::dfu::event::Phase::Write,
        Some(100),
    ));
    shared.show(crate::dfu::event::Event::Advance(50));
    assert_eq!(shared.look().doing(), "writing");
    assert_eq!(shared.look().fraction(), 0.5);
}
