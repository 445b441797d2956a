//! What some devices want in front of the bytes that they are sent.

use std::fmt;

use byteorder::{ByteOrder, LittleEndian};

/// What stands in front of the bytes; unlike a suffix, it is part of what is sent. As text, whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// The boot image header of an image that is neither encrypted nor signed, which the ROM of NXP's LPC18xx and LPC43xx
    /// starts from RAM (UM10503).
    Lpc,
    /// The program command of TI's boot loader for Stellaris and Tiva (SPMU301).
    Stellaris {
        /// Where the bytes belong: a multiple of 1 KiB.
        address: u32,
    },
}

/// An address or a length that a prefix has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no prefix before {length} bytes can be for {prefix}")]
pub struct NoPrefix {
    prefix: Prefix,
    /// In bytes.
    length: usize,
}

/// Bytes of NXP's header.
const LPC_LENGTH: usize = 16;
/// Neither encrypted nor with a hash, and what is reserved.
const LPC_START: &[u8; 2] = b"\x1A\x3F";
/// The bits of either byte that tell it from other images.
const LPC_KIND: u8 = 0x3F;
/// In these units, NXP's header counts the bytes after it.
const LPC_FRAME: usize = 512;
/// Bytes of TI's command.
const STELLARIS_LENGTH: usize = 8;
/// The command's number, and a byte that is reserved.
const STELLARIS_START: &[u8; 2] = b"\x01\x00";
/// In these units, TI's command counts the address.
const STELLARIS_BLOCK: u32 = 1024;

impl Prefix {
    /// The prefix that these bytes, without a suffix, seem to begin with.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LPC_LENGTH && bytes.starts_with(LPC_START) {
            return Some(Self::Lpc);
        }
        let (command, data) = bytes.split_first_chunk::<STELLARIS_LENGTH>()?;
        let length = LittleEndian::read_u32(&command[4..]);
        let is_whole = u64::from(length) == data.len() as u64;
        (is_whole && length > 0 && command.starts_with(STELLARIS_START)).then(|| {
            let block = LittleEndian::read_u16(&command[2..]);
            let address = u32::from(block) * STELLARIS_BLOCK;
            Self::Stellaris { address }
        })
    }

    /// Puts it in front of bytes.
    pub fn put_before(self, bytes: &mut Vec<u8>) -> Result<(), NoPrefix> {
        let prefix = self.before(bytes.len())?;
        bytes.splice(..0, prefix);
        Ok(())
    }

    /// Its bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Lpc => LPC_LENGTH,
            Self::Stellaris { .. } => STELLARIS_LENGTH,
        }
    }

    /// As it stands in front of this many bytes.
    pub fn before(self, length: usize) -> Result<Vec<u8>, NoPrefix> {
        let prefix = match self {
            Self::Lpc => lpc(length),
            Self::Stellaris { address } => stellaris(address, length),
        };
        prefix.ok_or(NoPrefix {
            prefix: self,
            length,
        })
    }
}

/// NXP's header of an image that is not encrypted, with a hash or without: the two highest bits of the first byte tell
/// which, those of the second are of no meaning here (UM10503, `HASH_ACTIVE` and `AES_CONTROL`).
pub fn lpc_header(bytes: &[u8]) -> Option<&[u8; LPC_LENGTH]> {
    let header = bytes.first_chunk()?;
    let [first, second] = LPC_START.map(|byte| byte & LPC_KIND);
    let is_lpc = header[0] & LPC_KIND == first && header[1] & LPC_KIND == second;
    is_lpc.then_some(header)
}

fn lpc(length: usize) -> Option<Vec<u8>> {
    let frames = u16::try_from(length.div_ceil(LPC_FRAME)).ok()?;
    Some([LPC_START, &frames.to_le_bytes()[..], &[0; 8], &[0xFF; 4]].concat())
}

fn stellaris(address: u32, length: usize) -> Option<Vec<u8>> {
    let block = u16::try_from(address / STELLARIS_BLOCK).ok()?;
    let length = u32::try_from(length).ok()?;
    (address % STELLARIS_BLOCK == 0).then(|| {
        let fields = [&block.to_le_bytes()[..], &length.to_le_bytes()].concat();
        [&STELLARIS_START[..], &fields].concat()
    })
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lpc => f.write_str("the ROM of NXP's LPC"),
            Self::Stellaris { address } => {
                write!(f, "TI's Stellaris, for address {address:#010x}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
