//! What quirks are called on the command line, as in `quirk=write-protected=0x08004000`.

use thiserror::Error;

use super::super::board::{BOARDS, Board};
use super::layout::{self, GD32};
use super::{Quirk, Quirks};

/// How a quirk is asked for.
#[derive(Debug)]
pub struct QuirkName {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
    value: Value,
}

/// What stands behind a quirk's name.
#[derive(Debug)]
enum Value {
    /// No value.
    No(Quirk),
    Address(fn(u32) -> Quirk),
    /// A number.
    Number(fn(u32) -> Quirk),
    /// A number of bytes, not 0.
    Bytes(fn(u32) -> Quirk),
    /// A number of 16 bits.
    Size(fn(u16) -> Quirk),
}

/// The word for a board without any quirk.
pub const NONE: &str = "none";

/// Every quirk there is.
pub static QUIRKS: &[QuirkName] = &[
    plain(
        "no-access",
        Quirk::NoAccess,
        "the system denies access to the board (not over USB/IP)",
    ),
    plain(
        "busy",
        Quirk::Busy,
        "another program holds the board (not over USB/IP)",
    ),
    plain(
        "late-access",
        Quirk::LateAccess,
        "the system lets it be opened half a second after it came (not over USB/IP)",
    ),
    plain(
        "not-permitted",
        Quirk::NotPermitted,
        "a container has no rule for the board (not over USB/IP)",
    ),
    plain(
        "no-node",
        Quirk::NoNode,
        "a container has no node for the board (not over USB/IP)",
    ),
    plain(
        "application",
        Quirk::Application,
        "runs its application; DETACH brings it to DFU mode",
    ),
    plain(
        "err-firmware",
        Quirk::ErrFirmware,
        "begins in dfuERROR/errFIRMWARE",
    ),
    plain(
        "clear-status=error",
        Quirk::ClearStatusError,
        "CLRSTATUS outside dfuERROR leads into dfuERROR/errUNKNOWN",
    ),
    plain(
        "clear-status=stall",
        Quirk::ClearStatusStall,
        "CLRSTATUS outside dfuERROR is refused: newer ROMs do so anyway",
    ),
    plain(
        "poll-timeout=zero",
        Quirk::PollTimeoutZero,
        "bwPollTimeout is always 0",
    ),
    plain(
        "poll-timeout=short",
        Quirk::PollTimeoutShort,
        "bwPollTimeout is a tenth of the truth",
    ),
    plain(
        "poll-timeout=long",
        Quirk::PollTimeoutLong,
        "bwPollTimeout is three times the truth and 50 ms",
    ),
    plain(
        "mass-erase-100ms",
        Quirk::MassErase100Ms,
        "bwPollTimeout is 100 ms for a mass erase",
    ),
    plain(
        "blocking=erase",
        Quirk::BlockingErase,
        "the GETSTATUS that starts an erase is answered after it",
    ),
    plain(
        "blocking=next",
        Quirk::BlockingNext,
        "works after that answer, and the next request waits",
    ),
    QuirkName {
        name: "stall-after-wait",
        value: Value::Number(Quirk::StallAfterWait),
        description: "refuses N GETSTATUS after the wait for an erase",
    },
    plain(
        "wedge",
        Quirk::Wedge,
        "stays in dfuDNBUSY after an erase in bank 2; CLRSTATUS twice helps",
    ),
    plain(
        "unknown-state",
        Quirk::UnknownState,
        "says state 42 for dfuDNBUSY",
    ),
    plain(
        "explains-errors",
        Quirk::ExplainsErrors,
        "iString explains an error, once",
    ),
    plain(
        "error-with-ok",
        Quirk::ErrorWithOk,
        "dfuERROR with bStatus OK",
    ),
    plain(
        "error-in-idle",
        Quirk::ErrorInIdle,
        "a failure is told by bStatus beside dfuDNLOAD-IDLE, once",
    ),
    plain(
        "failures-are-vendor",
        Quirk::FailuresAreVendor,
        "errVENDOR for a failed write or erase",
    ),
    plain(
        "no-read-unprotect",
        Quirk::NoReadUnprotect,
        "get-commands answers 00 21 41",
    ),
    plain(
        "wrong-state-after-unprotect",
        Quirk::WrongStateAfterUnprotect,
        "dfuDNLOAD-IDLE after read unprotect",
    ),
    plain(
        "no-mass-erase",
        Quirk::NoMassErase,
        "mass erase reports success and erases nothing",
    ),
    plain(
        "read-protected",
        Quirk::ReadProtected,
        "errVENDOR for everything, until read unprotect has erased it all",
    ),
    QuirkName {
        name: "write-protected",
        value: Value::Address(Quirk::WriteProtected),
        description: "erasing and writing this sector report success and change nothing",
    },
    QuirkName {
        name: "erase-unit",
        value: Value::Bytes(Quirk::EraseUnit),
        description: "an erase in main flash takes so many bytes at least, aligned to that",
    },
    QuirkName {
        name: "true-size",
        value: Value::Bytes(Quirk::TrueSize),
        description: "main flash has so many bytes; behind them come the same again",
    },
    plain(
        "erase-hits-other-bank",
        Quirk::EraseHitsOtherBank,
        "an erase takes the same place of main flash's other half, too",
    ),
    plain(
        "erase-skipped-once",
        Quirk::EraseSkippedOnce,
        "the first sector erase reports success and erases nothing",
    ),
    QuirkName {
        name: "packed",
        value: Value::Address(Quirk::Packed),
        description: "takes an image from this address on, in order; UPLOAD answers stale bytes: mboot with packing",
    },
    QuirkName {
        name: "flipped-bit",
        value: Value::Address(Quirk::FlippedBit),
        description: "a bit of the byte here is wrong whenever it was programmed",
    },
    plain(
        "corrupt-lengths",
        Quirk::CorruptLengths,
        "corrupts writes over 256 bytes that are no multiple of 8",
    ),
    plain(
        "block-address=length",
        Quirk::BlockAddressByLength,
        "block addresses count by the length of the request",
    ),
    plain(
        "block-address=size",
        Quirk::BlockAddressBySize,
        "block addresses count by wTransferSize",
    ),
    plain(
        "pointer-moves=erase",
        Quirk::PointerMovesAtErase,
        "an erase moves the address pointer to its sector",
    ),
    plain(
        "pointer-moves=set-interface",
        Quirk::PointerMovesAtSetInterface,
        "SET_INTERFACE moves the address pointer to the memory's start",
    ),
    plain(
        "pointer-moves=abort",
        Quirk::PointerMovesAtAbort,
        "ABORT after an UPLOAD moves the address pointer to the memory's start",
    ),
    QuirkName {
        name: "transfer-size",
        value: Value::Size(Quirk::TransferSize),
        description: "wTransferSize; with 0 and 0xFFFF the board takes 1024",
    },
    plain(
        "oversize=silent",
        Quirk::OversizeSilent,
        "no answer to a DNLOAD longer than wTransferSize",
    ),
    plain(
        "no-upload",
        Quirk::NoUpload,
        "says that it can't upload, and refuses to",
    ),
    plain(
        "upload=stall",
        Quirk::UploadStall,
        "says that it can upload, and refuses to",
    ),
    plain(
        "functional-descriptor=last",
        Quirk::FunctionalDescriptorLast,
        "stands behind the last alternate setting",
    ),
    plain(
        "functional-descriptor=each",
        Quirk::FunctionalDescriptorEach,
        "stands behind each alternate setting",
    ),
    plain(
        "functional-descriptor=indirect",
        Quirk::FunctionalDescriptorIndirect,
        "no answer when asked for by itself",
    ),
    plain(
        "strings=short",
        Quirk::StringsShort,
        "layouts are 54 bytes shorter than they say",
    ),
    plain(
        "strings=garbled",
        Quirk::StringsGarbled,
        "garbage behind the layouts",
    ),
    plain(
        "strings=missing",
        Quirk::StringsMissing,
        "no strings but the layouts",
    ),
    plain("strings=no-layout", Quirk::StringsNoLayout, "no layouts"),
    plain(
        "strings=eight-bit",
        Quirk::StringsEightBit,
        "the serial number in eight-bit characters",
    ),
    plain(
        "shared-memory",
        Quirk::SharedMemory,
        "main flash behind every alternate setting, as on g0b1",
    ),
    plain(
        "external-flash",
        Quirk::ExternalFlash,
        "2 MiB at 0x80000000 in the layout of main flash",
    ),
    plain(
        "claims-512-pages",
        Quirk::Claims512Pages,
        "claims 512*002Kg; the serial's third character tells the truth",
    ),
    plain(
        "leave=unanswered",
        Quirk::LeaveUnanswered,
        "leaves without an answer",
    ),
    plain(
        "leave=stays",
        Quirk::LeaveStays,
        "says that it leaves, and stays: L4 with empty flash",
    ),
    plain(
        "leave=needs-address",
        Quirk::LeaveNeedsAddress,
        "dfuERROR instead of leaving, unless SET_ADDRESS came right before: C071",
    ),
    plain(
        "leave=stall",
        Quirk::LeaveStall,
        "the DNLOAD that makes others leave is refused",
    ),
    plain(
        "gone-on-last-block",
        Quirk::GoneOnLastBlock,
        "is gone after a data block shorter than wTransferSize",
    ),
    QuirkName {
        name: "comes-back",
        value: Value::Number(Quirk::ComesBack),
        description: "back in DFU mode N seconds after leaving, at a new address",
    },
];

