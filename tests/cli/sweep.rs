//! The fault sweep: one fault of every kind at every request of a flash on every simulated board, judged from outside.
//!
//! `cargo test` runs a sample; with `STDFU_SWEEP=all` in the environment it is all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::ops::Range;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::firmware::Firmware;
use crate::run::{FlashFile, Stdfu, bytes, stdfu};
use crate::trace::{Transfer, transfers};

/// Every kind of fault, with two of the errors that a device can answer.
const KINDS: [&str; 10] = [
    "stall",
    "lost-request",
    "lost-answer",
    "corrupt",
    "short",
    "error",
    "errVENDOR",
    "unplug",
    "power-cut",
    "flip",
];

/// What passes, and must not keep a flash from being done.
const TRANSIENT: [&str; 3] = ["stall", "lost-request", "lost-answer"];

/// What ends a run that does not end by itself. Nothing here waits for real.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Where `cargo test` looks: at every request whose number leaves some remainder, another one for each kind and board.
const SAMPLE: usize = 11;
/// In CI there is time for more.
const SAMPLE_IN_CI: usize = 7;

/// A board, and where on it an image goes: over the border of two sectors, or over several pages.
struct Target {
    board: &'static str,
    /// The file that keeps its flash, in KiB.
    kib: usize,
    /// Offset and length of the image in main flash.
    image: Range<usize>,
    /// The sectors that it touches.
    sectors: Range<usize>,
    /// Says so when main flash is read-protected: errVENDOR of another board's means something else.
    vendor_is_protection: bool,
}

const fn target(
    board: &'static str,
    kib: usize,
    image: Range<usize>,
    sectors: Range<usize>,
) -> Target {
    Target {
        board,
        kib,
        image,
        sectors,
        vendor_is_protection: true,
    }
}

/// Boards whose bootloader can't lift read protection.
const fn sample_code(target: Target) -> Target {
    Target {
        vendor_is_protection: false,
        ..target
    }
}

const TARGETS: [Target; 24] = [
    target("at32", 256, 0x4000..0x5194, 0x4000..0x5800),
    target("c5", 512, 0x5800..0x6994, 0x4000..0x8000),
    sample_code(target(
        "class-sample",
        1024,
        0xF600..0x1_0794,
        0xC000..0x2_0000,
    )),
    target("f072", 128, 0x0000..0x1194, 0x0000..0x1800),
    sample_code(target("f103", 128, 0x4000..0x5194, 0x4000..0x5400)),
    target("f405", 1024, 0x3600..0x4794, 0x0000..0x8000),
    target("f411", 512, 0x3600..0x4794, 0x0000..0x8000),
    target("f427", 1024, 0x3600..0x4794, 0x0000..0x8000),
    // Where sectors of 128 KiB end and the second bank begins with one of 16 KiB.
    target("f429", 2048, 0xF_F600..0x10_0794, 0xE_0000..0x10_4000),
    target("f746", 1024, 0x7600..0x8794, 0x0000..0x1_0000),
    target("f767", 2048, 0x7600..0x8794, 0x0000..0x1_0000),
    target("g0b1", 128, 0x0000..0x1194, 0x0000..0x1800),
    target("g474", 512, 0x4000..0x5194, 0x4000..0x5800),
    sample_code(target("gd32vf103", 128, 0x0000..0x1194, 0x0000..0x1400)),
    target("h723", 1024, 0x1_F600..0x2_0794, 0x0000..0x4_0000),
    target("h743", 2048, 0x1_F600..0x2_0794, 0x0000..0x4_0000),
    // Erasing in the second bank wedges it.
    target("h743v9", 2048, 0xF_F600..0x10_0794, 0xE_0000..0x12_0000),
    target("l072", 192, 0x0000..0x0A94, 0x0000..0x0B00),
    target("l476", 1024, 0x4000..0x5194, 0x4000..0x5800),
    sample_code(target("longan", 128, 0x0000..0x1194, 0x0000..0x1400)),
    sample_code(target("mboot", 2048, 0x7600..0x8794, 0x0000..0x1_0000)),
    sample_code(target("pybd", 4096, 0x7600..0x8794, 0x0000..0x1_0000)),
    target("u575", 2048, 0x5800..0x6994, 0x4000..0x8000),
    target("wb55", 1024, 0x4800..0x5994, 0x4000..0x6000),
];

