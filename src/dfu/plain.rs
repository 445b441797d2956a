//! stub
use super::error::SessionError;
use super::event::Event;
use super::tally::Tally;
use crate::usb::Transport;
use std::ops::ControlFlow;
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub interface: u8,
    pub transfer_size: u16,
    pub several_memories: bool,
    pub can_upload: bool,
    pub is_tolerant: bool,
    pub will_detach: bool,
    pub ignores_poll_timeout: bool,
}
#[derive(Debug, Clone, Copy)]
pub struct Download<'s> {
    pub memory: u8,
    pub bytes: &'s [u8],
    pub if_different: bool,
    pub verify: bool,
    pub leave: bool,
}
#[derive(Debug, Clone, Copy)]
pub enum Plan<'s> {
    Download(Download<'s>),
    Verify { memory: u8, bytes: &'s [u8] },
    Read { memory: u8, twice: bool },
    Leave,
}
pub struct Session<'t> {
    t: &'t mut dyn Transport,
}
impl<'t> Session<'t> {
    pub fn open(
        t: &'t mut dyn Transport,
        _: Options,
        _: &'t mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Self, SessionError> {
        Ok(Self { t })
    }
    pub fn run(&mut self, _: &Plan<'_>) -> Result<Option<Vec<u8>>, SessionError> {
        Ok(None)
    }
    pub fn tally(&self) -> Tally {
        Tally::default()
    }
}
