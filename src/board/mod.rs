//! A board: opened, and asked once for its strings.

pub mod protocol;

use std::fmt;

use crate::chip::part::{Runs, part};
use crate::chip::run_time::run_time_ids;
use crate::dfu::plain;
use crate::dfuse::command::DFUSE_VERSION;
use crate::dfuse::layout::MemoryLayout;
use crate::dfuse::layout::error::LayoutError;
use crate::dfuse::plan::board_facts::{BoardFacts, Memory};
use crate::dfuse::plan::error::PlanError;
use crate::dfuse::session::SessionOptions;
use crate::image::FileIds;
use crate::printable::Said;
use crate::usb::string::read_string;
use crate::usb::tap::{Tap, Watch};
use crate::usb::{AlternateSetting, Bus, DeviceInfo, Transport, UsbError};

use protocol::Protocol;

/// A board that was opened, or could not be.
pub struct Board {
    /// What the bus says.
    pub info: DeviceInfo,
    /// What it says itself, or why it can't be asked.
    pub opened: Result<Opened, UsbError>,
}

/// A board that can be talked to.
pub struct Opened {
    /// The way to it.
    pub transport: Tap,
    /// The serial number, if it has one and it can be read.
    pub serial: Option<Said>,
    /// Memory by memory, of those that were asked for.
    pub memories: Vec<MemoryString>,
}

/// What a board says of one memory.
pub struct MemoryString {
    /// `bAlternateSetting`
    pub alternate_setting: u8,
    /// The string, if it can be read.
    pub text: Option<Said>,
    /// The string's meaning; `None` without a string.
    pub layout: Option<Result<MemoryLayout, LayoutError>>,
    /// Whether nobody knows if there is one: a recording in the place of the board doesn't tell.
    pub is_untold: bool,
}

impl Board {
    /// Opens a board and reads its serial number.
    pub fn open(bus: &dyn Bus, mut info: DeviceInfo, watch: Option<Watch>) -> Self {
        let opened = bus.open(&info).and_then(|transport| {
            let mut transport = Tap::new(transport, watch);
            if info.functional.is_none() && info.is_in_dfu_mode() {
                info.functional = plain::ask_functional(&mut transport);
            }
            let serial = read_text(&mut transport, info.serial_index)?;
            Ok(Opened {
                transport,
                serial,
                memories: Vec::new(),
            })
        });
        Self { info, opened }
    }

    /// Whether it was unplugged since the bus was looked at.
    pub fn is_gone(&self) -> bool {
        matches!(self.opened, Err(UsbError::NoDevice))
    }

    /// The serial number, if it is known.
    pub fn serial(&self) -> Option<&Said> {
        self.opened.as_ref().ok()?.serial.as_ref()
    }

    /// What it says of its memories, of those that were asked for.
    pub fn memories(&self) -> &[MemoryString] {
        self.opened.as_ref().map_or(&[], |opened| &opened.memories)
    }

    /// The memories that can be worked with, ascending by alternate setting, at least one. Unless the user has
    /// `chosen` a memory, the first has to be among them: it is the main memory.
    pub fn memories_to_use(&self, chosen: bool) -> Result<Vec<Memory>, NoLayout> {
        let mut strings: Vec<&MemoryString> = self.memories().iter().collect();
        strings.sort_by_key(|memory| memory.alternate_setting);
        let known = |memory: &&MemoryString| match &memory.layout {
            Some(Ok(layout)) => Some(Memory {
                alternate_setting: memory.alternate_setting,
                layout: layout.clone(),
            }),
            _ => None,
        };
        let memories: Vec<Memory> = strings.iter().filter_map(known).collect();
        let main_is_known = strings.first().and_then(known).is_some();
        if memories.is_empty() || !(main_is_known || chosen) {
            let troubles = strings
                .iter()
                .filter_map(|memory| Some((memory.alternate_setting, memory.trouble()?)));
            return Err(NoLayout {
                troubles: troubles.collect(),
            });
        }
        Ok(memories)
    }

