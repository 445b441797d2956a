//! What a recording says of a transfer beside usbmon's words, as comments: a line each, text ↔ values.

use std::fmt;
use std::str::FromStr;

/// One comment on a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The device was opened here, and is plugged in there: `BUS-PORT[.PORT…]`.
    Opened(String),
    /// The system's own copy of a descriptor: it was not asked of the device.
    FromCache,
    /// The DFU interface was taken, or why it could not be.
    Claimed(Result<(), String>),
    /// The port was reset, or why it could not be.
    Reset(Result<(), String>),
    /// The device has enumerated anew, and was opened again.
    Back,
    /// The device is no longer on the bus.
    Gone,
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
const FROM_CACHE: &str = "from the system's cache";
const CLAIMED: &str = "interface claimed";
const NOT_CLAIMED: &str = "interface not claimed: ";
const RESET: &str = "port reset";
const NOT_RESET: &str = "port not reset: ";
const BACK: &str = "back on the bus, opened again";
const GONE: &str = "gone from the bus";
const FAILED: &str = "failed: ";
const LEFT_OUT: &str = "left out: ";
const HASH: &str = " bytes, SHA-256 ";

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(path) => write!(f, "{OPENED}{path}"),
            Self::FromCache => f.write_str(FROM_CACHE),
            Self::Claimed(Ok(())) => f.write_str(CLAIMED),
            Self::Claimed(Err(error)) => write!(f, "{NOT_CLAIMED}{error}"),
            Self::Reset(Ok(())) => f.write_str(RESET),
            Self::Reset(Err(error)) => write!(f, "{NOT_RESET}{error}"),
            Self::Back => f.write_str(BACK),
            Self::Gone => f.write_str(GONE),
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
            BACK => Some(Self::Back),
            GONE => Some(Self::Gone),
            _ => (after(OPENED).map(Self::Opened))
                .or_else(|| Some(Self::Claimed(Err(after(NOT_CLAIMED)?))))
                .or_else(|| Some(Self::Reset(Err(after(NOT_RESET)?))))
                .or_else(|| after(FAILED).map(Self::Failed))
                .or_else(|| left_out(text.strip_prefix(LEFT_OUT)?)),
        };
        note.ok_or(())
    }
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
        let why = || Err("no answer in time".to_owned());
        let notes = [
            Note::Opened("1-1.4".to_owned()),
            Note::FromCache,
            Note::Claimed(Ok(())),
            Note::Claimed(why()),
            Note::Reset(Ok(())),
            Note::Reset(why()),
            Note::Back,
            Note::Gone,
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
