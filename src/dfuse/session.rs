//! One board, from dfuIDLE to the start of its application: carries out a plan.

use std::ops::ControlFlow;

use crate::usb::Transport;

use super::blocks::bursts;
use super::error::{Action, Cause, SessionError};
use super::layout::Sector;
use super::link::Link;
use super::plan::{AddressRange, MassErase, Plan, Stage, Start, TargetPlan, joined};
use super::protocol::{DfuStatus, DfuseCommand};
use super::quirks;

/// What is happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A part of the work begins, of this many bytes; `None` where there is no telling how long it takes.
    Begin(Phase, Option<u64>),
    /// So many bytes more of it are done.
    Advance(u64),
}

/// The parts of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Erasing all of a memory.
    MassErase,
    /// Looking whether that erased everything.
    BlankCheck,
    /// Erasing sectors.
    Erase,
    /// Downloading all but the heads.
    Write,
    /// Reading back and comparing all but the heads.
    Verify,
    /// Downloading and comparing the heads: what makes the application bootable.
    Head,
    /// Starting the application.
    Leave,
}

/// What has been done, up to now or up to the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sectors erased, one by one or by mass erase.
    pub erased_sectors: usize,
    /// Bytes of the image that were written.
    pub written_bytes: u64,
    /// Bytes that were read back and are as they should be.
    pub verified_bytes: u64,
    /// Whether the board has left DFU mode; `None` where it was not asked to.
    pub left: Option<bool>,
}

/// What a session has to know of its board.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// `bInterfaceNumber`.
    pub interface: u8,
    /// The size of a block, in bytes.
    pub transfer_size: u16,
    /// Whether there is more than one alternate setting, so that one has to be chosen.
    pub several_memories: bool,
}

/// A board at work.
pub struct Session<'t> {
    link: Link<'t>,
    options: SessionOptions,
    /// Hears of progress; its answer says whether to go on.
    on_event: &'t mut dyn FnMut(Event) -> ControlFlow<()>,
    tally: Tally,
    selected: Option<u8>,
}

impl<'t> Session<'t> {
    /// Claims the board and brings it to dfuIDLE.
    pub fn open(
        transport: &'t mut dyn Transport,
        options: SessionOptions,
        on_event: &'t mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Self, SessionError> {
        let link = Link::open(transport, options.interface)?;
        Ok(Self {
            link,
            options,
            on_event,
            tally: Tally::default(),
            selected: None,
        })
    }

    /// What has been done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Carries out a plan. After an error the board is brought to dfuIDLE again, if it still listens.
    pub fn run(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        self.carry_out(plan).map_err(|error| {
            let error = self.diagnosed(error);
            // Should this fail too, the first error says more.
            let _ = self.link.to_idle();
            error
        })
    }

    fn carry_out(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        self.erase(plan)?;
        self.download(plan)?;
        match plan.start {
            Some(start) => self.leave(start),
            None => self.link.to_idle(),
        }
    }

    fn erase(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        for target in &plan.targets {
            if let Some(mass_erase) = &target.mass_erase {
                self.select(target)?;
                self.mass_erase(mass_erase, target.erased)?;
                if mass_erase.check && target.elements.is_empty() {
                    self.tally.verified_bytes += size(&mass_erase.sectors);
                }
            }
        }
        let total = plan.targets.iter().map(|target| size(&target.erase)).sum();
        self.begin(Phase::Erase, total)?;
        for target in plan
            .targets
            .iter()
            .filter(|target| !target.erase.is_empty())
        {
            self.select(target)?;
            self.erase_sectors(&target.erase)?;
        }
        Ok(())
    }

    /// Everything but the heads first, and checked. A board whose flash ends early then has no vector table, and
    /// stays in its bootloader instead of starting half an application.
    fn download(&mut self, plan: &Plan<'_>) -> Result<(), SessionError> {
        let bodies = || plan.targets.iter().map(|target| (target, &target.body));
        self.begin(
            Phase::Write,
            bodies().map(|(_, body)| body.bytes_to_write()).sum(),
        )?;
        self.write_stages(bodies())?;
        self.begin(
            Phase::Verify,
            bodies().map(|(_, body)| body.bytes_to_verify()).sum(),
        )?;
        self.verify_stages(bodies())?;
        let heads = || {
            plan.targets
                .iter()
                .filter_map(|target| Some((target, target.head.as_ref()?)))
        };
        if heads().next().is_none() {
            return Ok(());
        }
        self.tell(Event::Begin(Phase::Head, None), Action::ReachIdle)?;
        self.write_stages(heads())?;
        self.verify_stages(heads())
    }

