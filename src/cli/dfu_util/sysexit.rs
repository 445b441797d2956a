//! How a program ends that goes by BSD's sysexits(3), as dfu-util does.

/// Why it didn't do what it was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Sysexit {
    /// The command line makes no sense, or the file doesn't fit the device.
    #[doc(alias = "EX_USAGE")]
    Usage = 64,
    /// The file is damaged.
    #[doc(alias = "EX_DATAERR")]
    Data = 65,
    /// The file can't be read.
    #[doc(alias = "EX_NOINPUT")]
    NoInput = 66,
    /// What no program is for, such as a folder in the place of a file.
    #[doc(alias = "EX_SOFTWARE")]
    Software = 70,
    /// The file can't be written.
    #[doc(alias = "EX_CANTCREAT")]
    CantCreate = 73,
    /// The device, or the bus.
    #[doc(alias = "EX_IOERR")]
    InputOutput = 74,
    /// The device is in a state that it should not be in.
    #[doc(alias = "EX_PROTOCOL")]
    Protocol = 76,
    /// Interrupted by the user, as the shell tells it; sysexits has no such code.
    Interrupted = 130,
}
