//! Where a host leaves a recording, in words.

use super::script::{Asked, Life, is_get_descriptor, is_same_request};
use crate::dfu::protocol::DfuRequest;
use crate::recording::transfer::Outcome;
use crate::sim::transfer::SET_INTERFACE;
use crate::usb::ControlRequest;

/// What is asked, and what the recording has in its place from this step on. Unless it is taken at its word, what only asks
/// what the device is doesn't count.
pub fn instead_of(asked: Asked<'_>, life: &Life, step: usize, is_strict: bool) -> String {
    let what = shown(asked.request, asked.length);
    let counts = |index: &usize| {
        let recorded = life.transfer(*index);
        is_strict || !recorded.is_some_and(|next| is_get_descriptor(next.request))
    };
    let next = (step..).find(counts).unwrap_or(step);
    let number = next + 1;
    match life.transfer(next) {
        None => format!("{what} was asked, and the recording has nothing more"),
        Some(recorded) if recorded.outcome == Outcome::Unknown => {
            format!("{what} was asked, and the recording has no answer to that")
        }
        Some(recorded) if is_same_request(recorded, asked) => {
            format!(
                "{what} was sent with other data than in the recording, request {number} to the board"
            )
        }
        Some(recorded) => format!(
            "{what} was asked, and the recording has {}, request {number} to the board",
            shown(recorded.request, recorded.length.into())
        ),
    }
}

fn shown(request: ControlRequest, length: usize) -> String {
    let kind = (request.request_type, request.request);
    let class = [DfuRequest::TO_DEVICE, DfuRequest::FROM_DEVICE].contains(&kind.0);
    let name = match DfuRequest::from_byte(kind.1).filter(|_| class) {
        Some(request) => request.to_string(),
        None if is_get_descriptor(request) => "GET_DESCRIPTOR".to_owned(),
        None if kind == (0x01, SET_INTERFACE) => "SET_INTERFACE".to_owned(),
        None => format!("request {:#04x} {:#04x}", kind.0, kind.1),
    };
    format!("{name} wValue {:#06x} wLength {length}", request.value)
}
