//! What particular boards do that the specification doesn't tell: each behaviour with its device and source.
//!
//! [`names`] has what they are called on the command line; `board.rs` says which board has which from the beginning.

pub mod layout;
mod list;
pub mod names;

use std::time::Duration;

/// One behaviour. Where two contradict each other, the later one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// The system denies access: Linux without an udev rule.
    NoAccess,
    /// The system lets it be opened half a second after it has shown it: Linux with a slow udev.
    LateAccess,
    /// The system forbids opening it, root too: a container without a rule for the device.
    NotPermitted,
    /// The system lists it and has no node for it: a container into which /dev/bus/usb was not mapped.
    NoNode,
    /// Another program has claimed the interface.
    Busy,

    /// F4 and F7 ROMs begin in dfuERROR/errFIRMWARE.
    ErrFirmware,
    /// Older ROMs acknowledge a CLRSTATUS outside dfuERROR and enter dfuERROR/errUNKNOWN: so does ST's device library.
    ClearStatusError,
    /// Newer ROMs, C5 among them, STALL it, as DFU 1.1 appendix A has it.
    ClearStatusStall,

    /// mboot always says `bwPollTimeout` 0.
    PollTimeoutZero,
    /// `bwPollTimeout` is a tenth of the truth.
    PollTimeoutShort,
    /// `bwPollTimeout` is three times the truth and 50 ms.
    PollTimeoutLong,
    /// The F405's ROM says 100 ms for a mass erase that takes up to 32 s.
    MassErase100Ms,
    /// H7 ROMs erase before they answer the GETSTATUS that starts the erase.
    BlockingErase,
    /// mboot answers that GETSTATUS at once and works then, deaf for whatever comes next.
    BlockingNext,
    /// F411 and L4 ROMs STALL so many GETSTATUS after the wait that an erase needs, without being in dfuERROR.
    StallAfterWait(u32),
    /// H743 ROMs of V9.0 stay in dfuDNBUSY after a bank-2 erase, until a CLRSTATUS takes them to dfuERROR/errUNKNOWN
    /// and a second one to dfuIDLE (also betaflight-configurator, pull request 5348). The erase itself is done.
    Wedge,
    /// A `bState` that DFU 1.1 does not know, in place of dfuDNBUSY.
    UnknownState,

    /// mboot explains an error in the string of `iString`, and forgets it once it was read.
    ExplainsErrors,
    /// mboot tells of dfuERROR with `bStatus` OK.
    ErrorWithOk,
    /// A failure is told by `bStatus` beside dfuDNLOAD-IDLE, once. DFU 1.1 §A.2.6 leaves that state by dfuERROR alone,
    /// but `bStatus` is a byte of its own.
    ErrorInIdle,
    /// ST's class sample says errVENDOR where a write or an erase failed.
    FailuresAreVendor,
    /// ST's class sample does not know READ_UNPROTECT, and get-commands answers `00 21 41`.
    NoReadUnprotect,
    /// AT32 bootloaders say dfuDNLOAD-IDLE where dfuDNBUSY is due after READ_UNPROTECT.
    WrongStateAfterUnprotect,

    /// MicroPython's mboot built with packing (its pack.c): takes an image only from this address on and in order, erases
    /// by itself, answers an UPLOAD with stale bytes and has errFILE beside it.
    Packed(u32),

    /// F767 and H74x (V13.3) ROMs and ST's class sample accept a mass erase and erase nothing.
    NoMassErase,
    /// Read protection (RDP) is on: errVENDOR for everything but READ_UNPROTECT (AN3156 §4, §5).
    ReadProtected,
    /// The sector at this address is write-protected, and neither erasing nor writing it is an error: AN3156, "no
    /// error is returned when erasing or writing write-protected sectors". A WB55's ROM does the same with the pages that
    /// belong to its second core.
    WriteProtected(u32),
    /// A worn bit at this address takes the wrong value whenever it is programmed.
    FlippedBit(u32),
    /// One erase takes so many bytes at least, aligned to that, where the layout of main flash claims smaller sectors:
    /// a bootloader built for another part of its family.
    EraseUnit(u32),
    /// Main flash has so many bytes, fewer than its layout claims: behind them come the same bytes again.
    TrueSize(u32),
    /// An erase in one half of main flash erases the same place of the other half, too. *Inferred*: a chip with two
    /// banks that a bootloader takes for one with larger sectors.
    EraseHitsOtherBank,
    /// The first sector erase reports success and erases nothing.
    EraseSkippedOnce,
    /// L476 and L486 ROMs corrupt a write over 256 bytes whose length is no multiple of 8. *Inferred*: which bytes.
    CorruptLengths,

    /// The address of a block counts by the length of this very request, as AN3156 words it.
    BlockAddressByLength,
    /// The address of a block counts by wTransferSize, as ST's device code does.
    BlockAddressBySize,
    /// An erase takes its sector's address for the address pointer: so does ST's device library.
    PointerMovesAtErase,
    /// SET_INTERFACE puts the address pointer to where the memory begins: nothing says that it may not.
    PointerMovesAtSetInterface,
    /// ABORT out of dfuUPLOAD-IDLE puts the address pointer to where the memory begins: nothing says that it may not.
    PointerMovesAtAbort,
    /// `wTransferSize` as the functional descriptor says it; 0 and 0xFFFF are said by boards that take 1024.
    TransferSize(u16),
    /// Some devices answer nothing to a DNLOAD longer than wTransferSize.
    OversizeSilent,
    /// bmAttributes lacks bitCanUpload, and UPLOAD leads into dfuERROR (DFU 1.1 §4.1.3, §A.2.3).
    NoUpload,
    /// bmAttributes has bitCanUpload, and UPLOAD leads into dfuERROR all the same.
    UploadStall,
    /// The functional descriptor stands behind the last alternate setting only: ST's ROMs.
    FunctionalDescriptorLast,
    /// The functional descriptor stands behind each alternate setting: libopencm3 and others.
    FunctionalDescriptorEach,
    /// C5 ROMs never answer when asked for the functional descriptor by itself.
    FunctionalDescriptorIndirect,

    /// F42x and F43x ROMs send layouts 54 bytes shorter than `bLength` says: 112 bytes that claim to be 166.
    StringsShort,
    /// An F429's ROM was seen to append garbage to a layout.
    StringsGarbled,
    /// No string descriptors but the layouts.
    StringsMissing,
    /// No layouts: the alternate settings have no strings.
    StringsNoLayout,
    /// GD32 bootloaders spell the serial number in bytes.
    StringsEightBit,
    /// The G0B1's ROM shows its main flash behind every alternate setting.
    SharedMemory,
    /// mboot may append external flash to the layout of main flash (PYBD boards).
    ExternalFlash,
    /// A GD32VF103's ROM claims `512*002Kg`: the pages have 1 KiB, and the serial's third character tells how many.
    Claims512Pages,

    /// GD32 bootloaders leave without an answer to the DNLOAD that makes them leave.
    LeaveUnanswered,
    /// An L4 whose flash looked empty at power-on answers dfuMANIFEST and stays in DFU mode.
    LeaveStays,
    /// A C071's ROM acknowledges the DNLOAD that makes it leave and answers dfuERROR to the GETSTATUS after it, unless a
    /// SET_ADDRESS came right before. *Inferred*: with errUNKNOWN.
    LeaveNeedsAddress,
    /// A bootloader that doesn't let itself be left: the DNLOAD of no bytes is not allowed (DFU 1.1 §A.2.3, §A.2.6).
    LeaveStall,
    /// H723 ROMs are gone after the last data block. *Inferred*: a ROM knows it by being short.
    GoneOnLastBlock,
    /// After leaving or resetting, the board is back in DFU mode after so many seconds, at a new address.
    ComesBack(u32),
    /// The board runs its application, which has a DFU runtime interface (DFU 1.1 §4.1).
    Application,
}

