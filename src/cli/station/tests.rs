//! A station as a whole, at a line whose boards come and go.

mod line;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::log::{Entry, Form, Log, Mark};
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
    alarm: Option<String>,
    most_places: usize,
    /// Hears so many verdicts.
    hears: usize,
}

impl Teller for Operator<'_> {
    fn show(&mut self, view: &View) -> Told {
        self.most_places = self.most_places.max(view.places.len());
        self.alarm = view.alarm.clone();
        Ok(())
    }

    fn judged(&mut self, path: &str, judged: &Judged) -> Told {
        self.line.take_out(path);
        let verdicts = self.verdicts.entry(path.to_owned()).or_default();
        verdicts.push(judged.clone());
        self.hears = self.hears.saturating_sub(1);
        match self.hears {
            0 => Err(Untold::NobodyListens),
            _ => Ok(()),
        }
    }

    fn trouble(&mut self, path: &str, trouble: &Diagnosis) -> Told {
        panic!("at {path}: {trouble:?}");
    }
}

/// Has the boards taken out, and remembers nothing.
struct Forgetful<'l>(&'l Line);

impl Teller for Forgetful<'_> {
    fn show(&mut self, _: &View) -> Told {
        Ok(())
    }

    fn judged(&mut self, path: &str, _: &Judged) -> Told {
        self.0.take_out(path);
        Ok(())
    }

    fn trouble(&mut self, _: &str, _: &Diagnosis) -> Told {
        Ok(())
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
    let seed = std::env::var("STDFU_SEED").map_or(18, |seed| seed.parse().expect("a number"));
    Line::new(ports, boards, seed, &image.targets[0].elements[0].data)
}

