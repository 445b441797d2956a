//! DFU's state machine beside a recorded session: what each side may do, and what it does (DFU 1.1 appendix A).

use std::time::Duration;

use crate::dfu::protocol::{DfuRequest, DfuState, DfuStatus, StatusReport};
use crate::dfuse::command::{COMMAND_BLOCK, FIRST_DATA_BLOCK};
use crate::usb::UsbError;

use super::device::{Identity, RecordedDevice};
use super::finding::{Deviation, Findings};
use super::transfer::{Outcome, Transfer};

/// Clocks of recordings have milliseconds' grains; so much too early is none.
const GRAIN: Duration = Duration::from_millis(1);

/// Follows a device's state from request to request.
pub fn check(device: &RecordedDevice, identity: &Identity, findings: &mut Findings) {
    let mut machine = Machine {
        identity,
        state: None,
        asked_to_wait: None,
        next_block: None,
        short_block: None,
    };
    for transfer in &device.transfers {
        match identity.request(transfer) {
            Some(request) => machine.take(transfer, request, findings),
            None => machine.forget(transfer),
        }
    }
}

struct Machine<'i> {
    identity: &'i Identity,
    /// Where it has to be; `None` where that is open.
    state: Option<DfuState>,
    /// When a busy device has answered, and `bwPollTimeout` in milliseconds.
    asked_to_wait: Option<(Duration, u32)>,
    /// Without a new address.
    next_block: Option<u16>,
    /// The length of the last block, where it was no full one.
    short_block: Option<u16>,
}