    /// Reads the first memory's layout, which is all that most work needs; the others too where it is none.
    pub fn read_first_memory(&mut self) {
        self.read_memories(1);
        if matches!(
            self.memories(),
            [MemoryString {
                layout: Some(Err(_)) | None,
                ..
            }]
        ) {
            self.read_all_memories();
        }
    }

    /// Reads the layouts that have not been read yet.
    pub fn read_all_memories(&mut self) {
        self.read_memories(self.info.alternate_settings.len());
    }

    /// Whether there are memories whose layout has not been read.
    pub fn has_more_memories(&self) -> bool {
        self.opened.is_ok() && self.memories().len() < self.info.alternate_settings.len()
    }

    fn read_memories(&mut self, count: usize) {
        let Ok(opened) = &mut self.opened else {
            return;
        };
        let ids = (self.info.vendor_id, self.info.product_id);
        let known = opened.memories.len();
        for setting in self.info.alternate_settings.iter().take(count).skip(known) {
            match opened.read_memory(*setting, ids) {
                Ok(memory) => opened.memories.push(memory),
                Err(error) => {
                    self.opened = Err(error);
                    return;
                }
            }
        }
    }

    /// Reads the product's name.
    pub fn read_product(&mut self) -> Option<Said> {
        let opened = self.opened.as_mut().ok()?;
        match read_text(&mut opened.transport, self.info.product_index) {
            Ok(product) => product,
            Err(error) => {
                self.opened = Err(error);
                None
            }
        }
    }

    /// What it speaks, by those of its memories that were asked for.
    pub fn protocol(&self) -> Protocol {
        let strings = self.memories().iter();
        let strings: Vec<Option<&str>> = strings
            .map(|memory| memory.text.as_ref().map(Said::raw))
            .collect();
        protocol::protocol(self.info.dfu_version(), &strings)
    }

    /// The family of its chip, where those of its memories that were asked for tell it for sure.
    pub fn chip(&self) -> Option<&'static str> {
        let memories = self.memories().iter();
        let memories: Option<Vec<Runs>> = memories
            .map(|memory| Some(memory.layout.as_ref()?.as_ref().ok()?.runs()))
            .collect();
        let ids = (self.info.vendor_id, self.info.product_id);
        part(ids, self.info.transfer_size(), &memories?)
    }

    /// Whether it speaks USB DFU and nothing more.
    pub fn is_plain(&self) -> bool {
        self.protocol() == Protocol::Plain
    }

    /// Whether its version says that it speaks DfuSe, which is known before it is opened.
    pub fn says_dfuse(&self) -> bool {
        self.info.dfu_version() == Some(DFUSE_VERSION)
    }

    /// What a plan has to know of it, where these of its memories can be worked with.
    pub fn facts<'m>(&self, memories: &'m [Memory]) -> BoardFacts<'m> {
        BoardFacts {
            memories,
            has_more_memories: self.has_more_memories(),
            ids: (self.info.vendor_id, self.info.product_id),
            transfer_size: self.info.transfer_size(),
            can_upload: self.info.can_upload(),
        }
    }

    /// What a session has to know of it.
    pub fn session_options(&self) -> SessionOptions {
        SessionOptions {
            interface: self.info.interface,
            transfer_size: self.info.transfer_size(),
            can_upload: self.info.can_upload(),
            several_memories: self.info.alternate_settings.len() > 1,
        }
    }

    /// What a session without DfuSe has to know of it.
    pub fn plain_options(&self) -> plain::Options {
        plain::Options::of(&self.info)
    }

    /// Whether it takes firmware.
    pub fn can_download(&self) -> bool {
        self.info.functional.is_none_or(|said| said.can_download())
    }

    /// The ids of a file that is for this board.
    pub fn file_ids(&self) -> FileIds {
        FileIds {
            vendor_id: self.info.vendor_id,
            product_id: self.info.product_id,
            device_release: 0,
        }
    }

    /// How messages call it: serial and path.
    pub fn label(&self) -> String {
        self.name().to_string()
    }

    /// Whether a file with these ids is for it.
    pub fn is_meant_by(&self, ids: FileIds) -> bool {
        let dfu_mode = (self.info.vendor_id, self.info.product_id);
        ids.accepts_either(dfu_mode, run_time_ids(dfu_mode))
    }

    /// Refuses the ids of a file that is for another device.
    pub fn check_ids(&self, ids: FileIds) -> Result<(), PlanError> {
        match self.is_meant_by(ids) {
            true => Ok(()),
            false => Err(PlanError::OtherDevice {
                file: (ids.vendor_id, ids.product_id),
                board: (self.info.vendor_id, self.info.product_id),
            }),
        }
    }

    /// What it is known by.
    pub fn name(&self) -> BoardName<'_> {
        BoardName {
            serial: self.serial(),
            path: &self.info.path,
        }
    }
}

