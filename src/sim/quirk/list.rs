//! Every quirk by its name, with what it does.

use super::Quirk;
use super::names::{QuirkName, Value};

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
