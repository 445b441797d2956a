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
        let length = bytes.len();
        let prefix = match self {
            Self::Lpc => lpc(length),
            Self::Stellaris { address } => stellaris(address, length),
        };
        let prefix = prefix.ok_or(NoPrefix {
            prefix: self,
            length,
        })?;
        bytes.splice(..0, prefix);
        Ok(())
    }
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