impl Machine<'_> {
    /// Other requests may lead anywhere.
    fn forget(&mut self, transfer: &Transfer) {
        const GET_DESCRIPTOR: (u8, u8) = (0x80, 6);
        let request = transfer.request;
        if (request.request_type, request.request) != GET_DESCRIPTOR {
            self.state = None;
            self.asked_to_wait = None;
            self.next_block = None;
            self.short_block = None;
        }
    }

    fn take(&mut self, transfer: &Transfer, request: DfuRequest, findings: &mut Findings) {
        let mut add = |deviation| findings.add(transfer.at, deviation);
        if let Some((answered, said)) = self.asked_to_wait.take() {
            let waited = transfer.at.saturating_sub(answered);
            if waited + GRAIN < Duration::from_millis(said.into()) {
                add(Deviation::PolledEarly { said, waited });
            }
        }
        match request {
            DfuRequest::Dnload => self.check_block(transfer, &mut add),
            DfuRequest::ClrStatus | DfuRequest::Abort => self.next_block = None,
            _ => {}
        }
        let is_allowed = self
            .state
            .is_none_or(|state| self.allows(state, request, transfer.length));
        if let Some(state) = self.state {
            self.judge(state, request, is_allowed, &transfer.outcome, &mut add);
        }
        if transfer.outcome == Outcome::Failed(UsbError::Timeout) {
            add(Deviation::NoAnswer { request });
        }
        self.state = match transfer.outcome {
            Outcome::Done => self.after(transfer, request, is_allowed, &mut add),
            // Whatever the specification says: nobody sends it to find out.
            Outcome::Failed(_) | Outcome::Unknown => None,
        };
    }

    fn judge(
        &self,
        state: DfuState,
        request: DfuRequest,
        is_allowed: bool,
        outcome: &Outcome,
        add: &mut impl FnMut(Deviation),
    ) {
        let is_refused = *outcome == Outcome::Failed(UsbError::Stall);
        let is_busy = matches!(state, DfuState::DfuDnbusy | DfuState::DfuManifest);
        match (is_allowed, is_refused) {
            (true, true) if is_busy => add(Deviation::RefusesWhileBusy),
            (true, true) => add(Deviation::Refuses { request, state }),
            (true, false) => {}
            (false, _) => {
                add(Deviation::NotAllowed { request, state });
                if *outcome == Outcome::Done {
                    add(Deviation::Accepts { request, state });
                }
            }
        }
    }

    /// Whether a state allows a request. What has to wait for `bwPollTimeout` is another matter.
    fn allows(&self, state: DfuState, request: DfuRequest, length: u16) -> bool {
        use DfuRequest as R;
        use DfuState as S;
        match (state, request) {
            (S::Unknown(_), _) => true,
            (S::AppIdle, R::Detach) => true,
            (_, R::GetStatus | R::GetState) => true,
            // DfuSe leaves so (AN3156 §5.4).
            (S::DfuIdle, R::Dnload) => length > 0 || self.identity.is_dfuse(),
            (S::DfuIdle, R::Upload | R::Abort) => true,
            (S::DfuDnloadIdle, R::Dnload | R::Abort) => true,
            (S::DfuUploadIdle, R::Upload | R::Abort) => true,
            (S::DfuDnloadSync | S::DfuManifestSync, R::Abort) => true,
            (S::DfuError, R::ClrStatus) => true,
            _ => false,
        }
    }

    /// Where a device is after a request that went well.
    fn after(
        &mut self,
        transfer: &Transfer,
        request: DfuRequest,
        is_allowed: bool,
        add: &mut impl FnMut(Deviation),
    ) -> Option<DfuState> {
        match request {
            DfuRequest::GetStatus => self.after_status(transfer, add),
            DfuRequest::GetState => {
                let state = DfuState::from_byte(*transfer.data.first()?);
                Some(state)
            }
            _ if !is_allowed => None,
            DfuRequest::Dnload if transfer.length > 0 => Some(DfuState::DfuDnloadSync),
            DfuRequest::Dnload => Some(DfuState::DfuManifestSync),
            DfuRequest::Upload if transfer.bytes() < transfer.length.into() => {
                Some(DfuState::DfuIdle)
            }
            DfuRequest::Upload => Some(DfuState::DfuUploadIdle),
            DfuRequest::Abort | DfuRequest::ClrStatus => Some(DfuState::DfuIdle),
            DfuRequest::Detach => None,
        }
    }

    fn after_status(
        &mut self,
        transfer: &Transfer,
        add: &mut impl FnMut(Deviation),
    ) -> Option<DfuState> {
        let Some(report) = StatusReport::from_bytes(&transfer.data) else {
            if transfer.cut == 0 {
                let length = transfer.data.len();
                add(Deviation::ShortStatus { length });
            }
            return None;
        };
        let StatusReport { status, state, .. } = report;
        let is_failure = status != DfuStatus::Ok;
        match (state, status) {
            (DfuState::Unknown(_), _) | (_, DfuStatus::Unknown(_)) => {
                add(Deviation::Unknown { state, status });
            }
            (DfuState::DfuError, DfuStatus::Ok) => add(Deviation::ErrorWithOk),
            (DfuState::DfuError, _) => {}
            _ if is_failure => add(Deviation::FailureOutsideError { state, status }),
            _ => {}
        }
        if let Some(from) = self.state.filter(|from| !follows(*from, state)) {
            add(Deviation::Jumps { from, to: state });
        }
        if matches!(state, DfuState::DfuDnbusy | DfuState::DfuManifest) {
            self.asked_to_wait = Some((transfer.end(), report.poll_timeout));
        }
        Some(state)
    }

    /// Block numbers and lengths of a DNLOAD.
    fn check_block(&mut self, transfer: &Transfer, add: &mut impl FnMut(Deviation)) {
        let (number, length) = (transfer.request.value, transfer.length);
        let full = self.identity.transfer_size;
        if length == 0 {
            self.next_block = None;
            return;
        }
        if length > full && self.identity.functional.is_some() {
            add(Deviation::TooLong { length, most: full });
        }
        if self.identity.is_dfuse() {
            if number == COMMAND_BLOCK {
                self.short_block = None;
                return;
            }
            if number < FIRST_DATA_BLOCK {
                add(Deviation::ReservedBlock);
            }
            if let Some(length) = self.short_block {
                add(Deviation::ShortBlock { length, full });
            }
            self.short_block = (length < full).then_some(length);
            // Its addresses follow from the numbers, in whatever order they come.
            return;
        }
        if self.state == Some(DfuState::DfuIdle) {
            // A download begins.
            self.next_block = Some(0);
        }
        if let Some(expected) = self.next_block.filter(|expected| *expected != number) {
            let found = number;
            add(Deviation::BlockJumps { expected, found });
        }
        self.next_block = Some(number.wrapping_add(1));
    }
}

/// Whether a device may say one state at a GETSTATUS where it was in another. It may fail everywhere.
fn follows(from: DfuState, to: DfuState) -> bool {
    use DfuState as S;
    if from == to || matches!(to, S::DfuError | S::Unknown(_)) || matches!(from, S::Unknown(_)) {
        return true;
    }
    matches!(
        (from, to),
        (S::AppDetach, S::AppIdle)
            | (
                S::DfuDnloadSync | S::DfuDnbusy,
                S::DfuDnbusy | S::DfuDnloadIdle
            )
            | (S::DfuDnbusy, S::DfuDnloadSync)
            | (
                S::DfuManifestSync | S::DfuManifest,
                S::DfuManifestSync | S::DfuManifest | S::DfuManifestWaitReset | S::DfuIdle
            )
    )
}
