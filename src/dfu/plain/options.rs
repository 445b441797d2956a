//! What a session has to know of its device, and how that is learnt.

use std::time::Duration;

use crate::chip::rom::{has_false_poll_timeout, starts_what_it_is_given};
use crate::usb::descriptor::{DFU_FUNCTIONAL, DfuFunctionalDescriptor, GET_DESCRIPTOR};
use crate::usb::{ControlRequest, DeviceInfo, Transport};

/// `bmRequestType` of a standard request to the device that returns data.
const STANDARD_FROM_DEVICE: u8 = 0x80;
/// How long a descriptor may take.
const DESCRIPTOR_TIMEOUT: Duration = Duration::from_secs(2);

/// What a session has to know of its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// `bInterfaceNumber`.
    pub interface: u8,
    /// `idVendor`, `idProduct`.
    pub ids: (u16, u16),
    /// The size of a block, in bytes.
    pub transfer_size: u16,
    /// Whether there is more than one alternate setting, so that one has to be chosen.
    pub several_memories: bool,
    /// Whether it says that it can be read.
    pub can_upload: bool,
    /// Whether it goes on answering after a download, as far as it can be believed.
    #[doc(alias = "bitManifestationTolerant")]
    pub is_tolerant: bool,
    /// Whether it says that it leaves the bus by itself, without a reset.
    #[doc(alias = "bitWillDetach")]
    pub will_detach: bool,
    /// Whether its `bwPollTimeout` is nonsense.
    pub ignores_poll_timeout: bool,
}

impl Options {
    /// By what the bus tells. One without a functional descriptor (Openmoko) can do no more than DFU 1.0 asks of all.
    pub fn of(info: &DeviceInfo) -> Self {
        let ids = (info.vendor_id, info.product_id);
        let functional = info.functional.as_ref();
        Self {
            interface: info.interface,
            ids,
            transfer_size: info.transfer_size(),
            several_memories: info.alternate_settings.len() > 1,
            can_upload: functional.is_some_and(|said| said.can_upload()),
            is_tolerant: functional.is_some_and(|said| said.is_manifestation_tolerant())
                && !starts_what_it_is_given(ids),
            will_detach: functional.is_some_and(|said| said.will_detach()),
            ignores_poll_timeout: has_false_poll_timeout(ids),
        }
    }

    /// The same; where the bus tells of no functional descriptor, the device is asked for it, which some answer
    /// (Openmoko), and others not (SIMtrace).
    pub fn ask(info: &DeviceInfo, transport: &mut dyn Transport) -> Self {
        let functional = match info.functional {
            None => ask_functional(transport),
            known => known,
        };
        Self::of(&DeviceInfo {
            functional,
            ..info.clone()
        })
    }

    /// Whether what was downloaded can be read back, if the device is what it says.
    pub fn can_verify(&self) -> bool {
        self.can_upload && self.is_tolerant
    }
}

/// GET_DESCRIPTOR for the functional descriptor, as of a device; `None` where it gives none.
fn ask_functional(transport: &mut dyn Transport) -> Option<DfuFunctionalDescriptor> {
    let request = ControlRequest {
        request_type: STANDARD_FROM_DEVICE,
        request: GET_DESCRIPTOR,
        value: u16::from_be_bytes([DFU_FUNCTIONAL, 0]),
        index: 0,
    };
    let mut descriptor = [0; 9];
    let length = transport
        .control_in(request, &mut descriptor, DESCRIPTOR_TIMEOUT)
        .ok()?;
    DfuFunctionalDescriptor::find(&descriptor[..length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::SimBus;
    use crate::usb::Bus;

    /// What is known of a board from the bus, and when it was asked.
    fn options(board: &str) -> (Options, Options) {
        let bus = SimBus::new(&[board.parse().expect("good")]).expect("no files");
        let info = bus.devices().expect("there is a bus").remove(0);
        let mut transport = bus.open(&info).expect("nothing in the way");
        (Options::of(&info), Options::ask(&info, transport.as_mut()))
    }

    #[test]
    fn a_u_boot_can_do_everything_and_says_so() {
        let (known, asked) = options("uboot");
        let expected = Options {
            interface: 0,
            ids: (0x0451, 0xD022),
            transfer_size: 4096,
            several_memories: true,
            can_upload: true,
            is_tolerant: true,
            will_detach: true,
            ignores_poll_timeout: false,
        };
        assert_eq!((known, asked), (expected, expected));
        assert!(known.can_verify());
    }

    #[test]
    fn an_openmoko_answers_what_the_bus_does_not_tell_and_a_simtrace_can_do_what_all_can() {
        for (board, ids) in [
            ("openmoko", (0x1D50, 0x5119)),
            ("simtrace", (0x16C0, 0x0762)),
        ] {
            let (known, asked) = options(board);
            assert_eq!((known.ids, known.transfer_size), (ids, 1024));
            assert!(!known.can_upload && !known.is_tolerant && !known.will_detach);
            assert!(known.ignores_poll_timeout);
            assert_eq!(asked, known);
        }
        let (known, asked) = options("uboot,quirk=functional-descriptor=missing");
        assert!(!known.can_upload && asked.can_upload);
        assert_eq!((known.transfer_size, asked.transfer_size), (1024, 4096));
    }

    #[test]
    fn a_fomu_is_not_believed_that_it_is_tolerant() {
        let (known, _) = options("fomu");
        assert!(!known.is_tolerant);
    }
}
