//! What a single transfer tells of a device, before anybody knows what that is.

use crate::dfu::protocol::{DfuRequest, DfuState, StatusReport};
use crate::dfuse::command::{COMMAND_BLOCK, DfuseCommand};
use crate::usb::descriptor::GET_DESCRIPTOR;

use super::transfer::Transfer;

/// Descriptor type DEVICE (USB 2.0, table 9-5).
pub const DEVICE: u8 = 1;
/// The device descriptor's length, in bytes.
const DEVICE_LENGTH: usize = 18;

/// The request of DFU's class that a transfer is, whatever the interface.
pub fn dfu_request(transfer: &Transfer) -> Option<DfuRequest> {
    let kind = transfer.request.request_type;
    let request = DfuRequest::from_byte(transfer.request.request)?;
    let is_from_device = matches!(
        request,
        DfuRequest::Upload | DfuRequest::GetStatus | DfuRequest::GetState
    );
    let expected = match is_from_device {
        true => DfuRequest::FROM_DEVICE,
        false => DfuRequest::TO_DEVICE,
    };
    (kind == expected).then_some(request)
}

/// Which descriptor a transfer has brought: its type and its index.
pub fn descriptor(transfer: &Transfer) -> Option<(u8, u8)> {
    let request = transfer.request;
    // Standard, from the device or from an interface of it.
    let is_asked = matches!(request.request_type, 0x80 | 0x81)
        && request.request == GET_DESCRIPTOR
        && transfer.is_done();
    let [kind, index] = request.value.to_be_bytes();
    let is_it = transfer.data.get(1) == Some(&kind)
        && (kind != DEVICE || transfer.data.len() >= DEVICE_LENGTH);
    (is_asked && is_it).then_some((kind, index))
}

/// Whether a transfer can only be a GETSTATUS: other classes have the same number for something else.
pub fn is_status(transfer: &Transfer) -> bool {
    let is_asked = dfu_request(transfer) == Some(DfuRequest::GetStatus)
        && usize::from(transfer.length) == StatusReport::LENGTH
        && transfer.request.value == 0
        && transfer.is_done();
    let report = StatusReport::from_bytes(&transfer.data);
    is_asked && report.is_some_and(|report| !matches!(report.state, DfuState::Unknown(_)))
}

/// Whether an application has given this status.
pub fn is_running(status: &Transfer) -> bool {
    let report = StatusReport::from_bytes(&status.data);
    report.is_some_and(|report| matches!(report.state, DfuState::AppIdle | DfuState::AppDetach))
}

/// Whether a transfer is a command of DfuSe.
pub fn is_dfuse_command(transfer: &Transfer) -> bool {
    dfu_request(transfer) == Some(DfuRequest::Dnload)
        && transfer.request.value == COMMAND_BLOCK
        && DfuseCommand::from_bytes(&transfer.data).is_some()
}
