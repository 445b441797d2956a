//! Memory layouts: what a DfuSe alternate setting's string says about its memory, as segments and sectors.
//!
//! The grammar is UM0424's, read as widely as boards stretch it:
//!
//! ```text
//! string     = '@' name { '/' address '/' segment { ',' segment } }
//! segment    = count '*' size [multiplier] type
//! multiplier = 'B' | 'K' | 'M' | '.' | nothing
//! type       = 'a' … 'g', either case
//! ```
//!
//! Spaces between these mean nothing, numbers are decimal and addresses hexadecimal. What can't be read is an error:
//! a segment dropped in silence would be memory that nobody erases or protects.

use std::fmt;

use thiserror::Error;

use crate::address::AddressRange;

/// As many sectors a memory may have: enough for 4 GiB in sectors of 4K. Each is kept, and looked at.
const MOST_SECTORS: u32 = 1 << 20;

/// The memory behind one alternate setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLayout {
    /// What the board calls this memory, such as `Internal Flash`, without spaces around it.
    pub name: String,
    /// In the string's order, which need not be ascending. They don't overlap; some may have no sectors.
    pub segments: Vec<MemorySegment>,
}

impl MemoryLayout {
    /// Reads an alternate setting's string. What follows the first character outside printable ASCII is garbage
    /// that some ROMs send behind their strings, and is passed over.
    ///
    /// # Errors
    ///
    /// [`LayoutError::NotDfuse`] where the string makes no claim to be a layout, [`LayoutError::Malformed`] where it
    /// does and can't be read, ends too early, has sectors of no size, overlaps itself or leaves the address space.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let mut reader = LayoutReader::new(text);
        if !reader.take(b'@') {
            return Err(LayoutError::NotDfuse {
                text: text.to_owned(),
            });
        }
        let name = reader.name();
        let mut segments = Vec::new();
        loop {
            reader.group(&mut segments)?;
            if reader.peek() != Some(b'/') {
                break;
            }
        }
        reader.end()?;
        reader.reject_excess(&segments)?;
        reader.reject_overlap(&segments)?;
        Ok(Self {
            name,
            segments: segments.into_iter().map(|(_, segment)| segment).collect(),
        })
    }

    /// All sectors, ascending by address.
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        let mut ascending: Vec<&MemorySegment> = self.segments.iter().collect();
        ascending.sort_by_key(|segment| segment.address);
        ascending
            .into_iter()
            .flat_map(|segment| (0..segment.sectors).map_while(|index| segment.sector(index)))
    }

    /// The sector that `address` lies in; `None` in a gap or outside.
    pub fn sector_at(&self, address: u32) -> Option<Sector> {
        self.segments
            .iter()
            .find_map(|segment| segment.sector_at(address))
    }
}

/// A run of sectors of one size, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySegment {
    /// Of the first sector.
    pub address: u32,
    /// How many; 0 is allowed, and some boards say so.
    pub sectors: u32,
    /// In bytes, often no power of two; more than 0 where there are sectors.
    pub sector_size: u32,
    /// What may be done with each of them.
    pub access: Access,
}

impl MemorySegment {
    /// In bytes, up to 2^32.
    pub fn size(&self) -> u64 {
        u64::from(self.sectors) * u64::from(self.sector_size)
    }

    /// The address behind the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + self.size()
    }

    fn sector_at(&self, address: u32) -> Option<Sector> {
        let index = address
            .checked_sub(self.address)?
            .checked_div(self.sector_size)?;
        self.sector(index)
    }

    fn sector(&self, index: u32) -> Option<Sector> {
        if index >= self.sectors || self.sector_size == 0 {
            return None;
        }
        let address = index
            .checked_mul(self.sector_size)?
            .checked_add(self.address)?;
        Some(Sector {
            address,
            size: self.sector_size,
            access: self.access,
        })
    }
}

/// A sector, or page: the least that can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sector {
    /// Of its first byte.
    pub address: u32,
    /// In bytes, more than 0.
    pub size: u32,
    /// What may be done with it.
    pub access: Access,
}

impl Sector {
    /// The address behind the last byte, up to 2^32.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + u64::from(self.size)
    }
}

impl From<Sector> for AddressRange {
    fn from(sector: Sector) -> Self {
        Self {
            address: sector.address,
            end: sector.end(),
        }
    }
}

/// A segment's type letter (UM0424): what the board says may be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Bit 0: letters a, c, e, g.
    pub readable: bool,
    /// Bit 1: letters b, c, f, g.
    pub erasable: bool,
    /// Bit 2: letters d, e, f, g.
    pub writable: bool,
}