/// What a board is known by; as text, how messages call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardName<'b> {
    /// The serial number, if it is known.
    pub serial: Option<&'b Said>,
    /// Where it is plugged in.
    pub path: &'b str,
}

impl fmt::Display for BoardName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.serial {
            Some(serial) => write!(f, "{serial} at {}", self.path),
            None => write!(f, "board at {}", self.path),
        }
    }
}

impl Opened {
    /// Takes the DFU interface for us alone.
    pub fn claim(&mut self) -> Result<(), UsbError> {
        self.transport.claim()
    }

    /// Reads a memory's string, and once more where it makes no sense: it is what everything else hangs on.
    fn read_memory(
        &mut self,
        setting: AlternateSetting,
        ids: (u16, u16),
    ) -> Result<MemoryString, UsbError> {
        let read = read_string(&mut self.transport, setting.string_index);
        let is_untold = matches!(read, Err(UsbError::NotRecorded(_)));
        let mut text = as_text(read)?;
        let malformed = |text: &str| {
            matches!(
                MemoryLayout::parse(text),
                Err(LayoutError::Malformed { .. })
            )
        };
        if text.as_ref().map(Said::raw).is_some_and(malformed) {
            text = read_text(&mut self.transport, setting.string_index)?;
        }
        let parse = |text| {
            let layout = MemoryLayout::parse(text)?;
            Ok(layout.corrected(ids, self.serial.as_ref().map(Said::raw)))
        };
        let layout = text.as_ref().map(Said::raw).map(parse);
        Ok(MemoryString {
            alternate_setting: setting.number,
            text,
            layout,
            is_untold,
        })
    }
}

impl MemoryString {
    /// Why its layout isn't known.
    pub fn trouble(&self) -> Option<String> {
        match &self.layout {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(error.to_string()),
            None if self.is_untold => Some("the recording doesn't tell its layout".to_owned()),
            None => Some("the board gives no layout".to_owned()),
        }
    }
}

/// A board without a memory that could be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the board gives no memory layout that can be read{}",
    reason(troubles)
)]
pub struct NoLayout {
    /// Memory by memory, why not.
    troubles: Vec<(u8, String)>,
}

/// A line for each reason, with the memories that it is true for.
fn reason(troubles: &[(u8, String)]) -> String {
    let alike = troubles.chunk_by(|(_, one), (_, other)| one == other);
    let line = |memories: &[(u8, String)]| {
        let numbers: Vec<String> = memories
            .iter()
            .map(|(number, _)| number.to_string())
            .collect();
        let plural = if numbers.len() == 1 { "" } else { "s" };
        let reason = memories.first().map_or("", |(_, reason)| reason);
        format!(
            "\nalternate setting{plural} {}: {reason}",
            numbers.join(", ")
        )
    };
    alike.map(line).collect()
}

/// A string that can't be read is as good as none: boards are worth listing, and flashing, without it.
///
/// # Errors
/// [`UsbError::NoDevice`]: there is nobody left to ask.
fn read_text(transport: &mut Tap, index: u8) -> Result<Option<Said>, UsbError> {
    as_text(read_string(transport, index))
}

fn as_text(read: Result<Option<String>, UsbError>) -> Result<Option<Said>, UsbError> {
    match read {
        Err(UsbError::NoDevice) => Err(UsbError::NoDevice),
        Err(_) => Ok(None),
        Ok(text) => {
            let text = text.map(|text| text.trim_end().to_owned());
            Ok(text.filter(|text| !text.is_empty()).map(Said::from))
        }
    }
}