/// A target with what is in its flash before, and what a flash without a fault does there.
struct Session {
    target: &'static Target,
    /// What was there before, in a word.
    old: &'static str,
    before: Vec<u8>,
    image: Firmware,
    blank: u8,
    requests: Vec<Transfer>,
}

/// One run: this fault at this request, from 1.
struct Case<'s> {
    session: &'s Session,
    kind: &'static str,
    request: usize,
}

/// How many cases of a kind ended so.
type Table = BTreeMap<(&'static str, Ending), usize>;

/// Of the boards in the sweep, in bytes.
const LARGEST_BLOCK: usize = 2048;

/// Cases in which a rule was broken, by rule, board and kind.
type Violations = BTreeMap<(String, &'static str, &'static str), Vec<String>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Exit 0, and flash is right.
    Done,
    /// Exit 0, and a bit flipped when nobody was to look there any more.
    FlippedLater,
    /// Another exit, and flashing again made flash right.
    Failed(i32),
    /// A rule is broken.
    Violation,
}

/// What is left of a run.
struct Outcome {
    /// `None`: it had to be killed.
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

#[test]
fn one_fault_anywhere_never_ends_in_wrong_flash_that_is_called_right() {
    let in_ci = std::env::var_os("CI").is_some();
    let every = match std::env::var("STDFU_SWEEP").as_deref() {
        Ok("all") => 1,
        _ if in_ci => SAMPLE_IN_CI,
        _ => SAMPLE,
    };
    let start = Instant::now();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let sessions: Vec<Session> = in_parallel(threads, &plans(), |flash, (target, old)| {
        Session::learn(flash, target, old)
    });
    let cases: Vec<Case<'_>> = sessions
        .iter()
        .zip(0..)
        .flat_map(|(session, shift)| session.cases(every, shift))
        .collect();
    let judged = in_parallel(threads, &cases, |flash, case| case.judge(flash));
    let mut table = Table::new();
    let mut violations = Violations::new();
    for (case, (ending, broken)) in cases.iter().zip(judged) {
        *table.entry((case.kind, ending)).or_default() += 1;
        for (rule, said) in broken {
            let key = (rule, case.session.target.board, case.kind);
            violations.entry(key).or_default().push(said);
        }
    }
    let text = format!(
        "\nfault sweep: {} cases on {} boards in {:.0} s{}\n{}\n",
        cases.len(),
        TARGETS.len(),
        start.elapsed().as_secs_f64(),
        if every == 1 {
            ""
        } else {
            ", a sample; STDFU_SWEEP=all for all of it"
        },
        text(&table)
    );
    // Straight to stderr, so that it shows where tests' own output is captured.
    std::io::stderr()
        .write_all(text.as_bytes())
        .expect("stderr is there");
    let enough = if in_ci || every == 1 {
        5000
    } else {
        5000 / SAMPLE
    };
    assert!(cases.len() >= enough, "{} cases", cases.len());
    assert!(violations.is_empty(), "{}", list(&violations));
}

/// Each target with blank flash, and with something else in every byte of it.
fn plans() -> Vec<(&'static Target, &'static str)> {
    TARGETS
        .iter()
        .flat_map(|target| ["blank", "full"].map(|old| (target, old)))
        .collect()
}

/// Does the work with as many threads, each with a flash file of its own, and keeps the order.
fn in_parallel<T: Sync, R: Send>(
    threads: usize,
    work: &[T],
    act: impl Fn(&mut Scratch, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut flash = Scratch::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = work.get(index) else {
                        break;
                    };
                    let result = act(&mut flash, item);
                    done.lock().expect("nobody panicked").push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panicked");
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A thread's flash file.
struct Scratch {
    file: FlashFile,
    /// What is known to be in it.
    contents: Vec<u8>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            file: FlashFile::full(0),
            contents: Vec::new(),
        }
    }

    /// Writes no more than needs be: a flash has 4 MiB, and this is done for every case.
    fn put(&mut self, contents: &[u8]) {
        if self.contents.len() != contents.len() {
            self.file.put(contents);
            self.contents = contents.to_vec();
            return;
        }
        const PIECE: usize = 4096;
        let pieces = self.contents.chunks_mut(PIECE).zip(contents.chunks(PIECE));
        for (index, (there, wanted)) in pieces.enumerate() {
            if there != wanted {
                self.file.patch(index * PIECE, wanted);
                there.copy_from_slice(wanted);
            }
        }
    }

    /// What a run has left in it.
    fn look(&mut self) -> &[u8] {
        self.file.read_into(&mut self.contents);
        &self.contents
    }
}

impl Session {
    /// Flashes without a fault.
    fn learn(flash: &mut Scratch, target: &'static Target, old: &'static str) -> Self {
        let blank = if target.board == "l072" { 0x00 } else { 0xFF };
        let mut before = bytes(target.kib << 10, 0x5744);
        if old == "blank" {
            before.fill(blank);
        }
        let session = Self {
            target,
            old,
            before,
            image: Firmware::raw(target.image.len()),
            blank,
            requests: Vec::new(),
        };
        flash.put(&session.before);
        let run = session.flash(flash, "", "-vv");
        assert_eq!(run.exit, Some(0), "{}: {}", target.board, run.stderr);
        assert_eq!(session.wrong(flash.look(), 0), None, "{}", target.board);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let requests = transfers(&run.stderr);
        assert_eq!(
            document["boards"][0]["requests"],
            requests.len(),
            "{}",
            target.board
        );
        Self {
            requests,
            ..session
        }
    }

