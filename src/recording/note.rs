//! What a recording says of a transfer beside usbmon's words, as comments: a line each, text ↔ values.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::usb::{DfuMode, Occupant};

/// One comment on a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The device was opened here, and is plugged in there: `BUS-PORT[.PORT…]`.
    Opened(String),
    /// The device that is plugged in there could not be opened, and why.
    NotOpened {
        /// `BUS-PORT[.PORT…]`
        path: String,
        /// In our words.
        error: String,
    },
    /// The system's own copy of a descriptor: it was not asked of the device.
    FromCache,
    /// The DFU interface was taken, or why it could not be.
    Claimed(Result<(), String>),
    /// The port was reset, or why it could not be.
    Reset(Result<(), String>),
    /// The device has enumerated anew there, and was opened again.
    Back(String),
    /// The device is no longer on the bus: a transfer has found out.
    Gone,
    /// The same, seen without a transfer, so long after the last one.
    Left(Duration),
    /// What was seen at its port after it had gone, so long after the last transfer.
    Seen(Duration, Occupant),
    /// Why the transfer failed, where its status can't tell.
    Failed(String),
    /// Firmware was left out of the recording.
    LeftOut {
        /// How many bytes.
        bytes: usize,
        /// Of these bytes, in hexadecimal.
        sha256: String,
    },
}

const OPENED: &str = "opened at ";
const NOT_OPENED: &str = "not opened at ";
const FROM_CACHE: &str = "from the system's cache";
const CLAIMED: &str = "interface claimed";
const NOT_CLAIMED: &str = "interface not claimed: ";
const RESET: &str = "port reset";
const NOT_RESET: &str = "port not reset: ";
const BACK: &str = "back on the bus, opened again at ";
const GONE: &str = "gone from the bus";
const LEFT: &str = "gone from the bus, seen after ";
const SEEN: &str = "at its port after ";
const SECONDS: &str = " s";
const FAILED: &str = "failed: ";
const LEFT_OUT: &str = "left out: ";
const HASH: &str = " bytes, SHA-256 ";

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(path) => write!(f, "{OPENED}{path}"),
            Self::NotOpened { path, error } => write!(f, "{NOT_OPENED}{path}: {error}"),
            Self::FromCache => f.write_str(FROM_CACHE),
            Self::Claimed(Ok(())) => f.write_str(CLAIMED),
            Self::Claimed(Err(error)) => write!(f, "{NOT_CLAIMED}{error}"),
            Self::Reset(Ok(())) => f.write_str(RESET),
            Self::Reset(Err(error)) => write!(f, "{NOT_RESET}{error}"),
            Self::Back(path) => write!(f, "{BACK}{path}"),
            Self::Gone => f.write_str(GONE),
            Self::Left(after) => write!(f, "{LEFT}{:.3}{SECONDS}", after.as_secs_f64()),
            Self::Seen(after, Occupant { ids, mode }) => write!(
                f,
                "{SEEN}{:.3}{SECONDS}: {:04x}:{:04x}, {}",
                after.as_secs_f64(),
                ids.0,
                ids.1,
                mode_name(*mode)
            ),
            Self::Failed(error) => write!(f, "{FAILED}{error}"),
            Self::LeftOut { bytes, sha256 } => write!(f, "{LEFT_OUT}{bytes}{HASH}{sha256}"),
        }
    }
}

/// Any comment that isn't one of ours is none.
impl FromStr for Note {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let after = |start: &str| text.strip_prefix(start).map(str::to_owned);
        let note = match text {
            FROM_CACHE => Some(Self::FromCache),
            CLAIMED => Some(Self::Claimed(Ok(()))),
            RESET => Some(Self::Reset(Ok(()))),
            GONE => Some(Self::Gone),
            _ => (after(OPENED).map(Self::Opened))
                .or_else(|| after(BACK).map(Self::Back))
                .or_else(|| Some(Self::Claimed(Err(after(NOT_CLAIMED)?))))
                .or_else(|| Some(Self::Reset(Err(after(NOT_RESET)?))))
                .or_else(|| after(FAILED).map(Self::Failed))
                .or_else(|| Some(Self::Left(seconds(text.strip_prefix(LEFT)?)?)))
                .or_else(|| seen(text.strip_prefix(SEEN)?))
                .or_else(|| not_opened(text.strip_prefix(NOT_OPENED)?))
                .or_else(|| left_out(text.strip_prefix(LEFT_OUT)?)),
        };
        note.ok_or(())
    }
}

