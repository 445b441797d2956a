//! Thousands of sessions with devices that mean harm: none panics, none goes on for ever, and none calls right what it
//! has not seen to be right.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::bench::{Board, Job, Ran, carry_out, image};
use super::hostile::Harm::{self, *};
use super::hostile::{Cells, Hostile, Temper};
use super::noise::Noise;
use super::watched::{Change, Meaning, Transfer, Watched, unread};
use crate::address::{AddressRange, RangeRequest};
use crate::dfuse::layout::{MemoryLayout, Sector};
use crate::dfuse::plan::board_facts::Memory;
use crate::dfuse::plan::erase::EraseRequest;
use crate::dfuse::plan::flash::FlashOptions;
use crate::image::{Image, ImageElement};
use crate::usb::Transport;

/// How many sessions there are.
const SESSIONS: u64 = 10_000;
/// What one session may send at most. A device that is busy for ever, and says that it takes no time, is asked every
/// millisecond for 20 s, and again for each try.
const MOST_REQUESTS: usize = 1_500_000;
/// The longest that a device may have, for a mass erase.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// What a request other than GETSTATUS may take with all that follows from it.
const MOST_A_REQUEST: Duration = Duration::from_secs(60);
/// What a session may take besides, on its way to dfuIDLE and out.
const MOST_BESIDES: Duration = Duration::from_secs(1000);

/// One session, all of it from a seed.
struct Scenario {
    board: Board,
    job: Job,
    device: Hostile,
    /// At which event the user wants to stop.
    interrupted_at: Option<usize>,
}

/// Set to a seed in the environment, only that session runs, and shows what was sent.
const SEED: &str = "STDFU_SEED";

#[test]
fn whatever_a_device_does_a_session_ends_and_calls_right_only_what_it_has_seen() {
    let seeds = match std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..SESSIONS,
    };
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new(Vec::new());
    let good = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        break;
                    }
                    let broken = catch_unwind(AssertUnwindSafe(|| Scenario::of(seed).judge()));
                    match broken {
                        Ok((went_well, broken)) => {
                            good.fetch_add(u64::from(went_well), Ordering::Relaxed);
                            let broken = broken.map(|rule| (seed, rule));
                            found.lock().expect("nobody panicked").extend(broken);
                        }
                        Err(_) => found
                            .lock()
                            .expect("nobody panicked")
                            .push((seed, "a panic".to_owned())),
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().expect("nobody panicked");
    found.sort();
    assert!(found.is_empty(), "{}", list(&found));
    let good = good.into_inner();
    assert!(
        good > (seeds.end - seeds.start) / 4,
        "only {good} went well: nothing was tried"
    );
}

/// How often each rule was broken, with a few seeds each.
fn list(found: &[(u64, String)]) -> String {
    let mut rules: Vec<&str> = found
        .iter()
        .map(|(_, rule)| rule.split(':').next().unwrap_or(rule))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let mut text = String::new();
    for rule in rules {
        let cases = || found.iter().filter(|(_, found)| found.starts_with(rule));
        writeln!(text, "{} times: {rule}", cases().count()).expect("a String");
        for (seed, said) in cases().take(5) {
            writeln!(text, "    {SEED}={seed}: {said}").expect("a String");
        }
    }
    text
}

impl Scenario {
    fn of(seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let transfer_size = noise.pick(&[8, 64, 64, 128, 256, 256, 1024, 1024, 2048, 4096]);
        let count = noise.pick(&[1, 1, 1, 2, 3]);
        let memories: Vec<Memory> = (0..count)
            .map(|alternate_setting| Memory {
                alternate_setting,
                layout: layout(&mut noise, alternate_setting),
            })
            .collect();
        let board = Board {
            memories,
            interface: noise.pick(&[0, 0, 1, 3]),
            transfer_size,
            can_upload: !noise.per_mille(50),
            several_memories: count > 1,
        };
        let job = job(&mut noise, &board);
        let cells = board
            .memories
            .iter()
            .map(|memory| cells(&mut noise, memory, &job))
            .collect();
        let temper = temper(&mut noise, &board);
        let interrupted_at = noise.per_mille(60).then(|| noise.below(40));
        let device = Hostile::new(noise, temper, cells, board.interface, transfer_size);
        Self {
            board,
            job,
            device,
            interrupted_at,
        }
    }