    fn cases(&self, every: usize, shift: usize) -> impl Iterator<Item = Case<'_>> {
        (1..=self.requests.len()).flat_map(move |request| {
            let kinds = KINDS.into_iter().zip(shift..);
            let chosen = kinds.filter(move |(_, shift)| (request + shift) % every == 0);
            chosen.map(move |(kind, _)| Case {
                session: self,
                kind,
                request,
            })
        })
    }

    fn command(&self, flash: &Scratch, fault: &str, options: &str) -> Stdfu {
        let board = format!("{}{fault}", self.target.board);
        let address = 0x0800_0000 + self.target.image.start;
        stdfu(options)
            .arg("--json")
            .arg("--sim")
            .arg(flash.file.board(&board))
            .args(&format!(
                "flash {} --address {address:#010x}",
                self.image.path()
            ))
    }

    fn flash(&self, flash: &Scratch, fault: &str, options: &str) -> Outcome {
        let mut command = self.command(flash, fault, options).into_command();
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        Outcome::of(child)
    }

    /// Where flash is not as it should be after a flash: the image in its place, the rest of its sectors as it was or
    /// erased, everything else as it was. As many bits as `flipped` may be wrong beyond the image.
    fn wrong(&self, now: &[u8], flipped: u32) -> Option<String> {
        let Target { image, sectors, .. } = self.target;
        if now.len() != self.before.len() {
            return Some("the size of the flash file".to_owned());
        }
        if now[image.clone()] != *self.image.bytes {
            let offset = image
                .clone()
                .zip(&self.image.bytes)
                .find(|(offset, expected)| now[*offset] != **expected);
            return offset.map(|(offset, expected)| {
                format!(
                    "offset {offset:#x} holds {:#04x}, not {expected:#04x} of the image",
                    now[offset]
                )
            });
        }
        let around = [sectors.start..image.start, image.end..sectors.end];
        let bits: u32 = around
            .into_iter()
            .map(|range| self.odd_bits(now, range))
            .sum();
        if bits > flipped {
            return Some("what lies around the image is neither kept nor erased".to_owned());
        }
        self.outside(now)
    }

    /// How many bits are neither as they were nor erased.
    fn odd_bits(&self, now: &[u8], range: Range<usize>) -> u32 {
        const PIECE: usize = 1024;
        let starts = range.clone().step_by(PIECE);
        let pieces = starts.map(|start| start..range.end.min(start + PIECE));
        let odd = |piece: Range<usize>| {
            let (now, before) = (&now[piece.clone()], &self.before[piece]);
            if now == before {
                return 0;
            }
            let bits = now.iter().zip(before).map(|(now, before)| {
                let kept = (now ^ before).count_ones();
                kept.min((now ^ self.blank).count_ones())
            });
            bits.sum()
        };
        pieces.map(odd).sum()
    }

