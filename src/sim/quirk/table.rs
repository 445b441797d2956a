//! The table of quirks: what particular boards do that the specification doesn't tell, each with its device and source.
//!
//! To add one, add an entry here, and ask for it where it matters. Name and description are for `stdfu sim --help`, in
//! which they stand in this order.

/// How a quirk is asked for.
#[derive(Debug)]
pub struct QuirkName {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
    /// `None` where it takes no value.
    takes: Option<Takes>,
    /// The quirk with this value, which one that takes none ignores; `None` where it is too large.
    make: fn(u32) -> Option<Quirk>,
}

/// What follows a quirk's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Address,
    Number,
    /// A number of bytes, not 0.
    Bytes,
    /// A number of bytes.
    Size,
}

impl QuirkName {
    /// How it is written, with what it takes: `write-protected=ADDRESS`.
    pub fn usage(&self) -> String {
        let value = match self.takes {
            None => return self.name.to_owned(),
            Some(Takes::Address) => "ADDRESS",
            Some(Takes::Number) => "N",
            Some(Takes::Bytes | Takes::Size) => "SIZE",
        };
        format!("{}={value}", self.name)
    }

    /// The name of a quirk, whatever its value.
    pub fn about(quirk: Quirk) -> &'static Self {
        let value = quirk.value().unwrap_or_default();
        let mut known = QUIRKS.iter();
        known
            .find(|known| (known.make)(value) == Some(quirk))
            .expect("every quirk is made by an entry of the table")
    }

    /// How the quirk is asked for.
    pub fn of(quirk: Quirk) -> String {
        let known = Self::about(quirk);
        match (known.takes, quirk.value()) {
            (Some(Takes::Address), Some(value)) => format!("{}={value:#010x}", known.name),
            (Some(Takes::Bytes), Some(value)) => format!("{}={value:#x}", known.name),
            (_, Some(value)) => format!("{}={value}", known.name),
            (_, None) => known.name.to_owned(),
        }
    }

    /// The quirk, with the value that was written after its name; `None` where it takes another, or none.
    pub fn read(&self, value: Option<&str>) -> Option<Quirk> {
        match (self.takes, value) {
            (None, None) => (self.make)(0),
            (Some(takes), Some(text)) => {
                let value = number(text).filter(|value| *value > 0 || takes != Takes::Bytes)?;
                (self.make)(value)
            }
            _ => None,
        }
    }
}

/// A number, decimal or hexadecimal after `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// From each entry, which is `Variant(type, what it takes) = "name", "description";`, a variant of [`Quirk`] and a
/// line of [`QUIRKS`].
macro_rules! quirks {
    ($($(#[$doc:meta])* $quirk:ident $(($type:ty, $takes:ident))? = $name:literal, $description:literal;)*) => {
        /// One behaviour. Where two contradict each other, the later one counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Quirk {
            $($(#[$doc])* $quirk $(($type))?,)*
        }

        /// Every quirk there is.
        pub static QUIRKS: &[QuirkName] = &[
            $(QuirkName {
                name: $name,
                description: $description,
                takes: quirks!(@takes $($takes)?),
                make: quirks!(@make $quirk $($type)?),
            },)*
        ];

        impl Quirk {
            /// What it takes, where it takes something.
            pub fn value(self) -> Option<u32> {
                match self {
                    $(quirks!(@pattern $quirk value $($type)?) => quirks!(@value value $($type)?),)*
                }
            }
        }
    };
    (@takes) => { None };
    (@takes $takes:ident) => { Some(Takes::$takes) };
    (@make $quirk:ident) => { |_| Some(Quirk::$quirk) };
    (@make $quirk:ident $type:ty) => { |value| <$type>::try_from(value).ok().map(Quirk::$quirk) };
    (@pattern $quirk:ident $value:ident) => { Quirk::$quirk };
    (@pattern $quirk:ident $value:ident $type:ty) => { Quirk::$quirk($value) };
    (@value $value:ident) => { None };
    (@value $value:ident $type:ty) => { Some(u32::from($value)) };
}

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
    /// F411 and L4 ROMs STALL so many GETSTATUS after the wait that an erase needs, without being in dfuERROR.
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
    /// One erase takes so many bytes at least, aligned to that, where the layout of main flash claims smaller sectors:
    /// a bootloader built for another part of its family.
    EraseUnit(u32, Bytes) = "erase-unit", "an erase in main flash takes so many bytes at least, aligned to that";
    /// Main flash has so many bytes, fewer than its layout claims: after them come the same bytes again.
    TrueSize(u32, Bytes) = "true-size", "main flash has so many bytes; behind them come the same again";
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
    FunctionalDescriptorLast = "functional-descriptor=last", "stands behind the last alternate setting";
    /// The functional descriptor stands after each alternate setting: libopencm3 and others.
    FunctionalDescriptorEach = "functional-descriptor=each", "stands behind each alternate setting";
    /// C5 ROMs never answer when asked for the functional descriptor by itself.
    FunctionalDescriptorIndirect = "functional-descriptor=indirect", "no answer when asked for by itself";
    /// F42x and F43x ROMs send layouts 54 bytes shorter than `bLength` says: 112 bytes that claim to be 166.
    StringsShort = "strings=short", "layouts are 54 bytes shorter than they say";
    /// An F429's ROM was seen to append garbage to a layout.
    StringsGarbled = "strings=garbled", "garbage behind the layouts";
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
    /// After leaving or resetting, the board is back in DFU mode after so many seconds, at a new address.
    ComesBack(u32, Number) = "comes-back", "back in DFU mode N seconds after leaving, at a new address";
}
