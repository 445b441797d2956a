//! Writing flash.

use crate::address::AddressRange;
use crate::dfu::error::{Action, SessionError};
use crate::dfuse::steps::MemorySteps;

use super::redo::Redo;
use super::{Pass, Session};

/// What became of a block whose write went wrong.
enum Fate {
    /// It is all there.
    Written,
    /// It can be written: there is nothing yet, or what is there can be written over.
    Open,
    /// Its sectors have to be erased and written once more.
    Doubtful,
}

impl Session<'_> {
    /// Writes a range of what the memory with this index is to hold. Where a write goes wrong and leaves nobody knows
    /// what, its sectors are passed over, and added to `doubt`.
    pub(super) fn write(
        &mut self,
        index: usize,
        memory: &MemorySteps<'_>,
        range: AddressRange,
        doubt: &mut Option<Redo>,
    ) -> Result<(), SessionError> {
        let (mut done, mut tries) = (0, 0);
        while let Some(rest) = range.after(done) {
            self.is_there_for(rest)?;
            self.select(memory.plan.region.alternate_setting)?;
            let before = done;
            let Err(error) = self.write_on(memory, rest, &mut done) else {
                break;
            };
            if done > before {
                tries = 0;
            }
            let begun = self.link.is_at_work();
            let recovered = self.recover(error.clone(), &mut tries);
            let rest = range.after(done);
            let Some(block) = rest.and_then(|rest| rest.blocks(self.options.transfer_size).next())
            else {
                return recovered;
            };
            let fate = match recovered {
                Ok(()) => self.read_fate(memory, block)?,
                Err(error) => {
                    self.after_reset(memory, block, error, begun)?;
                    Fate::Written
                }
            };
            match fate {
                Fate::Written => {
                    done += block.size();
                    self.count_written(memory.image().bytes_in(block));
                }
                Fate::Open => {}
                Fate::Doubtful => {
                    let sectors = memory.plan.region.sectors_in(block);
                    let redo = doubt.get_or_insert_with(|| Redo::because_of(error));
                    redo.sectors
                        .extend(sectors.map(|sector| (index, sector.address)));
                    if memory.plan.in_order {
                        break;
                    }
                    let end = memory
                        .plan
                        .region
                        .sectors_in(block)
                        .map(|sector| sector.end());
                    done = end.max().unwrap_or(block.end).min(range.end) - range.start();
                }
            }
        }
        Ok(())
    }

    fn write_on(
        &mut self,
        memory: &MemorySteps<'_>,
        range: AddressRange,
        done: &mut u64,
    ) -> Result<(), SessionError> {
        let region = &memory.plan.region;
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for block in range.blocks(self.options.transfer_size) {
            let length =
                usize::try_from(block.size()).map_or(buffer.len(), |size| size.min(buffer.len()));
            let data = &mut buffer[..length];
            let named = memory.contents(block.address, data);
            // Erasing has written it already. The address of the next block follows from its number.
            let is_there =
                !memory.plan.in_order && region.is_erased(data) && region.is_erasable(block);
            if !is_there {
                self.doubt_pointer(region);
                let number = self.block_number(block.address, length)?;
                self.tally.touched = true;
                self.link.write_block(number, data, block.address)?;
            }
            *done += block.size();
            self.count_written(named);
            self.advance(block.size(), Action::Write(block.address))?;
        }
        Ok(())
    }

    fn count_written(&mut self, bytes: u64) {
        if self.pass == Pass::First {
            self.tally.written_bytes += bytes;
        }
    }

    /// After trouble nobody knows how much of a block was written. What is in flash tells, where it can be read.
    fn read_fate(
        &mut self,
        memory: &MemorySteps<'_>,
        block: AddressRange,
    ) -> Result<Fate, SessionError> {
        let region = &memory.plan.region;
        let (mut is_written, mut is_erased) = (false, false);
        if memory.plan.reads {
            (is_written, is_erased) = (true, true);
            self.unnoticed(|session| {
                session.read(region, block, |address, found| {
                    let mut expected = vec![0; found.len()];
                    memory.contents(address, &mut expected);
                    is_written &= found == expected;
                    is_erased &= region.is_erased(found);
                    Ok(())
                })
            })?;
        }
        Ok(match (is_written, is_erased) {
            (true, _) => Fate::Written,
            (false, true) => Fate::Open,
            (false, false) if !region.is_erasable(block) => Fate::Open,
            (false, false) => Fate::Doubtful,
        })
    }
}
