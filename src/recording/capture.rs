//! A capture file, pcapng or pcap, read packet by packet: no more of it than one block is ever in memory.

use std::io::{self, Read};
use std::time::Duration;

use pcap_parser::pcapng::{Block, parse_block_be, parse_block_le};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{OptionCode, PcapHeader, PcapNGOption, parse_pcap_frame, parse_pcap_frame_be};
use pcap_parser::{parse_pcap_header, parse_sectionheaderblock};

/// The largest block that is read, in bytes. A control transfer has 64 KiB of data at the most.
const LARGEST_BLOCK: usize = 1 << 20;
/// As many interfaces a section may have: a computer has a handful of buses.
const MOST_INTERFACES: usize = 1 << 12;

/// Block type of a section header, in either byte order.
const SECTION_HEADER: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// A packet of a capture.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet<'b> {
    /// `LINKTYPE_…`
    pub link_type: i32,
    /// Whether what is in it is in big-endian order, where its link type leaves that open.
    pub big_endian: bool,
    /// Since 1970.
    pub time: Duration,
    /// What was captured of it.
    pub data: &'b [u8],
    /// How many bytes it had.
    pub length: usize,
    /// What somebody noted at it.
    pub comments: Vec<String>,
}

/// What is told of a whole section: which program has made it, and what it noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// `shb_userappl`
    pub program: Option<String>,
    pub comments: Vec<String>,
}

/// What a capture has.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    Section(Section),
    Packet(Packet<'b>),
    /// What was noted at the end, of an interface.
    LastWords(Vec<String>),
}

/// Why a capture can't be read, or no further.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It begins as no capture does.
    #[error("the file is no recording: it is neither pcapng nor pcap")]
    NoCapture,
    /// It has no packet more.
    #[error("it ends in the middle of a packet, after {0} bytes")]
    Cut(u64),
    /// What stands there is no block.
    #[error("it is damaged from byte {0} on")]
    Damaged(u64),
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a capture.
pub struct Capture<R> {
    reader: R,
    /// The block that was read last.
    block: Vec<u8>,
    /// Where the next one begins in the file.
    position: u64,
    kind: Kind,
}

enum Kind {
    Unknown,
    Pcap(PcapHeader),
    Pcapng {
        big_endian: bool,
        interfaces: Vec<Interface>,
    },
}

/// Of a section.
#[derive(Clone, Copy)]
struct Interface {
    link_type: i32,
    /// `if_tsresol`
    resolution: u8,
}

impl<R: Read> Capture<R> {
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            block: Vec::new(),
            position: 0,
            kind: Kind::Unknown,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`CaptureError`]. There is nothing to be read after one.
    pub fn next(&mut self) -> Result<Option<Piece<'_>>, CaptureError> {
        if matches!(self.kind, Kind::Unknown) {
            self.begin()?;
        }
        // What was found borrows from the block; the loop is over before anybody looks at it.
        loop {
            let from = self.position;
            if !self.read_block()? {
                return Ok(None);
            }
            if self.is_of_use().ok_or(CaptureError::Damaged(from))? {
                break;
            }
        }
        Ok(self.piece())
    }

    /// Reads the beginning, and finds out what kind of file it is.
    fn begin(&mut self) -> Result<(), CaptureError> {
        self.block.clear();
        if !self.read_to(4)? {
            return Err(CaptureError::NoCapture);
        }
        if self.block == SECTION_HEADER {
            self.kind = Kind::Pcapng {
                big_endian: false,
                interfaces: Vec::new(),
            };
            return Ok(());
        }
        if !self.read_to(24)? {
            return Err(CaptureError::NoCapture);
        }
        let (_, header) = parse_pcap_header(&self.block).map_err(|_| CaptureError::NoCapture)?;
        if header.is_modified_format() {
            return Err(CaptureError::NoCapture);
        }
        self.kind = Kind::Pcap(header);
        self.position = 24;
        self.block.clear();
        Ok(())
    }

    /// Reads one block whole; false at the end of the file.
    fn read_block(&mut self) -> Result<bool, CaptureError> {
        // The first four bytes of a pcapng file were read to see that it is one.
        if self.position > 0 || matches!(self.kind, Kind::Pcap(_)) {
            self.block.clear();
        }
        let from = self.position;
        let header = match self.kind {
            Kind::Pcap(_) => 16,
            _ => 12,
        };
        if !self.read_to(header)? {
            return match self.block.len() {
                0 => Ok(false),
                _ => Err(CaptureError::Cut(from + self.block.len() as u64)),
            };
        }
        let length = self.block_length().ok_or(CaptureError::Damaged(from))?;
        if !self.read_to(length)? {
            return Err(CaptureError::Cut(from + self.block.len() as u64));
        }
        self.position += length as u64;
        Ok(true)
    }

    /// How long the block is whose first bytes were read.
    fn block_length(&mut self) -> Option<usize> {
        let word = |at: usize, big_endian: bool| {
            let bytes = *self.block.get(at..)?.first_chunk()?;
            usize::try_from(match big_endian {
                true => u32::from_be_bytes(bytes),
                false => u32::from_le_bytes(bytes),
            })
            .ok()
        };
        let length = match &mut self.kind {
            Kind::Pcap(header) => word(8, header.is_bigendian())?.checked_add(16)?,
            Kind::Pcapng { big_endian, .. } => {
                if self.block.starts_with(&SECTION_HEADER) {
                    *big_endian = self.block[8..12] == [0x1A, 0x2B, 0x3C, 0x4D];
                }
                let length = word(4, *big_endian)?;
                (length % 4 == 0).then_some(length)?
            }
            Kind::Unknown => return None,
        };
        (12..=LARGEST_BLOCK).contains(&length).then_some(length)
    }

    /// Takes note of what a section says of its packets, and tells whether there is anything in the block for the reader.
    /// `None` where it is damaged.
    fn is_of_use(&mut self) -> Option<bool> {
        let Kind::Pcapng {
            big_endian,
            interfaces,
        } = &mut self.kind
        else {
            return Some(true);
        };
        Some(match parse(&self.block, *big_endian)? {
            Block::SectionHeader(_) => {
                interfaces.clear();
                true
            }
            Block::InterfaceDescription(interface) => {
                if interfaces.len() == MOST_INTERFACES {
                    return None;
                }
                interfaces.push(Interface {
                    link_type: interface.linktype.0,
                    resolution: interface.if_tsresol,
                });
                false
            }
            Block::EnhancedPacket(packet) => {
                interfaces.get(usize::try_from(packet.if_id).ok()?)?;
                true
            }
            Block::InterfaceStatistics(_) => true,
            // Without times, a session can't be told.
            _ => false,
        })
    }

    /// What is in a block that is of use.
    fn piece(&self) -> Option<Piece<'_>> {
        match &self.kind {
            Kind::Unknown => None,
            Kind::Pcap(header) => pcap_packet(header, &self.block),
            Kind::Pcapng {
                big_endian,
                interfaces,
            } => match parse(&self.block, *big_endian)? {
                Block::SectionHeader(header) => Some(Piece::Section(Section {
                    program: texts(&header.options, OptionCode::ShbUserAppl).next(),
                    comments: texts(&header.options, OptionCode::Comment).collect(),
                })),
                Block::EnhancedPacket(packet) => {
                    let interface = interfaces.get(usize::try_from(packet.if_id).ok()?)?;
                    let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                    // The packet's data ends before the padding; it is borrowed from the block itself.
                    let length = usize::try_from(packet.caplen).ok()?;
                    Some(Piece::Packet(Packet {
                        link_type: interface.link_type,
                        big_endian: *big_endian,
                        time: duration(ticks, interface.resolution),
                        data: packet.data.get(..length)?,
                        length: usize::try_from(packet.orig_len()).ok()?.max(length),
                        comments: texts(&packet.options, OptionCode::Comment).collect(),
                    }))
                }
                Block::InterfaceStatistics(last) => {
                    let comments = texts(&last.options, OptionCode::Comment);
                    Some(Piece::LastWords(comments.collect()))
                }
                _ => None,
            },
        }
    }

    /// Fills the block up to this many bytes; false where the file ends before.
    fn read_to(&mut self, length: usize) -> io::Result<bool> {
        let missing = length.saturating_sub(self.block.len());
        let missing = u64::try_from(missing).unwrap_or(u64::MAX);
        self.reader
            .by_ref()
            .take(missing)
            .read_to_end(&mut self.block)?;
        Ok(self.block.len() >= length)
    }
}