/// The quirks of one board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks {
    list: Vec<Quirk>,
}

impl Quirks {
    /// How long a board in its application's hands needs to change over to DFU mode or back.
    const CHANGE_OVER: Duration = Duration::from_secs(1);

    /// These quirks.
    pub fn new(list: &[Quirk]) -> Self {
        Self {
            list: list.to_vec(),
        }
    }

    /// One more.
    pub fn add(&mut self, quirk: Quirk) {
        self.list.push(quirk);
    }

    /// None any more.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Whether the board has a quirk that has no value and that nothing contradicts.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.list.contains(&quirk)
    }

    /// Whether a CLRSTATUS outside dfuERROR is acknowledged and leads into it.
    pub fn clear_status_is_an_error(&self) -> bool {
        self.either(Quirk::ClearStatusError, Quirk::ClearStatusStall)
    }

    /// Whether a block's address counts by the length of the request.
    pub fn block_address_by_length(&self) -> bool {
        self.either(Quirk::BlockAddressByLength, Quirk::BlockAddressBySize)
    }

    /// Whether the functional descriptor stands behind each alternate setting.
    pub fn functional_descriptor_behind_each(&self) -> bool {
        self.either(
            Quirk::FunctionalDescriptorEach,
            Quirk::FunctionalDescriptorLast,
        )
    }

    /// What is odd about how the board leaves, if anything is.
    pub fn leave(&self) -> Option<Quirk> {
        use Quirk::{LeaveNeedsAddress, LeaveStall, LeaveStays, LeaveUnanswered};
        let leaves = [LeaveUnanswered, LeaveStays, LeaveNeedsAddress, LeaveStall];
        self.last(|quirk| leaves.contains(&quirk).then_some(quirk))
    }

    /// What the board says for `bwPollTimeout` where it has so long to work yet.
    pub fn claimed_wait(&self, left: Duration) -> Duration {
        let claim = self.last(|quirk| match quirk {
            Quirk::PollTimeoutZero => Some(Duration::ZERO),
            Quirk::PollTimeoutShort => Some(left / 10),
            Quirk::PollTimeoutLong => Some(left * 3 + Duration::from_millis(50)),
            _ => None,
        });
        claim.unwrap_or(left)
    }

    /// How many GETSTATUS are refused after the wait.
    pub fn stalls_after_wait(&self) -> u32 {
        let stalls = self.last(|quirk| match quirk {
            Quirk::StallAfterWait(stalls) => Some(stalls),
            _ => None,
        });
        stalls.unwrap_or(0)
    }

    /// `wTransferSize` as the board says it, where that is not the usual one.
    pub fn transfer_size(&self) -> Option<u16> {
        self.last(|quirk| match quirk {
            Quirk::TransferSize(size) => Some(size),
            _ => None,
        })
    }

    /// How many bytes an erase takes at least.
    pub fn erase_unit(&self) -> Option<u32> {
        self.last(|quirk| match quirk {
            Quirk::EraseUnit(size) => Some(size),
            _ => None,
        })
    }

    /// How many bytes of main flash there are, where that is fewer than claimed.
    pub fn true_size(&self) -> Option<u32> {
        self.last(|quirk| match quirk {
            Quirk::TrueSize(size) => Some(size),
            _ => None,
        })
    }

    /// Where an image has to begin that is taken only in order.
    pub fn packed(&self) -> Option<u32> {
        self.last(|quirk| match quirk {
            Quirk::Packed(address) => Some(address),
            _ => None,
        })
    }

    /// How long the board stays away after leaving or resetting; `None` for ever.
    pub fn comes_back_after(&self) -> Option<Duration> {
        self.last(|quirk| match quirk {
            Quirk::ComesBack(seconds) => Some(Duration::from_secs(seconds.into())),
            Quirk::Application => Some(Self::CHANGE_OVER),
            _ => None,
        })
    }

    /// The addresses of write-protected sectors.
    pub fn write_protected(&self) -> impl Iterator<Item = u32> + '_ {
        self.list.iter().filter_map(|quirk| match quirk {
            Quirk::WriteProtected(address) => Some(*address),
            _ => None,
        })
    }

    /// The addresses of worn bits.
    pub fn flipped_bits(&self) -> impl Iterator<Item = u32> + '_ {
        self.list.iter().filter_map(|quirk| match quirk {
            Quirk::FlippedBit(address) => Some(*address),
            _ => None,
        })
    }

    /// Whether the board has the one quirk, and not after that the other, which contradicts it.
    fn either(&self, one: Quirk, other: Quirk) -> bool {
        self.last(|quirk| [one, other].contains(&quirk).then_some(quirk)) == Some(one)
    }

    fn last<T>(&self, pick: impl Fn(Quirk) -> Option<T>) -> Option<T> {
        self.list.iter().rev().find_map(|quirk| pick(*quirk))
    }
}

#[cfg(test)]
mod tests;