    /// Whether it went well, and which rule is broken.
    fn judge(mut self) -> (bool, Option<String>) {
        let mut watched = Watched::new(&mut self.device, self.board.transfer_size, MOST_REQUESTS);
        let mut events = 0;
        let interrupted_at = self.interrupted_at;
        let mut interrupted = false;
        let ran = carry_out(&mut watched, &self.board, &self.job, || {
            events += 1;
            interrupted |= Some(events) == interrupted_at;
            Some(events) == interrupted_at
        });
        let (transfers, longest_wait) =
            (std::mem::take(&mut watched.transfers), watched.longest_wait);
        let taken = watched.now();
        if std::env::var_os(SEED).is_some() {
            println!("{:?}\n{:?}\n{transfers:#?}\n{ran:?}", self.board, self.job);
        }
        let others = transfers
            .iter()
            .filter(|transfer| transfer.meaning != Meaning::GetStatus);
        let others = u32::try_from(others.count()).expect("not that many");
        let broken = if !ran.planned && !transfers.is_empty() {
            Some("no plan, and yet something was sent".to_owned())
        } else if longest_wait > LONGEST_WAIT {
            Some(format!("a wait too long: {longest_wait:?}"))
        } else if taken > MOST_A_REQUEST * others + MOST_BESIDES {
            Some(format!(
                "a session too long: {taken:?} for {others} requests"
            ))
        } else if ran.result.is_ok() && interrupted {
            Some("interrupted, and done all the same".to_owned())
        } else if ran.tally.left == Some(true) && !self.device.has_left() {
            Some("left, and still there".to_owned())
        } else if ran.result.is_ok() {
            self.unproven(&ran, &transfers)
        } else {
            None
        };
        (ran.result.is_ok(), broken)
    }

    /// What was called right, and has not been seen to be right.
    fn unproven(&self, ran: &Ran, transfers: &[Transfer]) -> Option<String> {
        let check = |rule: &str, alternate_setting, elements: &[ImageElement], change| {
            let address = unread(transfers, alternate_setting, elements, change)?;
            Some(format!("{rule}: {address:#010x}"))
        };
        match &self.job {
            Job::Flash(image, options) if self.lets_itself_be_verified(image, *options, ran) => {
                let target = &image.targets[0];
                check(
                    "done, and a byte was not read after the last erase or write",
                    target.alternate_setting.unwrap_or(0),
                    &target.elements,
                    Change::EraseOrWrite,
                )
            }
            Job::Erase(request, memory) if self.board.can_upload => {
                let elements = self.erased(request, memory.unwrap_or(0));
                check(
                    "erased, and a byte was not read after it",
                    memory.unwrap_or(0),
                    &elements,
                    // Erasing what is erased changes nothing.
                    Change::Write,
                )
            }
            Job::Verify(image, memory) => check(
                "verified, and a byte was not read",
                memory.unwrap_or(0),
                &image.targets[0].elements,
                Change::EraseOrWrite,
            ),
            Job::Read(_, memory) => check(
                "read, and a byte was never shown",
                memory.unwrap_or(0),
                ran.result.as_deref().unwrap_or_default(),
                Change::EraseOrWrite,
            ),
            Job::Leave if !self.device.has_left() => {
                Some("started, and it never left the bus".to_owned())
            }
            Job::Unprotect => unprotected(ran, transfers),
            _ => None,
        }
    }

    fn lets_itself_be_verified(&self, image: &Image, options: FlashOptions, ran: &Ran) -> bool {
        let target = &image.targets[0];
        let memory = usize::from(target.alternate_setting.unwrap_or(0));
        let readable = self.board.memories[memory].layout.sectors().all(|sector| {
            let inside = |element: &ImageElement| {
                let end = u64::from(element.address) + element.data.len() as u64;
                u64::from(element.address) < sector.end() && u64::from(sector.address) < end
            };
            sector.access.readable || !target.elements.iter().any(inside)
        });
        options.verify && self.board.can_upload && readable && !ran.tally.reset
    }

    /// What the erased sectors that can be read have to hold.
    fn erased(&self, request: &EraseRequest, memory: u8) -> Vec<ImageElement> {
        let layout = &self.board.memories[usize::from(memory)].layout;
        let is_meant = |sector: &Sector| match request {
            EraseRequest::All => true,
            EraseRequest::Ranges(ranges) => ranges
                .iter()
                .any(|range| AddressRange::from(*sector).contains(range.address())),
        };
        let can_be_checked = |sector: &Sector| sector.access.erasable && sector.access.readable;
        // A mass erase is looked at only where all of it can be.
        let unreadable = |sector: Sector| sector.access.erasable && !sector.access.readable;
        if *request == EraseRequest::All && layout.sectors().any(unreadable) {
            return Vec::new();
        }
        layout
            .sectors()
            .filter(is_meant)
            .filter(can_be_checked)
            .map(|sector| ImageElement {
                address: sector.address,
                data: vec![layout.erased_value(); usize::try_from(sector.size).expect("small")],
            })
            .collect()
    }
}

