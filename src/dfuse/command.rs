//! The words of ST's extension: commands and block numbers, as values and as bytes.
//!
//! Host and simulator share this file, so a wrong number would agree with itself. The tests below therefore pin
//! bytes written out from the specifications.

/// `wValue` of a DNLOAD that carries a command, and of an UPLOAD that asks for the list of commands (AN3156 §4, §5).
pub const COMMAND_BLOCK: u16 = 0;
/// `wValue` of the block at the address pointer; 1 is reserved (AN3156 §4.1, §5.1).
pub const FIRST_DATA_BLOCK: u16 = 2;
/// `bcdDFUVersion` of a DfuSe device (UM0424).
pub const DFUSE_VERSION: u16 = 0x011A;

/// What a DNLOAD with `wValue` 0 asks for (AN3156 §5, UM0424).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfuseCommand {
    /// `0x21` + address: sets the address pointer.
    SetAddressPointer(u32),
    /// `0x41` + address: erases the page or sector that the address lies in.
    Erase(u32),
    /// `0x41` alone: erases all of the memory.
    MassErase,
    /// `0x92` alone: lifts read protection, which erases everything and resets.
    ReadUnprotect,
}

impl DfuseCommand {
    /// First byte of SET_ADDRESS_POINTER.
    pub const SET_ADDRESS_POINTER: u8 = 0x21;
    /// First byte of ERASE.
    pub const ERASE: u8 = 0x41;
    /// First byte of READ_UNPROTECT.
    pub const READ_UNPROTECT: u8 = 0x92;

    /// Reads the data stage of a DNLOAD; `None` where it is no command of the right length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [Self::SET_ADDRESS_POINTER, a, b, c, d] => {
                Some(Self::SetAddressPointer(u32::from_le_bytes([a, b, c, d])))
            }
            [Self::ERASE, a, b, c, d] => Some(Self::Erase(u32::from_le_bytes([a, b, c, d]))),
            [Self::ERASE] => Some(Self::MassErase),
            [Self::READ_UNPROTECT] => Some(Self::ReadUnprotect),
            _ => None,
        }
    }

    /// The data stage, in a buffer of the longest command and its length.
    pub fn to_bytes(self) -> CommandBytes {
        let (first, address) = match self {
            Self::SetAddressPointer(address) => (Self::SET_ADDRESS_POINTER, Some(address)),
            Self::Erase(address) => (Self::ERASE, Some(address)),
            Self::MassErase => (Self::ERASE, None),
            Self::ReadUnprotect => (Self::READ_UNPROTECT, None),
        };
        let [a, b, c, d] = address.unwrap_or(0).to_le_bytes();
        CommandBytes {
            bytes: [first, a, b, c, d],
            length: if address.is_some() { 5 } else { 1 },
        }
    }
}

/// Whether a bootloader with these commands can lift read protection, and means read protection by errVENDOR.
///
/// On a ST ROM it does (AN3156 §4.2, §5). On devices built on ST's class sample errVENDOR means that a write or an erase
/// failed. The ROMs know READ_UNPROTECT, the sample doesn't: its list of commands is `00 21 41`.
pub fn can_lift_read_protection(commands: &[u8]) -> bool {
    commands.contains(&DfuseCommand::READ_UNPROTECT)
}

/// A command's data stage: one or five bytes, without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandBytes {
    bytes: [u8; 5],
    length: usize,
}

impl AsRef<[u8]> for CommandBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_bytes_of_an3156() {
        let check = |command: DfuseCommand, bytes: &[u8]| {
            assert_eq!(command.to_bytes().as_ref(), bytes);
            assert_eq!(DfuseCommand::from_bytes(bytes), Some(command));
        };
        check(
            DfuseCommand::SetAddressPointer(0x0800_C000),
            &[0x21, 0x00, 0xC0, 0x00, 0x08],
        );
        check(
            DfuseCommand::Erase(0x0802_0000),
            &[0x41, 0x00, 0x00, 0x02, 0x08],
        );
        check(DfuseCommand::MassErase, &[0x41]);
        check(DfuseCommand::ReadUnprotect, &[0x92]);
    }

    #[test]
    fn a_command_of_the_wrong_length_is_none() {
        for bytes in [
            &[][..],
            &[0x21],
            &[0x21, 0, 0, 0],
            &[0x92, 0],
            &[0x41, 0],
            &[0x42],
        ] {
            assert_eq!(DfuseCommand::from_bytes(bytes), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn only_a_bootloader_that_can_lift_read_protection_has_it() {
        assert!(can_lift_read_protection(&[0x00, 0x21, 0x41, 0x92]));
        assert!(!can_lift_read_protection(&[0x00, 0x21, 0x41]));
        assert!(!can_lift_read_protection(&[]));
    }
}
