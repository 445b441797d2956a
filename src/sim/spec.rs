//! What was asked for: a simulated board's name and options, as in `f405,serial=…,flash=board.bin,timing=real`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use super::app::{self, APPS, App};
use super::board::{self, BOARDS, Board};
use super::fault::{Fault, FaultError};
use super::layout;
use super::quirk::{Quirk, QuirkError, Quirks};
use super::timing::Timing;

/// A simulated board as it was asked for.
#[derive(Debug, Clone)]
pub struct BoardSpec {
    /// Which board.
    pub board: &'static Board,
    /// The application that it runs; `None` for one that shows what the table of boards says.
    pub app: Option<&'static App>,
    /// Another serial number than the board's usual one.
    pub serial: Option<String>,
    /// Other texts than the board's usual ones in its string descriptors, by their index.
    pub strings: BTreeMap<u8, String>,
    /// The file that keeps the contents of the first memory; on boards without DfuSe, the flash that all slots lie in.
    pub flash: Option<PathBuf>,
    /// Whether time counts.
    pub timing: Timing,
    /// What it does that the specification doesn't tell.
    pub quirks: Quirks,
    /// What will go wrong.
    pub faults: Vec<Fault>,
}

/// `BOARD[,OPTION=VALUE]…`. A file's name can't have a comma.
impl FromStr for BoardSpec {
    type Err = BoardSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default();
        let board = board::find(name).ok_or_else(|| BoardSpecError::UnknownBoard {
            name: name.to_owned(),
        })?;
        let mut spec = Self {
            board,
            app: None,
            serial: None,
            strings: BTreeMap::new(),
            flash: None,
            timing: Timing::default(),
            quirks: Quirks::new(board.quirks),
            faults: Vec::new(),
        };
        for option in parts {
            spec.set(option)?;
        }
        let serial = spec.serial.as_deref().unwrap_or(board.serial);
        if spec.quirks.has(Quirk::StringsEightBit) && !serial.is_ascii() {
            return Err(BoardSpecError::EightBit);
        }
        layout::check(board, &spec.quirks, serial)?;
        Ok(spec)
    }
}

impl BoardSpec {
    fn set(&mut self, option: &str) -> Result<(), BoardSpecError> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match (key, value) {
            ("app", name) => {
                let app = app::find(name).ok_or_else(|| BoardSpecError::UnknownApp {
                    name: name.to_owned(),
                })?;
                self.app = Some(app);
            }
            ("serial", serial) if fits_descriptor(serial) => self.serial = Some(serial.to_owned()),
            ("serial", _) => return Err(BoardSpecError::Serial),
            ("string", string) => {
                let (index, text) = read_string(string).ok_or(BoardSpecError::String)?;
                self.strings.insert(index, text);
            }
            ("flash", "") => return Err(BoardSpecError::NoFlashFile),
            ("flash", path) => self.flash = Some(PathBuf::from(path)),
            ("timing", timing) => {
                self.timing = timing.parse().map_err(|()| BoardSpecError::Timing {
                    found: timing.to_owned(),
                })?;
            }
            ("quirk", quirk) => self.quirks.ask_for(quirk)?,
            ("fault", fault) => self.add_fault(fault.parse()?)?,
            _ => {
                return Err(BoardSpecError::UnknownOption {
                    option: option.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn add_fault(&mut self, fault: Fault) -> Result<(), BoardSpecError> {
        let request = fault.request;
        if self.faults.iter().any(|other| other.request == request) {
            return Err(BoardSpecError::TwoFaults { request });
        }
        self.faults.push(fault);
        Ok(())
    }
}

/// `N:TEXT`; string 0 is the list of languages.
fn read_string(string: &str) -> Option<(u8, String)> {
    let (index, text) = string.split_once(':')?;
    let index = index.parse().ok().filter(|index| *index > 0)?;
    fits_descriptor(text).then(|| (index, text.to_owned()))
}

/// Whether a string descriptor can hold it (USB 2.0 §9.6.7): `bLength` counts two bytes a UTF-16 unit, and two more.
fn fits_descriptor(text: &str) -> bool {
    (1..=126).contains(&text.encode_utf16().count())
}

/// Why a description of a simulated board can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BoardSpecError {
    /// No board has this name.
    #[error("there is no simulated board {name:?}; there are {}", names())]
    UnknownBoard {
        /// What was asked for.
        name: String,
    },
    /// No option is written so.
    #[error(
        "a simulated board has no option {option:?}; there are app=NAME, serial=TEXT, string=N:TEXT, flash=FILE, \
         timing=real|none, quirk=NAME and fault=KIND@N"
    )]
    UnknownOption {
        /// What was asked for.
        option: String,
    },
    /// No application has this name.
    #[error("there is no simulated application {name:?}; there are {}", apps())]
    UnknownApp {
        /// What was asked for.
        name: String,
    },
    /// The serial is empty or too long.
    #[error("a serial number has 1 to 126 characters")]
    Serial,
    /// The serial can't be spelled in bytes.
    #[error("this board spells its serial number in bytes, and so in ASCII characters")]
    EightBit,
    /// A string without a number, empty or too long.
    #[error(
        "string= needs a number from 1 to 255, a colon and 1 to 126 characters, such as string=2:Product"
    )]
    String,
    /// No recording is named.
    #[error("replay= needs the name of a recording")]
    NoRecording,
    /// A recording is not replayed so.
    #[error("a recording has no option {option:?}; there is strict")]
    UnknownReplayOption {
        /// What was asked for.
        option: String,
    },
    /// No file is named.
    #[error("flash= needs the name of a file")]
    NoFlashFile,
    /// No such quirk.
    #[error(transparent)]
    Quirk(#[from] QuirkError),
    /// No such fault.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// Two faults at one request.
    #[error("two things can't go wrong at the same request, {request}")]
    TwoFaults {
        /// Which request.
        request: u32,
    },
    /// The timing is none of those there are.
    #[error("there is no timing {found:?}; there are real and none")]
    Timing {
        /// What was asked for.
        found: String,
    },
}

