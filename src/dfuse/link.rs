//! DfuSe's requests over a DFU link: commands, and blocks of memory.

mod leave;
mod unprotect;

use crate::chip::rom::{MASS_ERASE_DEADLINE, SECTOR_DEADLINE};
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfu::link::Link;

use super::command::{COMMAND_BLOCK, DfuseCommand};

impl Link<'_> {
    /// Sends a command and waits for the work it starts.
    pub fn command(&mut self, command: DfuseCommand) -> Result<(), SessionError> {
        let (action, deadline) = match command {
            DfuseCommand::SetAddressPointer(address) => {
                (Action::SetAddress(address), SECTOR_DEADLINE)
            }
            DfuseCommand::Erase(address) => (Action::Erase(address), SECTOR_DEADLINE),
            DfuseCommand::MassErase => (Action::MassErase, MASS_ERASE_DEADLINE),
            DfuseCommand::ReadUnprotect => (Action::ReadUnprotect, MASS_ERASE_DEADLINE),
        };
        self.download(COMMAND_BLOCK, command.to_bytes().as_ref(), action, deadline)
    }

    /// Writes a block, at most `wTransferSize` bytes, and waits until it is in flash.
    pub fn write_block(
        &mut self,
        block: u16,
        data: &[u8],
        address: u32,
    ) -> Result<(), SessionError> {
        self.download(block, data, Action::Write(address), SECTOR_DEADLINE)
    }

    /// Reads a block, at most `wTransferSize` bytes, filling the buffer.
    pub fn read_block(
        &mut self,
        block: u16,
        buffer: &mut [u8],
        address: u32,
    ) -> Result<(), SessionError> {
        let action = Action::Read(address);
        let found = self.upload(block, buffer, action)?;
        if found == buffer.len() {
            return Ok(());
        }
        Err(SessionError {
            action,
            cause: Cause::Short {
                expected: buffer.len(),
                found,
            },
        })
    }

    /// The commands the device says it has (AN3156 §4.1).
    pub fn commands(&mut self) -> Result<Vec<u8>, SessionError> {
        self.reach_idle()?;
        let mut commands = [0; 64];
        let length = self.upload(COMMAND_BLOCK, &mut commands, Action::ReachIdle)?;
        Ok(commands[..length].to_vec())
    }
}

#[cfg(test)]
mod tests;