const fn plain(name: &'static str, quirk: Quirk, description: &'static str) -> QuirkName {
    QuirkName {
        name,
        description,
        value: Value::No(quirk),
    }
}

impl QuirkName {
    /// How it is written, with what it takes: `write-protected=ADDRESS`.
    pub fn usage(&self) -> String {
        let value = match self.value {
            Value::No(_) => return self.name.to_owned(),
            Value::Address(_) => "ADDRESS",
            Value::Number(_) => "N",
            Value::Bytes(_) | Value::Size(_) => "SIZE",
        };
        format!("{}={value}", self.name)
    }

    /// The boards that have it from the beginning, whatever its value.
    pub fn boards(&self) -> impl Iterator<Item = &'static Board> + '_ {
        BOARDS.iter().filter(|board| {
            let mut names = board.quirks.iter().copied().map(Self::of);
            names.any(|name| name == self.name || name.starts_with(&format!("{}=", self.name)))
        })
    }

    /// How the quirk is asked for.
    pub fn of(quirk: Quirk) -> String {
        let known = QUIRKS.iter().find_map(|known| match (&known.value, quirk) {
            (Value::No(plain), _) => (*plain == quirk).then(|| known.name.to_owned()),
            (Value::Number(make), Quirk::StallAfterWait(value) | Quirk::ComesBack(value)) => {
                (make(value) == quirk).then(|| format!("{}={value}", known.name))
            }
            (Value::Size(_), Quirk::TransferSize(value)) => Some(format!("{}={value}", known.name)),
            (Value::Bytes(make), Quirk::EraseUnit(value) | Quirk::TrueSize(value)) => {
                (make(value) == quirk).then(|| format!("{}={value:#x}", known.name))
            }
            (
                Value::Address(make),
                Quirk::WriteProtected(value) | Quirk::FlippedBit(value) | Quirk::Packed(value),
            ) => (make(value) == quirk).then(|| format!("{}={value:#010x}", known.name)),
            _ => None,
        });
        known.expect("every quirk has a name")
    }