fn apps() -> String {
    let names: Vec<&str> = APPS.iter().map(|app| app.name).collect();
    names.join(", ")
}

fn names() -> String {
    let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<BoardSpec>()
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn a_name_alone_is_a_board_with_nothing_special() {
        let spec: BoardSpec = "f405".parse().expect("good");
        assert_eq!(spec.board.name, "f405");
        assert_eq!((spec.serial, spec.flash), (None, None));
        assert_eq!(spec.timing, Timing::None);
    }

    #[test]
    fn every_option_is_read_in_any_order() {
        let spec: BoardSpec = "l476,timing=real,serial=205A3073484B,app=klipper,flash=out/a=b.bin"
            .parse()
            .expect("good");
        assert_eq!(spec.board.name, "l476");
        assert_eq!(spec.serial.as_deref(), Some("205A3073484B"));
        assert_eq!(spec.app.map(|app| app.name), Some("klipper"));
        assert_eq!(spec.flash, Some(PathBuf::from("out/a=b.bin")));
        assert_eq!(spec.timing, Timing::Real);
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        assert_eq!(
            error("f401"),
            "there is no simulated board \"f401\"; there are at32, atmega32u4, c5, class-sample, dapboot, embassy, \
             embassy-0.2, esp32s2, f072, f103, f405, f411, f427, f429, f746, f767, fomu, g0b1, g474, gd32vf103, h723, h743, \
             h743v9, jabra, l072, l476, longan, lpc, maple, mboot, mboot-packed, mcuboot, numworks, openmoko, pluto, pybd, \
             simtrace, tinyusb, u575, ubertooth, uboot, wb55, xmos, zephyr"
        );
        assert_eq!(
            error("f405,speed=high"),
            "a simulated board has no option \"speed=high\"; there are app=NAME, serial=TEXT, string=N:TEXT, flash=FILE, \
             timing=real|none, quirk=NAME and fault=KIND@N"
        );
        assert_eq!(
            error("f405,timing=fast"),
            "there is no timing \"fast\"; there are real and none"
        );
        assert_eq!(
            error("f405,app=klippe"),
            "there is no simulated application \"klippe\"; there are arduino, klipper, micropython, stm32duino, tinyusb"
        );
        assert!(error("").starts_with("there is no simulated board \"\""));
    }

    #[test]
    fn a_string_that_no_descriptor_can_hold_is_refused() {
        for string in ["", "Product", "0:Product", "256:Product", "2:", ":Product"] {
            assert!(
                error(&format!("f405,string={string}")).starts_with("string= needs a number"),
                "{string}"
            );
        }
    }

    #[test]
    fn a_serial_that_no_descriptor_can_hold_is_refused() {
        for serial in ["", &"x".repeat(127), &"😀".repeat(64)] {
            assert_eq!(
                error(&format!("f405,serial={serial}")),
                "a serial number has 1 to 126 characters"
            );
        }
        assert_eq!(
            error("gd32vf103,serial=größe"),
            "this board spells its serial number in bytes, and so in ASCII characters"
        );
        assert_eq!(error("f405,flash="), "flash= needs the name of a file");
    }
}
