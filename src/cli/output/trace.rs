//! `-vv`: every control transfer with its answer, a line each.

use crate::dfu::protocol::{DfuRequest, StatusReport};
use crate::usb::DeviceInfo;
use crate::usb::tap::{Transfer, Watch};

use crate::cli::output::Output;

/// Bytes of a transfer that are shown; blocks are long, and commands and answers short.
const SHOWN: usize = 16;

/// Shows the transfers of a board, where that is asked for.
pub fn watch(output: &Output, info: &DeviceInfo) -> Option<Watch> {
    if !output.shows_transfers() {
        return None;
    }
    let (output, path) = (output.clone(), info.path.clone());
    Some(Box::new(move |transfer| {
        output.detail(&format!("{path}: {}", line(transfer)))
    }))
}

/// A transfer and its answer, in a line.
pub fn line(transfer: &Transfer<'_>) -> String {
    let Transfer {
        request,
        data,
        length,
        outcome,
    } = transfer;
    let name = name(request.request_type, request.request);
    let asked = format!(
        "{name} wValue {:#06x} wIndex {:#06x} wLength {length}",
        request.value, request.index
    );
    let shown: Vec<String> = data
        .iter()
        .take(SHOWN)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if data.len() > SHOWN { " …" } else { "" };
    let bytes = if data.is_empty() {
        String::new()
    } else {
        format!(": {}{more}", shown.join(" "))
    };
    match outcome {
        Ok(()) if request.request == DfuRequest::GetStatus as u8 => {
            match StatusReport::from_bytes(data) {
                Some(report) if request.request_type == DfuRequest::FROM_DEVICE => format!(
                    "{asked}{bytes} ({}, {}, {} ms)",
                    report.state, report.status, report.poll_timeout
                ),
                _ => format!("{asked}{bytes}"),
            }
        }
        Ok(()) => format!("{asked}{bytes}"),
        Err(error) => format!("{asked}{bytes}: {error}"),
    }
}

fn name(request_type: u8, request: u8) -> String {
    let class = [DfuRequest::TO_DEVICE, DfuRequest::FROM_DEVICE].contains(&request_type);
    match DfuRequest::from_byte(request).filter(|_| class) {
        Some(request) => request.to_string(),
        None => match (request_type, request) {
            // USB 2.0 §9.4
            (0x80, 0x06) => "GET_DESCRIPTOR".to_owned(),
            (0x01, 0x0B) => "SET_INTERFACE".to_owned(),
            _ => format!("request {request_type:#04x} {request:#04x}"),
        },
    }
}
