//! Files of other kinds than firmware, told by their signatures: archives, pictures, programs for a PC.

use byteorder::{ByteOrder, LittleEndian};

/// A kind of file that is no firmware.
#[derive(Debug)]
pub struct Foreign {
    /// With its article, to stand in a sentence.
    pub name: &'static str,
    /// The command that takes out what is in it, where something can be.
    pub unpack: Option<&'static str>,
    /// What it begins with; empty where [`is`](Self::is) tells alone.
    signature: &'static [u8],
    /// What else has to be true of such a file.
    is: fn(&[u8]) -> bool,
}

/// Kinds are the same that have one name.
impl PartialEq for Foreign {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Foreign {}

impl Foreign {
    /// The kind that these bytes are of.
    pub fn of(bytes: &[u8]) -> Option<&'static Self> {
        KINDS
            .iter()
            .find(|kind| bytes.starts_with(kind.signature) && (kind.is)(bytes))
    }
}

const fn archive(name: &'static str, unpack: &'static str, signature: &'static [u8]) -> Foreign {
    Foreign {
        name,
        unpack: Some(unpack),
        signature,
        is: |_| true,
    }
}

const fn other(name: &'static str, signature: &'static [u8]) -> Foreign {
    Foreign {
        name,
        unpack: None,
        signature,
        is: |_| true,
    }
}

const fn if_so(kind: Foreign, is: fn(&[u8]) -> bool) -> Foreign {
    Foreign { is, ..kind }
}

/// The signatures are those of the formats' specifications and of file(1). Short ones are believed only where more of
/// the file speaks for them: firmware may begin with any four bytes.
static KINDS: [Foreign; 36] = [
    archive("a zip archive", "unzip", b"PK\x03\x04"),
    archive("a zip archive", "unzip", b"PK\x05\x06"),
    archive("a zip archive", "unzip", b"PK\x07\x08"),
    if_so(archive("a tar archive", "tar xf", b""), is_tar),
    archive("an xz-compressed file", "xz -dk", b"\xFD7zXZ\0"),
    if_so(
        archive("a bzip2-compressed file", "bzip2 -dk", b"BZh"),
        is_bzip2,
    ),
    archive("a zstd-compressed file", "zstd -d", b"\x28\xB5\x2F\xFD"),
    archive("an lz4-compressed file", "lz4 -d", b"\x04\x22\x4D\x18"),
    archive("an lz4-compressed file", "lz4 -d", b"\x02\x21\x4C\x18"),
    archive("an lzip-compressed file", "lzip -dk", b"LZIP\x01"),
    archive("an lzop-compressed file", "lzop -d", b"\x89LZO\0\r\n\x1A\n"),
    if_so(
        archive("an lzma-compressed file", "xz -dk", b"\x5D\0\0"),
        is_lzma,
    ),
    archive(
        "a file compressed with compress(1)",
        "gunzip",
        b"\x1F\x9D\x90",
    ),
    archive("a 7z archive", "7z x", b"7z\xBC\xAF\x27\x1C"),
    archive("a rar archive", "unrar x", b"Rar!\x1A\x07"),
    archive("a cabinet archive", "cabextract", b"MSCF\0\0\0\0"),
    archive("a Debian package", "dpkg-deb -x", b"!<arch>\ndebian-binary"),
    archive("an ar archive", "ar x", b"!<arch>\n"),
    archive("a thin ar archive", "ar x", b"!<thin>\n"),
    archive("an rpm package", "rpm2cpio", b"\xED\xAB\xEE\xDB"),
    archive("a cpio archive", "cpio -i", b"070701"),
    archive("a cpio archive", "cpio -i", b"070702"),
    archive("a cpio archive", "cpio -i", b"070707"),
    archive("a xar archive", "xar -xf", b"xar!\0\x1C"),
    if_so(archive("a macOS disk image", "7z x", b""), is_dmg),
    if_so(archive("a CD image (ISO 9660)", "7z x", b""), is_iso_9660),
    other("a PNG picture", b"\x89PNG\r\n\x1A\n"),
    if_so(other("a JPEG picture", b"\xFF\xD8\xFF"), is_jpeg),
    other("a GIF picture", b"GIF87a"),
    other("a GIF picture", b"GIF89a"),
    if_so(other("a BMP picture", b"BM"), is_bmp),
    other("a PDF document", b"%PDF-"),
    if_so(other("a program for Windows or DOS", b"MZ"), is_exe),
    other("a program for macOS", b"\xCF\xFA\xED\xFE"),
    other(
        "a document of an old Office or an installer for Windows (OLE)",
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
    ),
    other("an SQLite database", b"SQLite format 3\0"),
];