    /// Where sectors have changed that the image has nothing to do with.
    fn outside(&self, now: &[u8]) -> Option<String> {
        let Range { start, end } = self.target.sectors;
        let same = now[..start] == self.before[..start] && now[end..] == self.before[end..];
        (!same).then(|| "sectors that the image has no byte in have changed".to_owned())
    }

    /// Whether what stands where the vector table belongs would start an application that is not all there. The block
    /// that has it is written last: a power cut may leave half of that block, with everything else in place.
    fn starts_half(&self, now: &[u8]) -> bool {
        let image = self.target.image.clone();
        let vectors = |flash: &[u8]| flash[image.start..image.start + 8].to_vec();
        // Whatever the old application was, it went no further than to the end of these sectors.
        let old = image.start..self.target.sectors.end;
        let starts_old = self.old != "blank" && vectors(now) == vectors(&self.before);
        let starts_new = vectors(now) == self.image.bytes[..8];
        let wrong_in = |image: &Range<usize>| {
            let pairs = now[image.clone()].iter().zip(&*self.image.bytes);
            pairs
                .enumerate()
                .filter(|(_, (now, image))| now != image)
                .map(|(offset, _)| offset)
        };
        starts_old && now[old.clone()] != self.before[old]
            || starts_new && !wrong_in(&image).all(|offset| offset < LARGEST_BLOCK)
    }
}

impl Case<'_> {
    /// What came of it, and which rules it breaks.
    fn judge(&self, flash: &mut Scratch) -> (Ending, Vec<(String, String)>) {
        let session = self.session;
        let fault = format!(",fault={}@{}", self.kind, self.request);
        flash.put(&session.before);
        let run = session.flash(flash, &fault, "");
        let now = flash.look();
        let flipped = u32::from(self.kind == "flip");
        let wrong = session.wrong(now, flipped);
        let mut broken = Vec::new();
        let mut ending = match run.exit {
            None => {
                broken.push(format!("still at work after {TIME_LIMIT:?}"));
                Ending::Violation
            }
            Some(0) => match &wrong {
                None => Ending::Done,
                Some(_) if self.is_never_looked_at_again(now) => Ending::FlippedLater,
                Some(wrong) => {
                    broken.push(format!("exit 0, but {wrong}"));
                    Ending::Violation
                }
            },
            Some(exit) => {
                broken.extend(session.outside(now));
                if session.starts_half(now) {
                    broken.push("half an application would be started".to_owned());
                }
                if TRANSIENT.contains(&self.kind) {
                    broken.push(format!("exit {exit} after something that passes"));
                }
                broken.extend(self.unclear(exit, &run));
                Ending::Failed(exit)
            }
        };
        if ["panicked", "RUST_BACKTRACE"]
            .iter()
            .any(|text| run.stderr.contains(text))
        {
            broken.push("a panic".to_owned());
        }
        if !matches!(ending, Ending::Done | Ending::FlippedLater) {
            let again = session.flash(flash, "", "");
            let wrong = session.wrong(flash.look(), flipped);
            if again.exit != Some(0) {
                broken.push(format!("flashing again: {}", again.ending()));
            } else if let Some(wrong) = wrong {
                broken.push(format!("flashing again: exit 0, but {wrong}"));
            }
        }
        if !broken.is_empty() {
            ending = Ending::Violation;
        }
        let said = format!(
            "{} flash at {:#010x}, {}{fault}: {}",
            session.old,
            0x0800_0000 + session.target.image.start,
            session.target.board,
            run.ending(),
        );
        (
            ending,
            broken
                .into_iter()
                .map(|rule| (rule, said.clone()))
                .collect(),
        )
    }

    /// A flip behind the last look at its byte can't be seen.
    fn is_never_looked_at_again(&self, now: &[u8]) -> bool {
        let Target { image, .. } = self.session.target;
        let expected = image.clone().zip(&self.session.image.bytes);
        let mut wrong = expected.filter(|(offset, expected)| now[*offset] != **expected);
        let (Some((offset, expected)), None) = (wrong.next(), wrong.next()) else {
            return false;
        };
        let address = 0x0800_0000 + u32::try_from(offset).expect("flash is small");
        // Until the flip is seen, the session is the same as without it.
        let mut later = self.session.requests[self.request - 1..].iter();
        self.kind == "flip"
            && (now[offset] ^ expected).count_ones() == 1
            && !later
                .any(|request| matches!(request, Transfer::Read(block) if block.contains(&address)))
    }

    /// What is missing in the words of a failure.
    fn unclear(&self, exit: i32, run: &Outcome) -> Option<String> {
        let error = run.stderr.lines().any(|line| line.starts_with("error: "));
        let document: Value = serde_json::from_str(&run.stdout).ok()?;
        let board = document["boards"].get(0);
        let said = board.map_or(&document["error"]["message"], |board| &board["error"]);
        let code = board.map_or(&document["error"]["exit"], |board| &board["exit"]);
        if !error || said.as_str().is_none_or(str::is_empty) || *code != exit {
            return Some("no error is told".to_owned());
        }
        let gone = matches!(self.kind, "unplug" | "power-cut");
        let good = match exit {
            3 => gone,
            8 | 9 => true,
            // Who has been read is not read-protected.
            10 => {
                let mut earlier = self.session.requests[..self.request - 1].iter();
                self.kind == "errVENDOR"
                    && self.session.target.vendor_is_protection
                    && !earlier.any(|request| matches!(request, Transfer::Read(_)))
            }
            _ => false,
        };
        (!good).then(|| format!("exit {exit}, which it is not"))
    }
}

