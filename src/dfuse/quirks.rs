//! What particular bootloaders do differently, each with its device and source.

use super::protocol::DfuseCommand;

/// Whether errVENDOR means that read protection is on.
///
/// On a ST ROM it does (AN3156 §4.2, §5). On devices built on ST's class sample it means that a write or an erase
/// failed. The ROMs know READ_UNPROTECT, the sample doesn't: its list of commands is `00 21 41`.
pub fn vendor_error_means_read_protection(commands: &[u8]) -> bool {
    commands.contains(&DfuseCommand::READ_UNPROTECT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bootloader_that_can_lift_read_protection_has_it() {
        assert!(vendor_error_means_read_protection(&[
            0x00, 0x21, 0x41, 0x92
        ]));
        assert!(!vendor_error_means_read_protection(&[0x00, 0x21, 0x41]));
        assert!(!vendor_error_means_read_protection(&[]));
    }
}
