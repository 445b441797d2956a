//! pcapng's blocks: values → bytes, little-endian.
//!
//! From the draft *PCAP Now Generic (pcapng) Capture File Format* (draft-ietf-opsawg-pcapng).

use std::time::Duration;

use super::usbmon::LinkType;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// `opt_comment`, which any block can have, and several times.
const COMMENT: u16 = 1;

/// What a section says of itself.
#[derive(Debug)]
pub struct Section<'s> {
    /// `shb_os`.
    pub system: &'s str,
    /// `shb_userappl`.
    pub application: &'s str,
    /// `opt_comment`, each one of its own.
    pub comments: &'s [String],
}

/// A packet.
#[derive(Debug)]
pub struct Packet<'p> {
    /// By the order of the interfaces in the section, from 0 on.
    pub interface: u32,
    /// From 1970 on; to the microsecond.
    pub time: Duration,
    /// Its beginning.
    pub header: &'p [u8],
    /// What follows.
    pub data: &'p [u8],
    /// How long the data was before any of it was left out.
    pub length: usize,
    /// `opt_comment`, each one of its own.
    pub comments: &'p [String],
}

impl Section<'_> {
    /// The Section Header Block.
    pub fn to_bytes(&self) -> Vec<u8> {
        const OS: u16 = 3;
        const USER_APPLICATION: u16 = 4;
        const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;
        /// How long the section is, is not said.
        const UNKNOWN_LENGTH: u64 = u64::MAX;
        let mut body = BYTE_ORDER_MAGIC.to_le_bytes().to_vec();
        // Version 1.0.
        body.extend([1, 0, 0, 0]);
        body.extend(UNKNOWN_LENGTH.to_le_bytes());
        push_option(&mut body, OS, self.system.as_bytes());
        push_option(&mut body, USER_APPLICATION, self.application.as_bytes());
        push_comments(&mut body, self.comments);
        end_options(&mut body);
        block(SECTION_HEADER, body)
    }
}

/// The Interface Description Block of a bus, named as usbmon's interfaces are.
pub fn interface(bus: u8) -> Vec<u8> {
    const NAME: u16 = 2;
    const DESCRIPTION: u16 = 3;
    const TIME_RESOLUTION: u16 = 9;
    /// Microseconds: a power of ten.
    const MICROSECONDS: u8 = 6;
    let mut body = (LinkType::UsbLinuxMmapped as u16).to_le_bytes().to_vec();
    // Reserved, and no limit to a packet's length.
    body.extend([0; 6]);
    push_option(&mut body, NAME, format!("usbmon{bus}").as_bytes());
    push_option(&mut body, DESCRIPTION, format!("USB bus {bus}").as_bytes());
    push_option(&mut body, TIME_RESOLUTION, &[MICROSECONDS]);
    end_options(&mut body);
    block(INTERFACE_DESCRIPTION, body)
}

impl Packet<'_> {
    /// The Enhanced Packet Block.
    pub fn to_bytes(&self) -> Vec<u8> {
        let captured = self.header.len() + self.data.len();
        let mut body = self.interface.to_le_bytes().to_vec();
        body.extend(timestamp(self.time));
        body.extend(length(captured).to_le_bytes());
        body.extend(length(self.header.len() + self.length).to_le_bytes());
        body.extend(self.header);
        body.extend(self.data);
        pad(&mut body);
        if !self.comments.is_empty() {
            push_comments(&mut body, self.comments);
            end_options(&mut body);
        }
        block(ENHANCED_PACKET, body)
    }
}

/// The Interface Statistics Block: the last word on an interface.
pub fn statistics(interface: u32, time: Duration, comments: &[String]) -> Vec<u8> {
    let mut body = interface.to_le_bytes().to_vec();
    body.extend(timestamp(time));
    push_comments(&mut body, comments);
    end_options(&mut body);
    block(INTERFACE_STATISTICS, body)
}

/// Its length stands before it and after it.
fn block(kind: u32, body: Vec<u8>) -> Vec<u8> {
    let total = length(body.len() + 12).to_le_bytes();
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(total);
    bytes.extend(body);
    bytes.extend(total);
    bytes
}

/// The higher 32 bits first.
fn timestamp(time: Duration) -> [u8; 8] {
    let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    microseconds.rotate_left(32).to_le_bytes()
}

fn push_comments(body: &mut Vec<u8>, comments: &[String]) {
    for comment in comments {
        push_option(body, COMMENT, comment.as_bytes());
    }
}

/// An option's length has 16 bits: what is longer is cut off.
fn push_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    body.extend(code.to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(&value[..usize::from(length)]);
    pad(body);
}

/// `opt_endofopt`.
fn end_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

/// Everything begins at a multiple of 4 bytes.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("no block of a recording is that long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_as_the_draft_has_it() {
        let section = Section {
            system: "linux",
            application: "x",
            comments: &["four".to_owned()],
        };
        let expected = [
            &[0x0A, 0x0D, 0x0D, 0x0A, 60, 0, 0, 0][..],
            &[0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0],
            &[0xFF; 8],
            &[3, 0, 5, 0, b'l', b'i', b'n', b'u', b'x', 0, 0, 0],
            &[4, 0, 1, 0, b'x', 0, 0, 0],
            &[1, 0, 4, 0, b'f', b'o', b'u', b'r'],
            &[0, 0, 0, 0, 60, 0, 0, 0],
        ];
        assert_eq!(section.to_bytes(), expected.concat());
    }

    #[test]
    fn a_packet_has_the_higher_half_of_its_time_first_and_its_comments_last() {
        let packet = Packet {
            interface: 2,
            time: Duration::from_micros(0x0001_0203_0405_0607),
            header: &[1, 2, 3],
            data: &[4, 5],
            length: 7,
            comments: &["a".to_owned(), "bc".to_owned()],
        };
        let expected = [
            &[6, 0, 0, 0, 60, 0, 0, 0][..],
            &[2, 0, 0, 0],
            &[0x03, 0x02, 0x01, 0x00, 0x07, 0x06, 0x05, 0x04],
            &[5, 0, 0, 0, 10, 0, 0, 0],
            &[1, 2, 3, 4, 5, 0, 0, 0],
            &[1, 0, 1, 0, b'a', 0, 0, 0, 1, 0, 2, 0, b'b', b'c', 0, 0],
            &[0, 0, 0, 0, 60, 0, 0, 0],
        ];
        assert_eq!(packet.to_bytes(), expected.concat());
    }

    #[test]
    fn an_interface_is_a_bus_of_usbmon_and_counts_microseconds() {
        let expected = [
            &[1, 0, 0, 0, 60, 0, 0, 0][..],
            &[220, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 8, 0],
            b"usbmon12",
            &[3, 0, 10, 0],
            b"USB bus 12\0\0",
            &[9, 0, 1, 0, 6, 0, 0, 0],
            &[0, 0, 0, 0, 60, 0, 0, 0],
        ];
        assert_eq!(interface(12), expected.concat());
    }

    #[test]
    fn the_last_word_on_an_interface_has_its_time_and_comments() {
        let expected = [
            &[5, 0, 0, 0, 36, 0, 0, 0][..],
            &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0],
            &[1, 0, 2, 0, b'o', b'k', 0, 0],
            &[0, 0, 0, 0, 36, 0, 0, 0],
        ];
        let time = Duration::from_micros(9);
        assert_eq!(statistics(1, time, &["ok".to_owned()]), expected.concat());
    }
}
