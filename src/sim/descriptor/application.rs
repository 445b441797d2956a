//! What the descriptors of a board say while its application runs.

use super::serial::serial_interfaces;
use super::{FIRST_INTERFACE_INDEX, INTERFACE, Program, SelfDescription, WILL_DETACH};
use crate::sim::board::Runtime;
use crate::sim::quirk::Quirk;

/// Class, subclass and protocol of an interface that has nothing to do with DFU: the vendor's own.
const OTHER_CLASS: [u8; 3] = [0xFF, 0, 0];
/// Those of a DFU run-time interface (DFU 1.1 §4.1.2).
const RUN_TIME_CLASS: [u8; 3] = [0xFE, 0x01, 0x01];
/// A serial port has a communications interface and a data interface.
const SERIAL_INTERFACES: u8 = 2;

impl SelfDescription<'_> {
    /// The application's side of DFU, if it has one: where a board doesn't tell, that of its bootloader.
    pub fn runtime(&self) -> Option<Runtime> {
        let mut runtime = match (self.app, self.board.runtime) {
            (Some(app), _) => Runtime {
                vendor_id: app.vendor_id,
                product_id: app.product_id,
                product: app.product,
                interface: SERIAL_INTERFACES,
                attributes: app.dfu?.attributes,
            },
            (None, Some(runtime)) => runtime,
            (None, None) => Runtime {
                vendor_id: self.board.vendor_id,
                product_id: self.board.product_id,
                product: self.board.product,
                interface: 0,
                attributes: super::attributes(self.board, self.quirks),
            },
        };
        if let Some(number) = self.quirks.runtime_interface() {
            runtime.interface = number.clamp(self.serial_interfaces(), u8::MAX - 1);
        }
        match self.quirks.will_detach() {
            Some(true) => runtime.attributes |= WILL_DETACH,
            Some(false) => runtime.attributes &= !WILL_DETACH,
            None => {}
        }
        Some(runtime)
    }

    /// `wDetachTimeOut`, in milliseconds.
    pub fn detach_timeout(&self) -> u16 {
        let dfu = self.app.and_then(|app| app.dfu);
        let usual = match dfu.filter(|_| self.program == Program::Application) {
            Some(dfu) => dfu.detach_timeout,
            None => self.board.detach_timeout,
        };
        self.quirks.detach_timeout().unwrap_or(usual)
    }

    pub(super) fn has_other_serial(&self) -> bool {
        self.program == Program::Application && self.quirks.has(Quirk::RuntimeOtherSerial)
    }

    /// How many interfaces its serial port has.
    fn serial_interfaces(&self) -> u8 {
        self.app.map_or(0, |_| SERIAL_INTERFACES)
    }

    /// How many interfaces there are, and their descriptors: a serial port's, others, and the one that is DFU's.
    pub(super) fn application_interfaces(&self) -> (u8, Vec<u8>) {
        let first = self.serial_interfaces();
        let mut bytes = self
            .app
            .map_or(Vec::new(), |app| serial_interfaces(&app.port));
        let Some(runtime) = self.runtime() else {
            return (first, bytes);
        };
        let number = runtime.interface;
        let alternate_setting = self.quirks.runtime_alternate();
        let mut other = |number, alternate_setting| {
            bytes.extend([9, INTERFACE, number, alternate_setting, 0]);
            bytes.extend(OTHER_CLASS);
            bytes.push(0);
        };
        (first..number).for_each(|number| other(number, 0));
        (0..alternate_setting).for_each(|alternate_setting| other(number, alternate_setting));
        let has_string = !self.quirks.has(Quirk::StringsNoLayout);
        bytes.extend([9, INTERFACE, number, alternate_setting, 0]);
        bytes.extend(RUN_TIME_CLASS);
        bytes.push(if has_string { FIRST_INTERFACE_INDEX } else { 0 });
        bytes.extend(self.listed_functional());
        (number + 1, bytes)
    }
}
