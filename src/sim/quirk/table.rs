//! The table of quirks: what particular boards do that the specification doesn't tell, each with its device and source.
//!
//! To add one, add an entry here, and ask for it where it matters. Name and description are for `stdfu sim --list`, in
//! which they stand in this order.

use super::name::{Named, Takes, quirks};

quirks! {
    /// The system denies access: Linux without an udev rule.
    NoAccess = "no-access", "the system denies access to the board (not over USB/IP)";
    /// Another program has claimed the interface.
    Busy = "busy", "another program holds the board (not over USB/IP)";
    /// The system lets it be opened half a second after it has shown it: Linux with a slow udev.
    LateAccess = "late-access", "the system lets it be opened half a second after it came (not over USB/IP)";
    /// The system forbids opening it, root too: a container without a rule for the device.
    NotPermitted = "not-permitted", "a container has no rule for the board (not over USB/IP)";
    /// The system lists it and has no node for it: a container into which /dev/bus/usb was not mapped.
    NoNode = "no-node", "a container has no node for the board (not over USB/IP)";
    /// The board runs its application, which has a DFU runtime interface (DFU 1.1 §4.1).
    Application = "application", "runs its application; DETACH brings it to DFU mode";
    /// F4 and F7 ROMs begin in dfuERROR/errFIRMWARE.
    ErrFirmware = "err-firmware", "begins in dfuERROR/errFIRMWARE";
    /// Older ROMs acknowledge a CLRSTATUS outside dfuERROR and enter dfuERROR/errUNKNOWN: so does ST's device library.
    ClearStatusError = "clear-status=error", "CLRSTATUS outside dfuERROR leads into dfuERROR/errUNKNOWN";
    /// Newer ROMs, C5 among them, STALL it, as DFU 1.1 appendix A has it.
    ClearStatusStall = "clear-status=stall", "CLRSTATUS outside dfuERROR is refused: newer ROMs do so anyway";
    /// mboot always says `bwPollTimeout` 0.
    PollTimeoutZero = "poll-timeout=zero", "bwPollTimeout is always 0";
    /// `bwPollTimeout` is a tenth of the truth.
    PollTimeoutShort = "poll-timeout=short", "bwPollTimeout is a tenth of the truth";
    /// `bwPollTimeout` is three times the truth and 50 ms.
    PollTimeoutLong = "poll-timeout=long", "bwPollTimeout is three times the truth and 50 ms";
    /// The F405's ROM says 100 ms for a mass erase that takes up to 32 s.
    MassErase100Ms = "mass-erase-100ms", "bwPollTimeout is 100 ms for a mass erase";
    /// H7 ROMs erase before they answer the GETSTATUS that starts the erase.
    BlockingErase = "blocking=erase", "the GETSTATUS that starts an erase is answered after it";
    /// mboot answers that GETSTATUS at once and works then, deaf for whatever comes next.
    BlockingNext = "blocking=next", "works after that answer, and the next request waits";
    /// F411 and L4 ROMs STALL N GETSTATUS after the wait that an erase needs, without being in dfuERROR.
    StallAfterWait(u32, Number) = "stall-after-wait", "refuses N GETSTATUS after the wait for an erase";
    /// H743 ROMs of V9.0 stay in dfuDNBUSY after a bank-2 erase, until a CLRSTATUS takes them to dfuERROR/errUNKNOWN
    /// and a second one to dfuIDLE (also betaflight-configurator, pull request 5348). The erase itself is done.
    Wedge = "wedge", "stays in dfuDNBUSY after an erase in bank 2; CLRSTATUS twice helps";
    /// A `bState` that DFU 1.1 does not know, in place of dfuDNBUSY.
    UnknownState = "unknown-state", "says state 42 for dfuDNBUSY";
    /// mboot explains an error in the string of `iString`, and forgets it once it was read.
    ExplainsErrors = "explains-errors", "iString explains an error, once";
    /// mboot tells of dfuERROR with `bStatus` OK.
    ErrorWithOk = "error-with-ok", "dfuERROR with bStatus OK";
    /// A failure is told by `bStatus` beside dfuDNLOAD-IDLE, once. DFU 1.1 §A.2.6 leaves that state by dfuERROR alone,
    /// but `bStatus` is a byte of its own.
    ErrorInIdle = "error-in-idle", "a failure is told by bStatus beside dfuDNLOAD-IDLE, once";
    /// ST's class sample says errVENDOR where a write or an erase failed.
    FailuresAreVendor = "failures-are-vendor", "errVENDOR for a failed write or erase";
    /// ST's class sample does not know READ_UNPROTECT, and get-commands answers `00 21 41`.
    NoReadUnprotect = "no-read-unprotect", "get-commands answers 00 21 41";
    /// AT32 bootloaders say dfuDNLOAD-IDLE where dfuDNBUSY is due after READ_UNPROTECT.
    WrongStateAfterUnprotect = "wrong-state-after-unprotect", "dfuDNLOAD-IDLE after read unprotect";
    /// F767 and H74x (V13.3) ROMs and ST's class sample accept a mass erase and erase nothing.
    NoMassErase = "no-mass-erase", "mass erase reports success and erases nothing";
    /// Read protection (RDP) is on: errVENDOR for everything but READ_UNPROTECT (AN3156 §4, §5).
    ReadProtected = "read-protected", "errVENDOR for everything, until read unprotect has erased it all";
    /// The sector at this address is write-protected, and neither erasing nor writing it is an error: AN3156, "no
    /// error is returned when erasing or writing write-protected sectors". A WB55's ROM does the same with the pages that
    /// belong to its second core.
    WriteProtected(u32, Address) = "write-protected",
        "erasing and writing this sector report success and change nothing";
    /// One erase takes this many bytes at least, aligned to that, where the layout of main flash claims smaller sectors:
    /// a bootloader built for another part of its family.
    EraseUnit(u32, Bytes) = "erase-unit", "an erase in main flash takes this many bytes at least, aligned to that";
    /// Main flash has N bytes, fewer than its layout claims: after them come the same bytes again.
    TrueSize(u32, Bytes) = "true-size", "main flash has this many bytes; after them come the same again";
    /// An erase in one half of main flash erases the same place of the other half, too. *Inferred*: a chip with two
    /// banks that a bootloader takes for one with larger sectors.
    EraseHitsOtherBank = "erase-hits-other-bank", "an erase takes the same place of main flash's other half, too";
    /// The first sector erase reports success and erases nothing.
    EraseSkippedOnce = "erase-skipped-once", "the first sector erase reports success and erases nothing";
    /// MicroPython's mboot built with packing (its pack.c): takes an image only from this address on and in order, erases
    /// by itself, answers an UPLOAD with stale bytes and has errFILE beside it.
    Packed(u32, Address) = "packed",
        "takes an image from this address on, in order; UPLOAD answers stale bytes: mboot with packing";
    /// A worn bit at this address takes the wrong value whenever it is programmed.
    FlippedBit(u32, Address) = "flipped-bit", "a bit of the byte here is wrong whenever it was programmed";
    /// L476 and L486 ROMs corrupt a write over 256 bytes whose length is no multiple of 8. *Inferred*: which bytes.
    CorruptLengths = "corrupt-lengths", "corrupts writes over 256 bytes that are no multiple of 8";
    /// The address of a block counts by the length of this very request, as AN3156 words it.
    BlockAddressByLength = "block-address=length", "block addresses count by the length of the request";
    /// The address of a block counts by wTransferSize, as ST's device code does.
    BlockAddressBySize = "block-address=size", "block addresses count by wTransferSize";
    /// An erase takes its sector's address for the address pointer: so does ST's device library.
    PointerMovesAtErase = "pointer-moves=erase", "an erase moves the address pointer to its sector";
    /// SET_INTERFACE puts the address pointer to where the memory begins: nothing says that it may not.
    PointerMovesAtSetInterface = "pointer-moves=set-interface",
        "SET_INTERFACE moves the address pointer to the memory's start";
    /// ABORT out of dfuUPLOAD-IDLE puts the address pointer to where the memory begins: nothing says that it may not.
    PointerMovesAtAbort = "pointer-moves=abort",
        "ABORT after an UPLOAD moves the address pointer to the memory's start";
    /// `wTransferSize` as the functional descriptor says it; 0 and 0xFFFF are said by boards that take 1024.
    TransferSize(u16, Size) = "transfer-size", "wTransferSize; with 0 and 0xFFFF the board takes 1024";
    /// Some devices answer nothing to a DNLOAD longer than wTransferSize.
    OversizeSilent = "oversize=silent", "no answer to a DNLOAD longer than wTransferSize";
    /// bmAttributes lacks bitCanUpload, and UPLOAD leads into dfuERROR (DFU 1.1 §4.1.3, §A.2.3).
    NoUpload = "no-upload", "says that it can't upload, and refuses to";
    /// bmAttributes has bitCanUpload, and UPLOAD leads into dfuERROR all the same.
    UploadStall = "upload=stall", "says that it can upload, and refuses to";
    /// The functional descriptor stands after the last alternate setting only: ST's ROMs.
    FunctionalDescriptorLast = "functional-descriptor=last", "stands after the last alternate setting";
    /// The functional descriptor stands after each alternate setting: libopencm3 and others.
    FunctionalDescriptorEach = "functional-descriptor=each", "stands after each alternate setting";
    /// C5 ROMs never answer when asked for the functional descriptor by itself.
    FunctionalDescriptorIndirect = "functional-descriptor=indirect", "no answer when asked for by itself";
    /// F42x and F43x ROMs send layouts 54 bytes shorter than `bLength` says: 112 bytes that claim to be 166.
    StringsShort = "strings=short", "layouts are 54 bytes shorter than they say";
    /// An F429's ROM was seen to append garbage to a layout.
    StringsGarbled = "strings=garbled", "garbage after the layouts";
    /// No string descriptors but the layouts.
    StringsMissing = "strings=missing", "no strings but the layouts";
    /// No layouts: the alternate settings have no strings.
    StringsNoLayout = "strings=no-layout", "no layouts";
    /// GD32 bootloaders spell the serial number in bytes.
    StringsEightBit = "strings=eight-bit", "the serial number in eight-bit characters";
    /// The G0B1's ROM shows its main flash behind every alternate setting.
    SharedMemory = "shared-memory", "main flash behind every alternate setting, as on g0b1";
    /// mboot may append external flash to the layout of main flash (PYBD boards).
    ExternalFlash = "external-flash", "2 MiB at 0x80000000 in the layout of main flash";
    /// A GD32VF103's ROM claims `512*002Kg`: the pages have 1 KiB, and the serial's third character tells how many.
    Claims512Pages = "claims-512-pages", "claims 512*002Kg; the serial's third character tells the truth";
    /// GD32 bootloaders leave without an answer to the DNLOAD that makes them leave.
    LeaveUnanswered = "leave=unanswered", "leaves without an answer";
    /// An L4 whose flash looked empty at power-on answers dfuMANIFEST and stays in DFU mode.
    LeaveStays = "leave=stays", "says that it leaves, and stays: L4 with empty flash";
    /// A C071's ROM acknowledges the DNLOAD that makes it leave and answers dfuERROR to the GETSTATUS after it, unless a
    /// SET_ADDRESS came right before. *Inferred*: with errUNKNOWN.
    LeaveNeedsAddress = "leave=needs-address",
        "dfuERROR instead of leaving, unless SET_ADDRESS came right before: C071";
    /// A bootloader that doesn't let itself be left: the DNLOAD of no bytes is not allowed (DFU 1.1 §A.2.3, §A.2.6).
    LeaveStall = "leave=stall", "the DNLOAD that makes others leave is refused";
    /// H723 ROMs are gone after the last data block. *Inferred*: a ROM knows it by being short.
    GoneOnLastBlock = "gone-on-last-block", "is gone after a data block shorter than wTransferSize";
    /// After leaving or resetting, the board is back in DFU mode after N seconds, at a new address.
    ComesBack(u32, Number) = "comes-back", "back in DFU mode N seconds after leaving, at a new address";
    /// The application's DFU interface has this number, after others (pico-ice, devices with a serial port).
    RuntimeInterface(u8, Number) = "runtime-interface", "the application's DFU interface has number N";
    /// The application's DFU interface is one only in this alternate setting: another class stands before it.
    RuntimeAlternate(u8, Number) = "runtime-alternate",
        "the application's DFU interface is one in alternate setting N only";
    /// Applications that know DETACH only (DFU 1.1 table 3.2 wants GETSTATUS and GETSTATE, too).
    RuntimeNoStatus = "runtime=no-status", "the application refuses GETSTATUS and GETSTATE";
    /// Many devices make up another serial number in each mode.
    RuntimeOtherSerial = "runtime=other-serial", "the application has another serial number";
    /// Applications that show a DFU interface and have nothing after it.
    DetachStall = "detach=stall", "the application refuses DETACH";
    /// 7 s from DETACH to DFU mode were seen.
    DetachTakes(u32, Number) = "detach-takes", "N seconds from the application until it is back in DFU mode";
    /// A board without a bootloader, or whose bootloader hangs: nothing is there after the application.
    EntersNothing = "enters=nothing", "does not come back from its application";
    /// Where there is another bootloader than one with DFU: Adafruit's UF2 bootloaders, for example. *Inferred*: its ids.
    EntersOther = "enters=other", "comes back from its application without DFU: a UF2 bootloader";
    /// An application that only restarts: its bootloader starts it again.
    EntersItself = "enters=itself", "comes back from its application as its application";
    /// Applications that were built without it, as with `app=stm32duino`.
    TouchIgnored = "touch=ignored", "a touch at 1200 baud does nothing";
    /// An application that has stopped reading its serial port: what is sent to it waits for ever.
    SerialDeaf = "serial=deaf", "takes nothing that is sent to its serial port";
    /// Most MicroPython boards run a `main.py`, which Ctrl-C interrupts.
    MainRuns = "main=runs", "main.py runs, and reads nothing, until Ctrl-C: MicroPython";
    /// `wDetachTimeOut`, after which an application that waits for a reset waits no longer (DFU 1.1 §5.1).
    DetachTimeout(u16, Number) = "detach-timeout", "wDetachTimeOut is N ms";
    /// bitWillDetach, and what it says.
    WillDetach = "will-detach=yes", "the application detaches by itself";
    /// No bitWillDetach: DFU mode takes a USB reset after DETACH.
    WillNotDetach = "will-detach=no", "the application detaches at a USB reset";
    /// U-Boot's extension: DETACH in dfuIDLE ends DFU (`f_dfu.c`). *Inferred*: 100 ms later.
    DfuDetachLeaves = "dfu-detach=leaves", "DETACH in dfuIDLE makes it leave: U-Boot";
    /// embassy-usb-dfu acknowledges a DETACH in DFU mode and does nothing.
    DfuDetachAccepted = "dfu-detach=accepted", "DETACH in DFU mode is acknowledged and does nothing: embassy";
    /// U-Boot, Zephyr and libopencm3's bootloaders take no notice of a bare reset.
    ResetIgnored = "reset=ignored", "a USB reset does nothing in DFU mode: U-Boot";
    /// Maple restarts at a reset, but in dfuIDLE (`dfuUpdateByReset`).
    ResetIgnoredInIdle = "reset=ignored-in-idle", "a USB reset does nothing in dfuIDLE: Maple";
    /// embassy-usb-dfu restarts at a reset only once a download is over.
    ResetAfterManifest = "reset=after-manifest", "a USB reset counts only after a download: embassy";
    /// TinyUSB's examples are in dfuIDLE again after a reset, in the same shape.
    ResetIdle = "reset=idle", "a USB reset leads to dfuIDLE, in the same shape: TinyUSB";
    /// Maple starts its application after a second if nobody asks it anything; *inferred*: Fomu, too.
    LeavesByItself = "leaves-by-itself", "starts its application after a second if nothing is asked: Maple";
    /// U-Boot takes blocks in order only: errUNKNOWN for another number, which ends the transaction (`dfu.c`).
    ChecksSequence = "checks-sequence", "errUNKNOWN for a block out of order: U-Boot";
    /// U-Boot's ABORT leaves its transaction open: block 0 has a wrong number then (`f_dfu.c`).
    OpenTransaction = "open-transaction", "ABORT does not end a download or upload: U-Boot";
    /// TinyUSB hands the number on, and examples multiply it by the size of a block.
    PlacesByNumber = "places-by-number", "a block goes where its number says: TinyUSB";
    /// Maple (`dfu.c`): GETSTATUS and GETSTATE in dfuDNLOAD-IDLE lead to dfuIDLE, and the next block begins anew.
    LosesPlace = "loses-place", "GETSTATUS or GETSTATE in dfuDNLOAD-IDLE leads to dfuIDLE: Maple";
    /// Zephyr acknowledges a block for the slot that runs and is in dfuERROR/errWRITE then.
    RefusesMemory(u8, Number) = "refuses-memory", "errWRITE for a block to memory N: Zephyr's image_0";
    /// Maple refuses a block for RAM.
    StallsMemory(u8, Number) = "stalls-memory", "a block to memory N is refused: Maple's RAM";
    /// A memory that takes blocks and keeps none.
    WritesNothing(u8, Number) = "writes-nothing", "blocks to memory N report success and are not kept";
    /// Zephyr works on image_1 until SET_INTERFACE has said otherwise, whatever GET_INTERFACE says.
    DefaultMemory(u8, Number) = "default-memory", "memory N until SET_INTERFACE chooses one: Zephyr";
    /// U-Boot keeps up to 8 MiB in RAM and writes when the download is over.
    CommitsAtManifest = "commits-at-manifest", "keeps nothing before the manifestation: U-Boot";
    /// Older TinyUSB: whatever comes in dfuDNBUSY is refused and leads into dfuERROR.
    BusyStall = "busy=stall", "any request in dfuDNBUSY leads into dfuERROR: older TinyUSB";
    /// Writing a block takes so long, whatever the timing.
    BlockTakes(u32, Number) = "block-takes", "a block takes N ms";
    /// Zephyr says 256 in every state, embassy 50, and Openmoko's and SIMtrace's say nonsense.
    PollTimeoutAlways(u32, Number) = "poll-timeout-always", "bwPollTimeout is N ms in every state";
    /// The file is for another device.
    ErrTargetAt(u16, Number) = "err-target-at", "errTARGET at block N";
    /// The file fails a check.
    ErrFileAt(u16, Number) = "err-file-at", "errFILE at block N";
    /// The memory can't be written.
    ErrWriteAt(u16, Number) = "err-write-at", "errWRITE at block N";
    /// Programming fails.
    ErrProgAt(u16, Number) = "err-prog-at", "errPROG at block N";
    /// What was programmed reads otherwise: dapboot.
    ErrVerifyAt(u16, Number) = "err-verify-at", "errVERIFY at block N";
    /// The file is too large.
    ErrAddressAt(u16, Number) = "err-address-at", "errADDRESS at block N";
    /// U-Boot writes its eMMC then; others check a signature.
    ManifestTakes(u32, Number) = "manifest-takes", "the manifestation takes N seconds";
    /// U-Boot says 300 ms, and hears nothing until it has written all.
    ManifestDeaf = "manifest-deaf", "claims 300 ms for the manifestation and hears nothing meanwhile: U-Boot";
    /// Zephyr goes from dfuMANIFEST-SYNC straight to dfuIDLE.
    ManifestIdle = "manifest=idle", "dfuIDLE without dfuMANIFEST: Zephyr";
    /// Old bootloaders that are not tolerant wait for their reset in dfuMANIFEST-SYNC.
    ManifestSync = "manifest=sync", "dfuMANIFEST-SYNC until a USB reset";
    /// embassy-usb-dfu 0.3 stays in dfuMANIFEST.
    ManifestStays = "manifest=stays", "dfuMANIFEST until a USB reset: embassy 0.3";
    /// dfuMANIFEST-WAIT-RESET at once: Maple, embassy.
    ManifestWaitReset = "manifest=wait-reset", "dfuMANIFEST-WAIT-RESET until a USB reset: Maple";
    /// Zephyr with USB_DFU_REBOOT restarts half a second after it has said dfuMANIFEST-WAIT-RESET.
    ManifestRestarts = "manifest=restarts", "dfuMANIFEST-WAIT-RESET, and gone 500 ms later: Zephyr";
    /// embassy-usb-dfu 0.2 and TinyUSB are gone before they have answered.
    ManifestGone = "manifest=gone", "gone instead of an answer: embassy 0.2, TinyUSB";
    /// dapboot answers dfuMANIFEST and restarts.
    ManifestLast = "manifest=answered", "answers dfuMANIFEST and is gone: dapboot";
    /// U-Boot quits DFU when it can't write what it has.
    ManifestQuits = "manifest=quits", "can't write, and is gone for good: U-Boot";
    /// The file is for another device.
    ManifestErrTarget = "manifest=err-target", "errTARGET instead of a manifestation";
    /// The file fails a check.
    ManifestErrFile = "manifest=err-file", "errFILE instead of a manifestation";
    /// The memory can't be written.
    ManifestErrWrite = "manifest=err-write", "errWRITE instead of a manifestation";
    /// Programming fails.
    ManifestErrProg = "manifest=err-prog", "errPROG instead of a manifestation";
    /// The signature is wrong: embassy built with a public key.
    ManifestErrVerify = "manifest=err-verify", "errVERIFY instead of a manifestation";
    /// The file is too large.
    ManifestErrAddress = "manifest=err-address", "errADDRESS instead of a manifestation";
    /// It is no firmware.
    ManifestErrFirmware = "manifest=err-firmware", "errFIRMWARE instead of a manifestation";
    /// dapboot (`validate_application`): errFIRMWARE where the image does not begin with a stack pointer in RAM.
    ChecksVectorTable = "checks-vector-table", "errFIRMWARE unless the image begins with a stack pointer: dapboot";
    /// bmAttributes has bitManifestationTolerant, and it is not so.
    TolerantClaimed = "tolerant=claimed", "says that it is manifestation tolerant, true or not";
    /// bmAttributes lacks bitManifestationTolerant, and it is so all the same.
    TolerantDenied = "tolerant=denied", "says that it is not manifestation tolerant, true or not";
    /// An upload ends where the image does, and not where the memory does.
    UploadImage = "upload=image", "an UPLOAD gives the image alone";
    /// An upload has no bytes.
    UploadNothing = "upload=nothing", "an UPLOAD gives no bytes";
    /// Openmoko: no functional descriptor among the others, but on demand.
    FunctionalDescriptorMissing = "functional-descriptor=missing", "only when asked for by itself: Openmoko";
    /// No functional descriptor, on demand neither.
    FunctionalDescriptorUnknown = "functional-descriptor=unknown", "none, and refused when asked for";
}
