//! A file that looks linked for another address: whether what is on the board explains that.

use crate::address::AddressRange;
use crate::chip::vector_table;
use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::plan::flash::Suspicion;
use crate::dfuse::plan::region::Region;

use super::Session;

impl Session<'_> {
    /// Looks whether the code that a file jumps to is on the board already, as it is where an image comes in two files
    /// (MicroPython's firmware0.bin and firmware1.bin). Where an application of its own has its vector table in the place
    /// that the file was linked for, it is that one's code.
    pub(super) fn clear_up(&mut self, suspicion: &Suspicion) -> Result<(), SessionError> {
        let Suspicion { region, found } = suspicion;
        let code = self.read_some(region, found.reset)?;
        let is_there = !region.is_erased(&code);
        let is_anothers = match found.guess {
            Some(guess) if is_there => {
                vector_table::looks_like_one(&self.read_some(region, guess)?)
            }
            _ => false,
        };
        if is_there && !is_anothers {
            return Ok(());
        }
        Err(SessionError {
            action: Action::Read(found.address),
            cause: Cause::LinkedElsewhere(found.clone()),
        })
    }

    /// The first bytes from an address on.
    fn read_some(&mut self, region: &Region, address: u32) -> Result<Vec<u8>, SessionError> {
        const BYTES: u64 = 16;
        let mut some = Vec::new();
        let end = u64::from(address) + BYTES;
        let sector = region.sectors_in(AddressRange { address, end }).next();
        let end = sector.map_or(end, |sector| sector.end()).min(end);
        self.unnoticed(|session| {
            session.read(region, AddressRange { address, end }, |_, found| {
                some.extend_from_slice(found);
                Ok(())
            })
        })?;
        Ok(some)
    }
}
