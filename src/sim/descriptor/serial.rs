//! The descriptors of a serial port (CDC 1.2 §5.2; PSTN 1.2 §5.3).

use super::{BULK, ENDPOINT, INTERFACE, INTERRUPT};
use crate::sim::acm::{COMMUNICATIONS_INTERFACE, DATA_INTERFACE};
use crate::sim::app::Port;

/// Descriptor type INTERFACE ASSOCIATION (USB 2.0 ECN of 2003).
const INTERFACE_ASSOCIATION: u8 = 11;
/// Descriptor type CS_INTERFACE (CDC 1.2, table 12).
const CS_INTERFACE: u8 = 0x24;
/// Its subtypes (CDC 1.2, table 13; PSTN 1.2, tables 3 and 4).
const HEADER: u8 = 0;
const CALL_MANAGEMENT: u8 = 1;
const ABSTRACT_CONTROL_MANAGEMENT: u8 = 2;
const UNION: u8 = 6;
/// `bInterfaceClass` of both interfaces, and the subclass of the first: the abstract control model (CDC 1.2 §4).
const COMMUNICATIONS: u8 = 0x02;
const ABSTRACT_CONTROL: u8 = 0x02;
const DATA: u8 = 0x0A;
/// `wMaxPacketSize` of the data endpoints: a full-speed device's.
const PACKET: u8 = 64;

/// Both interfaces with all that belongs to them.
pub(super) fn serial_interfaces(port: &Port) -> Vec<u8> {
    let Port {
        protocol,
        capabilities,
        notifications,
        notification_size,
        interval,
        data_out,
        data_in,
        ..
    } = *port;
    let (first, second) = (COMMUNICATIONS_INTERFACE, DATA_INTERFACE);
    let [release_low, release_high] = port.cdc_release.to_le_bytes();
    let mut bytes = Vec::new();
    if let Some(protocol) = port.association {
        bytes.extend([8, INTERFACE_ASSOCIATION, first, 2]);
        bytes.extend([COMMUNICATIONS, ABSTRACT_CONTROL, protocol, 0]);
    }
    bytes.extend([9, INTERFACE, first, 0, 1]);
    bytes.extend([COMMUNICATIONS, ABSTRACT_CONTROL, protocol, 0]);
    bytes.extend([5, CS_INTERFACE, HEADER, release_low, release_high]);
    if let Some(capabilities) = port.call_management {
        bytes.extend([5, CS_INTERFACE, CALL_MANAGEMENT, capabilities, second]);
    }
    bytes.extend([4, CS_INTERFACE, ABSTRACT_CONTROL_MANAGEMENT, capabilities]);
    bytes.extend([5, CS_INTERFACE, UNION, first, second]);
    let notification_endpoint = [notifications, INTERRUPT, notification_size, 0, interval];
    bytes.extend([7, ENDPOINT]);
    bytes.extend(notification_endpoint);
    bytes.extend([9, INTERFACE, second, 0, 2, DATA, 0, 0, 0]);
    for address in [data_out, data_in] {
        bytes.extend([7, ENDPOINT, address, BULK, PACKET, 0, 0]);
    }
    bytes
}