    /// Some ROMs accept a mass erase and do nothing (F767, H74x V13.3, and ST's class sample), and no ROM reports
    /// write-protected sectors. So it is looked at, and what is not blank is erased sector by sector.
    fn mass_erase(&mut self, mass_erase: &MassErase, erased: u8) -> Result<(), SessionError> {
        let sectors = &mass_erase.sectors;
        self.tell(Event::Begin(Phase::MassErase, None), Action::MassErase)?;
        self.link
            .command(DfuseCommand::MassErase, Action::MassErase)?;
        let left_over = if mass_erase.check {
            self.not_blank(sectors, erased)?
        } else {
            Vec::new()
        };
        self.tally.erased_sectors += sectors.len() - left_over.len();
        if left_over.is_empty() {
            return Ok(());
        }
        self.begin(Phase::Erase, size(&left_over))?;
        self.erase_sectors(&left_over)?;
        for range in joined(left_over.into_iter().map(AddressRange::from)) {
            self.read(range, |address, found| {
                first_difference(address, found, |_| erased)
            })?;
        }
        Ok(())
    }

    /// Those of these sectors that have a byte that is not erased.
    fn not_blank(&mut self, sectors: &[Sector], erased: u8) -> Result<Vec<Sector>, SessionError> {
        self.begin(Phase::BlankCheck, size(sectors))?;
        let mut not_blank: Vec<Sector> = Vec::new();
        for range in joined(sectors.iter().copied().map(AddressRange::from)) {
            self.read(range, |address, found| {
                let mut rest = found;
                let mut next = u64::from(address);
                let first = sectors.partition_point(|sector| sector.end() <= next);
                for sector in &sectors[first..] {
                    let length = usize::try_from(sector.end() - next)
                        .map_or(rest.len(), |l| l.min(rest.len()));
                    let (inside, behind) = rest.split_at(length);
                    if inside.iter().any(|byte| *byte != erased) && not_blank.last() != Some(sector)
                    {
                        not_blank.push(*sector);
                    }
                    rest = behind;
                    next = sector.end();
                    if rest.is_empty() {
                        break;
                    }
                }
                Ok(())
            })?;
        }
        Ok(not_blank)
    }

    fn erase_sectors(&mut self, sectors: &[Sector]) -> Result<(), SessionError> {
        for sector in sectors {
            let action = Action::Erase(sector.address);
            self.link
                .command(DfuseCommand::Erase(sector.address), action)?;
            self.tally.erased_sectors += 1;
            self.advance(sector.size.into(), action)?;
        }
        Ok(())
    }

    fn write_stages<'p, 'i: 'p>(
        &mut self,
        stages: impl Iterator<Item = (&'p TargetPlan<'i>, &'p Stage)>,
    ) -> Result<(), SessionError> {
        let transfer_size = self.options.transfer_size;
        let mut buffer = vec![0; transfer_size.into()];
        for (target, stage) in stages.filter(|(_, stage)| !stage.write.is_empty()) {
            self.select(target)?;
            for burst in stage
                .write
                .iter()
                .flat_map(|range| bursts(*range, transfer_size))
            {
                self.set_address(burst.address)?;
                for (block, address) in burst.blocks() {
                    let data = &mut buffer[..burst.length.into()];
                    let named = target.contents(address, data);
                    self.link.write_block(block, data, address)?;
                    self.tally.written_bytes += named;
                    self.advance(burst.length.into(), Action::Write(address))?;
                }
            }
        }
        Ok(())
    }

