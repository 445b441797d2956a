//! MicroPython's mboot built with packing: takes an image from its first block on, in order, and shows nothing of flash.
//!
//! Written from its pack.c. There, what comes is encrypted and signed; here each byte reaches flash as it comes.

use std::time::Duration;

use crate::dfu::protocol::DfuStatus;
use crate::sim::flash::MemoryContents;

/// How far an image has come.
#[derive(Debug)]
pub struct Packing {
    /// Where an image has to begin.
    begin: u32,
    /// Where its next block has to go.
    next: u32,
    /// Up to where it has erased, for this image.
    erased_until: u64,
    /// What came last with a DNLOAD, and what an UPLOAD answers.
    buffer: Vec<u8>,
}

impl Packing {
    /// Nothing has come yet of an image that has to begin at `begin`.
    pub fn new(begin: u32) -> Self {
        Self {
            begin,
            next: begin,
            erased_until: begin.into(),
            buffer: Vec::new(),
        }
    }

    /// What a DNLOAD brings, command or data.
    pub fn receive(&mut self, data: &[u8]) {
        self.buffer
            .splice(..data.len().min(self.buffer.len()), data.iter().copied());
    }

    /// What stands in the buffer where something was to be read into it.
    pub fn stale(&self, length: usize) -> Vec<u8> {
        let mut bytes = self.buffer.clone();
        bytes.resize(length, 0);
        bytes
    }

    /// Erases what `data` needs and programs it. Returns how long the flash takes.
    ///
    /// # Errors
    /// errFILE for what is neither the first block of an image nor the one after the last; then an image has to begin
    /// anew. Those of erasing and programming.
    pub fn write(
        &mut self,
        memory: &mut MemoryContents,
        address: u32,
        data: &[u8],
    ) -> Result<Duration, DfuStatus> {
        if address == self.begin || address != self.next {
            (self.next, self.erased_until) = (self.begin, self.begin.into());
        }
        if address != self.next {
            return Err(DfuStatus::ErrFile);
        }
        let mut taken = Duration::ZERO;
        let end = u64::from(address) + data.len() as u64;
        while self.erased_until < end {
            let sector = u32::try_from(self.erased_until).map_err(|_| DfuStatus::ErrTarget)?;
            taken += memory.erase_sector(sector)?;
            self.erased_until = memory.sector_end(sector).ok_or(DfuStatus::ErrTarget)?;
        }
        taken += memory.program(address, data)?;
        self.next = u32::try_from(end).map_err(|_| DfuStatus::ErrTarget)?;
        Ok(taken)
    }
}