/// A whole block of a section in this byte order; `None` where it is damaged.
fn parse(block: &[u8], big_endian: bool) -> Option<Block<'_>> {
    let parsed = if block.starts_with(&SECTION_HEADER) {
        parse_sectionheaderblock(block).map(|(rest, header)| (rest, Block::SectionHeader(header)))
    } else if big_endian {
        parse_block_be(block)
    } else {
        parse_block_le(block)
    };
    parsed.ok().map(|(_, block)| block)
}

fn pcap_packet<'b>(header: &PcapHeader, block: &'b [u8]) -> Option<Piece<'b>> {
    let parse = match header.is_bigendian() {
        true => parse_pcap_frame_be,
        false => parse_pcap_frame,
    };
    let (_, frame) = parse(block).ok()?;
    let fraction = u64::from(frame.ts_usec);
    let seconds = Duration::from_secs(frame.ts_sec.into());
    Some(Piece::Packet(Packet {
        // The upper bits say how a frame's check sequence is long.
        link_type: header.network.0 & 0xFFFF,
        big_endian: header.is_bigendian(),
        time: seconds.saturating_add(match header.is_nanosecond_precision() {
            true => Duration::from_nanos(fraction),
            false => Duration::from_micros(fraction),
        }),
        data: frame.data,
        length: usize::try_from(frame.origlen).ok()?.max(frame.data.len()),
        comments: Vec::new(),
    }))
}

fn texts<'o>(
    options: &'o [PcapNGOption<'o>],
    code: OptionCode,
) -> impl Iterator<Item = String> + 'o {
    let wanted = options.iter().filter(move |option| option.code == code);
    wanted.filter_map(|option| {
        let bytes = option.as_bytes().ok()?;
        let text = String::from_utf8_lossy(bytes);
        // stdfu's exit code has room for more digits than it needs.
        Some(text.trim_end_matches('\0').trim_end().to_owned())
    })
}

/// `if_tsresol`: the negative power of 10, or with the highest bit of 2, that a tick lasts in seconds.
fn duration(ticks: u64, resolution: u8) -> Duration {
    let exponent = u32::from(resolution & 0x7F);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let nanoseconds = base
        .checked_pow(exponent)
        .and_then(|per_second| (u128::from(ticks) * 1_000_000_000).checked_div(per_second));
    let nanoseconds = nanoseconds.unwrap_or_default();
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(u64::MAX);
    // Less than a second.
    Duration::new(seconds, (nanoseconds % 1_000_000_000) as u32)
}
