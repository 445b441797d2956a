//! What a board answers to GET_DESCRIPTOR.

mod application;
mod serial;

use std::collections::BTreeMap;

use super::app::App;
use super::board::Board;
use super::layout::claimed_layout;
use super::quirk::{Quirk, Quirks};
use crate::usb::descriptor::{CONFIGURATION, DEVICE, DFU_FUNCTIONAL, STRING};

/// Descriptor type INTERFACE.
const INTERFACE: u8 = 4;
/// Descriptor type ENDPOINT.
const ENDPOINT: u8 = 5;
/// `bmAttributes` of an endpoint: its transfer type (USB 2.0, table 9-13).
const BULK: u8 = 2;
const INTERRUPT: u8 = 3;

/// `bConfigurationValue` of the only configuration.
pub const CONFIGURATION_VALUE: u8 = 1;
/// `bInterfaceNumber` of the only interface.
pub const INTERFACE_NUMBER: u8 = 0;
/// `iProduct`.
pub const PRODUCT_INDEX: u8 = 2;
/// `iSerialNumber`.
pub const SERIAL_INDEX: u8 = 3;
/// `iManufacturer`.
const MANUFACTURER_INDEX: u8 = 1;
/// `iInterface` of alternate setting 0; the others follow.
const FIRST_INTERFACE_INDEX: u8 = 4;
/// `iString` of an error that is explained.
pub const EXPLANATION_INDEX: u8 = 32;

/// By how much F42x and F43x ROMs are short of their word: 112 bytes of 166.
const STRINGS_SHORT_OF: u8 = 54;
/// What stands after a garbled layout. No dump tells; some of it printable, some not.
const GARBAGE: &str = "\u{FF}\u{12}\u{5E04}*9Kg";

/// The ids of the bootloader that doesn't speak DFU.
const OTHER_IDS: (u16, u16) = (0x239A, 0x0069);
/// `bEndpointAddress` of its endpoints.
pub const OTHER_ENDPOINTS: [u8; 2] = [0x81, 0x01];
/// Its interface: mass storage, by SCSI commands and bulk-only transport, with two endpoints.
const MASS_STORAGE: [&[u8]; 3] = [
    &[9, INTERFACE, INTERFACE_NUMBER, 0, 2, 0x08, 0x06, 0x50, 0],
    &[7, ENDPOINT, OTHER_ENDPOINTS[0], BULK, 64, 0, 0],
    &[7, ENDPOINT, OTHER_ENDPOINTS[1], BULK, 64, 0, 0],
];

/// `bmAttributes` (DFU 1.1 §4.1.3): bitCanDnload.
pub const CAN_DNLOAD: u8 = 1 << 0;
/// bitCanUpload.
pub const CAN_UPLOAD: u8 = 1 << 1;
/// bitManifestationTolerant.
pub const MANIFESTATION_TOLERANT: u8 = 1 << 2;
/// bitWillDetach.
pub const WILL_DETACH: u8 = 1 << 3;

/// What is running on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// An application, with a DFU run-time interface (DFU 1.1 §4.1), with a serial port, or with both.
    Application,
    /// The bootloader.
    Bootloader,
    /// Another bootloader, which doesn't speak DFU.
    Other,
}

/// What a board tells of itself.
#[derive(Debug, Clone, Copy)]
pub struct SelfDescription<'a> {
    /// Which board.
    pub board: &'static Board,
    /// Its application, where that was asked for.
    pub app: Option<&'static App>,
    /// What it does that the specification doesn't tell.
    pub quirks: &'a Quirks,
    /// The string of `iSerialNumber`.
    pub serial: &'a str,
    /// What its strings say in the place of their usual texts, by their index.
    pub strings: &'a BTreeMap<u8, String>,
    /// Whether its application or its bootloader speaks.
    pub program: Program,
}

