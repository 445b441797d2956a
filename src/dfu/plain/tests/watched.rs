//! A device watched for what no session may do, whatever happens to it.

use std::time::Duration;

use crate::dfu::protocol::{DfuRequest, DfuState, StatusReport};
use crate::usb::{ControlRequest, Occupant, Transport, UsbError};

/// Passes everything on.
pub struct Watched {
    inner: Box<dyn Transport>,
    transfer_size: usize,
    /// What the device has said that it is in, until something else was sent.
    said: Option<DfuState>,
    /// The block that is due in this download.
    next: Option<u16>,
    /// Whether the last block was not full: after it nothing but the end may come.
    is_last: bool,
    /// Whether something has gone wrong since the download began.
    is_spoilt: bool,
    /// How many control transfers there were.
    pub requests: usize,
    pub resets: usize,
    /// What a session should not have done.
    pub wrongs: Vec<String>,
}

impl Watched {
    pub fn new(inner: Box<dyn Transport>, transfer_size: u16) -> Self {
        Self {
            inner,
            transfer_size: transfer_size.into(),
            said: None,
            next: None,
            is_last: false,
            is_spoilt: false,
            requests: 0,
            resets: 0,
            wrongs: Vec::new(),
        }
    }

    fn wrong(&mut self, what: impl Into<String>) {
        self.wrongs
            .push(format!("{}: {}", self.requests, what.into()));
    }

    /// What comes after dfuDNLOAD-IDLE: Maple takes a question there for the end.
    fn judge(&mut self, request: ControlRequest) {
        self.requests += 1;
        let is_class = matches!(
            request.request_type,
            DfuRequest::TO_DEVICE | DfuRequest::FROM_DEVICE
        );
        let asked = DfuRequest::from_byte(request.request).filter(|_| is_class);
        let goes_on = matches!(asked, Some(DfuRequest::Dnload | DfuRequest::Abort));
        if self.said == Some(DfuState::DfuDnloadIdle) && !goes_on {
            self.wrong(format!("{asked:?} in dfuDNLOAD-IDLE"));
        }
        self.said = None;
    }

    fn judge_block(&mut self, number: u16, data: &[u8]) {
        if data.len() > self.transfer_size {
            self.wrong("a block larger than the device takes");
        }
        if data.is_empty() {
            if self.next != Some(number) || self.is_spoilt {
                self.wrong(format!("an end of number {number} after {:?}", self.next));
            }
            self.next = None;
            return;
        }
        // A new download begins with what nothing else may begin with.
        if self.next.is_none_or(|_| self.is_spoilt) {
            self.is_last = false;
            self.is_spoilt = false;
            self.next = Some(0);
        }
        if self.next != Some(number) || self.is_last {
            self.wrong(format!("block {number} where {:?} is due", self.next));
        }
        self.next = Some(number.wrapping_add(1));
        self.is_last = data.len() < self.transfer_size;
    }
}

impl Transport for Watched {
    fn claim(&mut self) -> Result<(), UsbError> {
        self.inner.claim()
    }

    fn set_alternate_setting(&mut self, alternate_setting: u8) -> Result<(), UsbError> {
        self.requests += 1;
        self.inner.set_alternate_setting(alternate_setting)
    }

    fn control_in(
        &mut self,
        request: ControlRequest,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, UsbError> {
        self.judge(request);
        let answer = self.inner.control_in(request, buffer, timeout);
        let is_status = request.request_type == DfuRequest::FROM_DEVICE
            && request.request == DfuRequest::GetStatus as u8;
        let said = answer.as_ref().ok().filter(|_| is_status);
        let report = said.and_then(|length| StatusReport::from_bytes(&buffer[..*length]));
        self.said = report.map(|report| report.state);
        self.is_spoilt |= !matches!(
            self.said,
            Some(DfuState::DfuDnloadIdle | DfuState::DfuDnbusy | DfuState::DfuDnloadSync)
        );
        answer
    }

    fn control_out(
        &mut self,
        request: ControlRequest,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), UsbError> {
        self.judge(request);
        match DfuRequest::from_byte(request.request) {
            Some(DfuRequest::Dnload) => self.judge_block(request.value, data),
            _ => self.next = None,
        }
        let answer = self.inner.control_out(request, data, timeout);
        self.is_spoilt |= answer.is_err();
        answer
    }

    fn reopen(&mut self) -> Result<(), UsbError> {
        self.next = None;
        self.said = None;
        self.inner.reopen()
    }

    fn is_on_bus(&mut self) -> bool {
        self.inner.is_on_bus()
    }

    fn at_port(&mut self) -> Option<Occupant> {
        self.inner.at_port()
    }

    fn reset(&mut self) -> Result<(), UsbError> {
        self.resets += 1;
        self.inner.reset()
    }

    fn wait(&mut self, duration: Duration) {
        self.inner.wait(duration);
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}
