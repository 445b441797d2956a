//! A board as the commands see it: opened, and asked once for its strings.

use crate::dfuse::layout::{LayoutError, MemoryLayout};
use crate::dfuse::plan::profile::Memory;
use crate::dfuse::plan::{self};
use crate::dfuse::protocol::DFUSE_VERSION;
use crate::dfuse::quirks::true_layout;
use crate::usb::descriptor::read_string;
use crate::usb::trace::{Traced, Watch};
use crate::usb::{Bus, DeviceInfo, UsbError};

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
    pub transport: Traced,
    /// The serial number, if it has one and it can be read.
    pub serial: Option<String>,
    /// Memory by memory; empty until [`Board::read_memories`].
    pub memories: Vec<MemoryString>,
}

/// What a board says of one memory.
pub struct MemoryString {
    /// `bAlternateSetting`
    pub alternate_setting: u8,
    /// The string, if it can be read.
    pub text: Option<String>,
    /// The string's meaning; `None` without a string.
    pub layout: Option<Result<MemoryLayout, LayoutError>>,
}

impl Board {
    /// Opens a board and reads its serial number.
    pub fn open(bus: &dyn Bus, info: DeviceInfo, watch: Option<Watch>) -> Self {
        let opened = bus.open(&info).map(|transport| {
            let mut transport = Traced::new(transport, watch);
            let serial = read_text(&mut transport, info.serial_index);
            Opened {
                transport,
                serial,
                memories: Vec::new(),
            }
        });
        Self { info, opened }
    }

    /// The serial number, if it is known.
    pub fn serial(&self) -> Option<&str> {
        self.opened.as_ref().ok()?.serial.as_deref()
    }

    /// What it says of its memories; empty until [`Board::read_memories`].
    pub fn memories(&self) -> &[MemoryString] {
        self.opened.as_ref().map_or(&[], |opened| &opened.memories)
    }

    /// The memories that can be worked with, ascending by alternate setting, at least one.
    pub fn memories_to_use(&self) -> Result<Vec<Memory>, NoLayout> {
        let known = |memory: &MemoryString| match &memory.layout {
            Some(Ok(layout)) => Some(Memory {
                alternate_setting: memory.alternate_setting,
                layout: layout.clone(),
            }),
            _ => None,
        };
        let mut memories: Vec<Memory> = self.memories().iter().filter_map(known).collect();
        if memories.is_empty() {
            let troubles = self
                .memories()
                .iter()
                .filter_map(MemoryString::trouble)
                .collect();
            return Err(NoLayout { troubles });
        }
        memories.sort_by_key(|memory| memory.alternate_setting);
        Ok(memories)
    }

    /// Reads the layouts.
    pub fn read_memories(&mut self) {
        let Ok(opened) = &mut self.opened else {
            return;
        };
        let ids = (self.info.vendor_id, self.info.product_id);
        let settings = self.info.alternate_settings.iter();
        opened.memories = settings
            .map(|setting| {
                let text = read_text(&mut opened.transport, setting.string_index);
                let serial = opened.serial.as_deref();
                let parse = |text| Ok(true_layout(ids, serial, MemoryLayout::parse(text)?));
                let layout = text.as_deref().map(parse);
                MemoryString {
                    alternate_setting: setting.number,
                    text,
                    layout,
                }
            })
            .collect();
    }

    /// Reads the product's name.
    pub fn read_product(&mut self) -> Option<String> {
        let opened = self.opened.as_mut().ok()?;
        read_text(&mut opened.transport, self.info.product_index)
    }

    /// Whether this speaks DfuSe, as far as can be known: its DFU version says so, and no string of it says otherwise.
    pub fn speaks_dfuse(&self) -> bool {
        let version = self
            .info
            .functional
            .is_none_or(|functional| functional.dfu_version == DFUSE_VERSION);
        let strings = self.memories();
        let not_dfuse = |memory: &MemoryString| {
            matches!(memory.layout, Some(Err(LayoutError::NotDfuse { .. })))
        };
        version && (strings.is_empty() || !strings.iter().all(not_dfuse))
    }

    /// How messages call it: serial and path.
    pub fn label(&self) -> String {
        match self.serial() {
            Some(serial) => format!("{serial} at {}", self.info.path),
            None => format!("board at {}", self.info.path),
        }
    }
}

impl MemoryString {
    /// Why its layout isn't known.
    pub fn trouble(&self) -> Option<String> {
        match &self.layout {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(error.to_string()),
            None => Some("the board gives no layout for this memory".to_owned()),
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
    troubles: Vec<String>,
}

fn reason(troubles: &[String]) -> String {
    troubles
        .iter()
        .map(|trouble| format!("\n{trouble}"))
        .collect()
}

/// What a plan has to know of the board.
pub fn for_plan<'b>(info: &DeviceInfo, memories: &'b [Memory]) -> plan::profile::BoardProfile<'b> {
    plan::profile::BoardProfile {
        memories,
        ids: (info.vendor_id, info.product_id),
        transfer_size: info.transfer_size(),
        can_upload: info.can_upload(),
    }
}

/// A string that can't be read is as good as none: boards are worth listing, and flashing, without it.
fn read_text(transport: &mut Traced, index: u8) -> Option<String> {
    let text = read_string(transport, index).ok().flatten()?;
    let text = text.trim_end().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
