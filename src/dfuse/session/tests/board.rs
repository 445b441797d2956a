//! A simulated board with a session on it, and what has become of its flash.

use super::bench::{Board, Job, Ran, carry_out, image};
use super::noise::Noise;
use super::watched::{Meaning, Transfer, Watched};
use crate::dfuse::layout::MemoryLayout;
use crate::dfuse::plan::board_facts::Memory;
use crate::dfuse::plan::flash::FlashOptions;
use crate::image::ImageElement;
use crate::sim::SimBus;
use crate::sim::layout::claimed_layout;
use crate::sim::spec::BoardSpec;
use crate::usb::Bus;

/// Where main flash of all simulated boards begins.
pub const FLASH: u32 = 0x0800_0000;
/// More than any session here sends.
const MOST_REQUESTS: usize = 20_000;

/// What is left of a session.
pub struct Done {
    pub ran: Ran,
    /// The control transfers; those of a fault are counted so, too, from 1.
    pub transfers: Vec<Transfer>,
    /// Main flash afterwards.
    pub flash: Vec<u8>,
}

/// Runs a job on a board with these quirks and faults, whose main flash holds `before`.
pub fn run(spec: &str, before: &[u8], job: &Job) -> Done {
    let spec: BoardSpec = spec.parse().expect("a board");
    let memories = memories(&spec);
    let bus = SimBus::new(&[spec]).expect("no file");
    bus.put_main_flash(0, before);
    let info = bus.devices().expect("there is a bus").remove(0);
    let board = Board {
        memories,
        interface: info.interface,
        transfer_size: info.transfer_size(),
        can_upload: info.can_upload(),
        several_memories: info.alternate_settings.len() > 1,
    };
    let mut transport = bus.open(&info).expect("it is there");
    let mut watched = Watched::new(&mut *transport, board.transfer_size, MOST_REQUESTS);
    let ran = carry_out(&mut watched, &board, job, || false);
    Done {
        ran,
        transfers: watched.transfers,
        flash: bus.main_flash(0),
    }
}

/// Without asking the board, so that transfers are counted from the session's first one on.
fn memories(spec: &BoardSpec) -> Vec<Memory> {
    let ids = (spec.board.vendor_id, spec.board.product_id);
    let serial = spec.serial.as_deref().or(Some(spec.board.serial));
    (0..)
        .map_while(|number| Some((number, claimed_layout(spec.board, &spec.quirks, number)?)))
        .map(|(alternate_setting, text)| {
            let claimed = MemoryLayout::parse(&text).expect("a board's own");
            Memory {
                alternate_setting,
                layout: claimed.corrected(ids, serial),
            }
        })
        .collect()
}

impl Done {
    /// The numbers of the transfers that are meant so, from 1, as faults count them.
    pub fn numbers(&self, is_meant: impl Fn(&Meaning) -> bool) -> Vec<usize> {
        let numbered = (1..).zip(&self.transfers);
        numbered
            .filter(|(_, transfer)| is_meant(&transfer.meaning))
            .map(|(number, _)| number)
            .collect()
    }

    /// How many of them.
    pub fn count(&self, is_meant: impl Fn(&Meaning) -> bool) -> usize {
        self.numbers(is_meant).len()
    }

    /// Asserts a good end, and what main flash holds.
    #[track_caller]
    pub fn is_right(&self, expected: &[u8], what: &str) {
        assert_eq!(self.ran.result, Ok(Vec::new()), "{what}");
        assert_eq!(difference(&self.flash, expected), None, "{what}");
    }

    /// Asserts that main flash is right if that was said, but for a bit that has flipped at the transfer of this number,
    /// when nobody was to look there any more. `without` is the same session without the flip.
    #[track_caller]
    pub fn is_right_if_done(&self, expected: &[u8], flip: Option<(usize, &Self)>, what: &str) {
        let Some(offset) = difference(&self.flash, expected).filter(|_| self.ran.result.is_ok())
        else {
            return;
        };
        let address = FLASH + u32::try_from(offset).expect("small");
        let looks = |transfer: &Transfer| matches!(&transfer.meaning, Meaning::Read(block, _) if block.contains(address));
        let too_late = flip.is_some_and(|(number, without)| {
            let after = difference(&self.flash[offset + 1..], &expected[offset + 1..]);
            after.is_none() && !without.transfers[number - 1..].iter().any(looks)
        });
        assert!(too_late, "{what}: done, and {address:#010x} is wrong");
    }
}

/// The first offset where two differ.
pub fn difference(found: &[u8], expected: &[u8]) -> Option<usize> {
    assert_eq!(found.len(), expected.len());
    if found == expected {
        return None;
    }
    found
        .iter()
        .zip(expected)
        .position(|(found, expected)| found != expected)
}

/// Bytes without a pattern.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    Noise::new(seed).bytes(length)
}

/// Keeps what is around the image, and stays.
pub const KEEP: FlashOptions = FlashOptions {
    preserve: true,
    ..STAY
};
/// Stays in DFU mode.
pub const STAY: FlashOptions = FlashOptions {
    start: false,
    ..FlashOptions::PLAIN
};

/// Flashes bytes without a pattern at this offset of main flash.
pub fn flash(offset: usize, length: usize, options: FlashOptions) -> Job {
    let element = ImageElement {
        address: FLASH + u32::try_from(offset).expect("small"),
        data: bytes(length, 0x4449),
    };
    Job::Flash(image(Some(0), vec![element]), options)
}

/// What main flash holds when nothing but the image has changed.
pub fn flashed(before: &[u8], job: &Job) -> Vec<u8> {
    let Job::Flash(image, _) = job else {
        panic!("nothing to flash");
    };
    let mut after = before.to_vec();
    for element in image.targets.iter().flat_map(|target| &target.elements) {
        let start = usize::try_from(element.address - FLASH).expect("small");
        // Another memory has other addresses.
        if let Some(there) = after.get_mut(start..start + element.data.len()) {
            there.copy_from_slice(&element.data);
        }
    }
    after
}
