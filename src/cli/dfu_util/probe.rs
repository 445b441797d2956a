//! The devices that are meant, with the names of their memories and their serial numbers as dfu-util shows them.

use crate::board::Board;
use crate::printable::{Printable, Said};
use crate::usb::string::read_string;
use crate::usb::{Bus, DeviceInfo, UsbError};

use super::filter::{Filter, is_in_dfu_mode};
use super::voice::Voice;
use crate::cli::output::{Output, trace};

/// In the place of a string that a device doesn't have, or doesn't give.
const UNKNOWN: &str = "UNKNOWN";

/// A device that is meant.
pub struct Device {
    /// The device, opened.
    pub board: Board,
    /// Its serial number.
    pub serial: String,
    /// The alternate settings that are meant; at least one.
    pub settings: Vec<Setting>,
}

/// An alternate setting.
pub struct Setting {
    /// `bAlternateSetting`
    pub number: u8,
    /// Its string.
    pub name: String,
}

/// What a look at the bus has found.
pub struct Probed {
    /// The devices that are meant, by bus and port.
    pub devices: Vec<Device>,
    /// Those that may be meant, and can't be opened.
    pub closed: Vec<(DeviceInfo, UsbError)>,
}

/// Looks at the bus, and opens what may be meant.
///
/// # Errors
/// [`UsbError::Unavailable`]: there is no USB.
pub fn probe(bus: &dyn Bus, filter: &Filter, output: &Output) -> Result<Probed, UsbError> {
    let mut probed = Probed {
        devices: Vec::new(),
        closed: Vec::new(),
    };
    for info in bus.devices()? {
        let is_meant = |setting: u8| filter.accepts_number(&info, setting);
        let mut settings = info.alternate_settings.iter();
        if !filter.accepts(&info) || !settings.any(|setting| is_meant(setting.number)) {
            continue;
        }
        let watch = trace::watch(output, &info);
        let board = Board::open(bus, info, watch);
        match &board.opened {
            Ok(_) => probed.devices.extend(ask(board, filter)),
            // It was unplugged meanwhile.
            Err(UsbError::NoDevice) => {}
            Err(error) => probed.closed.push((board.info.clone(), error.clone())),
        }
    }
    Ok(probed)
}

/// Asks a device for its strings; `None` where they are not those of one that is meant.
fn ask(mut board: Board, filter: &Filter) -> Option<Device> {
    let serial = board.serial().map(Said::raw).unwrap_or(UNKNOWN).to_owned();
    if !filter.accepts_serial(&board.info, &serial) {
        return None;
    }
    let opened = board.opened.as_mut().ok()?;
    let mut settings = Vec::new();
    for setting in &board.info.alternate_settings {
        if !filter.accepts_number(&board.info, setting.number) {
            continue;
        }
        let name = read_string(&mut opened.transport, setting.string_index);
        let name = name.ok().flatten().filter(|name| !name.is_empty());
        let name = name.map_or_else(|| UNKNOWN.to_owned(), |name| eight_bit(&name));
        if filter.accepts_name(&board.info, &name) {
            settings.push(Setting {
                number: setting.number,
                name,
            });
        }
    }
    (!settings.is_empty()).then_some(Device {
        board,
        serial,
        settings,
    })
}

/// What has no place in eight bits is a question mark.
fn eight_bit(text: &str) -> String {
    let shown = |character: char| match u32::from(character) < 0x100 {
        true => character,
        false => '?',
    };
    text.chars().map(shown).collect()
}

impl Device {
    /// A line for each of its alternate settings, the last first.
    pub fn lines(&self) -> Vec<String> {
        let info = &self.board.info;
        let kind = match is_in_dfu_mode(info) {
            true => "DFU",
            false => "Runtime",
        };
        let line = |setting: &Setting| {
            format!(
                "Found {kind}: [{:04x}:{:04x}] ver={:04x}, devnum={}, cfg={}, intf={}, path=\"{}\", alt={}, name=\"{}\", \
                 serial=\"{}\"",
                info.vendor_id,
                info.product_id,
                info.release,
                info.address,
                info.configuration,
                info.interface,
                info.path,
                setting.number,
                Printable(&setting.name),
                Printable(&self.serial),
            )
        };
        self.settings.iter().rev().map(line).collect()
    }
}

/// That a device can't be opened, as dfu-util says it, with the reason.
pub fn warn_of_closed(closed: &[(DeviceInfo, UsbError)], voice: &Voice) {
    for (info, error) in closed {
        voice.warn(&format!(
            "Cannot open DFU device {:04x}:{:04x} found on devnum {} ({error})",
            info.vendor_id, info.product_id, info.address
        ));
    }
}
