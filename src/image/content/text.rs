//! Text that is no firmware: what is downloaded, checked out or exported in its place.

/// A kind of text that is no firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// What Git LFS leaves in the place of a file that was not fetched.
    GitLfsPointer,
    /// A web page, mostly one that says why there was nothing to download.
    Html,
    /// What a server says instead of the file.
    ServerError,
    /// XML
    Xml,
    /// JSON
    Json,
    /// ArduPilot's and PX4's firmware, packed into JSON (`.apj`, `.px4`).
    ArduPilot,
    /// TI-TXT, for MSP430.
    TiTxt,
    /// `$readmemh`, as objcopy's "verilog" writes it.
    Verilog,
    /// Of no kind named above.
    Plain,
}

impl TextKind {
    /// The kind that these bytes are of; `None` where they are no text.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let text = beginning(bytes);
        // A page may be in any encoding.
        match markup(text) {
            Some(Self::Html) => return Some(Self::Html),
            _ if !is_text(bytes) => return None,
            Some(kind) => return Some(kind),
            None => {}
        }
        Some(if text.starts_with(b"version https://git-lfs.") {
            Self::GitLfsPointer
        } else if text.starts_with(b"{") || text.starts_with(b"[") {
            match has(text, b"\"board_id\"") && has(text, b"\"image\"") {
                true => Self::ArduPilot,
                false => json(text).unwrap_or(Self::Plain),
            }
        } else if is_memory_file(text) {
            match text.trim_ascii_end().ends_with(b"q") {
                true => Self::TiTxt,
                false => Self::Verilog,
            }
        } else if is_server_error(text) {
            Self::ServerError
        } else {
            Self::Plain
        })
    }

    /// With its article, to stand in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitLfsPointer => "a Git LFS pointer",
            Self::Html => "a web page (HTML)",
            Self::ServerError => "an error message of a server",
            Self::Xml => "an XML document",
            Self::Json => "JSON text",
            Self::ArduPilot => "a firmware for ArduPilot's or PX4's own uploader (JSON)",
            Self::TiTxt => "TI-TXT text",
            Self::Verilog => "a Verilog memory file",
            Self::Plain => "text",
        }
    }
}

/// The text without what may stand before it: a byte order mark and white space.
pub fn beginning(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    text.trim_ascii_start()
}

/// HTML or XML, by the first tag that is neither a comment nor a declaration.
fn markup(text: &[u8]) -> Option<TextKind> {
    const PAGE: [&[u8]; 8] = [
        b"!doctype html",
        b"html",
        b"head",
        b"body",
        b"title",
        b"meta",
        b"script",
        b"center",
    ];
    let mut rest = text;
    let mut kind = None;
    while let Some(tag) = rest.strip_prefix(b"<") {
        let is = |name: &&[u8]| {
            tag.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        if PAGE.iter().any(is) {
            return Some(TextKind::Html);
        }
        let end: &[u8] = match tag {
            [b'!', b'-', b'-', ..] => b"-->",
            [b'?' | b'!', ..] => b">",
            [first, ..] if first.is_ascii_alphabetic() => return Some(TextKind::Xml),
            _ => return kind,
        };
        kind = Some(TextKind::Xml);
        let Some(length) = tag.windows(end.len()).position(|window| window == end) else {
            return kind;
        };
        rest = tag[length + end.len()..].trim_ascii_start();
    }
    kind
}

/// Braces or brackets around all of it, and a member, an element or nothing after the first.
fn json(text: &[u8]) -> Option<TextKind> {
    let (first, inside) = text.trim_ascii_end().split_first()?;
    let (last, inside) = inside.split_last()?;
    let next = inside.trim_ascii_start().first();
    let is_json = match (first, last) {
        (b'{', b'}') => matches!(next, None | Some(b'"')),
        (b'[', b']') => !matches!(next, Some(b) if !b"\"{[-0123456789tfn".contains(b)),
        _ => false,
    };
    is_json.then_some(TextKind::Json)
}

/// An address after an @, then nothing but hexadecimal digits.
fn is_memory_file(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_hex = |line: &[u8]| {
        line.iter()
            .all(|byte| byte.is_ascii_hexdigit() || *byte == b' ')
    };
    let address = lines.next().and_then(|line| line.strip_prefix(b"@"));
    address.is_some_and(|address| !address.is_empty() && is_hex(address))
        && lines
            .next()
            .is_some_and(|line| !line.is_empty() && is_hex(line))
}

/// What a server says in a line or a few: "404: Not Found", "Access denied".
fn is_server_error(text: &[u8]) -> bool {
    /// In bytes.
    const LONGEST: usize = 512;
    const SAID: [&[u8]; 8] = [
        b"not found",
        b"access denied",
        b"accessdenied",
        b"forbidden",
        b"unauthorized",
        b"bad gateway",
        b"service unavailable",
        b"internal server error",
    ];
    let lower = text[..text.len().min(LONGEST)].to_ascii_lowercase();
    text.len() <= LONGEST && SAID.iter().any(|words| has(&lower, words))
}

fn has(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|window| window == words)
}

/// Whether these bytes are characters and nothing else. A few are so by chance, and many times the same is a pattern.
fn is_text(bytes: &[u8]) -> bool {
    /// In bytes: of as many without a pattern, one file in two thousand is made of characters alone.
    const SHORTEST: usize = 8;
    let first = bytes.first();
    bytes.len() >= SHORTEST
        && bytes.iter().any(|byte| Some(byte) != first)
        && (is_utf16(bytes) || !bytes.iter().any(is_control) && (is_utf8(bytes) || is_8_bit(bytes)))
}

/// Whether text doesn't have it, in any encoding. Of the control characters, text has those that move the position, the
/// one that begins a terminal's sequences, and DOS's end of a file. Vector tables have others: NUL, and the 0x08 of an
/// address in flash.
fn is_control(byte: &u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t'..=b'\r' | 0x1A | 0x1B)
}

fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// In an encoding of Europe's from before Unicode: mostly ASCII, and long enough not to be so by chance.
fn is_8_bit(bytes: &[u8]) -> bool {
    const SHORTEST: usize = 32;
    let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
    bytes.len() >= SHORTEST && ascii >= bytes.len() / 8 * 7
}

/// With the byte order mark that Windows writes.
fn is_utf16(bytes: &[u8]) -> bool {
    let from: fn([u8; 2]) -> u16 = match bytes {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return false,
    };
    let pairs = bytes[2..].chunks_exact(2);
    let is_character = |decoded: Result<char, _>| {
        decoded.is_ok_and(|character| {
            u8::try_from(character).map_or(!character.is_control(), |byte| !is_control(&byte))
        })
    };
    bytes.len() > 2
        && pairs.remainder().is_empty()
        && char::decode_utf16(pairs.map(|pair| from([pair[0], pair[1]]))).all(is_character)
}