/// What was called lifted or not there, and was not seen to be so.
fn unprotected(ran: &Ran, transfers: &[Transfer]) -> Option<String> {
    let any = |is_meant: fn(&Meaning) -> bool| {
        transfers.iter().any(|transfer| is_meant(&transfer.meaning))
    };
    let was_told = any(|meaning| *meaning == Meaning::Unprotect);
    let was_read = any(|meaning| matches!(meaning, Meaning::Read(_, bytes) if !bytes.is_empty()));
    match ran.tally.unprotected {
        Some(true) if was_told => None,
        Some(false) if was_read && !was_told => None,
        said => Some(format!("done, and not seen to be so: {said:?}")),
    }
}

/// A memory of at most some 20 KiB, in a string as boards have it.
fn layout(noise: &mut Noise, alternate_setting: u8) -> MemoryLayout {
    let names = ["Internal Flash  ", "External Flash", "DATA Memory "];
    let name = names[usize::from(alternate_setting) % names.len()];
    let mut address: u64 = match alternate_setting {
        0 => noise.pick(&[0x0800_0000, 0x0800_0000, 0x0000_0000, 0xFFFF_8000]),
        other => 0x9000_0000 + u64::from(other) * 0x10_0000,
    };
    let mut text = format!("@{name}");
    for _ in 0..noise.pick(&[1, 1, 1, 2]) {
        write!(text, "/0x{address:08X}/").expect("a String");
        for segment in 0..noise.pick(&[1, 1, 2, 3]) {
            let (count, size) = noise.pick(&[
                (4, "16 "),
                (12, "128 "),
                (6, "256 "),
                (8, "128B"),
                (3, "512B"),
                (8, "01K"),
                (4, "01K"),
                (4, "002K"),
                (1, "4K"),
                (0, "8K"),
                (2, "016K"),
            ]);
            let access = noise.pick(&['g', 'g', 'g', 'g', 'g', 'g', 'g', 'a', 'e', 'f', 'c']);
            let comma = if segment > 0 { "," } else { "" };
            write!(text, "{comma}{count:02}*{size}{access}").expect("a String");
        }
        // Behind a gap.
        address += 0x3000;
    }
    MemoryLayout::parse(&text).unwrap_or_else(|_| {
        MemoryLayout::parse(&format!("@{name}/0x08000000/08*512Bg")).expect("good")
    })
}

fn job(noise: &mut Noise, board: &Board) -> Job {
    let memory = noise.below(board.memories.len());
    let memory = &board.memories[memory];
    let chosen = Some(memory.alternate_setting);
    match noise.below(100) {
        0..70 => {
            let options = FlashOptions {
                alternate_setting: chosen,
                full: noise.per_mille(200),
                preserve: noise.per_mille(400),
                mass_erase: noise.per_mille(100),
                verify: !noise.per_mille(100),
                start: noise.per_mille(400),
                ..FlashOptions::PLAIN
            };
            Job::Flash(some_image(noise, memory), options)
        }
        70..82 => {
            let request = if noise.per_mille(400) {
                EraseRequest::All
            } else {
                let ranges = (0..=noise.below(3)).map(|_| some_range(noise, memory));
                let sector = |range: AddressRange| RangeRequest::SectorAt(range.address);
                EraseRequest::Ranges(ranges.map(sector).collect())
            };
            Job::Erase(request, chosen)
        }
        82..90 => Job::Verify(some_image(noise, memory), chosen),
        90..96 => {
            let ranges = (0..noise.below(3)).map(|_| some_range(noise, memory));
            Job::Read(ranges.map(RangeRequest::Exactly).collect(), chosen)
        }
        96..98 => Job::Leave,
        _ => Job::Unprotect,
    }
}

fn some_image(noise: &mut Noise, memory: &Memory) -> Image {
    let mut ranges: Vec<AddressRange> = (0..=noise.below(3))
        .map(|_| some_range(noise, memory))
        .collect();
    ranges.sort_by_key(|range| range.address);
    let mut end = 0;
    ranges.retain(|range| {
        let fits = range.start() >= end;
        end = if fits { range.end } else { end };
        fits
    });
    let erased = memory.layout.erased_value();
    let element = |range: &AddressRange| {
        let mut data = noise.bytes(usize::try_from(range.size()).expect("small"));
        if noise.per_mille(200) {
            let from = noise.below(data.len());
            data[from..].fill(erased);
        }
        ImageElement {
            address: range.address,
            data,
        }
    };
    image(
        Some(memory.alternate_setting),
        ranges.iter().map(element).collect(),
    )
}