impl SelfDescription<'_> {
    /// The descriptor that `wValue` of a GET_DESCRIPTOR asks for, whole; `None` where the board has no such.
    pub fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let [kind, index] = value.to_be_bytes();
        match (kind, index) {
            (DEVICE, 0) => Some(self.device()),
            (CONFIGURATION, 0) => Some(self.configuration()),
            (STRING, 0) => Some(vec![4, STRING, 0x09, 0x04]),
            (STRING, index) => self.string(index),
            (DFU_FUNCTIONAL, 0) if self.quirks.has(Quirk::FunctionalDescriptorUnknown) => None,
            (DFU_FUNCTIONAL, 0) => Some(self.functional().to_vec()),
            _ => None,
        }
    }

    /// The number of the interface that is one of DFU's, if one is.
    pub fn dfu_interface(&self) -> Option<u8> {
        match self.program {
            Program::Application => self.runtime().map(|runtime| runtime.interface),
            Program::Bootloader => Some(INTERFACE_NUMBER),
            Program::Other => None,
        }
    }

    /// Whether a GET_DESCRIPTOR with this `wValue` is not even refused.
    pub fn is_silent_about(&self, value: u16) -> bool {
        value.to_be_bytes() == [DFU_FUNCTIONAL, 0]
            && self.quirks.has(Quirk::FunctionalDescriptorIndirect)
    }

    /// The numbers of the bootloader's alternate settings, each with its `iInterface`.
    fn alternate_settings(&self) -> impl Iterator<Item = (u8, u8)> + use<> {
        let has_strings = !self.quirks.has(Quirk::StringsNoLayout);
        (0..)
            .zip(FIRST_INTERFACE_INDEX..)
            .map(move |(number, index)| (number, if has_strings { index } else { 0 }))
            .take(self.board.memories.len())
    }

    /// Class, subclass and protocol of the bootloader's interface (DFU 1.1 §4.2.3).
    fn interface_class(&self) -> [u8; 3] {
        [0xFE, 0x01, self.board.interface_protocol]
    }

    /// The configuration descriptor with all that belongs to it (USB 2.0 §9.6.3).
    pub fn configuration(&self) -> Vec<u8> {
        let (interfaces, after) = match self.program {
            Program::Bootloader => (1, self.bootloader_interface()),
            Program::Application => self.application_interfaces(),
            Program::Other => (1, MASS_STORAGE.concat()),
        };
        let (attributes, max_power) = match self.running_app() {
            Some(app) => (app.attributes, app.max_power),
            // Self-powered, 100 mA.
            None => (0xC0, 50),
        };
        let total_length =
            u16::try_from(9 + after.len()).expect("a board has a handful of alternate settings");
        let [low, high] = total_length.to_le_bytes();
        let mut bytes = vec![
            9,
            CONFIGURATION,
            low,
            high,
            interfaces,
            CONFIGURATION_VALUE,
            // No string.
            0,
            attributes,
            max_power,
        ];
        bytes.extend(after);
        bytes
    }

    fn bootloader_interface(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let count = self.alternate_settings().count();
        for (position, (number, string_index)) in (1..).zip(self.alternate_settings()) {
            bytes.extend([9, INTERFACE, INTERFACE_NUMBER, number, 0]);
            bytes.extend(self.interface_class());
            bytes.push(string_index);
            if position == count || self.quirks.functional_descriptor_after_each() {
                bytes.extend(self.listed_functional());
            }
        }
        bytes
    }

    /// The functional descriptor as far as it stands among the others.
    fn listed_functional(&self) -> Vec<u8> {
        let missing = self.quirks.has(Quirk::FunctionalDescriptorMissing)
            || self.quirks.has(Quirk::FunctionalDescriptorUnknown);
        if missing {
            return Vec::new();
        }
        self.functional().to_vec()
    }

    /// The device descriptor (USB 2.0 §9.6.1).
    pub fn device(&self) -> Vec<u8> {
        let board = self.board;
        let app = self.running_app();
        let (vendor_id, product_id) = self.ids();
        let mut bytes = vec![18, DEVICE];
        bytes.extend(
            app.map_or(board.usb_release, |app| app.usb_release)
                .to_le_bytes(),
        );
        // Where these are 0, the interface tells.
        bytes.extend(self.device_class());
        bytes.push(app.map_or(board.max_packet_size0, |app| app.max_packet_size0));
        bytes.extend(vendor_id.to_le_bytes());
        bytes.extend(product_id.to_le_bytes());
        let device_release = app.map_or(board.device_release, |app| app.device_release);
        bytes.extend(device_release.to_le_bytes());
        bytes.extend([MANUFACTURER_INDEX, PRODUCT_INDEX, SERIAL_INDEX, 1]);
        bytes
    }

    /// `bDeviceClass`, `bDeviceSubClass` and `bDeviceProtocol`.
    pub fn device_class(&self) -> [u8; 3] {
        self.running_app().map_or([0; 3], |app| app.device_class)
    }

    /// `idVendor` and `idProduct`.
    pub fn ids(&self) -> (u16, u16) {
        let bootloader = (self.board.vendor_id, self.board.product_id);
        match (self.program, self.app) {
            (Program::Application, Some(app)) => (app.vendor_id, app.product_id),
            (Program::Application, None) => self.runtime().map_or(bootloader, |runtime| {
                (runtime.vendor_id, runtime.product_id)
            }),
            (Program::Bootloader, _) => bootloader,
            (Program::Other, _) => OTHER_IDS,
        }
    }

    /// The application that was asked for, while it runs.
    fn running_app(&self) -> Option<&'static App> {
        self.app.filter(|_| self.program == Program::Application)
    }

    fn functional(&self) -> [u8; 9] {
        let dfu = self.running_app().and_then(|app| app.dfu);
        let transfer_size = match dfu {
            Some(dfu) => dfu.transfer_size,
            None => claimed_transfer_size(self.board, self.quirks),
        };
        let dfu_version = dfu.map_or(self.board.dfu_version, |dfu| dfu.dfu_version);
        let [size_low, size_high] = transfer_size.to_le_bytes();
        let [version_low, version_high] = dfu_version.to_le_bytes();
        let [timeout_low, timeout_high] = self.detach_timeout().to_le_bytes();
        let runtime = self.runtime();
        let attributes = match runtime.filter(|_| self.program == Program::Application) {
            Some(runtime) => runtime.attributes,
            None => attributes(self.board, self.quirks),
        };
        [
            9,
            DFU_FUNCTIONAL,
            attributes,
            timeout_low,
            timeout_high,
            size_low,
            size_high,
            version_low,
            version_high,
        ]
    }

    fn string(&self, index: u8) -> Option<Vec<u8>> {
        if let Some(text) = self.strings.get(&index) {
            return Some(utf_16(text, 0));
        }
        let missing = self.quirks.has(Quirk::StringsMissing);
        match index {
            MANUFACTURER_INDEX | PRODUCT_INDEX | SERIAL_INDEX if missing => None,
            MANUFACTURER_INDEX => Some(utf_16(self.manufacturer(), 0)),
            PRODUCT_INDEX => Some(utf_16(self.product(), 0)),
            SERIAL_INDEX if self.quirks.has(Quirk::StringsEightBit) => {
                Some(with_length(self.serial.bytes().collect(), 0))
            }
            SERIAL_INDEX if self.has_other_serial() => {
                Some(utf_16(&self.serial.chars().rev().collect::<String>(), 0))
            }
            SERIAL_INDEX => Some(match self.running_app() {
                Some(app) => utf_16(&app.serial.of(self.serial), 0),
                None => utf_16(self.serial, 0),
            }),
            FIRST_INTERFACE_INDEX if self.program == Program::Application => {
                self.runtime().map(|_| utf_16("DFU Runtime", 0))
            }
            _ if self.program == Program::Other => None,
            _ => self.layout(index.checked_sub(FIRST_INTERFACE_INDEX)?),
        }
    }

    fn manufacturer(&self) -> &'static str {
        let app = self.running_app();
        app.map_or(self.board.manufacturer, |app| app.manufacturer)
    }

    fn product(&self) -> &'static str {
        let runtime = self.runtime();
        match self.program {
            Program::Application => self.app.map_or_else(
                || runtime.map_or(self.board.product, |runtime| runtime.product),
                |app| app.product,
            ),
            Program::Bootloader => self.board.product,
            Program::Other => "UF2 bootloader",
        }
    }

    fn layout(&self, alternate_setting: u8) -> Option<Vec<u8>> {
        if self.quirks.has(Quirk::StringsNoLayout) {
            return None;
        }
        let mut layout = claimed_layout(self.board, self.quirks, alternate_setting)?.into_owned();
        if self.quirks.has(Quirk::StringsGarbled) {
            layout.push_str(GARBAGE);
        }
        let is_short = self.quirks.has(Quirk::StringsShort);
        Some(utf_16(&layout, if is_short { STRINGS_SHORT_OF } else { 0 }))
    }
}

