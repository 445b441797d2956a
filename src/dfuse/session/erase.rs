//! Erasing, and making sure of it.

use std::borrow::Cow;

use crate::dfuse::error::{Action, Cause, SessionError};
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::{MassErase, Plan, TargetPlan};
use crate::dfuse::protocol::DfuseCommand;
use crate::dfuse::range::{AddressRange, joined};

use super::{Event, Phase, Session};

impl Session<'_> {
    /// Erases what the plan says, in all memories, before anything is written to any.
    pub(super) fn erase(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        for target in &plan.targets {
            if let Some(mass_erase) = &target.mass_erase {
                self.select_target(target)?;
                self.mass_erase(target, mass_erase)?;
            }
        }
        self.begin(
            Phase::Erase,
            plan.targets.iter().map(|target| size(&target.erase)).sum(),
        )?;
        for target in plan
            .targets
            .iter()
            .filter(|target| !target.erase.is_empty())
        {
            self.select_target(target)?;
            self.erase_sectors(target, &target.erase)?;
        }
        Ok(())
    }

    pub(super) fn erase_sectors(
        &mut self,
        target: &TargetPlan<'_>,
        sectors: &[Sector],
    ) -> Result<(), SessionError> {
        for sector in sectors {
            self.erase_sector(target, *sector)?;
            if self.counting {
                self.tally.erased_sectors += 1;
            }
            self.advance(sector.size.into(), Action::Erase(sector.address))?;
        }
        Ok(())
    }

    /// After trouble the sector may be erased all the same: an answer was lost, or the board wedged itself behind
    /// the work (H743 V9.0). What is in flash tells; where it can't be read, it is erased again.
    fn erase_sector(
        &mut self,
        target: &TargetPlan<'_>,
        sector: Sector,
    ) -> Result<(), SessionError> {
        let mut tries = 0;
        loop {
            // ST's library takes the sector's address for the pointer.
            self.pointer = None;
            self.tally.touched = true;
            let erase = DfuseCommand::Erase(sector.address);
            let Err(error) = self.link.command(erase, Action::Erase(sector.address)) else {
                return Ok(());
            };
            self.recover(error, &mut tries)?;
            let readable = self.options.can_upload && sector.access.readable;
            if readable
                && self
                    .unnoticed(|session| session.look_at(target, sector.into()))?
                    .erased
            {
                return Ok(());
            }
        }
    }

    /// Some ROMs accept a mass erase and do nothing (F767, H74x V13.3, and ST's class sample), and no ROM reports
    /// write-protected sectors. So it is looked at, and what is not blank is erased sector by sector.
    fn mass_erase(
        &mut self,
        target: &TargetPlan<'_>,
        mass_erase: &MassErase,
    ) -> Result<(), SessionError> {
        let sectors = &mass_erase.sectors;
        self.tell(Event::Begin(Phase::MassErase, None), Action::MassErase)?;
        self.pointer = None;
        self.tally.touched = true;
        self.persist(|session| {
            session
                .link
                .command(DfuseCommand::MassErase, Action::MassErase)
        })?;
        self.tally.erased_sectors += sectors.len();
        let left_over = if mass_erase.check {
            self.begin(Phase::BlankCheck, size(sectors))?;
            self.not_erased(target, sectors)?
        } else {
            Vec::new()
        };
        self.tally.erased_sectors -= left_over.len();
        if !left_over.is_empty() {
            self.begin(Phase::Erase, size(&left_over))?;
            self.erase_sectors(target, &left_over)?;
            let blank = TargetPlan {
                elements: Cow::Borrowed(&[]),
                ..target.clone()
            };
            for range in joined(left_over.iter().copied().map(AddressRange::from)) {
                let result = self.unnoticed(|session| session.verify(&blank, range));
                result.inspect_err(|error| self.discount(&blank, &left_over, error))?;
            }
        }
        if mass_erase.check && target.elements.is_empty() {
            self.tally.verified_bytes += size(sectors);
        }
        Ok(())
    }

    /// Takes those out of the tally that were to be erased and nothing else, and that are not.
    pub(super) fn discount(
        &mut self,
        target: &TargetPlan<'_>,
        sectors: &[Sector],
        error: &SessionError,
    ) {
        if !matches!(error.cause, Cause::Differs { .. }) || !target.elements.is_empty() {
            return;
        }
        // What has failed to begin with says more than that this could not be looked at, either.
        let left_over = self.unnoticed(|session| session.not_erased(target, sectors));
        self.tally.erased_sectors -= left_over.map_or(0, |left_over| left_over.len());
    }

    /// Those of these sectors that have a byte that is not erased.
    fn not_erased(
        &mut self,
        target: &TargetPlan<'_>,
        sectors: &[Sector],
    ) -> Result<Vec<Sector>, SessionError> {
        let mut not_erased: Vec<Sector> = Vec::new();
        for range in joined(sectors.iter().copied().map(AddressRange::from)) {
            self.read(target, range, |address, found| {
                let dirty = |(_, byte): &(u64, &u8)| **byte != target.erased;
                let mut dirty = (u64::from(address)..)
                    .zip(found)
                    .filter(dirty)
                    .map(|(address, _)| address);
                while let Some(address) = dirty.next() {
                    let index = sectors.partition_point(|sector| sector.end() <= address);
                    let end = sectors.get(index).map_or(u64::MAX, Sector::end);
                    not_erased.extend(
                        sectors
                            .get(index)
                            .filter(|sector| not_erased.last() != Some(sector)),
                    );
                    // One byte is enough; on to what lies behind the sector.
                    dirty.by_ref().find(|address| *address + 1 >= end);
                }
                Ok(())
            })?;
        }
        Ok(not_erased)
    }
}

/// In bytes, together.
fn size(sectors: &[Sector]) -> u64 {
    sectors.iter().map(|sector| u64::from(sector.size)).sum()
}
