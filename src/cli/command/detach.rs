//! `stdfu detach`: ask an application to enter DFU mode.

use crate::cli::document::{BoardResult, Boards};
use crate::cli::error::{CliError, Doing};
use std::time::Duration;

use clap::Args;

use crate::dfu::protocol::DfuRequest;
use crate::usb::{Bus, ControlRequest, DeviceInfo, Transport, UsbError};

use crate::cli::app::App;
use crate::cli::board::Board;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::exit::Exit;
use crate::cli::report;

/// Asks a running application to enter DFU mode
///
/// The application has to have a DFU runtime interface. Waits until the board is back in DFU mode and can be opened, so
/// that the next command finds it. Nothing is erased or written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu detach
  stdfu detach --path 1-2 && stdfu flash firmware.dfu --path 1-2")]
pub struct DetachArgs {}

/// How long the application may take to let go, in milliseconds, where it doesn't say (`wDetachTimeOut`).
const DETACH_TIMEOUT: u16 = 1000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a board may take to come back in DFU mode (7 s was seen), and how often to look.
const COMES_BACK: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// A board, and what went wrong with it.
type Asked = (Board, Option<Diagnosis>);

pub fn run(_: &DetachArgs, app: &App) -> Result<Exit, CliError> {
    let (bus, boards) = app.running()?;
    let patience = app.selection.patience_to_open();
    let mut asked: Vec<Asked> = Vec::new();
    for mut board in boards {
        let result = detach_and_wait(bus.as_ref(), &mut board, patience);
        let refusal = result.err().map(|error| Diagnosis::from(&error));
        app.output.ended(board.name(), refusal.as_ref());
        if refusal.is_none() {
            let summary = format!("{}: in DFU mode\n", board.name());
            app.output.summary(&summary)?;
        }
        asked.push((board, refusal));
    }
    let ends = asked
        .iter()
        .map(|(board, refusal)| (board.name(), refusal.is_some()));
    report::failures(ends, &app.output);
    app.output.document(Boards::of(&asked, |(board, refusal)| {
        BoardResult::of(board.name(), refusal.as_ref())
    }))?;
    let first = asked.iter().find_map(|(_, refusal)| refusal.as_ref());
    Ok(first.map_or(Exit::Done, |refusal| refusal.exit))
}

fn detach_and_wait(bus: &dyn Bus, board: &mut Board, patience: Duration) -> Result<(), CliError> {
    let opened = board.opened.as_mut().map_err(|error| error.clone())?;
    detach(&mut opened.transport, &board.info).doing("asking it to detach")?;
    until_back(bus, &board.info.path, patience)
}

/// Waits until there is a board in DFU mode at the port that can be opened; `patience` is what opening may take.
fn until_back(bus: &dyn Bus, path: &str, patience: Duration) -> Result<(), CliError> {
    let asked = bus.now();
    let mut came = None;
    loop {
        // In a container, its node may have been the only one: then there is no USB for a moment.
        let devices = bus.devices().unwrap_or_default();
        let back = devices
            .iter()
            .find(|device| device.path == path && device.is_in_dfu_mode());
        let now = bus.now();
        match back.map(|device| bus.open(device)) {
            Some(Ok(_)) => return Ok(()),
            None | Some(Err(UsbError::NoDevice)) if now - asked < COMES_BACK => {}
            None => {
                let message = "it was asked to detach, and has not come back in DFU mode";
                return Err(CliError::Other(message.to_owned()));
            }
            Some(Err(error)) if error.may_pass() && now - *came.get_or_insert(now) < patience => {}
            Some(Err(error)) => {
                return Err(error).doing("it is back in DFU mode, and can't be opened");
            }
        }
        bus.wait(PAUSE);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::SimBus;

    /// A bus with one board that runs its application, and can be opened by now.
    fn bus(board: &str) -> (SimBus, Board) {
        let spec = format!("{board},quirk=application").parse();
        let bus = SimBus::new(&[spec.expect("good")]).expect("no files");
        bus.wait(Duration::from_secs(1));
        let info = bus.devices().expect("there is a bus").remove(0);
        let board = Board::open(&bus, info, None);
        (bus, board)
    }

    #[test]
    fn it_ends_when_the_board_can_be_opened() {
        for (board, at_least) in [("f405", 1000), ("f405,quirk=late-access", 1500)] {
            let (bus, mut board) = bus(board);
            let asked = bus.now();
            let patience = Duration::from_secs(2);
            assert!(detach_and_wait(&bus, &mut board, patience).is_ok());
            let taken = bus.now() - asked;
            let expected = Duration::from_millis(at_least);
            assert!(
                (expected..expected + Duration::from_millis(300)).contains(&taken),
                "{taken:?}"
            );
            let info = bus.devices().expect("there is a bus").remove(0);
            assert!(info.is_in_dfu_mode());
            assert!(bus.open(&info).is_ok());
        }
    }

    #[test]
    fn a_board_that_can_not_be_opened_in_time_is_the_system_s_doing() {
        let (bus, mut board) = bus("f405,quirk=late-access");
        let patience = Duration::from_millis(200);
        let error = detach_and_wait(&bus, &mut board, patience).expect_err("too early");
        assert_eq!(
            error.message(),
            "it is back in DFU mode, and can't be opened: permission denied"
        );
        assert_eq!(Diagnosis::from(&error).exit, Exit::System);
    }

    #[test]
    fn a_board_that_does_not_come_back_is_waited_for_ten_seconds() {
        let (bus, _) = bus("f405");
        let asked = bus.now();
        let error = until_back(&bus, "1-9", Duration::ZERO).expect_err("nobody there");
        assert!(error.message().ends_with("has not come back in DFU mode"));
        assert!(bus.now() - asked >= COMES_BACK);
    }
}