impl Access {
    /// `a` to `g` in either case; the letters' lower three bits are 1 to 7.
    fn from_letter(letter: u8) -> Option<Self> {
        if !matches!(letter.to_ascii_lowercase(), b'a'..=b'g') {
            return None;
        }
        Some(Self {
            readable: letter & 0b001 != 0,
            erasable: letter & 0b010 != 0,
            writable: letter & 0b100 != 0,
        })
    }
}

/// In words, such as `read, erase, write`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = [
            (self.readable, "read"),
            (self.erasable, "erase"),
            (self.writable, "write"),
        ]
        .into_iter()
        .filter_map(|(allowed, word)| allowed.then_some(word))
        .collect();
        if words.is_empty() {
            return f.write_str("nothing");
        }
        f.write_str(&words.join(", "))
    }
}

/// Why a string is no memory layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// Not meant as a layout: the alternate setting of a device that speaks plain DFU.
    #[error("{text:?} is not a DfuSe memory layout: it does not begin with '@'")]
    NotDfuse {
        /// The string as the board sent it.
        text: String,
    },
    /// Meant as a layout, but it can't be read, or not all of it.
    #[error(
        "the memory layout {text:?} can't be read at offset {offset}: expected {expected}, found {}",
        found(text, *offset)
    )]
    Malformed {
        /// The string as the board sent it.
        text: String,
        /// In bytes from the string's start.
        offset: usize,
        /// What should have been there.
        expected: Expected,
    },
}

/// What a memory layout should have had at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The `/` before and behind an address.
    Slash,
    /// `0x` and hexadecimal digits.
    Address,
    /// How many sectors.
    Count,
    /// The `*` between count and size.
    Asterisk,
    /// The size of a sector.
    Size,
    /// A letter from a to g.
    AccessLetter,
    /// A number that 32 bits can hold.
    Within32Bits,
    /// A sector size other than 0.
    SizeAboveZero,
    /// A segment that ends within the 32-bit address space.
    WithinAddressSpace,
    /// A segment that shares no address with another.
    NoOverlap,
    /// No more sectors in all than any memory has.
    FewerSectors,
    /// `,` or `/` or the end: what stands there instead may hide a segment.
    Separator,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slash => "'/'",
            Self::Address => "an address such as 0x08000000",
            Self::Count => "a number of sectors",
            Self::Asterisk => "'*'",
            Self::Size => "a sector size",
            Self::AccessLetter => "a letter from a to g",
            Self::Within32Bits => "a number below 2^32",
            Self::SizeAboveZero => "a sector size above 0",
            Self::WithinAddressSpace => "a segment that ends at 0x100000000 or below",
            Self::NoOverlap => "a segment that overlaps no other",
            Self::FewerSectors => return write!(f, "at most {MOST_SECTORS} sectors in all"),
            Self::Separator => "',' or '/' or the end",
        })
    }
}

/// What stands at `offset`, up to the next separator.
fn found(text: &str, offset: usize) -> String {
    let rest = text.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return "the end".to_owned();
    }
    let length = rest.find([',', '/']).unwrap_or(rest.len()).max(1);
    format!("{:?}", rest.get(..length).unwrap_or(rest))
}

/// Walks along a layout string.
struct LayoutReader<'a> {
    text: &'a str,
    /// The part of `text` before the first character outside printable ASCII.
    ascii: &'a [u8],
    offset: usize,
}

