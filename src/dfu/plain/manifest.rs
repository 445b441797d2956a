//! The end of a download: the device makes of it what it is for, and the bus decides what a silence means.

use std::time::Duration;

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::event::Phase;
use crate::dfu::finish::Whereabouts;
use crate::dfu::link::departure::PAUSE_AFTER_LEAVE;
use crate::dfu::protocol::{DfuState, DfuStatus, StatusReport};
use crate::usb::UsbError;

use super::poll::{ANSWER_TIMEOUT, DEADLINE};
use super::{Session, wire_number};

/// How long a device that is not tolerant may say the same beyond what it has asked for. Embassy (0.3) stays in
/// dfuMANIFEST with 50 ms until it is reset, old bootloaders in dfuMANIFEST-SYNC.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an application may take to show itself.
const COMES_BACK: Duration = Duration::from_secs(10);

/// How a download has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manifested {
    /// In dfuIDLE: done, and still listening.
    Idle,
    /// In dfuMANIFEST-WAIT-RESET: done.
    WaitsForReset,
    /// Not tolerant, and never got further: a reset is what it waits for to be done.
    NeedsReset,
    /// Off the bus, and done by that.
    Left(Whereabouts),
    /// Off the bus, and back in DFU mode, though it was to be tolerant: what it holds has to tell.
    CameBack,
}

impl Session<'_> {
    /// Ends the download with a block of no bytes, and waits until the device is done with it.
    ///
    /// # Errors
    /// What the device has against the file. Never sent after an error: embassy takes the block of no bytes in dfuERROR,
    /// too, and starts what it has.
    pub(super) fn manifest(&mut self, number: u32) -> Result<Manifested, SessionError> {
        let action = Action::Manifest;
        self.begin(Phase::Manifest, None, action)?;
        let sent = self
            .link
            .send_block(wire_number(number), &[], ANSWER_TIMEOUT);
        let mut watch = Watch {
            is_acknowledged: sent.is_ok(),
            answers_since: None,
            longest: Duration::ZERO,
        };
        let end = self.link.end_of(DEADLINE);
        loop {
            let heard = self.link.get_status(ANSWER_TIMEOUT);
            let pause = match &heard {
                Ok(report) => match self.judge(*report, watch.is_acknowledged)? {
                    Some(ended) => return Ok(ended),
                    None => self.pause(*report),
                },
                Err(error) if self.confirm_gone(error) => return self.judge_departure(),
                Err(_) => PAUSE_AFTER_LEAVE,
            };
            watch.note(&heard, pause, self.link.now());
            if !self.options.is_tolerant && watch.is_stuck(self.link.now()) {
                return Ok(Manifested::NeedsReset);
            }
            match (self.wait(pause, end, action), heard) {
                (Ok(()), _) => {}
                (Err(error), _) if error.cause == Cause::Interrupted => return Err(error),
                (Err(_), _) if !self.options.is_tolerant => return Ok(Manifested::NeedsReset),
                (Err(_), Err(error)) => return Err(SessionError::usb(action, error)),
                (Err(error), Ok(_)) => return Err(error),
            }
        }
    }

    /// What a state after the block of no bytes means; `None` where the device is at it.
    fn judge(
        &mut self,
        report: StatusReport,
        is_acknowledged: bool,
    ) -> Result<Option<Manifested>, SessionError> {
        match (report.state, report.status) {
            // It has never heard that the download was over, and Maple is in dfuIDLE since it was asked.
            (state @ DfuState::DfuIdle, DfuStatus::Ok) if !is_acknowledged => Err(SessionError {
                action: Action::Manifest,
                cause: Cause::LostPlace(state),
            }),
            (DfuState::DfuIdle, DfuStatus::Ok) => Ok(Some(Manifested::Idle)),
            (DfuState::DfuManifestWaitReset, DfuStatus::Ok) => Ok(Some(Manifested::WaitsForReset)),
            (
                DfuState::DfuManifestSync | DfuState::DfuManifest | DfuState::DfuDnbusy,
                DfuStatus::Ok,
            ) => Ok(None),
            // It runs its application already, under the same address.
            (DfuState::AppIdle | DfuState::AppDetach, DfuStatus::Ok) => Ok(Some(Manifested::Left(
                Whereabouts::Elsewhere(self.options.ids),
            ))),
            _ => Err(self.out_of_place(Action::Manifest, report)),
        }
    }

    /// Whether the bus says that the device has gone, which no answer and no silence does.
    fn confirm_gone(&mut self, error: &UsbError) -> bool {
        !self.link.is_on_bus() || *error == UsbError::NoDevice && self.link.await_departure()
    }

    /// What it means that the device has gone before it said that it was done. One that is tolerant has no reason to,
    /// unless its application starts: U-Boot quits DFU when it can't write what it has.
    fn judge_departure(&mut self) -> Result<Manifested, SessionError> {
        if !self.options.is_tolerant {
            let whereabouts = self.link.whereabouts(self.options.ids);
            return Ok(Manifested::Left(whereabouts));
        }
        match self.link.whereabouts_within(self.options.ids, COMES_BACK) {
            Whereabouts::OffBus => Err(SessionError {
                action: Action::Manifest,
                cause: Cause::Vanished,
            }),
            Whereabouts::InDfuMode { .. } => Ok(Manifested::CameBack),
            whereabouts @ Whereabouts::Elsewhere(_) => Ok(Manifested::Left(whereabouts)),
        }
    }
}

/// What was heard since the block of no bytes.
struct Watch {
    is_acknowledged: bool,
    /// When the first of the answers came that were no silence.
    answers_since: Option<Duration>,
    /// The longest that the device has asked for.
    longest: Duration,
}

impl Watch {
    fn note(&mut self, heard: &Result<StatusReport, UsbError>, pause: Duration, now: Duration) {
        match heard {
            // It may be at work in this very request.
            Err(UsbError::Timeout) => self.answers_since = None,
            _ => {
                self.answers_since.get_or_insert(now);
                self.longest = self.longest.max(pause);
            }
        }
        // It has heard of it, if it manifests.
        self.is_acknowledged |= heard.is_ok();
    }

    fn is_stuck(&self, now: Duration) -> bool {
        self.answers_since
            .is_some_and(|since| now - since > PATIENCE + self.longest)
    }
}