/// The first header: POSIX's, or that of the seventh edition of Unix, which has no signature and the same checksum.
fn is_tar(bytes: &[u8]) -> bool {
    /// Of the header's 512 bytes, those of the field with the checksum, which count as spaces.
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let Some(header) = bytes.first_chunk::<512>() else {
        return false;
    };
    if header[257..].starts_with(b"ustar") {
        return true;
    }
    let field = header[CHECKSUM].trim_ascii_start();
    let digits = field.iter().take_while(|byte| matches!(byte, b'0'..=b'7'));
    let stated = digits.clone().fold(0_u32, |sum, digit| {
        sum.wrapping_mul(8) + u32::from(digit - b'0')
    });
    let others = header[..CHECKSUM.start]
        .iter()
        .chain(&header[CHECKSUM.end..]);
    let sum: u32 = others.map(|byte| u32::from(*byte)).sum();
    let spaces = u32::from(b' ') * CHECKSUM.len() as u32;
    header[0] != 0 && digits.count() > 0 && stated == sum + spaces
}

/// The level, and the first block or the end of the stream.
fn is_bzip2(bytes: &[u8]) -> bool {
    let block: &[&[u8]] = &[b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"];
    bytes
        .get(3)
        .is_some_and(|level| matches!(level, b'1'..=b'9'))
        && block.iter().any(|start| bytes[4..].starts_with(start))
}

/// A dictionary that is a power of two, a length that is not known or not beyond reason, and the zero that all of its
/// data begins with.
fn is_lzma(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<14>() else {
        return false;
    };
    let dictionary = LittleEndian::read_u32(&header[1..]);
    let length = LittleEndian::read_u64(&header[5..]);
    dictionary.is_power_of_two() && (length == u64::MAX || length < 1 << 38) && header[13] == 0
}

/// A trailer of 512 bytes.
fn is_dmg(bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk::<512>()
        .is_some_and(|(_, trailer)| trailer.starts_with(b"koly\0\0\0\x04\0\0\x02\0"))
}

/// The sixteenth sector of 2048 bytes.
fn is_iso_9660(bytes: &[u8]) -> bool {
    bytes
        .get(0x8001..)
        .is_some_and(|descriptor| descriptor.starts_with(b"CD001\x01"))
}

/// The marker that follows the start of the image.
fn is_jpeg(bytes: &[u8]) -> bool {
    bytes
        .get(3)
        .is_some_and(|marker| matches!(marker, 0xDB | 0xE0..=0xEF))
}

/// The length of the file stands after the signature.
fn is_bmp(bytes: &[u8]) -> bool {
    bytes.get(2..6).is_some_and(|length| {
        u64::from(LittleEndian::read_u32(length)) == bytes.len() as u64 && bytes.len() > 26
    })
}

/// A header for Windows or OS/2 where the one for DOS says, or at least a page count of DOS that is the file's.
fn is_exe(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<64>() else {
        return false;
    };
    let next = LittleEndian::read_u32(&header[60..]) as usize;
    let next = bytes.get(next..).unwrap_or_default();
    let pages = usize::from(LittleEndian::read_u16(&header[4..]));
    let is_dos = pages > 0 && bytes.len().div_ceil(512) == pages && header[24] >= 0x1C;
    [&b"PE\0\0"[..], b"NE", b"LE", b"LX"]
        .iter()
        .any(|signature| next.starts_with(signature))
        || is_dos
}