impl<'l> Operator<'l> {
    fn at(line: &'l Line) -> Self {
        Self {
            line,
            verdicts: BTreeMap::new(),
            alarm: None,
            most_places: 0,
            hears: usize::MAX,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Judged> {
        self.verdicts.values().flatten()
    }
}

/// Runs a station at a line until all of its boards were there, and returns what it counted.
fn run(
    line: &Line,
    log: &Mutex<Log>,
    image: &Image,
    teller: &mut dyn Teller,
) -> (Counts, Result<Ending, CliError>) {
    let sha256 = ["0".repeat(64)];
    let plan = |board: &Board| -> Planned<'_> {
        assert!(!line.meets_bug(), "a bug");
        let plan = dfuse::flash(image, None, board, FlashOptions::PLAIN, |plan| {
            Ok(Plan::Flash(plan))
        });
        plan.map(Into::into)
    };
    let station = Station {
        work: Work {
            bus: line,
            watch: &|_| None,
            running: &|_| unreachable!("none runs its application"),
            call: &|_| unreachable!("none runs its application"),
            leave: &|_| unreachable!("none was called"),
            leaves_out: &|_| None,
            plan: &plan,
            finish: &|_| Ok(()),
            odd: &|_| Vec::new(),
            summary: |_| Summary::new("flashed"),
            sha256: &sha256,
            log,
            again: false,
        },
        fitness: &|_| Fitness::Ready,
        fitness_without: &|_, _| Fitness::Other,
        title: "blinky.dfu".to_owned(),
        output: Output::with_details(0),
    };
    let stage = || match line.is_over() {
        true => Stage::Closing,
        false => Stage::Open,
    };
    station.run(Core::default(), teller, &stage)
}

#[test]
fn five_hundred_boards_that_come_and_go_are_each_judged_once_and_rightly() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("line.jsonl");
    let (log, _) = Log::open(&path).expect("a new file");
    let log = Mutex::new(log);
    let image = firmware();
    let line = line(PORTS, BOARDS, &image);
    let mut operator = Operator::at(&line);
    let (counts, ended) = run(&line, &log, &image, &mut operator);
    assert!(matches!(ended, Ok(Ending::Asked)) && operator.alarm.is_none());
    assert_eq!(operator.most_places, PORTS);
    let visits = line.visits();
    check_verdicts(&visits, &operator.verdicts);
    let mut found = Counts::default();
    operator
        .all()
        .for_each(|judged| found.count(&judged.verdict));
    assert_eq!(counts, found);
    // All of it was tried.
    println!("{counts:?} of {} visits", visits.len());
    assert!(counts.good > 200 && counts.failed > 50 && counts.refused > 5);
    let text = fs::read_to_string(&path).expect("the log");
    check_log(&text, &operator);
    drop(log);
    let (again, torn) = Log::open(&path).expect("it is a log");
    assert_eq!(torn, None);
    for judged in operator.all() {
        let serial = judged.serial.as_ref().expect("all have one").raw();
        let is_good = matches!(judged.verdict, Verdict::Pass { .. });
        assert!(!is_good || again.good(serial).is_some());
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
        let needs_one = visit.was_opened && !visit.was_cut_while_opened;
        // The same board may come again to the port that it was pulled out of before anything was asked of it.
        let may_be_its = |judged: &&Judged| {
            needs_one || visit.is_flashed || !matches!(judged.verdict, Verdict::Pass { .. })
        };
        let Some(judged) = judged.filter(is_it).filter(may_be_its) else {
            assert!(!needs_one, "no verdict: {visit:?}");
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
            Verdict::Fail(error) => {
                let cause = match visit.fault.contains("unplug") {
                    true => "the device is gone",
                    false => "verification failed: ",
                };
                let is_named = !visit.fault.is_empty() && error.message.contains(cause);
                assert!(is_named, "{}: {visit:?}", error.message);
            }
            Verdict::Interrupted(_) | Verdict::Unlogged { .. } => panic!("{judged:?}"),
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

/// Each verdict on a board that was flashed is a line, with its board and its reason, and there is no other.
fn check_log(text: &str, operator: &Operator<'_>) {
    assert!(text.ends_with('\n'));
    let entries: Option<Vec<Entry>> = text.lines().map(|line| Form::Json.read(line)).collect();
    let entries = entries.expect("no line is torn").into_iter();
    let mut logged: Vec<_> = entries
        .map(|entry| (entry.path, entry.serial, entry.result, entry.reason))
        .map(|(path, serial, result, reason)| {
            assert_eq!(reason.is_some(), result == Mark::Fail);
            (path, serial, reason)
        })
        .collect();
    let mut said: Vec<_> = operator
        .verdicts
        .iter()
        .flat_map(|(path, of_port)| of_port.iter().map(move |judged| (path, judged)))
        .filter_map(|(path, judged)| {
            let reason = match &judged.verdict {
                Verdict::Refused(_) => return None,
                Verdict::Fail(error) => Some(error.message.replace('\n', "; ")),
                _ => None,
            };
            let serial = judged.serial.as_ref().map(|serial| serial.raw().to_owned());
            Some((path.clone(), serial, reason))
        })
        .collect();
    logged.sort();
    said.sort();
    assert_eq!(logged, said);
}

#[test]
fn a_log_that_can_not_be_written_stops_the_station_and_each_board_that_it_lacks_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("line.jsonl");
    let (log, _) = Log::open(&path).expect("a new file");
    // Moved away, as far as anybody sees.
    fs::rename(&path, directory.path().join("elsewhere")).expect("it is there");
    let log = Mutex::new(log);
    let image = firmware();
    let line = line(PORTS, 20, &image);
    let mut operator = Operator::at(&line);
    let (counts, ended) = run(&line, &log, &image, &mut operator);
    let message = ended.expect_err("nothing is kept").message();
    assert_eq!(operator.alarm.as_ref(), Some(&message));
    // Those that were at work already.
    let judged: Vec<_> = operator.verdicts.iter().collect();
    assert!((2..=PORTS).contains(&judged.len()), "{judged:?}");
    for (path, of_port) in judged {
        let [judged] = &of_port[..] else {
            panic!("another board was begun at {path}: {of_port:?}");
        };
        let Verdict::Unlogged { verdict, error } = &judged.verdict else {
            panic!("as if it were in the log: {judged:?}");
        };
        let serial = judged.serial.as_ref().expect("all have one");
        let is_missing = format!("is {}, and is missing in the log", verdict.in_words());
        let named = format!("{serial} at {path} {is_missing}");
        assert!(message.contains(&named), "{message}");
        let beginning = format!("it {is_missing}: the log ");
        assert!(error.message.starts_with(&beginning), "{error:?}");
    }
    let all = operator.all().count() as u64;
    let unlogged = Counts {
        unlogged: all,
        ..Counts::default()
    };
    assert_eq!(counts, unlogged);
}

#[test]
fn a_bug_of_ours_fails_the_board_that_it_has_hit_and_no_other() {
    let image = firmware();
    let line = line(1, 6, &image);
    line.until_bug.store(2, Ordering::SeqCst);
    let mut operator = Operator::at(&line);
    let (counts, ended) = run(&line, &Mutex::default(), &image, &mut operator);
    assert!(matches!(ended, Ok(Ending::Asked)));
    let is_it = |judged: &&Judged| matches!(&judged.verdict, Verdict::Fail(error) if error.message.contains("a bug"));
    assert_eq!(operator.all().filter(is_it).count(), 1, "{counts:?}");
    assert!(counts.good > 0, "{counts:?}");
}

#[test]
fn where_nobody_listens_any_more_no_board_is_begun() {
    let image = firmware();
    let line = line(PORTS, 40, &image);
    let mut operator = Operator {
        hears: 3,
        ..Operator::at(&line)
    };
    let (counts, ended) = run(&line, &Mutex::default(), &image, &mut operator);
    assert!(matches!(ended, Ok(Ending::Unheard)));
    // Those at work come to their end.
    let all = operator.all().count();
    assert!((3..3 + PORTS).contains(&all), "{counts:?}");
}

/// How many boards come in a run that is measured.
const MEASURED: &str = "STDFU_MEASURED_BOARDS";

#[test]
#[ignore = "a run that is measured, in a process of its own"]
fn boards_come_and_go_in_a_process_of_its_own() {
    let boards = std::env::var(MEASURED).expect("it is run by the test of memory");
    let boards = boards.parse().expect("a number");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = Log::open(&directory.path().join("line.jsonl")).expect("a new file");
    let image = firmware();
    let line = line(PORTS, boards, &image);
    let (counts, _) = run(&line, &Mutex::new(log), &image, &mut Forgetful(&line));
    assert!(counts.good > boards as u64 / 3, "{counts:?}");
    // The most that this process has had in memory (proc(5)); elsewhere nobody asks.
    println!(
        "{}",
        fs::read_to_string("/proc/self/status").unwrap_or_default()
    );
}

/// Of a process of its own, since other tests run in this one.
#[cfg(target_os = "linux")]
#[test]
fn ten_times_as_many_boards_need_no_more_memory() {
    use std::process::Command;

    /// In KiB. What is remembered of each good board is its serial number and when it was; what simulates the line
    /// remembers as much.
    const EACH: u64 = 1;
    /// In KiB: what the threads happen to do at the same time.
    const CHANCE: u64 = 512;
    let peak = |boards: u64| {
        let this = std::env::current_exe().expect("this program");
        let name = "cli::station::tests::boards_come_and_go_in_a_process_of_its_own";
        let arguments = ["--ignored", "--exact", name, "--nocapture"];
        let mut command = Command::new(this);
        command.args(arguments).env(MEASURED, boards.to_string());
        // Several of glibc's arenas fill up as the threads happen to meet, by more than a leak that is to be seen.
        command.env("MALLOC_ARENA_MAX", "1");
        let output = command.output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let peak = text.lines().find_map(|line| {
            let (_, peak) = line.split_once("VmHWM:")?;
            peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        });
        peak.unwrap_or_else(|| panic!("{output:?}"))
    };
    let (few, many) = (peak(60), peak(600));
    println!("{few} KiB, {many} KiB");
    assert!(many < few + CHANCE + 540 * EACH, "{few} KiB, {many} KiB");
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