/// `bmAttributes` as the functional descriptor says it.
fn attributes(board: &Board, quirks: &Quirks) -> u8 {
    let mut attributes = board.attributes;
    if quirks.has(Quirk::NoUpload) {
        attributes &= !CAN_UPLOAD;
    }
    match quirks.says_tolerant() {
        Some(true) => attributes | MANIFESTATION_TOLERANT,
        Some(false) => attributes & !MANIFESTATION_TOLERANT,
        None => attributes,
    }
}

/// `wTransferSize` as the functional descriptor says it.
fn claimed_transfer_size(board: &Board, quirks: &Quirks) -> u16 {
    quirks.transfer_size().unwrap_or(board.transfer_size)
}

/// The largest block that a board takes, in bytes: 1024 where what it says means nothing.
pub fn taken_transfer_size(board: &Board, quirks: &Quirks) -> u16 {
    match claimed_transfer_size(board, quirks) {
        0 | 0xFFFF => 1024,
        size => size,
    }
}

/// A string descriptor, `missing` bytes shorter than it says.
pub fn utf_16(text: &str, missing: u8) -> Vec<u8> {
    with_length(
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        missing,
    )
}

fn with_length(characters: Vec<u8>, missing: u8) -> Vec<u8> {
    let length = u8::try_from(2 + characters.len())
        .expect("strings are checked to have 126 characters at most");
    let mut bytes = vec![length.saturating_add(missing), STRING];
    bytes.extend(characters);
    bytes
}

#[cfg(test)]
mod tests;