/// A range that begins in a sector and need not end in one.
fn some_range(noise: &mut Noise, memory: &Memory) -> AddressRange {
    let sectors: Vec<Sector> = memory.layout.sectors().collect();
    if sectors.is_empty() {
        let address = memory.start();
        let end = u64::from(address) + 1;
        return AddressRange { address, end };
    }
    let sector = noise.pick(&sectors);
    let size = usize::try_from(sector.size).expect("small");
    let offset = u32::try_from(noise.pick(&[0, 0, 4, 1, size / 2]) % size).expect("small");
    let address = sector.address + offset;
    let length = 1 + noise.below(noise_length(size));
    let end = (u64::from(address) + length as u64).min(1 << 32);
    AddressRange { address, end }
}

fn noise_length(sector_size: usize) -> usize {
    (sector_size * 3).min(6000)
}

/// What is in a memory before: nothing, next to nothing, anything, or what is to be there, but for a byte perhaps.
fn cells(noise: &mut Noise, memory: &Memory, job: &Job) -> Cells {
    let layout = memory.layout.clone();
    let start = memory.start();
    let end = layout.sectors().map(|sector| sector.end()).max();
    let size = usize::try_from(end.unwrap_or(0).saturating_sub(start.into())).expect("small");
    let erased = layout.erased_value();
    let mut bytes = match noise.below(4) {
        0 | 1 => vec![erased; size.max(1)],
        _ => noise.bytes(size.max(1)),
    };
    for _ in 0..noise.below(3) {
        let index = noise.below(bytes.len());
        bytes[index] &= 0x5A;
    }
    if let Job::Flash(image, _) | Job::Verify(image, _) = job {
        let target = &image.targets[0];
        if target.alternate_setting == Some(memory.alternate_setting) && noise.per_mille(600) {
            for element in &target.elements {
                let first = usize::try_from(element.address - start).expect("small");
                let there = bytes.iter_mut().skip(first);
                there
                    .zip(&element.data)
                    .for_each(|(byte, new)| *byte = *new);
            }
            if noise.per_mille(300) {
                let index = noise.below(bytes.len());
                bytes[index] ^= 0x10;
            }
        }
    }
    Cells {
        layout,
        start,
        bytes,
        erased,
    }
}

const ALL: &[Harm] = &[
    Stall,
    LostRequest,
    LostAnswer,
    Io,
    Other,
    Gone,
    Error,
    Nonsense,
    Short,
    Wrong,
    Rot,
    Wedge,
];

fn temper(noise: &mut Noise, board: &Board) -> Temper {
    let harms: &[Harm] = noise.pick(&[
        ALL,
        ALL,
        &[Stall, LostRequest, LostAnswer, Io],
        &[Stall],
        &[LostAnswer],
        &[Gone],
        &[Wrong, Short],
        &[Wrong],
        &[Rot],
        &[Nonsense],
        &[Error],
        &[Wedge, Stall],
    ]);
    let busy = noise.pick(&[0, 0, 0, 100, 500, 990]);
    let mut poll_timeouts: &[u32] = noise.pick(&[
        &[0],
        &[0],
        &[1, 5],
        &[100],
        &[0, 16_777_215],
        &[20_000, 65_535, 16_777_215],
        &[3, 19_999],
    ]);
    if (busy == 990 || harms.contains(&Wedge)) && !noise.per_mille(10) {
        poll_timeouts = noise.pick(&[&[100], &[1000, 16_777_215], poll_timeouts]);
        if poll_timeouts.iter().all(|timeout| *timeout < 100) {
            poll_timeouts = &[200];
        }
    }
    let wraps = noise.per_mille(60);
    let size = board.memories[0]
        .layout
        .sectors()
        .map(|sector| sector.size)
        .sum::<u32>();
    let wraps_at = usize::try_from(size / 2).expect("small").max(1);
    Temper {
        trouble: noise.pick(&[0, 0, 0, 2, 10, 40, 150, 1000]),
        harms,
        busy,
        poll_timeouts,
        erases_around: noise.pick(&[0, 0, 0, 0, 0, 0, 1, 3]),
        wraps_at: wraps.then_some(wraps_at),
        skips: noise.pick(&[0, 0, 0, 0, 20, 200]),
    }
}
