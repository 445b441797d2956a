//! `stdfu detach`: ask an application to enter DFU mode.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;

use crate::dfuse::protocol::DfuRequest;
use crate::usb::{Bus, ControlRequest, DeviceInfo, Transport, UsbError};

use super::Context;
use super::board::Board;
use super::board_result::BoardResult;
use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::report;

/// Asks a running application to enter DFU mode
///
/// The application has to have a DFU runtime interface. Waits until the board is back in DFU mode, so that the next
/// command finds it. Nothing is erased or written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu detach
  stdfu detach --path 1-2 && stdfu flash firmware.dfu --path 1-2")]
pub struct DetachArgs {}

/// How long the application may take to let go, in milliseconds, where it doesn't say (`wDetachTimeOut`).
const DETACH_TIMEOUT: u16 = 1000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a board may take to come back in DFU mode, and how often to look.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Serialize)]
struct DetachDocument<'d> {
    boards: Vec<BoardResult<'d>>,
}

pub fn run(_: &DetachArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    let (bus, mut boards) = context.running()?;
    let mut refusals: Vec<Option<Diagnosis>> = Vec::new();
    for board in &mut boards {
        let result = detach_and_wait(bus.as_ref(), board);
        let refusal = result.err().map(|error| Diagnosis::from(&error));
        context.output.ended(board.name(), refusal.as_ref());
        if refusal.is_none() {
            let summary = format!("{}: in DFU mode\n", board.name());
            context
                .output
                .summary(&summary)
                .context("writing the summary")?;
        }
        refusals.push(refusal);
    }
    let results = boards.iter().zip(&refusals);
    let ends = results.clone();
    report::failures(
        ends.map(|(board, refusal)| (board.name(), refusal.is_some())),
        context.output,
    );
    let results = results.map(|(board, refusal)| BoardResult::of(board.name(), refusal.as_ref()));
    context
        .output
        .document(DetachDocument {
            boards: results.collect(),
        })
        .context("writing the answer")?;
    let first = refusals.iter().flatten().next();
    Ok(first.map_or(Exit::Done, |refusal| refusal.exit))
}

fn detach_and_wait(bus: &dyn Bus, board: &mut Board) -> anyhow::Result<()> {
    let opened = board.opened.as_mut().map_err(|error| error.clone())?;
    detach(&mut opened.transport, &board.info).context("asking it to detach")?;
    for _ in 0..=LOOKS {
        let devices = bus.devices()?;
        if devices
            .iter()
            .any(|device| device.path == board.info.path && device.is_in_dfu_mode())
        {
            return Ok(());
        }
        opened.transport.wait(PAUSE);
    }
    bail!("it was asked to detach, and has not come back in DFU mode");
}

/// DFU 1.1 §5.1: DETACH, and a bus reset by the host unless the device says that it detaches by itself.
fn detach(transport: &mut dyn Transport, info: &DeviceInfo) -> Result<(), UsbError> {
    transport.claim()?;
    let request = ControlRequest {
        request_type: DfuRequest::TO_DEVICE,
        request: DfuRequest::Detach as u8,
        value: info
            .functional
            .map_or(DETACH_TIMEOUT, |functional| functional.detach_timeout),
        index: info.interface.into(),
    };
    match transport.control_out(request, &[], REQUEST_TIMEOUT) {
        // It was quicker than its answer.
        Ok(()) | Err(UsbError::NoDevice | UsbError::Io | UsbError::Timeout) => {}
        Err(error) => return Err(error),
    }
    if info
        .functional
        .is_some_and(|functional| functional.will_detach())
    {
        return Ok(());
    }
    match transport.reset() {
        Ok(()) | Err(UsbError::NoDevice) => Ok(()),
        Err(error) => Err(error),
    }
}
