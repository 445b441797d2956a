use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::cli::error::CliError;

fn entry(serial: Option<&str>, result: Mark) -> Entry {
    Entry {
        time: "2026-11-26T14:52:03Z".to_owned(),
        serial: serial.map(str::to_owned),
        path: "1-1".to_owned(),
        chip: Some("STM32F405/407/415/417".to_owned()),
        sha256: vec!["aa".repeat(32), "bb".repeat(32)],
        stdfu: "0.1.0".to_owned(),
        result,
        reason: (result != Mark::Pass).then(|| "it said \"no\", and\nwent, away".to_owned()),
        seconds: 4.25,
        verified: Some(result == Mark::Pass),
    }
}

/// A folder, and a log in it of this name.
fn place(name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(name);
    (directory, path)
}

fn open(path: &Path) -> Log {
    let (log, torn) = Log::open(path).expect("a log");
    assert_eq!(torn, None);
    log
}

#[test]
fn a_log_has_a_line_for_each_board_and_is_continued() {
    for name in ["line.jsonl", "line.csv", "LINE.CSV", "line"] {
        let (_directory, path) = place(name);
        let mut log = open(&path);
        log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
        log.append(&entry(None, Mark::Fail)).expect("a line");
        drop(log);
        let before = fs::read_to_string(&path).expect("the log");
        let mut log = open(&path);
        let good = log.good("a").expect("it is good");
        assert_eq!(good.since, "2026-11-26T14:52:03Z", "{name}");
        assert_eq!(*good.sha256, ["aa".repeat(32), "bb".repeat(32)], "{name}");
        assert_eq!(log.good("B"), None);
        log.append(&entry(Some("B"), Mark::Pass)).expect("a line");
        let after = fs::read_to_string(&path).expect("the log");
        let form = Form::of(&path);
        let lines = after.lines().skip(form.header().lines().count());
        let entries: Vec<Option<Entry>> = lines.map(|line| form.read(line)).collect();
        assert_eq!(entries.len(), 3, "{name}: {after}");
        assert!(entries.iter().all(Option::is_some) && after.starts_with(&before));
    }
}

#[test]
fn csv_is_what_a_table_takes() {
    let (_directory, path) = place("line.csv");
    let mut log = open(&path);
    log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
    log.append(&entry(None, Mark::Fail)).expect("a line");
    let (a, b) = ("aa".repeat(32), "bb".repeat(32));
    let expected = format!(
        "time,serial,path,chip,sha256,stdfu,result,reason,seconds,verified\n\
         2026-11-26T14:52:03Z,A,1-1,STM32F405/407/415/417,{a} {b},0.1.0,pass,,4.25,true\n\
         2026-11-26T14:52:03Z,,1-1,STM32F405/407/415/417,{a} {b},0.1.0,fail,\"it said \"\"no\"\", and went, away\",4.25,false\n"
    );
    assert_eq!(fs::read_to_string(&path).expect("the log"), expected);
}

#[test]
fn a_board_that_fails_after_it_was_good_is_good_no_more() {
    let mut log = Log::default();
    for mark in [Mark::Fail, Mark::Interrupted] {
        log.append(&entry(Some("A"), Mark::Pass)).expect("no file");
        assert!(log.good("A").is_some());
        log.append(&entry(Some("A"), mark)).expect("no file");
        assert_eq!(log.good("A"), None);
    }
}

#[test]
fn a_serial_number_that_many_boards_have_is_nobody_s() {
    let mut log = Log::default();
    log.append(&entry(Some("200364500000"), Mark::Pass))
        .expect("no file");
    assert_eq!(log.good("200364500000"), None);
}

#[test]
fn wherever_the_last_line_was_cut_short_the_log_is_continued_and_no_line_is_torn() {
    for name in ["line.jsonl", "line.csv"] {
        let (_directory, path) = place(name);
        let mut log = open(&path);
        log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
        let kept = fs::read(&path).expect("the log");
        log.append(&entry(Some("B"), Mark::Pass)).expect("a line");
        drop(log);
        let whole = fs::read(&path).expect("the log");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("a file");
            let (mut log, torn) = Log::open(&path).expect("a log");
            log.append(&entry(Some("C"), Mark::Pass)).expect("a line");
            drop(log);
            let text = fs::read_to_string(&path).expect("the log");
            let form = Form::of(&path);
            assert!(text.starts_with(form.header()));
            let lines: Vec<&str> = text.lines().skip(form.header().lines().count()).collect();
            assert!(
                lines.iter().all(|line| form.read(line).is_some()),
                "{name}, {length}: {text}"
            );
            assert!(
                length < kept.len() || text.as_bytes().starts_with(&kept),
                "{name}, {length}"
            );
            // Nothing is taken out without a word.
            let is_whole_but_for_its_end = length + 1 == whole.len() || length + 1 == kept.len();
            let is_between = [0, kept.len(), form.header().len()].contains(&length);
            if !is_between && !is_whole_but_for_its_end {
                assert!(torn.is_some(), "{name}, {length}");
            }
        }
    }
}