const IN_DFU_MODE: &str = "in DFU mode";
const IN_APPLICATION: &str = "in its application";
const FLIP: &str = "FLIP";
const PROTOCOL: &str = "bInterfaceProtocol ";
const NO_DFU: &str = "no DFU";

fn mode_name(mode: Option<DfuMode>) -> String {
    match mode {
        Some(DfuMode::Dfu) => IN_DFU_MODE.to_owned(),
        Some(DfuMode::Runtime) => IN_APPLICATION.to_owned(),
        Some(DfuMode::Flip) => FLIP.to_owned(),
        Some(DfuMode::Unknown(protocol)) => format!("{PROTOCOL}{protocol}"),
        None => NO_DFU.to_owned(),
    }
}

fn mode(name: &str) -> Option<Option<DfuMode>> {
    Some(match name {
        IN_DFU_MODE => Some(DfuMode::Dfu),
        IN_APPLICATION => Some(DfuMode::Runtime),
        FLIP => Some(DfuMode::Flip),
        NO_DFU => None,
        other => Some(DfuMode::Unknown(
            other.strip_prefix(PROTOCOL)?.parse().ok()?,
        )),
    })
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.strip_suffix(SECONDS)?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn seen(text: &str) -> Option<Note> {
    let (after, what) = text.split_once(": ")?;
    let (ids, name) = what.split_once(", ")?;
    let (vendor, product) = ids.split_once(':')?;
    let id = |text| u16::from_str_radix(text, 16).ok();
    let occupant = Occupant {
        ids: (id(vendor)?, id(product)?),
        mode: mode(name)?,
    };
    Some(Note::Seen(seconds(after)?, occupant))
}

fn not_opened(text: &str) -> Option<Note> {
    let (path, error) = text.split_once(": ")?;
    Some(Note::NotOpened {
        path: path.to_owned(),
        error: error.to_owned(),
    })
}

fn left_out(text: &str) -> Option<Note> {
    let (bytes, sha256) = text.split_once(HASH)?;
    Some(Note::LeftOut {
        bytes: bytes.parse().ok()?,
        sha256: sha256.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_is_read_as_it_was_written() {
        let seen = |mode| {
            let ids = (0x0456, 0xB673);
            Note::Seen(Duration::from_millis(50), Occupant { ids, mode })
        };
        let why = || Err("no answer in time".to_owned());
        let notes = [
            Note::Opened("1-1.4".to_owned()),
            Note::NotOpened {
                path: "1-1.4".to_owned(),
                error: "USB is not available: it is off".to_owned(),
            },
            Note::FromCache,
            Note::Claimed(Ok(())),
            Note::Claimed(why()),
            Note::Reset(Ok(())),
            Note::Reset(why()),
            Note::Back("2-1".to_owned()),
            Note::Gone,
            Note::Left(Duration::from_millis(1_050)),
            seen(Some(DfuMode::Dfu)),
            seen(Some(DfuMode::Runtime)),
            seen(Some(DfuMode::Flip)),
            seen(Some(DfuMode::Unknown(7))),
            seen(None),
            Note::Failed("the interface was not claimed".to_owned()),
            Note::LeftOut {
                bytes: 2048,
                sha256: "ba78".to_owned(),
            },
        ];
        for note in notes {
            assert_eq!(note.to_string().parse(), Ok(note));
        }
        assert_eq!("somebody's own comment".parse::<Note>(), Err(()));
        assert_eq!(
            "left out: many bytes, SHA-256 ba78".parse::<Note>(),
            Err(())
        );
    }
}
