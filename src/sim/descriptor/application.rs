//! What the descriptors of a board say while its application runs.

use super::{FIRST_INTERFACE_INDEX, INTERFACE, Program, SelfDescription, WILL_DETACH};
use crate::sim::board::Runtime;
use crate::sim::quirk::Quirk;

/// Class, subclass and protocol of an interface that has nothing to do with DFU: the vendor's own.
const OTHER_CLASS: [u8; 3] = [0xFF, 0, 0];

impl SelfDescription<'_> {
    /// The application's side of DFU: where a board doesn't tell, that of its bootloader.
    pub fn runtime(&self) -> Runtime {
        let mut runtime = self.board.runtime.unwrap_or(Runtime {
            vendor_id: self.board.vendor_id,
            product_id: self.board.product_id,
            product: self.board.product,
            interface: 0,
            attributes: super::attributes(self.board, self.quirks),
        });
        if let Some(number) = self.quirks.runtime_interface() {
            runtime.interface = number.min(u8::MAX - 1);
        }
        match self.quirks.will_detach() {
            Some(true) => runtime.attributes |= WILL_DETACH,
            Some(false) => runtime.attributes &= !WILL_DETACH,
            None => {}
        }
        runtime
    }

    /// `wDetachTimeOut`, in milliseconds.
    pub fn detach_timeout(&self) -> u16 {
        let asked_for = self.quirks.detach_timeout();
        asked_for.unwrap_or(self.board.detach_timeout)
    }

    pub(super) fn has_other_serial(&self) -> bool {
        self.program == Program::Application && self.quirks.has(Quirk::RuntimeOtherSerial)
    }

    /// The interfaces up to the one that is DFU's, which is the last.
    pub(super) fn application_interfaces(&self) -> Vec<u8> {
        let number = self.interface();
        let alternate_setting = self.quirks.runtime_alternate();
        let mut bytes = Vec::new();
        let mut other = |number, alternate_setting| {
            bytes.extend([9, INTERFACE, number, alternate_setting, 0]);
            bytes.extend(OTHER_CLASS);
            bytes.push(0);
        };
        (0..number).for_each(|number| other(number, 0));
        (0..alternate_setting).for_each(|alternate_setting| other(number, alternate_setting));
        let has_string = !self.quirks.has(Quirk::StringsNoLayout);
        bytes.extend([9, INTERFACE, number, alternate_setting, 0]);
        bytes.extend(self.interface_class());
        bytes.push(if has_string { FIRST_INTERFACE_INDEX } else { 0 });
        bytes.extend(self.listed_functional());
        bytes
    }
}