    fn verify_stages<'p, 'i: 'p>(
        &mut self,
        stages: impl Iterator<Item = (&'p TargetPlan<'i>, &'p Stage)>,
    ) -> Result<(), SessionError> {
        let mut expected = vec![0; self.options.transfer_size.into()];
        for (target, stage) in stages.filter(|(_, stage)| !stage.verify.is_empty()) {
            self.select(target)?;
            for range in &stage.verify {
                let mut verified = 0;
                let outcome = self.read(*range, |address, found| {
                    let expected = &mut expected[..found.len()];
                    let named = target.contents(address, expected);
                    first_difference(address, found, |index| expected[index])?;
                    verified += if target.elements.is_empty() {
                        found.len() as u64
                    } else {
                        named
                    };
                    Ok(())
                });
                self.tally.verified_bytes += verified;
                outcome?;
            }
        }
        Ok(())
    }

    /// Reads a range block by block and shows each to `look`.
    fn read(
        &mut self,
        range: AddressRange,
        mut look: impl FnMut(u32, &[u8]) -> Result<(), Cause>,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; self.options.transfer_size.into()];
        for burst in bursts(range, self.options.transfer_size) {
            self.set_address(burst.address)?;
            for (block, address) in burst.blocks() {
                let found = &mut buffer[..burst.length.into()];
                self.link.read_block(block, found, address)?;
                look(address, found).map_err(|cause| SessionError {
                    action: Action::Verify(address),
                    cause,
                })?;
                self.advance(burst.length.into(), Action::Verify(address))?;
            }
        }
        Ok(())
    }

    fn leave(&mut self, start: Start) -> Result<(), SessionError> {
        self.tell(Event::Begin(Phase::Leave, None), Action::Leave)?;
        if self.selected != Some(start.alternate_setting) {
            self.select_number(start.alternate_setting)?;
        }
        self.set_address(start.address)?;
        self.tally.left = Some(self.link.leave());
        Ok(())
    }

    fn set_address(&mut self, address: u32) -> Result<(), SessionError> {
        self.link.command(
            DfuseCommand::SetAddressPointer(address),
            Action::SetAddress(address),
        )
    }

    fn select(&mut self, target: &TargetPlan<'_>) -> Result<(), SessionError> {
        self.select_number(target.alternate_setting)
    }

    fn select_number(&mut self, alternate_setting: u8) -> Result<(), SessionError> {
        if self.options.several_memories && self.selected != Some(alternate_setting) {
            self.link.select_memory(alternate_setting)?;
            self.selected = Some(alternate_setting);
        }
        Ok(())
    }

    /// Says read protection where that is what the board's answer means.
    fn diagnosed(&mut self, error: SessionError) -> SessionError {
        let Cause::Answered {
            status: DfuStatus::ErrVendor,
            explanation: None,
            ..
        } = error.cause
        else {
            return error;
        };
        match self.link.commands() {
            Ok(commands) if quirks::vendor_error_means_read_protection(&commands) => SessionError {
                cause: Cause::ReadProtected,
                ..error
            },
            _ => error,
        }
    }

    /// Tells of a part of the work, unless there is nothing to do in it.
    fn begin(&mut self, phase: Phase, total: u64) -> Result<(), SessionError> {
        if total == 0 {
            return Ok(());
        }
        self.tell(Event::Begin(phase, Some(total)), Action::ReachIdle)
    }

    fn advance(&mut self, bytes: u64, action: Action) -> Result<(), SessionError> {
        self.tell(Event::Advance(bytes), action)
    }

    fn tell(&mut self, event: Event, action: Action) -> Result<(), SessionError> {
        match (self.on_event)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(SessionError {
                action,
                cause: Cause::Interrupted,
            }),
        }
    }
}

/// In bytes, together.
fn size(sectors: &[Sector]) -> u64 {
    sectors.iter().map(|sector| u64::from(sector.size)).sum()
}

fn first_difference(
    address: u32,
    found: &[u8],
    expected: impl Fn(usize) -> u8,
) -> Result<(), Cause> {
    match found
        .iter()
        .enumerate()
        .find(|(index, byte)| **byte != expected(*index))
    {
        None => Ok(()),
        Some((index, byte)) => Err(Cause::Differs {
            address: u32::try_from(index).map_or(address, |index| address.saturating_add(index)),
            expected: expected(index),
            found: *byte,
        }),
    }
}
