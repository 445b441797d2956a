//! Packets of a capture → halves of control transfers, whatever has recorded them.

use super::capture::Packet;
use super::half::{Half, Stage};
use super::usbmon::{self, Endianness, Event, Header, LinkType};
use super::usbpcap;

/// What a packet of a capture says; `None` of what is no control transfer, or can't be understood.
pub fn half(packet: &Packet<'_>) -> Option<Half> {
    let endianness = match packet.big_endian {
        true => Endianness::Big,
        false => Endianness::Little,
    };
    let linux = |link_type| of_usbmon(packet, link_type, endianness);
    match packet.link_type {
        USB_LINUX => linux(LinkType::UsbLinux),
        USB_LINUX_MMAPPED => linux(LinkType::UsbLinuxMmapped),
        usbpcap::LINK_TYPE => usbpcap::half(packet.data, packet.length),
        _ => None,
    }
}

/// `LINKTYPE_USB_LINUX`
const USB_LINUX: i32 = LinkType::UsbLinux as i32;
/// `LINKTYPE_USB_LINUX_MMAPPED`
const USB_LINUX_MMAPPED: i32 = LinkType::UsbLinuxMmapped as i32;

/// Whether packets of this link type can be understood.
pub fn is_usb(link_type: i32) -> bool {
    [USB_LINUX, USB_LINUX_MMAPPED, usbpcap::LINK_TYPE].contains(&link_type)
}

fn of_usbmon(packet: &Packet<'_>, link_type: LinkType, endianness: Endianness) -> Option<Half> {
    let header = Header::parse(packet.data, link_type, endianness)?;
    if header.transfer_type != Header::CONTROL {
        return None;
    }
    let captured = usize::try_from(header.captured).ok()?;
    let after = &packet.data[link_type.header_length()..];
    let data = after[..captured.min(after.len())].to_vec();
    // `length` of a request for data is what may come, and there is no data then.
    let expected = match (header.event, header.is_to_host()) {
        (Event::Submit, true) | (Event::Complete | Event::Refused, false) => data.len(),
        _ => usize::try_from(header.length).ok()?,
    };
    let cut = expected.saturating_sub(data.len());
    let stage = match (header.event, header.setup) {
        (Event::Submit, Some((request, length))) => Stage::Submit {
            request,
            length,
            data,
            cut,
        },
        (Event::Submit, None) => return None,
        (Event::Complete | Event::Refused, _) => Stage::Complete {
            data,
            cut,
            outcome: usbmon::outcome(header.status),
        },
    };
    Some(Half {
        bus: header.bus,
        address: header.device.into(),
        id: header.id,
        stage,
    })
}
