//! What real devices were seen to do, each with where that can be read: a simulated board that drifts from it fails here.
//!
//! Times of flash scatter from chip to chip. Those below hold within a factor of two, unless a range was seen.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::board;
use super::diary::{BUSY, DONE, ERR_UNKNOWN, ERROR, Host, IDLE};
use super::spec::BoardSpec;
use super::transfer::Answer;
use crate::dfuse::layout::{MemoryLayout, Sector};

/// Something that was seen.
enum Fact {
    /// bStatus and bState before anything was asked of it.
    Begins(u8, u8),
    /// `wTransferSize`.
    TransferSize(u16),
    /// `bwPollTimeout` of a block of so many bytes, in milliseconds.
    BlockSays(usize, u32),
    /// `bwPollTimeout` of a sector's erase, in milliseconds.
    EraseSays(u32),
    /// How long a sector's erase takes until its GETSTATUS is answered, in milliseconds.
    EraseAnswersAfter(RangeInclusive<u64>),
    /// `bwPollTimeout` of a mass erase, and how long that takes, both in milliseconds.
    MassErase(u32, RangeInclusive<u64>),
    /// A mass erase reports success, and the memory is as it was.
    MassEraseKeeps,
    /// The GETSTATUS after the wait of an erase is refused.
    RefusesWhileErasing,
    /// What a CLRSTATUS in dfuDNLOAD-IDLE is answered.
    ClearStatusOutsideError(Answer),
    /// After an erase of the sector at this address it stays busy; a CLRSTATUS gives errUNKNOWN, and a second one dfuIDLE.
    Wedges(u32),
    /// What an UPLOAD of block 0 lists.
    Commands(&'static [u8]),
    /// `bwPollTimeout` in dfuIDLE, in milliseconds.
    IdleSays(u32),
    /// A memory's string.
    Memory(usize, &'static str),
    /// A memory's string descriptor: how many bytes it says it has, and how many it has.
    StringOf(u16, u8, usize),
}

use Fact::{
    Begins, BlockSays, ClearStatusOutsideError, Commands, EraseAnswersAfter, EraseSays, IdleSays,
    MassErase, MassEraseKeeps, Memory, RefusesWhileErasing, StringOf, TransferSize, Wedges,
};

/// bStatus errFIRMWARE.
const ERR_FIRMWARE: u8 = 10;

const DEVICE_LOGS: &str = "dfu-util's device-logs, lsusb -v";

/// A board, what its like was seen to do, and where that can be read.
const SEEN: &[(&str, Fact, &str)] = &[
    (
        "f405",
        Begins(ERR_FIRMWARE, ERROR),
        "dfu-util's tickets, first contact with an F4",
    ),
    ("f405", TransferSize(2048), DEVICE_LOGS),
    (
        "f405",
        Memory(0, "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"),
        "STM32CubeProgrammer's list of an F405, community.st.com td-p/315451",
    ),
    (
        "f405",
        Memory(3, "@Device Feature/0xFFFF0000/01*004 e"),
        "STM32CubeProgrammer's list of an F405, community.st.com td-p/315451",
    ),
    (
        "f405",
        MassErase(100, 5_000..=32_000),
        "betaflight-configurator issue 341; DS8626: 8 s, at most 32 s with 8 bits",
    ),
    (
        "f746",
        Begins(ERR_FIRMWARE, ERROR),
        "fwupd pull request 1944",
    ),
    (
        "f746",
        BlockSays(0x728, 5),
        "fwupd pull request 1944: sleeping for 5 ms after 0x728 bytes",
    ),
    (
        "f411",
        RefusesWhileErasing,
        "dfu-util's tickets: GETSTATUS fails while an F411 erases",
    ),
    (
        "l476",
        RefusesWhileErasing,
        "dfu-util ticket 208: get_status of ERASE_PAGE fails on an L4",
    ),
    ("l476", TransferSize(2048), "dfu-util ticket 208"),
    (
        "f427",
        StringOf(0x0304, 166, 112),
        "devices that libusb refuses to read the string of",
    ),
    (
        "f767",
        MassEraseKeeps,
        "F767's ROM: a mass erase that is accepted and does nothing",
    ),
    (
        "h743",
        EraseAnswersAfter(450..=2_200),
        "H7: 0.9 s a sector inside GETSTATUS, up to 2.2 s",
    ),
    (
        "h743",
        MassEraseKeeps,
        "H74x V13.3: a mass erase that is accepted and does nothing",
    ),
    (
        "h743",
        TransferSize(1024),
        "dfu-util's list of a Daisy Seed",
    ),
    (
        "h743v9",
        Wedges(0x0810_0000),
        "betaflight-configurator pull request 1861",
    ),
    (
        "c5",
        ClearStatusOutsideError(Answer::Stall),
        "betaflight-configurator pull request 5300",
    ),
    (
        "f405",
        ClearStatusOutsideError(Answer::Acknowledged),
        "stm32_mw_usb_device, usbd_dfu.c: DFU_ClearStatus",
    ),
    (
        "class-sample",
        Commands(&[0x00, 0x21, 0x41]),
        "stm32_mw_usb_device, usbd_dfu.c: DFU_Upload",
    ),
    ("f405", Commands(&[0x00, 0x21, 0x41, 0x92]), "AN3156 §4.2"),
    ("gd32vf103", TransferSize(2048), "gd32-dfu-utils issue 3"),
    (
        "gd32vf103",
        EraseSays(100),
        "gd32-dfu-utils issue 3: poll timeout 100 ms a page",
    ),
    (
        "gd32vf103",
        BlockSays(2048, 104),
        "gd32-dfu-utils issue 3: poll timeout 104 ms a block",
    ),
    ("longan", Begins(0, IDLE), "gd32-dfu-utils issue 4"),
    (
        "pybd",
        MassErase(0, 8_000..=10_000),
        "micropython pull request 5730: 8 to 10 s on an F765",
    ),
    (
        "mboot",
        EraseSays(0),
        "micropython, mboot/main.c: bwPollTimeout is 0",
    ),
    ("mboot", TransferSize(2048), "micropython, mboot/main.c"),
    (
        "zephyr",
        IdleSays(256),
        "zephyr pull requests 14662 and 51880",
    ),
    ("embassy", IdleSays(50), "embassy-usb-dfu, dfu.rs"),
    ("tinyusb", Begins(0, IDLE), "pico-ice-sdk issue 50"),
    (
        "g0b1",
        Memory(1, "@Internal Flash   /0x08000000/64*02Kg"),
        "dfu-util's list of a BTT U2C",
    ),
    (
        "u575",
        TransferSize(1024),
        "dfu-util's list of a U5 with 2 MiB",
    ),
];

#[test]
fn every_simulated_board_does_what_its_like_was_seen_to_do() {
    let mut failed = Vec::new();
    for (board, fact, source) in SEEN {
        if let Err(found) = check(board, fact) {
            failed.push(format!("{board}: {found}, and not as in {source}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_fact_that_a_board_contradicts_is_found() {
    let contradictions = [
        ("f405", Begins(0, IDLE)),
        ("f405", TransferSize(1024)),
        ("f746", BlockSays(0x728, 50)),
        ("f405", EraseSays(1)),
        ("f405", EraseAnswersAfter(100..=2_200)),
        ("f405", MassErase(0, 5_000..=32_000)),
        ("f405", MassErase(100, 0..=1_000)),
        ("f405", MassEraseKeeps),
        ("f405", RefusesWhileErasing),
        ("f405", ClearStatusOutsideError(Answer::Stall)),
        ("h743", Wedges(0x0810_0000)),
        ("f405", Commands(&[0x00, 0x21, 0x41])),
        ("f405", IdleSays(256)),
        ("f405", Memory(0, "@Internal Flash")),
        ("f405", StringOf(0x0304, 166, 112)),
    ];
    for (board, fact) in contradictions {
        assert!(check(board, &fact).is_err(), "{board}");
    }
}

/// Whether a board does so; else, what it does.
fn check(board: &str, fact: &Fact) -> Result<(), String> {
    let spec = format!("{board},timing=real");
    match fact {
        Begins(status, state) => {
            let (found, _, at) = Host::sees(&spec).get_status();
            same((found, at), (*status, *state))
        }
        TransferSize(size) => same(described(board).transfer_size, *size),
        Memory(index, layout) => same(described(board).memories[*index].layout, *layout),
        StringOf(value, says, sends) => string(&spec, *value, (*says, *sends)),
        IdleSays(milliseconds) => same(Host::meets(&spec).get_status().1, *milliseconds),
        Commands(commands) => {
            let listed = Host::meets(&spec).uploads(0, 64);
            same(listed, Answer::Data(commands.to_vec()))
        }
        BlockSays(bytes, says) => {
            let mut host = Host::meets(&spec);
            host.points_at(first_sector(board).address);
            host.downloads(2, &vec![0; *bytes]);
            near(host.get_status().1, *says)
        }
        EraseSays(says) => near(
            erases(&mut Host::meets(&spec), first_sector(board).address).1,
            *says,
        ),
        EraseAnswersAfter(range) => {
            let mut host = Host::meets(&spec);
            let begun = host.now;
            erases(&mut host, first_sector(board).address);
            within(host.now - begun, range)
        }
        MassErase(says, range) => mass_erase(&spec, *says, range),
        MassEraseKeeps => mass_erase_keeps(&spec, first_sector(board).address),
        RefusesWhileErasing => {
            let mut host = Host::meets(&spec);
            let (_, wait, _) = erases(&mut host, first_sector(board).address);
            host.now += Duration::from_millis(wait.into());
            same(host.asks(0xA1, 3, 0, 6), Answer::Stall)
        }
        ClearStatusOutsideError(answer) => {
            let mut host = Host::meets(&spec);
            host.points_at(first_sector(board).address);
            same(host.clear_status(), answer.clone())
        }
        Wedges(address) => wedges(&spec, *address),
    }
}

fn described(name: &str) -> &'static board::Board {
    board::find(name).expect("a board")
}

/// The first sector that can be erased and written.
fn first_sector(board: &str) -> Sector {
    let layout = MemoryLayout::parse(described(board).memories[0].layout).expect("a layout");
    let mut sectors = layout.sectors();
    let sector = sectors.find(|sector| sector.access.erasable && sector.access.writable);
    sector.expect("a sector")
}

/// Asks for the erase of a sector, and for the status once.
fn erases(host: &mut Host, address: u32) -> (u8, u32, u8) {
    let command = [&[0x41], &address.to_le_bytes()[..]].concat();
    assert_eq!(host.downloads(0, &command), Answer::Acknowledged);
    host.get_status()
}

/// Asks until it is done.
fn waits(host: &mut Host) -> (u8, u8) {
    loop {
        let (status, wait, state) = host.get_status();
        if state != BUSY {
            return (status, state);
        }
        host.now += Duration::from_millis(wait.max(10).into());
    }
}

fn mass_erase(spec: &str, says: u32, range: &RangeInclusive<u64>) -> Result<(), String> {
    let mut host = Host::meets(spec);
    let begun = host.now;
    host.downloads(0, &[0x41]);
    near(host.get_status().1, says)?;
    same(waits(&mut host), DONE)?;
    within(host.now - begun, range)
}

fn mass_erase_keeps(spec: &str, address: u32) -> Result<(), String> {
    let mut host = Host::meets(spec);
    host.points_at(address);
    host.downloads(2, &[0x5A; 256]);
    same(waits(&mut host), DONE)?;
    host.downloads(0, &[0x41]);
    same(waits(&mut host), DONE)?;
    same(host.reads(address, 256), Answer::Data(vec![0x5A; 256]))
}

fn wedges(spec: &str, address: u32) -> Result<(), String> {
    let mut host = Host::meets(spec);
    erases(&mut host, address);
    for _ in 0..100 {
        host.now += Duration::from_secs(1);
        same(host.get_status().2, BUSY)?;
    }
    host.clear_status();
    let (status, _, state) = host.get_status();
    same((status, state), (ERR_UNKNOWN, ERROR))?;
    host.clear_status();
    let (status, _, state) = host.get_status();
    same((status, state), (0, IDLE))
}

fn string(spec: &str, value: u16, expected: (u8, usize)) -> Result<(), String> {
    match Host::sees(spec).asks(0x80, 6, value, 255) {
        Answer::Data(bytes) => same((bytes[0], bytes.len()), expected),
        other => Err(format!("{other:?}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("found {found:?}, expected {expected:?}")),
    }
}

/// Within a factor of two; of nothing, nothing.
fn near(found: u32, expected: u32) -> Result<(), String> {
    match expected.div_ceil(2) <= found && found <= expected * 2 {
        true => Ok(()),
        false => Err(format!("found {found} ms, expected about {expected} ms")),
    }
}

fn within(found: Duration, range: &RangeInclusive<u64>) -> Result<(), String> {
    let milliseconds = u64::try_from(found.as_millis()).unwrap_or(u64::MAX);
    match range.contains(&milliseconds) {
        true => Ok(()),
        false => Err(format!("it takes {milliseconds} ms, expected {range:?}")),
    }
}

/// So that a name that is wrong is told by itself.
#[test]
fn every_board_that_was_seen_is_one_of_ours() {
    for (board, _, source) in SEEN {
        assert!(board.parse::<BoardSpec>().is_ok(), "{board}");
        assert!(source.len() > 10, "{board}");
    }
}
