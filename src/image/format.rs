//! What a format that firmware is read from is called, and known by.

use std::fmt;

/// A format that firmware is read from; as text, with its article: "an ELF file".
#[derive(Debug)]
pub struct Format {
    /// The short name, as in `--format`.
    pub short_name: &'static str,
    /// What it is, on a line of help.
    pub help: &'static str,
    /// With its article, to stand in a sentence.
    pub article: &'static str,
    /// What a file's bytes are in a sentence, where they are in this format.
    pub content: &'static str,
    /// What a file begins with, to stand in a sentence.
    pub beginning: &'static str,
    /// Whether these bytes begin so.
    pub begins: fn(&[u8]) -> bool,
    /// What the names of such files end in, in lower case.
    pub extensions: &'static [&'static str],
    /// Whether a file is lines of text.
    pub is_text: bool,
}

/// Formats are the same that have one name.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.short_name == other.short_name
    }
}

impl Eq for Format {}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.article)
    }
}
