//! The formats that firmware is read from.

use std::fmt;
use std::path::Path;

/// A format that firmware is read from; as text, with its article: "an ELF file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Bytes without an address; a DFU 1.1 suffix may follow them.
    Bin,
    /// DfuSe (ST UM0391): names the memory and the address of each element.
    Dfu,
    /// Intel HEX
    Hex,
    /// ELF
    Elf,
    /// Motorola S-records
    Srec,
    /// UF2
    Uf2,
}

impl Format {
    /// What a file with such a name is; `None` where the name promises nothing. A raw binary has names of all kinds.
    pub fn promised_by(file_name: &Path) -> Option<Self> {
        let extension = file_name.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "dfu" => Some(Self::Dfu),
            "hex" | "ihex" | "ihx" => Some(Self::Hex),
            "elf" | "axf" => Some(Self::Elf),
            "srec" | "s19" | "s28" | "s37" | "mot" => Some(Self::Srec),
            "uf2" => Some(Self::Uf2),
            _ => None,
        }
    }

    /// The short name, as in `--format`.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Dfu => "dfu",
            Self::Hex => "hex",
            Self::Elf => "elf",
            Self::Srec => "srec",
            Self::Uf2 => "uf2",
        }
    }

    /// What a file in this format begins with.
    pub fn beginning(self) -> &'static str {
        match self {
            Self::Bin => "raw bytes",
            Self::Dfu => "\"DfuSe\"",
            Self::Hex => "an Intel HEX record (\":\" and digits)",
            Self::Elf => "\"\\x7fELF\"",
            Self::Srec => "a Motorola S-record (\"S\" and digits)",
            Self::Uf2 => "\"UF2\\n\"",
        }
    }
}

/// With its article, to stand in a sentence.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bin => "a raw binary",
            Self::Dfu => "a DfuSe file",
            Self::Hex => "an Intel HEX file",
            Self::Elf => "an ELF file",
            Self::Srec => "a Motorola S-record file",
            Self::Uf2 => "a UF2 file",
        })
    }
}
