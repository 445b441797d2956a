//! From the application into DFU mode: DETACH, and waiting until the board is back.

use std::time::Duration;

use crate::usb::{Bus, ControlRequest, DeviceInfo, Transport, UsbError};

use super::protocol::DfuRequest;

/// How long the application may take to let go, in milliseconds, where it doesn't say (`wDetachTimeOut`).
const DETACH_TIMEOUT: u16 = 1000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a board may take to come back in DFU mode (7 s was seen), and how often to look.
const COMES_BACK: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Why an application is not in DFU mode.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// It was not to be asked.
    #[error("asking it to detach")]
    Asking(#[source] UsbError),
    /// It has not come back.
    #[error("it was asked to detach, and has not come back in DFU mode")]
    StaysAway,
    /// It is back, and the system doesn't let us open it.
    #[error("it is back in DFU mode, and can't be opened")]
    Closed(#[source] UsbError),
}

/// Asks an application to enter DFU mode, and waits until it can be opened there; `patience` is what opening may take.
pub fn detach_and_wait(
    bus: &dyn Bus,
    transport: &mut dyn Transport,
    info: &DeviceInfo,
    patience: Duration,
) -> Result<(), EnterError> {
    detach(transport, info).map_err(EnterError::Asking)?;
    until_back(bus, &info.path, patience)
}

/// Waits until there is a board in DFU mode at the port that can be opened; `patience` is what opening may take.
fn until_back(bus: &dyn Bus, path: &str, patience: Duration) -> Result<(), EnterError> {
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
            None => return Err(EnterError::StaysAway),
            Some(Err(error)) if error.may_pass() && now - *came.get_or_insert(now) < patience => {}
            Some(Err(error)) => return Err(EnterError::Closed(error)),
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

    /// A bus with one board that runs its application, and the way to it, which can be opened by now.
    fn bus(board: &str) -> (SimBus, Box<dyn Transport>, DeviceInfo) {
        let spec = format!("{board},quirk=application").parse();
        let bus = SimBus::new(&[spec.expect("good")]).expect("no files");
        bus.wait(Duration::from_secs(1));
        let info = bus.devices().expect("there is a bus").remove(0);
        let transport = bus.open(&info).expect("long enough there");
        (bus, transport, info)
    }

    #[test]
    fn it_ends_when_the_board_can_be_opened() {
        for (board, at_least) in [("f405", 1000), ("f405,quirk=late-access", 1500)] {
            let (bus, mut transport, info) = bus(board);
            let asked = bus.now();
            let patience = Duration::from_secs(2);
            assert!(detach_and_wait(&bus, transport.as_mut(), &info, patience).is_ok());
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
    fn a_board_that_can_not_be_opened_in_time_is_an_error_of_the_system() {
        let (bus, mut transport, info) = bus("f405,quirk=late-access");
        let patience = Duration::from_millis(200);
        let error =
            detach_and_wait(&bus, transport.as_mut(), &info, patience).expect_err("too early");
        let EnterError::Closed(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error, UsbError::AccessDenied);
    }

    #[test]
    fn a_board_that_does_not_come_back_is_waited_for_ten_seconds() {
        let (bus, ..) = bus("f405");
        let asked = bus.now();
        let error = until_back(&bus, "1-9", Duration::ZERO).expect_err("nobody there");
        assert!(matches!(error, EnterError::StaysAway));
        assert!(bus.now() - asked >= COMES_BACK);
    }
}
