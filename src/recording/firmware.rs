//! Which data of a transfer is firmware, and not the protocol's own.

use crate::dfu::protocol::DfuRequest;
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand};
use crate::usb::ControlRequest;

/// Whether data was sent or received that is part of a firmware. DfuSe's commands are not, nor is the list of them
/// (AN3156 §4.1, §5): a firmware without DfuSe that looks like one has five bytes at most.
pub fn is_firmware(request: ControlRequest, data: &[u8]) -> bool {
    let is_block_0 = request.value == COMMAND_BLOCK;
    let is = |of: DfuRequest| request.request == of as u8;
    match request.request_type {
        _ if data.is_empty() => false,
        DfuRequest::TO_DEVICE if is(DfuRequest::Dnload) => {
            !is_block_0 || DfuseCommand::from_bytes(data).is_none()
        }
        DfuRequest::FROM_DEVICE if is(DfuRequest::Upload) => !is_block_0 || !lists_commands(data),
        _ => false,
    }
}

/// Whether these are codes of commands, each once.
fn lists_commands(data: &[u8]) -> bool {
    const GET_COMMANDS: u8 = 0;
    const CODES: [u8; 4] = [
        GET_COMMANDS,
        DfuseCommand::SET_ADDRESS_POINTER,
        DfuseCommand::ERASE,
        DfuseCommand::READ_UNPROTECT,
    ];
    data.len() <= CODES.len() && data.iter().all(|code| CODES.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_firmware_and_commands_are_not() {
        let check = |request_type, request, value, data: &[u8], expected| {
            let request = ControlRequest {
                request_type,
                request,
                value,
                index: 0,
            };
            assert_eq!(is_firmware(request, data), expected, "{value} {data:02x?}");
        };
        check(0x21, 1, 2, &[0xAA; 2048], true);
        check(0x21, 1, 0, &[0xAA; 2048], true);
        check(0x21, 1, 0, &[0x21, 0, 0, 0, 8], false);
        check(0x21, 1, 2, &[0x21, 0, 0, 0, 8], true);
        check(0x21, 1, 0, &[], false);
        check(0xA1, 2, 2, &[0xAA; 2048], true);
        check(0xA1, 2, 0, &[0x00, 0x21, 0x41, 0x92], false);
        check(0xA1, 2, 0, &[0; 64], true);
        // GETSTATUS, and a descriptor.
        check(0xA1, 3, 0, &[0, 0, 0, 0, 2, 0], false);
        check(0x80, 6, 2, &[0xAA; 9], false);
    }
}