#[test]
fn an_editor_may_take_out_the_last_line_s_end_or_add_empty_lines() {
    for name in ["line.jsonl", "line.csv"] {
        let (_directory, path) = place(name);
        let mut log = open(&path);
        log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
        drop(log);
        let text = fs::read_to_string(&path).expect("the log");
        fs::write(&path, text.trim_end()).expect("a file");
        let log = open(&path);
        assert!(log.good("A").is_some(), "{name}");
        drop(log);
        assert_eq!(fs::read_to_string(&path).expect("the log"), text);
        fs::write(&path, format!("{text}\n\r\n")).expect("a file");
        assert!(open(&path).good("A").is_some(), "{name}");
    }
}

/// Lines of a stdfu that said nothing of verification.
const OLDER_JSON: &str = r#"{"time":"2026-11-25T08:00:00Z","serial":"OLD","path":"1-1","chip":null,"sha256":["aa"],"stdfu":"0.1.0","result":"pass","reason":null,"seconds":3.0}"#;
const OLDER_CSV: &str = "time,serial,path,chip,sha256,stdfu,result,reason,seconds\n\
     2026-11-25T08:00:00Z,OLD,1-1,,aa,0.1.0,pass,,3.0";

#[test]
fn an_older_log_goes_on_and_a_table_has_as_many_fields_in_each_line_as_before() {
    for (name, older, columns) in [("line.jsonl", OLDER_JSON, 0), ("line.csv", OLDER_CSV, 9)] {
        for end in ["\n", "\r\n"] {
            let (_directory, path) = place(name);
            fs::write(&path, older.replace('\n', end) + end).expect("a file");
            let mut log = open(&path);
            assert_eq!(*log.good("OLD").expect("it is good").sha256, ["aa"]);
            let unverified = Entry {
                verified: Some(false),
                ..entry(Some("B"), Mark::Pass)
            };
            log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
            log.append(&unverified).expect("a line");
            drop(log);
            let text = fs::read_to_string(&path).expect("the log");
            assert!(text.starts_with(&older.replace('\n', end)), "{text}");
            if columns > 0 {
                let mut table = csv::Reader::from_reader(text.as_bytes());
                let rows: Result<Vec<_>, _> = table.records().collect();
                let rows = rows.expect("as many fields in each line");
                assert!(rows.iter().all(|row| row.len() == columns), "{text}");
                assert_eq!(&rows[1][7], "");
                assert_eq!(&rows[2][7], "not verified", "{text}");
            } else {
                let last = text.lines().last().expect("a line");
                assert!(last.ends_with(r#""verified":false}"#), "{text}");
            }
            let log = open(&path);
            assert!(
                ["OLD", "A", "B"]
                    .iter()
                    .all(|serial| log.good(serial).is_some())
            );
        }
    }
}

#[test]
fn another_station_can_not_have_the_same_log() {
    let (_directory, path) = place("line.jsonl");
    let _first = open(&path);
    let second = Log::open(&path).expect_err("it is in use");
    assert!(matches!(second, LogError::InUse { .. }), "{second}");
}

/// As has a process that was forked meanwhile.
#[test]
fn a_log_is_free_when_its_station_ends_even_where_somebody_else_has_the_open_file() {
    let (_directory, path) = place("line.jsonl");
    let first = open(&path);
    let file = &first.file.as_ref().expect("it is kept").file;
    let _shared = file.try_clone().expect("another handle");
    drop(first);
    open(&path);
}

#[test]
fn a_file_that_is_no_log_is_left_as_it_is() {
    for (name, content, line) in [
        ("a.txt", "something else\n", 1),
        ("a.jsonl", "{\"time\":1}\n", 1),
        ("a.csv", "time,serial\n", 1),
        ("b.txt", "no end", 1),
    ] {
        let (_directory, path) = place(name);
        fs::write(&path, content).expect("a file");
        match Log::open(&path) {
            Err(LogError::Foreign { line: found, .. }) => assert_eq!(found, line, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(fs::read_to_string(&path).expect("the file"), content);
    }
}

#[test]
fn a_log_that_something_else_has_changed_takes_no_more() {
    let (_directory, path) = place("line.jsonl");
    let mut log = open(&path);
    log.append(&entry(Some("A"), Mark::Pass)).expect("a line");
    fs::write(&path, "").expect("a file");
    assert!(log.append(&entry(Some("B"), Mark::Pass)).is_err());
    fs::remove_file(&path).expect("it is there");
    assert!(log.append(&entry(Some("B"), Mark::Pass)).is_err());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_log() {
    let error = Log::open(Path::new("/dev/zero")).expect_err("it has no end");
    let message = CliError::from(error).message();
    assert_eq!(message, "the log /dev/zero can't be used: it is no file");
}