impl<'a> LayoutReader<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let length = bytes
            .iter()
            .position(|byte| !matches!(byte, b' '..=b'~'))
            .unwrap_or(bytes.len());
        Self {
            text,
            ascii: &bytes[..length],
            offset: 0,
        }
    }

    /// Everything up to the first `/`, without spaces around it.
    fn name(&mut self) -> String {
        let rest = &self.ascii[self.offset..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(rest.len());
        self.offset += length;
        String::from_utf8_lossy(&rest[..length]).trim().to_owned()
    }

    /// `'/' address '/' segment { ',' segment }`, each segment with the offset it stands at.
    fn group(&mut self, segments: &mut Vec<(usize, MemorySegment)>) -> Result<(), LayoutError> {
        self.expect(b'/', Expected::Slash)?;
        let mut address = u64::from(self.address()?);
        self.expect(b'/', Expected::Slash)?;
        loop {
            self.skip_spaces();
            let offset = self.offset;
            let segment = self.segment(address)?;
            address = segment.end();
            segments.push((offset, segment));
            self.skip_spaces();
            if !self.take(b',') {
                return Ok(());
            }
        }
    }

    fn address(&mut self) -> Result<u32, LayoutError> {
        self.skip_spaces();
        let offset = self.offset;
        if !self.take(b'0') || !(self.take(b'x') || self.take(b'X')) {
            return Err(self.malformed(offset, Expected::Address));
        }
        self.number(16, Expected::Address)
    }

    /// `count '*' size [multiplier] type`, at `address`, which is up to 2^32.
    fn segment(&mut self, address: u64) -> Result<MemorySegment, LayoutError> {
        let start = self.offset;
        let sectors = self.number(10, Expected::Count)?;
        self.expect(b'*', Expected::Asterisk)?;
        self.skip_spaces();
        let size_offset = self.offset;
        let size = self.number(10, Expected::Size)?;
        self.skip_spaces();
        let sector_size = size
            .checked_mul(self.multiplier())
            .ok_or_else(|| self.malformed(size_offset, Expected::Within32Bits))?;
        if sector_size == 0 && sectors > 0 {
            return Err(self.malformed(size_offset, Expected::SizeAboveZero));
        }
        self.skip_spaces();
        let access = self
            .peek()
            .and_then(Access::from_letter)
            .ok_or_else(|| self.malformed(self.offset, Expected::AccessLetter))?;
        self.offset += 1;

        let beyond = || self.malformed(start, Expected::WithinAddressSpace);
        let segment = MemorySegment {
            address: u32::try_from(address).map_err(|_| beyond())?,
            sectors,
            sector_size,
            access,
        };
        if segment.end() > 1 << 32 {
            return Err(beyond());
        }
        Ok(segment)
    }

    /// In bytes; 1 where there is none. A `b` is a multiplier only where a type letter follows, else it is the type.
    fn multiplier(&mut self) -> u32 {
        let multiplier = match self.peek() {
            Some(b'K' | b'k') => 1 << 10,
            Some(b'M' | b'm') => 1 << 20,
            Some(b'.') => 1,
            Some(b'B' | b'b') if self.letter_follows() => 1,
            _ => return 1,
        };
        self.offset += 1;
        multiplier
    }

    /// Whether the next character but spaces, after the one at hand, is a type letter.
    fn letter_follows(&self) -> bool {
        self.ascii[self.offset..]
            .iter()
            .skip(1)
            .find(|&&byte| byte != b' ')
            .is_some_and(|&byte| Access::from_letter(byte).is_some())
    }

    /// What follows the last segment: nothing, or junk that can't be a segment because it has no `*`.
    fn end(&self) -> Result<(), LayoutError> {
        if self.ascii[self.offset..].contains(&b'*') {
            return Err(self.malformed(self.offset, Expected::Separator));
        }
        Ok(())
    }

    /// A board may claim billions of sectors, whatever it has.
    fn reject_excess(&self, segments: &[(usize, MemorySegment)]) -> Result<(), LayoutError> {
        let mut left = MOST_SECTORS;
        for (offset, segment) in segments {
            left = left
                .checked_sub(segment.sectors)
                .ok_or_else(|| self.malformed(*offset, Expected::FewerSectors))?;
        }
        Ok(())
    }

    fn reject_overlap(&self, segments: &[(usize, MemorySegment)]) -> Result<(), LayoutError> {
        let mut ascending: Vec<_> = segments
            .iter()
            .filter(|(_, segment)| segment.size() > 0)
            .collect();
        ascending.sort_by_key(|(_, segment)| segment.address);
        for ((left_offset, left), (right_offset, right)) in
            ascending.iter().zip(ascending.iter().skip(1))
        {
            if left.end() > u64::from(right.address) {
                let offset = *left_offset.max(right_offset);
                return Err(self.malformed(offset, Expected::NoOverlap));
            }
        }
        Ok(())
    }

    /// Digits up to the first other character.
    fn number(&mut self, radix: u32, expected: Expected) -> Result<u32, LayoutError> {
        let start = self.offset;
        let mut value = 0u32;
        while let Some(digit) = self
            .peek()
            .and_then(|byte| char::from(byte).to_digit(radix))
        {
            value = value
                .checked_mul(radix)
                .and_then(|value| value.checked_add(digit))
                .ok_or_else(|| self.malformed(start, Expected::Within32Bits))?;
            self.offset += 1;
        }
        if self.offset == start {
            return Err(self.malformed(start, expected));
        }
        Ok(value)
    }

    fn expect(&mut self, byte: u8, expected: Expected) -> Result<(), LayoutError> {
        self.skip_spaces();
        if !self.take(byte) {
            return Err(self.malformed(self.offset, expected));
        }
        Ok(())
    }

    fn skip_spaces(&mut self) {
        while self.take(b' ') {}
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        if taken {
            self.offset += 1;
        }
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.ascii.get(self.offset).copied()
    }

    fn malformed(&self, offset: usize, expected: Expected) -> LayoutError {
        LayoutError::Malformed {
            text: self.text.to_owned(),
            offset,
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_string_seen_in_the_field_is_read_as_the_fixture_says() {
        let mut rows = 0;
        for line in include_str!("../../tests/data/layouts.tsv").lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [device, alternate_setting, text, expected] = columns[..] else {
                panic!("a row has four columns: {line:?}");
            };
            let found = outline(&MemoryLayout::parse(text));
            assert_eq!(found, expected, "{device}, {alternate_setting}: {text:?}");
            rows += 1;
        }
        assert_eq!(rows, 110);
    }

    #[test]
    fn names_lose_the_spaces_around_them_and_nothing_else() {
        let check = |text: &str, name: &str| {
            let layout = MemoryLayout::parse(text).expect("a layout");
            assert_eq!(layout.name, name);
        };
        check("@Internal Flash   /0x08000000/64*02Kg", "Internal Flash");
        check("@Device Feature/0xFFFF0000/01*004 e", "Device Feature");
        check(
            "@SPI Flash : M25P64/0x00000000/64*064Kg",
            "SPI Flash : M25P64",
        );
        check("@ OB Bytes /0x40022020/01*136 e", "OB Bytes");
        check("@/0x40022020/01*136 e", "");
    }

    #[test]
    fn what_boards_write_in_their_own_way_is_read() {
        let check = |tail: &str, expected: &str| {
            let text = format!("@Flash/{tail}");
            assert_eq!(outline(&MemoryLayout::parse(&text)), expected, "{text:?}");
        };
        // Multipliers.
        check("0x0/1*16Kg", "0x00000000 1*16384 rew");
        check("0x0/1*16kg", "0x00000000 1*16384 rew");
        check("0x0/1*2Mg", "0x00000000 1*2097152 rew");
        check("0x0/1*2mg", "0x00000000 1*2097152 rew");
        check("0x0/1*16Bg", "0x00000000 1*16 rew");
        check("0x0/1*16.g", "0x00000000 1*16 rew");
        check("0x0/1*16 g", "0x00000000 1*16 rew");
        check("0x0/1*16g", "0x00000000 1*16 rew");
        // A 'b' is the multiplier where a type letter follows, else it is the type.
        check("0x0/1*16b", "0x00000000 1*16 e");
        check("0x0/1*16B", "0x00000000 1*16 e");
        check("0x0/1*16 b ,1*8a", "0x00000000 1*16 e; 0x00000010 1*8 r");
        check("0x0/1*16b/0x20/1*8a", "0x00000000 1*16 e; 0x00000020 1*8 r");
        check("0x0/1*16b$", "0x00000000 1*16 e");
        check("0x0/1*16be", "0x00000000 1*16 rw");
        check("0x0/1*16B  E", "0x00000000 1*16 rw");
        check("0x0/1*16 b", "0x00000000 1*16 e");
        check("0x0/1*16bb", "0x00000000 1*16 e");
        check("0x0/1*16Kb", "0x00000000 1*16384 e");
        // Types.
        check("0x0/1*1a", "0x00000000 1*1 r");
        check("0x0/1*1c", "0x00000000 1*1 re");
        check("0x0/1*1d", "0x00000000 1*1 w");
        check("0x0/1*1e", "0x00000000 1*1 rw");
        check("0x0/1*1f", "0x00000000 1*1 ew");
        check("0x0/1*1G", "0x00000000 1*1 rew");
        // Spaces, leading zeros, many sectors, none.
        check(
            " 0x8000000 / 02 * 010 K g , 1*1 a ",
            "0x08000000 2*10240 rew; 0x08005000 1*1 r",
        );
        check("0X0000000f/1536*0128g", "0x0000000f 1536*128 rew");
        check(
            "0x0/0*8Ka,0*0a,1*8Kg",
            "0x00000000 0*8192 r; 0x00000000 0*0 r; 0x00000000 1*8192 rew",
        );
        // Several groups, not ascending, touching.
        check(
            "0x400/1*1Ka/0x0/1*1Kg/0x900/1*1Ke",
            "0x00000400 1*1024 r; 0x00000000 1*1024 rew; 0x00000900 1*1024 rw",
        );
        // Up to the last address.
        check("0xFFFFFFFF/1*1a", "0xffffffff 1*1 r");
        check("0x0/4096*1Mg", "0x00000000 4096*1048576 rew");
    }

    #[test]
    fn junk_behind_the_last_segment_is_passed_over() {
        let check = |junk: &str| {
            let text = format!("@Flash/0x08000000/04*016Kg{junk}");
            let layout = MemoryLayout::parse(&text);
            assert_eq!(outline(&layout), "0x08000000 4*16384 rew", "{text:?}");
        };
        check("");
        check("  ");
        check("g");
        check("; rev 2");
        check("\0\0\0");
        check("\u{fffd}\u{1234},1*1Kg");
        check("\u{7f}/0x0/1*1Kg");
    }

    #[test]
    fn a_string_without_at_sign_is_not_dfuse() {
        for text in [
            "",
            "Internal Flash",
            "/0x08000000/1*1Kg",
            "\u{e9}@",
            " @Flash",
        ] {
            assert_eq!(
                MemoryLayout::parse(text),
                Err(LayoutError::NotDfuse {
                    text: text.to_owned()
                })
            );
        }
    }

    /// Each string is cut where reading must stop.
    #[test]
    fn a_malformed_layout_tells_where_and_what_was_expected() {
        let check = |read: &str, rest: &str, expected: Expected| {
            let text = format!("{read}{rest}");
            let error = LayoutError::Malformed {
                offset: read.len(),
                text,
                expected,
            };
            assert_eq!(MemoryLayout::parse(&format!("{read}{rest}")), Err(error));
        };
        // Cut short, at each place.
        check("@", "", Expected::Slash);
        check("@Internal Flash  ", "", Expected::Slash);
        check("@Internal Flash  /", "", Expected::Address);
        check("@Flash/", "0", Expected::Address);
        check("@Flash/0x", "", Expected::Address);
        check("@Internal Flash /0x08000000", "", Expected::Slash);
        check("@Flash/0x08000000/", "", Expected::Count);
        check("@Flash/0x08000000/12", "", Expected::Asterisk);
        check("@Flash/0x08000000/12*", "", Expected::Size);
        check("@Flash/0x08000000/12*001", "", Expected::AccessLetter);
        check("@Flash/0x08000000/12*001K", "", Expected::AccessLetter);
        check("@Flash/0x08000000/12*001a,", "", Expected::Count);
        check("@Flash/0x08000000/12*001a, ", "", Expected::Count);
        check("@Flash/0x08000000/12*001a/", "", Expected::Address);
        check("@Flash/0x08000000/12*001a/0x09000000/", "", Expected::Count);
        check(
            "@Flash/0x08000000/12*001a,",
            "\u{fffd}1*1a",
            Expected::Count,
        );
        check("@Fl", "\u{fc}sh/0x08000000/12*001a", Expected::Slash);
        // Something else in its place.
        check("@Flash/", "08000000/1*1Kg", Expected::Address);
        check("@Flash/0x", "g/1*1Kg", Expected::Address);
        check("@Flash/0x0800", "_0000/1*1Kg", Expected::Slash);
        check("@Flash/0x08000000/", "-1*1Kg", Expected::Count);
        check("@Flash/0x08000000/", "*1Kg", Expected::Count);
        check("@Flash/0x08000000/1", "x1Kg", Expected::Asterisk);
        check("@Flash/0x08000000/1*", "Kg", Expected::Size);
        check("@Flash/0x08000000/1*1K", "h", Expected::AccessLetter);
        check("@Flash/0x08000000/1*1K", "Kg", Expected::AccessLetter);
        check("@Flash/0x08000000/1*1", "@", Expected::AccessLetter);
        // Junk that could hide a segment.
        check("@Flash/0x08000000/1*1Kg", "1*1Kg", Expected::Separator);
        check("@Flash/0x08000000/1*1Kg ", "; 1*1Kg", Expected::Separator);
        check("@Flash/0x08000000/1*1Kg", "*", Expected::Separator);
        // Numbers out of range.
        check("@Flash/0x", "108000000/1*1Kg", Expected::Within32Bits);
        check("@Flash/0x0/", "4294967296*0a", Expected::Within32Bits);
        check("@Flash/0x0/1*", "4294967296a", Expected::Within32Bits);
        check("@Flash/0x0/0*", "4194304Kg", Expected::Within32Bits);
        check("@Flash/0x0/1*", "4096Mg", Expected::Within32Bits);
        check("@Flash/0x0/1*", "0Kg", Expected::SizeAboveZero);
        check("@Flash/0xFFFFFFFF/", "1*2a", Expected::WithinAddressSpace);
        check(
            "@Flash/0x1/",
            "4294967295*4194303Kg",
            Expected::WithinAddressSpace,
        );
        check(
            "@Flash/0xFFFFFC00/1*1Kg,",
            "1*1Kg",
            Expected::WithinAddressSpace,
        );
        // More sectors than there can be.
        check("@Flash/0x0/", "4294967295*1g", Expected::FewerSectors);
        check("@Flash/0x0/", "1048577*1Kg", Expected::FewerSectors);
        check(
            "@Flash/0x0/1*1g,1048575*1Kg,",
            "1*1g",
            Expected::FewerSectors,
        );
        // Segments over one another; the later of the two is named.
        check("@Flash/0x0/4*1Kg/0xC00/", "1*1Kg", Expected::NoOverlap);
        check(
            "@Flash/0xC00/1*1Kg/0x0/1*1Kg,",
            "4*1Kg",
            Expected::NoOverlap,
        );
        check("@Flash/0x0/4*1Kg/0x0/0*1Kg,", "1*1Kg", Expected::NoOverlap);
    }

    #[test]
    fn an_error_says_what_was_expected_and_what_was_found() {
        let check = |text: &str, message: &str| {
            let error = MemoryLayout::parse(text).expect_err("no layout");
            assert_eq!(error.to_string(), message);
        };
        check(
            "Internal Flash",
            r#""Internal Flash" is not a DfuSe memory layout: it does not begin with '@'"#,
        );
        check(
            "@Flash/0x08000000",
            r#"the memory layout "@Flash/0x08000000" can't be read at offset 17: expected '/', found the end"#,
        );
        check(
            "@Flash/0x0/4*1Kh,1*1Kg",
            r#"the memory layout "@Flash/0x0/4*1Kh,1*1Kg" can't be read at offset 15: expected a letter from a to g, found "h""#,
        );
        check(
            "@Flash/0x0/,1*1Kg",
            r#"the memory layout "@Flash/0x0/,1*1Kg" can't be read at offset 11: expected a number of sectors, found ",""#,
        );
        check(
            "@Flash/\0",
            r#"the memory layout "@Flash/\0" can't be read at offset 7: expected an address such as 0x08000000, found "\0""#,
        );
        check(
            "@Flash/0x0/4*1Kg/0x400/1*2Kg",
            r#"the memory layout "@Flash/0x0/4*1Kg/0x400/1*2Kg" can't be read at offset 23: expected a segment that overlaps no other, found "1*2Kg""#,
        );
    }

    #[test]
    fn access_is_said_in_words() {
        let check = |letter: u8, words: &str| {
            let access = Access::from_letter(letter).map(|access| access.to_string());
            assert_eq!(access.as_deref(), Some(words));
        };
        check(b'a', "read");
        check(b'b', "erase");
        check(b'c', "read, erase");
        check(b'd', "write");
        check(b'e', "read, write");
        check(b'f', "erase, write");
        check(b'g', "read, erase, write");
        check(b'G', "read, erase, write");
        let none = Access {
            readable: false,
            erasable: false,
            writable: false,
        };
        assert_eq!(none.to_string(), "nothing");
    }

    #[test]
    fn sectors_ascend_whatever_the_order_of_the_groups() {
        let layout = MemoryLayout::parse("@Option Bytes/0x1FFFC000/02*016 e/0x1FFEC000/01*040 a")
            .expect("a layout");
        let sectors: Vec<_> = layout
            .sectors()
            .map(|sector| (sector.address, sector.size, sector.access.writable))
            .collect();
        assert_eq!(
            sectors,
            [
                (0x1FFE_C000, 40, false),
                (0x1FFF_C000, 16, true),
                (0x1FFF_C010, 16, true),
            ]
        );
    }

    #[test]
    fn an_address_belongs_to_the_sector_it_lies_in() {
        // An F439: sectors shrink again at the second bank.
        let text =
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg";
        let layout = MemoryLayout::parse(text).expect("a layout");
        let check = |addresses: RangeInclusive<u32>| {
            for address in [*addresses.start(), *addresses.end()] {
                let sector = layout.sector_at(address).expect("a sector");
                assert_eq!(sector.address, *addresses.start());
                assert_eq!(sector.end(), u64::from(*addresses.end()) + 1);
            }
        };
        check(0x0800_0000..=0x0800_3FFF);
        check(0x0800_C000..=0x0800_FFFF);
        check(0x0801_0000..=0x0801_FFFF);
        check(0x0802_0000..=0x0803_FFFF);
        check(0x080E_0000..=0x080F_FFFF);
        check(0x0810_0000..=0x0810_3FFF);
        check(0x081E_0000..=0x081F_FFFF);
        assert_eq!(layout.sector_at(0x07FF_FFFF), None);
        assert_eq!(layout.sector_at(0x0820_0000), None);
    }

    #[test]
    fn a_gap_and_an_empty_segment_hold_no_address() {
        let layout =
            MemoryLayout::parse("@Flash/0x400/1*1Kg,0*1Kg/0x1000/1*1Kg,0*0a").expect("a layout");
        for address in [0, 0x3FF, 0x800, 0xFFF, 0x1400, u32::MAX] {
            assert_eq!(layout.sector_at(address), None, "{address:#010x}");
        }
        assert_eq!(layout.sectors().count(), 2);
    }

    #[test]
    fn a_layout_may_fill_the_address_space() {
        let layout = MemoryLayout::parse("@All/0x0/1*2048Mg,2048*1Ma").expect("a layout");
        let ends: Vec<_> = layout.segments.iter().map(MemorySegment::end).collect();
        assert_eq!(ends, [1 << 31, 1 << 32]);
        assert_eq!(layout.segments[1].size(), 1 << 31);
        let last = layout.sector_at(u32::MAX).expect("a sector");
        assert_eq!((last.address, last.end()), (0xFFF0_0000, 1 << 32));
        assert_eq!(layout.sectors().last(), Some(last));
    }

    proptest! {
        #[test]
        fn no_string_makes_the_parser_panic(text in any::<String>()) {
            check_whatever_it_is(&text)?;
            check_whatever_it_is(&format!("@{text}"))?;
            check_whatever_it_is(&format!("@Flash/0x08000000/04*016Kg{text}"))?;
        }

        #[test]
        fn no_string_of_the_grammars_pieces_makes_the_parser_panic(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        ) {
            check_whatever_it_is(&pieces.concat())?;
            check_whatever_it_is(&format!("@Flash/0x08000000/{}", pieces.concat()))?;
        }

        #[test]
        fn a_layout_cut_or_changed_anywhere_makes_no_panic(
            groups in groups(),
            at in any::<prop::sample::Index>(),
            other in any::<char>(),
        ) {
            let text = written(&groups);
            let at = at.index(text.len());
            check_whatever_it_is(&text[..at])?;
            check_whatever_it_is(&format!("{}{other}{}", &text[..at], &text[at + 1..]))?;
        }

        #[test]
        fn a_layout_is_read_as_it_was_written_unless_it_overlaps(groups in groups()) {
            let text = written(&groups);
            let expected = segments(&groups);
            let overlap = expected.iter().enumerate().any(|(index, one)| {
                expected[..index].iter().any(|other| overlaps(one, other))
            });
            match MemoryLayout::parse(&text) {
                Ok(layout) => {
                    prop_assert!(!overlap, "{text}");
                    prop_assert_eq!(layout.segments, expected);
                }
                Err(LayoutError::Malformed { expected: Expected::NoOverlap, .. }) => {
                    prop_assert!(overlap, "{text}");
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
            check_whatever_it_is(&text)?;
        }
    }

    /// What strings near the grammar are made of.
    const PIECES: &[&str] = &[
        "@",
        "/",
        "/0x",
        "0x08000000",
        "0xFFFFFFFF",
        "08",
        "0",
        "1",
        "04",
        "1001",
        "4294967295",
        "99999999999",
        "*",
        "*016",
        "K",
        "M",
        "B",
        "b",
        ".",
        "a",
        "e",
        "g",
        "G",
        "h",
        " ",
        ",",
        ",1*1Kg",
        "/0x0/1*1Kg",
        "\0",
        "\u{e9}",
        "\u{fffd}",
        "-",
        "+",
    ];

    /// One group: its address, and segments of count, size, multiplier and type letter.
    type Group = (u32, Vec<(u32, u32, &'static str, char)>);

    /// Of few addresses and small sizes, so that some groups touch and some overlap.
    fn groups() -> impl Strategy<Value = Vec<Group>> {
        let segment = (
            0..20u32,
            1..40u32,
            prop::sample::select(&["", " ", "B", ".", "K"][..]),
            prop::char::range('a', 'g'),
        );
        let address = (0..64u32).prop_map(|index| 0x0800_0000 + index * 0x4000);
        prop::collection::vec((address, prop::collection::vec(segment, 1..4)), 1..4)
    }

    fn written(groups: &[Group]) -> String {
        let mut text = "@Internal Flash  ".to_owned();
        for (address, segments) in groups {
            let segments: Vec<_> = segments
                .iter()
                .map(|(count, size, multiplier, letter)| {
                    format!("{count:02}*{size:03}{multiplier}{letter}")
                })
                .collect();
            text += &format!("/0x{address:08X}/{}", segments.join(","));
        }
        text
    }

    fn segments(groups: &[Group]) -> Vec<MemorySegment> {
        let mut expected = Vec::new();
        for (address, segments) in groups {
            let mut address = *address;
            for &(sectors, size, multiplier, letter) in segments {
                let sector_size = if multiplier == "K" { size * 1024 } else { size };
                expected.push(MemorySegment {
                    address,
                    sectors,
                    sector_size,
                    access: Access {
                        readable: "aceg".contains(letter),
                        erasable: "bcfg".contains(letter),
                        writable: "defg".contains(letter),
                    },
                });
                address += sectors * sector_size;
            }
        }
        expected
    }

    fn overlaps(one: &MemorySegment, other: &MemorySegment) -> bool {
        let start = one.address.max(other.address);
        u64::from(start) < one.end().min(other.end())
    }

    /// What holds for every string: it's refused with an offset inside it, or its sectors ascend, never overlap and
    /// are found again by their addresses.
    fn check_whatever_it_is(text: &str) -> Result<(), TestCaseError> {
        let layout = match MemoryLayout::parse(text) {
            Ok(layout) => layout,
            Err(error) => {
                let quoted = format!("{text:?}");
                prop_assert!(error.to_string().contains(&quoted));
                if let LayoutError::Malformed { offset, .. } = error {
                    prop_assert!(text.is_char_boundary(offset));
                }
                return Ok(());
            }
        };
        let expected: u64 = layout
            .segments
            .iter()
            .map(|segment| u64::from(segment.sectors))
            .sum();
        let mut behind = 0;
        let mut count = 0;
        for sector in layout.sectors().take(3000) {
            prop_assert!(u64::from(sector.address) >= behind, "{text:?}");
            prop_assert!(sector.size > 0);
            prop_assert!(sector.end() <= 1 << 32);
            let last = u32::try_from(sector.end() - 1).expect("within 32 bits");
            prop_assert_eq!(layout.sector_at(sector.address), Some(sector));
            prop_assert_eq!(layout.sector_at(last), Some(sector));
            // In the gap before this sector there is none.
            if behind < u64::from(sector.address) {
                prop_assert_eq!(layout.sector_at(sector.address - 1), None);
                let gap = u32::try_from(behind).expect("below an address");
                prop_assert_eq!(layout.sector_at(gap), None);
            }
            behind = sector.end();
            count += 1;
        }
        prop_assert_eq!(count, expected.min(3000));
        match u32::try_from(behind) {
            Ok(address) if count == expected => {
                prop_assert_eq!(layout.sector_at(address), None);
            }
            _ => {}
        }
        Ok(())
    }

    /// The segments as in the fixture: address, count `*` bytes, and r, e, w for what is allowed.
    fn outline(result: &Result<MemoryLayout, LayoutError>) -> String {
        let layout = match result {
            Ok(layout) => layout,
            Err(LayoutError::NotDfuse { .. }) => return "not DfuSe".to_owned(),
            Err(LayoutError::Malformed { .. }) => return "malformed".to_owned(),
        };
        let segments: Vec<_> = layout
            .segments
            .iter()
            .map(|segment| {
                let Access {
                    readable,
                    erasable,
                    writable,
                } = segment.access;
                format!(
                    "{:#010x} {}*{} {}{}{}",
                    segment.address,
                    segment.sectors,
                    segment.sector_size,
                    if readable { "r" } else { "" },
                    if erasable { "e" } else { "" },
                    if writable { "w" } else { "" },
                )
            })
            .collect();
        segments.join("; ")
    }
}