impl Outcome {
    /// Waits for its end, or kills it. What it says fits a pipe, so nobody has to read meanwhile.
    fn of(mut child: Child) -> Self {
        let start = Instant::now();
        let mut said = [
            child
                .stdout
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            child
                .stderr
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ]
        .map(|pipe| {
            thread::spawn(move || {
                let mut text = String::new();
                pipe.map(|mut pipe| pipe.read_to_string(&mut text));
                text
            })
        })
        .into_iter();
        let exit = loop {
            match child.try_wait().expect("it was started") {
                Some(status) => break Some(status.code().unwrap_or(-1)),
                None if start.elapsed() < TIME_LIMIT => thread::sleep(Duration::from_micros(500)),
                None => {
                    child.kill().expect("it is still there");
                    child.wait().expect("it was killed");
                    break None;
                }
            }
        };
        let mut text = || said.next().expect("two pipes").join().expect("UTF-8");
        Self {
            exit,
            stdout: text(),
            stderr: text(),
        }
    }
}

impl Outcome {
    /// The exit code, and the error or what else was said last.
    fn ending(&self) -> String {
        let error = self.stderr.lines().find(|line| line.starts_with("error: "));
        let said = error.or(self.stderr.lines().last()).unwrap_or_default();
        match self.exit {
            Some(exit) => format!("exit {exit}, {said}"),
            None => format!("killed, {said}"),
        }
    }
}

/// What is broken where, a few cases of each.
fn list(violations: &Violations) -> String {
    const EACH: usize = 3;
    let mut text = String::new();
    for ((rule, board, kind), cases) in violations {
        writeln!(text, "{board}, {kind}, {} times: {rule}", cases.len()).expect("a String");
        for case in cases.iter().take(EACH) {
            writeln!(text, "    {case}").expect("a String");
        }
    }
    text
}

fn text(table: &Table) -> String {
    let mut endings: Vec<Ending> = table.keys().map(|(_, ending)| *ending).collect();
    endings.sort_unstable();
    endings.dedup();
    let mut text = format!("{:<14}{:>7}", "kind", "cases");
    for ending in &endings {
        let heading = match ending {
            Ending::Done => "exit 0".to_owned(),
            Ending::FlippedLater => "too late".to_owned(),
            Ending::Failed(exit) => format!("exit {exit}"),
            Ending::Violation => "BROKEN".to_owned(),
        };
        write!(text, "{heading:>10}").expect("a String");
    }
    for kind in KINDS {
        let of_kind = |ending: &Ending| table.get(&(kind, *ending)).copied().unwrap_or(0);
        let all: usize = endings.iter().map(of_kind).sum();
        write!(text, "\n{kind:<14}{all:>7}").expect("a String");
        for ending in &endings {
            write!(text, "{:>10}", of_kind(ending)).expect("a String");
        }
    }
    text
}