    fn read(&self, value: Option<&str>) -> Option<Quirk> {
        match (&self.value, value) {
            (Value::No(quirk), None) => Some(*quirk),
            (Value::Address(make) | Value::Number(make), Some(value)) => number(value).map(make),
            (Value::Bytes(make), Some(value)) => number(value).filter(|size| *size > 0).map(make),
            (Value::Size(make), Some(value)) => number(value)
                .and_then(|size| size.try_into().ok())
                .map(make),
            _ => None,
        }
    }
}

impl Quirks {
    /// Adds the quirk that is written so, as in `write-protected=0x08004000`; `none` takes all of them away, so that
    /// what stands behind it is all there is.
    ///
    /// # Errors
    /// [`QuirkError`] where there is none, or its value can't be read.
    pub fn ask_for(&mut self, text: &str) -> Result<(), QuirkError> {
        if text == NONE {
            self.clear();
            return Ok(());
        }
        let (name, value) = match text.split_once('=') {
            _ if QUIRKS.iter().any(|known| known.name == text) => (text, None),
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let known = QUIRKS.iter().find(|known| known.name == name);
        let Some(known) = known else {
            return Err(QuirkError::Unknown {
                name: text.to_owned(),
            });
        };
        self.add(known.read(value).ok_or_else(|| QuirkError::Value {
            usage: known.usage(),
            found: text.to_owned(),
        })?);
        Ok(())
    }

    /// Whether the quirks can be had on this board.
    ///
    /// # Errors
    /// [`QuirkError`] where a quirk is about something that this board does not have.
    pub fn check(&self, board: &'static Board, serial: &str) -> Result<(), QuirkError> {
        if self.has(Quirk::Claims512Pages) && board.vendor_id != GD32 {
            return Err(QuirkError::Unsuitable {
                quirk: QuirkName::of(Quirk::Claims512Pages),
                board: board.name,
            });
        }
        let layouts = layout::real_layouts(board, self, serial);
        let addresses = self.write_protected().chain(self.flipped_bits());
        for address in addresses.chain(self.packed()) {
            let mut sectors = layouts.iter().map(|layout| layout.sector_at(address));
            if sectors.all(|sector| sector.is_none()) {
                return Err(QuirkError::NothingThere {
                    address,
                    board: board.name,
                });
            }
        }
        Ok(())
    }
}

/// A number, decimal or hexadecimal behind `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Why a quirk can't be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuirkError {
    /// None is called so.
    #[error("there is no quirk {name:?}; there are {NONE}, {}", usages())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// It takes another value, or none.
    #[error("{found:?} can't be read; the quirk is written {usage}")]
    Value {
        /// How the quirk is written.
        usage: String,
        /// What was asked for.
        found: String,
    },
    /// It is about something that this board does not have.
    #[error("the quirk {quirk} can't be had on {board}")]
    Unsuitable {
        /// Which quirk.
        quirk: String,
        /// Which board.
        board: &'static str,
    },
    /// It is about an address where this board has no memory.
    #[error("{board} has no memory at {address:#010x}")]
    NothingThere {
        /// Which address.
        address: u32,
        /// Which board.
        board: &'static str,
    },
}

fn usages() -> String {
    let usages: Vec<String> = QUIRKS.iter().map(QuirkName::usage).collect();
    usages.join(", ")
}
