//! The way to dfuIDLE, from wherever a device is.

use std::time::Duration;

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};
use crate::usb::UsbError;

use super::Link;

/// How long a device may be busy with what somebody else has begun, before something is done about it.
const BUSY_DEADLINE: Duration = Duration::from_secs(20);
/// Rounds of GETSTATUS and CLRSTATUS or ABORT; a sane device needs two at the most.
pub(super) const ROUNDS: u32 = 6;

impl Link<'_> {
    /// Brings the device to dfuIDLE, as the first thing it hears. The dfuERROR/errFIRMWARE that F4 and F7 ROMs begin in
    /// is cleared without a word: it means only that nobody has asked yet. CLRSTATUS leads to dfuIDLE (DFU 1.1 §A.2.11);
    /// should it not have, the first command is refused, and that is looked into.
    pub(super) fn make_contact(&mut self) -> Result<(), SessionError> {
        let end = self.end_of(BUSY_DEADLINE);
        let heard = self.get_status(BUSY_DEADLINE);
        let is_fresh = matches!(
            heard,
            Ok(StatusReport {
                state: DfuState::DfuError,
                status: DfuStatus::ErrFirmware,
                ..
            })
        );
        if is_fresh && self.clear_status(Action::ReachIdle).is_ok() {
            return Ok(());
        }
        self.reach_idle_from(heard, end)
    }

    /// Brings the device to dfuIDLE after something went wrong, from whatever it says it is in.
    pub fn recover(&mut self, cause: &Cause) -> Result<(), SessionError> {
        if matches!(cause, Cause::StillBusy(_)) {
            self.break_wedge();
        }
        self.reach_idle()
    }

    /// Brings the device to dfuIDLE by what leads out of the state that it was last heard in, and asks only where nothing
    /// does: Maple takes a GETSTATUS in dfuDNLOAD-IDLE for the end of a download.
    pub fn come_to_rest(&mut self) -> Result<(), SessionError> {
        let done = match self.state {
            DfuState::DfuIdle => return Ok(()),
            DfuState::DfuDnloadIdle | DfuState::DfuUploadIdle | DfuState::DfuError => {
                self.step_to_idle(self.state)
            }
            _ => return self.reach_idle(),
        };
        done.or_else(|_| self.reach_idle())
    }

    /// Brings the device to dfuIDLE.
    pub fn reach_idle(&mut self) -> Result<(), SessionError> {
        let end = self.end_of(BUSY_DEADLINE);
        let heard = self.get_status(BUSY_DEADLINE);
        self.reach_idle_from(heard, end)
    }

    /// The same, with what came of a GETSTATUS; until `end` the device may be busy.
    fn reach_idle_from(
        &mut self,
        mut heard: Result<StatusReport, UsbError>,
        end: Duration,
    ) -> Result<(), SessionError> {
        let action = Action::ReachIdle;
        let mut rounds = 0;
        loop {
            let last = match heard {
                Ok(StatusReport {
                    state: DfuState::DfuIdle,
                    ..
                }) => return Ok(()),
                Ok(
                    report @ StatusReport {
                        state: DfuState::DfuDnbusy | DfuState::DfuManifest,
                        ..
                    },
                ) if self.left_until(end).is_some() => {
                    self.wait(report.pause(), end);
                    heard = self.get_status(BUSY_DEADLINE);
                    // Being busy is no failure yet.
                    continue;
                }
                // An ABORT may fail once a write is done; the next GETSTATUS tells what came of it.
                Ok(report) => match self.step_to_idle(report.state) {
                    Ok(()) => self.unexpected(action, report),
                    Err(error) => error,
                },
                Err(error) => SessionError::usb(action, error),
            };
            rounds += 1;
            if rounds == ROUNDS || last.cause == Cause::Usb(UsbError::NoDevice) {
                return Err(last);
            }
            heard = self.get_status(BUSY_DEADLINE);
        }
    }

    /// What leads out of a state, towards dfuIDLE.
    fn step_to_idle(&mut self, state: DfuState) -> Result<(), SessionError> {
        match state {
            DfuState::DfuError => self.clear_status(Action::ReachIdle),
            DfuState::DfuDnbusy => {
                self.break_wedge();
                Ok(())
            }
            _ => self.abort(Action::ReachIdle),
        }
    }

    /// Some H7 ROMs (V9.0) stay in dfuDNBUSY for ever after an erase in bank 2. A CLRSTATUS brings them to dfuERROR,
    /// from where the usual way leads to dfuIDLE. Nothing else gets them out, so here it is sent outside of dfuERROR.
    fn break_wedge(&mut self) {
        // Whether it helped shows in the next GETSTATUS.
        let _ = self.clear_status(Action::ReachIdle);
    }
}
