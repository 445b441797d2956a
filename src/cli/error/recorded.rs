//! What is wrong with a recording, as an exit code and the next step.

use crate::cli::exit::Exit;
use crate::cli::recorded::RecordedError;
use crate::recording::capture::CaptureError;
use crate::recording::extract::ExtractError;
use crate::recording::session::RecordingError;

pub fn of_recorded(error: &RecordedError) -> (Exit, Option<String>) {
    match error {
        RecordedError::Recording(error) => of_recording(error),
        RecordedError::Extract(ExtractError::Nothing) => (Exit::File, None),
        RecordedError::Extract(ExtractError::LeftOut) => (
            Exit::File,
            Some(
                "It was made with --record-without-data, or with a limit to a packet's length."
                    .to_owned(),
            ),
        ),
        RecordedError::NoSuchDevice { devices, .. } | RecordedError::NoDfu { devices } => {
            (Exit::NoBoard, Some(listed(devices)))
        }
    }
}

pub fn of_recording(error: &RecordingError) -> (Exit, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        RecordingError::Capture(CaptureError::Io(_)) => (Exit::Other, None),
        RecordingError::Capture(CaptureError::NoCapture) => (
            Exit::File,
            hint(
                "--record writes a recording, and so do Wireshark, dumpcap and USBPcap. \
                 A compressed one has to be unpacked first.",
            ),
        ),
        RecordingError::Capture(CaptureError::Cut(_) | CaptureError::Damaged(_)) => {
            (Exit::File, None)
        }
        RecordingError::NotUsb { .. } => (
            Exit::File,
            hint(
                "Capture the bus of the board: on Linux usbmon1 and so on, on Windows USBPcap1 and so on.",
            ),
        ),
        RecordingError::Empty => (
            Exit::File,
            hint(
                "Was it the right bus? `stdfu list` shows a board's bus as the first number of its path.",
            ),
        ),
        RecordingError::TooMuch(_) => (
            Exit::File,
            hint("Cut the session out of it: `editcap -A START -B END IN OUT`."),
        ),
    }
}

fn listed(devices: &[String]) -> String {
    const MOST: usize = 12;
    let shown = devices.iter().take(MOST).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match devices.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("It has {shown}, and {more} more."),
        _ => format!("It has {shown}."),
    }
}
