//! What a file is, told from its bytes.

use std::fmt;

use byteorder::{ByteOrder, LittleEndian};

use super::{Format, suffix};

/// What a file is, told from its bytes; as text, with its article: "an ELF file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// DfuSe by its signature, or by `bcdDFU` in its suffix.
    DfuSe,
    /// Bytes without an address, and a DFU 1.1 suffix.
    PlainDfu,
    /// Intel HEX
    IntelHex,
    /// Motorola S-records
    Srec,
    /// ELF
    Elf,
    /// UF2
    Uf2,
    /// gzip (RFC 1952)
    Gzip,
    /// zip
    Zip,
    /// A web page, mostly one that says why there was nothing to download.
    Html,
    /// Nothing but text, of no kind named above.
    Text,
    /// In no format known here, but with the words in front that an Arm Cortex-M starts from.
    VectorTable,
    /// In no format known here.
    Raw,
}

impl Content {
    /// What these bytes are. Only the outermost signs are looked at: a file can still turn out damaged.
    pub fn of(bytes: &[u8]) -> Self {
        const SIGNATURES: [(&[u8], Content); 7] = [
            (b"DfuSe", Content::DfuSe),
            (b"\x7FELF", Content::Elf),
            (b"UF2\n\x57\x51\x5D\x9E", Content::Uf2),
            (b"\x1F\x8B\x08", Content::Gzip),
            (b"PK\x03\x04", Content::Zip),
            (b"PK\x05\x06", Content::Zip),
            (b"PK\x07\x08", Content::Zip),
        ];
        for (signature, content) in SIGNATURES {
            if bytes.starts_with(signature) {
                return content;
            }
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        if is_intel_hex(text) {
            return Self::IntelHex;
        }
        if is_srec(text) {
            return Self::Srec;
        }
        if is_html(text) {
            return Self::Html;
        }
        match suffix::dfu_version(bytes) {
            Some(suffix::DFUSE) => Self::DfuSe,
            Some(_) => Self::PlainDfu,
            None if is_text(bytes) => Self::Text,
            None if begins_with_vector_table(bytes) => Self::VectorTable,
            None => Self::Raw,
        }
    }

    /// The format that firmware with this content is in; `None` where the content doesn't tell, or is no firmware.
    pub fn format(self) -> Option<Format> {
        match self {
            Self::DfuSe => Some(Format::Dfu),
            Self::PlainDfu => Some(Format::Bin),
            Self::IntelHex => Some(Format::Hex),
            Self::Srec => Some(Format::Srec),
            Self::Elf => Some(Format::Elf),
            Self::Uf2 => Some(Format::Uf2),
            Self::Gzip | Self::Zip | Self::Html => None,
            Self::Text | Self::VectorTable | Self::Raw => None,
        }
    }
}

/// With its article, to stand in a sentence.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DfuSe => "a DfuSe file",
            Self::PlainDfu => "a plain DFU 1.1 file (raw bytes and a suffix)",
            Self::IntelHex => "Intel HEX text",
            Self::Srec => "Motorola S-record text",
            Self::Elf => "an ELF file",
            Self::Uf2 => "a UF2 file",
            Self::Gzip => "gzip-compressed data",
            Self::Zip => "a zip archive",
            Self::Html => "a web page (HTML)",
            Self::Text => "text",
            Self::VectorTable => "a raw image that begins with a vector table",
            Self::Raw => "raw bytes of no known format",
        })
    }
}

/// A colon and the shortest record: length, address, type and checksum as hexadecimal digits.
fn is_intel_hex(text: &[u8]) -> bool {
    text.strip_prefix(b":")
        .is_some_and(|record| starts_with_hex_digits(record, 10))
}

/// An S, its type, and the shortest record: length, address and checksum as hexadecimal digits.
fn is_srec(text: &[u8]) -> bool {
    text.strip_prefix(b"S")
        .is_some_and(|record| starts_with_hex_digits(record, 9) && record[0].is_ascii_digit())
}

fn starts_with_hex_digits(text: &[u8], count: usize) -> bool {
    text.get(..count)
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

fn is_html(text: &[u8]) -> bool {
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body"]
        .iter()
        .any(|tag| {
            text.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        })
}

fn is_text(bytes: &[u8]) -> bool {
    let is_binary = |&byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    !bytes.iter().any(is_binary) && std::str::from_utf8(bytes).is_ok()
}

/// An initial stack pointer in RAM, on a word, and a reset vector in flash with the Thumb bit set.
fn begins_with_vector_table(bytes: &[u8]) -> bool {
    let Some(words) = bytes.first_chunk::<8>() else {
        return false;
    };
    let stack_pointer = LittleEndian::read_u32(words);
    let reset = LittleEndian::read_u32(&words[4..]);
    let in_ram = matches!(stack_pointer >> 24, 0x10 | 0x20 | 0x24 | 0x30 | 0x38);
    in_ram && stack_pointer % 4 == 0 && reset >> 24 == 0x08 && reset % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let check = |bytes: &[u8], expected| {
            assert_eq!(Content::of(bytes), expected, "{}", bytes.escape_ascii());
        };
        check(b"DfuSe\x01", Content::DfuSe);
        check(b"\x7FELF\x01\x01\x01\0", Content::Elf);
        check(b"UF2\n\x57\x51\x5D\x9E\0\x20\0\0", Content::Uf2);
        check(b"\x1F\x8B\x08\0\0\0\0\0", Content::Gzip);
        check(b"PK\x03\x04\x14\0", Content::Zip);
        check(b":020000040800F2\r\n", Content::IntelHex);
        check(b":00000001FF", Content::IntelHex);
        check(b"\xEF\xBB\xBF\r\n:00000001ff\n", Content::IntelHex);
        check(b"S00600004844521B\n", Content::Srec);
        check(b"S9030000FC", Content::Srec);
        check(b"\n<!DOCTYPE html>\n<html>", Content::Html);
        check(b"<HTML lang=en>", Content::Html);
        check(b"404: Not Found", Content::Text);
        check("gr\u{FC}n\r\n".as_bytes(), Content::Text);
        check(b"\0\0\x02\x20\xC1\x01\0\x08\xFF", Content::VectorTable);
        check(b"\0\0\x02\x20\xC0\x01\0\x08\xFF", Content::Raw);
        check(b"\x12\x34", Content::Raw);
        check(b":0200000", Content::Text);
        check(b"Some text: S0", Content::Text);
    }

    #[test]
    fn a_suffix_tells_where_the_first_bytes_do_not() {
        let check = |dfu_version: [u8; 2], expected| {
            let mut bytes = vec![0xA5; 32];
            bytes[22..24].copy_from_slice(&dfu_version);
            bytes[24..28].copy_from_slice(b"UFD\x10");
            assert_eq!(Content::of(&bytes), expected, "{dfu_version:02x?}");
        };
        check([0x00, 0x01], Content::PlainDfu);
        check([0x1A, 0x01], Content::DfuSe);
        check([0x55, 0xAA], Content::PlainDfu);
    }
}
