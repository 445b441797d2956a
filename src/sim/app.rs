//! The applications that a simulated board can run, as in `f405,app=klipper`: one table entry each.
//!
//! Each is from its project's sources, which the entry names, except where a line says "inferred". What they do stands
//! in `application.rs`.

mod table;

use std::time::Duration;

pub use table::APPS;

/// An application with a serial port, as it stands on the bus.
#[derive(Debug, PartialEq, Eq)]
pub struct App {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub description: &'static str,
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bcdUSB`.
    pub usb_release: u16,
    /// `bcdDevice`.
    pub device_release: u16,
    /// `bDeviceClass`, `bDeviceSubClass`, `bDeviceProtocol`.
    pub device_class: [u8; 3],
    /// `bMaxPacketSize0`.
    pub max_packet_size0: u8,
    /// `bmAttributes` of its configuration.
    pub attributes: u8,
    /// `bMaxPower` of its configuration, in units of 2 mA.
    pub max_power: u8,
    /// The string of `iManufacturer`.
    pub manufacturer: &'static str,
    /// The string of `iProduct`.
    pub product: &'static str,
    /// What the string of `iSerialNumber` is made of.
    pub serial: SerialNumber,
    /// Its DFU run-time interface, if it has one. It comes after those of the serial port.
    pub dfu: Option<DfuInterface>,
    /// What its serial port looks like.
    pub port: Port,
    /// How a touch takes it to its bootloader.
    pub touch: Touch,
    /// Who is at the other end of its serial port.
    pub console: Console,
}

/// What an application makes its serial number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SerialNumber {
    /// Twelve digits, of part of the chip's unique id, as ST's ROMs make them.
    OfBootloader,
    /// All 24 digits of the chip's unique id.
    WholeId,
}

/// A DFU run-time interface (DFU 1.1 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DfuInterface {
    /// `bmAttributes` of its functional descriptor.
    pub attributes: u8,
    /// `wDetachTimeOut`, in milliseconds.
    pub detach_timeout: u16,
    /// `wTransferSize`, in bytes.
    pub transfer_size: u16,
    /// `bcdDFUVersion`.
    pub dfu_version: u16,
}

/// A serial port: the interfaces 0 and 1 of CDC's abstract control model (PSTN 1.2 §3.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// `bFunctionProtocol` of the interface association descriptor, if one stands before its interfaces.
    pub association: Option<u8>,
    /// `bInterfaceProtocol` of its communications interface: 1 for the AT commands of V.250, 0 for none.
    pub protocol: u8,
    /// `bcdCDC`.
    pub cdc_release: u16,
    /// `bmCapabilities` of its call management descriptor, if it has one.
    pub call_management: Option<u8>,
    /// `bmCapabilities` of its abstract control management descriptor.
    pub capabilities: u8,
    /// `bEndpointAddress` of the notifications.
    pub notifications: u8,
    /// `wMaxPacketSize` of the notifications, in bytes.
    pub notification_size: u8,
    /// `bInterval` of the notifications, in ms.
    pub interval: u8,
    /// `bEndpointAddress` of the data to the device.
    pub data_out: u8,
    /// `bEndpointAddress` of the data from the device.
    pub data_in: u8,
    /// What GET_LINE_CODING answers before anything was set.
    pub line_coding: LineCoding,
    /// Whether it answers that to the end.
    pub forgets_line_coding: bool,
    /// Whether SEND_BREAK is acknowledged.
    pub takes_breaks: bool,
}

/// What SET_LINE_CODING sets (PSTN 1.2, table 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCoding {
    /// `dwDTERate`, in bits per second.
    pub rate: u32,
    /// `bCharFormat`: 0, 1 and 2 are 1, 1.5 and 2 stop bits.
    pub stop_bits: u8,
    /// `bParityType`: none, odd, even, mark, space.
    pub parity: u8,
    /// `bDataBits`: 5 to 8, or 16.
    pub data_bits: u8,
}

/// What takes an application to its bootloader, of what comes at 1200 baud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Nothing.
    Ignored,
    /// A SET_CONTROL_LINE_STATE without DTR.
    WithoutDtr,
    /// A SET_CONTROL_LINE_STATE without DTR, or a SET_LINE_CODING while there is none.
    Either,
    /// After the line coding has changed to 1200 baud, no DTR, but no sooner than so much later.
    Armed(Duration),
}

/// What an application does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// It takes it, and says nothing to it.
    Silent,
    /// MicroPython's prompt.
    Repl,
}

impl LineCoding {
    /// As many applications have it in the beginning: 8 data bits, no parity, 1 stop bit.
    pub const fn eight_bits(rate: u32) -> Self {
        Self {
            rate,
            stop_bits: 0,
            parity: 0,
            data_bits: 8,
        }
    }

    /// As it comes over the wire.
    pub fn from_bytes([r0, r1, r2, r3, stop_bits, parity, data_bits]: [u8; 7]) -> Self {
        Self {
            rate: u32::from_le_bytes([r0, r1, r2, r3]),
            stop_bits,
            parity,
            data_bits,
        }
    }

    /// As it goes over the wire.
    pub fn to_bytes(self) -> [u8; 7] {
        let [r0, r1, r2, r3] = self.rate.to_le_bytes();
        [r0, r1, r2, r3, self.stop_bits, self.parity, self.data_bits]
    }
}

/// The application called `name`.
pub fn find(name: &str) -> Option<&'static App> {
    APPS.iter().find(|app| app.name == name)
}

impl SerialNumber {
    /// The application's number on a board whose bootloader has this one.
    pub fn of(self, bootloader: &str) -> String {
        let whole = match self {
            Self::OfBootloader => None,
            Self::WholeId => whole_id(bootloader),
        };
        whole.unwrap_or_else(|| bootloader.to_owned())
    }
}

/// A unique id of which ST's ROMs make that number, which has 8 digits of the sum of its first and third word and 4 of its
/// second word's upper half. Other numbers are nobody's.
///
/// *Inferred*: what the number doesn't tell. The third word is the end of a lot's name, in ASCII.
fn whole_id(serial: &str) -> Option<String> {
    const THIRD: u32 = u32::from_le_bytes(*b"V25 ");
    const SECOND_S_LOWER_HALF: u32 = 0x500F;
    let is_of_rom = serial.len() == 12 && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (sum, upper) = is_of_rom.then(|| serial.split_at(8))?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    let upper = u32::from_str_radix(upper, 16).ok()?;
    let words = [
        sum.wrapping_sub(THIRD),
        upper << 16 | SECOND_S_LOWER_HALF,
        THIRD,
    ];
    let bytes = words.into_iter().flat_map(u32::to_le_bytes);
    Some(bytes.map(|byte| format!("{byte:02X}")).collect())
}

#[cfg(test)]
mod tests;
