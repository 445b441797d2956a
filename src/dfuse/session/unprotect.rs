//! Lifting read protection: only where there is any, and done only where that was seen.

use crate::dfu::error::{Action, Cause, SessionError};
use crate::dfuse::command::{self, FIRST_DATA_BLOCK};
use crate::dfuse::plan::unprotect::UnprotectPlan;
use crate::usb::UsbError;

use super::{Event, Phase, Session};

/// How often a board's list of commands is read before it is believed that one is not in it: an answer may be cut short.
const READS_OF_COMMANDS: u32 = 2;

impl Session<'_> {
    /// Lifts read protection, which erases main flash, unless the board shows that there is none.
    ///
    /// # Errors
    /// [`Cause::NoSuchCommand`], what the board says, or that nobody knows what has come of it.
    pub(super) fn unprotect(&mut self, plan: &UnprotectPlan) -> Result<(), SessionError> {
        self.check_commands()?;
        let protected = self.probe_protection(plan)?;
        if protected == Some(false) {
            self.tally.unprotected = Some(false);
            return self.link.reach_idle();
        }
        self.tell(Event::Begin(Phase::Unprotect, None), Action::ReadUnprotect)?;
        let mut tries = 0;
        while let Err(error) = self.lift_protection(plan) {
            self.recover(error, &mut tries)?;
            // It may have been no more than the answer that went wrong.
            if protected == Some(true) && self.probe_protection(plan)? == Some(false) {
                break;
            }
        }
        self.tally.unprotected = Some(true);
        let sectors = plan.sectors.iter();
        let sectors = sectors.map(|sector| ((plan.alternate_setting, sector.address), true));
        self.erased.extend(sectors);
        Ok(())
    }

    /// Whether read protection is on, by a read that changes nothing; `None` where the board doesn't let that be seen, or
    /// can't lift any. The board is in dfuIDLE in the end.
    ///
    /// # Errors
    /// A board that is gone, or doesn't get to dfuIDLE.
    pub fn is_read_protected(
        &mut self,
        plan: &UnprotectPlan,
    ) -> Result<Option<bool>, SessionError> {
        let can_lift = self.check_commands().is_ok();
        let is_protected = self.probe_protection(plan)?;
        self.link.reach_idle()?;
        Ok(is_protected.filter(|_| can_lift))
    }

    /// A protected chip may refuse to tell its commands, and others have no list: only one without the command counts.
    fn check_commands(&mut self) -> Result<(), SessionError> {
        for _ in 0..READS_OF_COMMANDS {
            let commands = self.link.commands();
            if !commands.is_ok_and(|commands| !command::can_lift_read_protection(&commands)) {
                return Ok(());
            }
        }
        Err(SessionError {
            action: Action::ReadUnprotect,
            cause: Cause::NoSuchCommand,
        })
    }

    /// Reads, which tells whether read protection is on; `None` where the board doesn't let that be seen. Memory that can be read is not
    /// protected, and protected memory answers errVENDOR (AN3156 §4, §5).
    ///
    /// # Errors
    /// A board that is gone.
    fn probe_protection(&mut self, plan: &UnprotectPlan) -> Result<Option<bool>, SessionError> {
        self.link.reach_idle()?;
        let read = self.persist(|session| session.try_to_read(plan));
        match read {
            Ok(true) => Ok(Some(false)),
            Ok(false) => Ok(None),
            Err(error) if error.cause.is_vendor_error() => Ok(Some(true)),
            Err(error)
                if matches!(
                    error.cause,
                    Cause::Usb(UsbError::NoDevice) | Cause::Interrupted
                ) =>
            {
                Err(error)
            }
            Err(_) => Ok(None),
        }
    }

    /// Reads a block of main flash and forgets it. Returns whether it could be tried at all: some boards can't be read.
    fn try_to_read(&mut self, plan: &UnprotectPlan) -> Result<bool, SessionError> {
        self.select(plan.alternate_setting)?;
        self.set_address(plan.address)?;
        if self.options.can_upload {
            let mut block = vec![0; self.options.transfer_size.into()];
            self.link
                .read_block(FIRST_DATA_BLOCK, &mut block, plan.address)?;
        }
        Ok(self.options.can_upload)
    }

    fn lift_protection(&mut self, plan: &UnprotectPlan) -> Result<(), SessionError> {
        self.link.reach_idle()?;
        self.pointer = None;
        self.tally.touched = true;
        // What is lost with it nobody can see.
        self.tally.unseen_sectors = plan.sectors.len().max(1);
        // A board that says that it is done, and was not seen at it, has to show that it is.
        if self.link.read_unprotect()? || self.probe_protection(plan)? == Some(false) {
            return Ok(());
        }
        Err(SessionError {
            action: Action::ReadUnprotect,
            cause: Cause::StillProtected,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::dfu::link::script::Answer::{self, Bytes, Fails};
    use crate::dfu::link::script::{ACK, DNLOAD_IDLE, IDLE, STALL, Script};
    use crate::dfuse::layout::MemoryLayout;
    use crate::dfuse::plan::Plan;
    use crate::dfuse::session::{SessionOptions, Tally};

    const COMMANDS: Answer = Bytes(&[0x00, 0x21, 0x41, 0x92]);
    const ERR_VENDOR: Answer = Bytes(&[0x0B, 0, 0, 0, 10, 0]);
    const BLOCK: Answer = Bytes(&[0xFF; 8]);

    const OPTIONS: SessionOptions = SessionOptions {
        interface: 0,
        transfer_size: 8,
        several_memories: false,
        can_upload: true,
    };

    /// A board that opens, tells its commands, and then gives these answers.
    fn opening_with(answers: impl IntoIterator<Item = Answer>) -> Script {
        let opening = [IDLE, IDLE, COMMANDS, IDLE];
        Script::of(opening.into_iter().chain(answers).collect())
    }

    /// Lifts the protection of a board that stays on the bus. Returns whether it was told to, and how it ended.
    fn unprotect(
        answers: impl IntoIterator<Item = Answer>,
    ) -> (bool, Tally, Result<(), SessionError>) {
        let mut script = opening_with(answers);
        let mut on_event = |_: crate::dfuse::session::Told<'_>| ControlFlow::Continue(());
        let mut session = Session::open(&mut script, OPTIONS, &mut on_event).expect("idle at once");
        let layout = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg";
        let layout = MemoryLayout::parse(layout).expect("a real string");
        let plan = Plan::Unprotect(UnprotectPlan {
            alternate_setting: 0,
            address: 0x0800_0000,
            sectors: layout.sectors().collect(),
        });
        let result = session.run(&plan).map(drop);
        let tally = session.tally();
        assert!(script.answers.is_empty(), "{}", script.diary);
        (script.diary.contains("> [92]\n"), tally, result)
    }

    /// Looks whether a board is protected. Returns what was sent, and what was found.
    fn look(answers: impl IntoIterator<Item = Answer>) -> (String, Option<bool>) {
        let mut script = opening_with(answers);
        let mut on_event = |_: crate::dfuse::session::Told<'_>| ControlFlow::Continue(());
        let mut session = Session::open(&mut script, OPTIONS, &mut on_event).expect("idle at once");
        let plan = UnprotectPlan {
            alternate_setting: 0,
            address: 0x0800_0000,
            sectors: Vec::new(),
        };
        let found = session.is_read_protected(&plan).expect("it is there");
        assert!(script.answers.is_empty(), "{}", script.diary);
        (script.diary, found)
    }

    #[test]
    fn a_look_at_the_protection_changes_nothing_and_ends_in_dfuidle() {
        let read = [
            ACK,
            DNLOAD_IDLE,
            ACK,
            BLOCK,
            Bytes(&[0, 0, 0, 0, 9, 0]),
            ACK,
            IDLE,
        ];
        let (diary, found) = look(read);
        assert_eq!(found, Some(false), "{diary}");
        let at_the_end = [ERR_VENDOR, ACK, IDLE];
        let (refused, found) = look(refuses_to_be_read().into_iter().chain(at_the_end));
        assert_eq!(found, Some(true), "{refused}");
        for diary in [diary, refused] {
            // DNLOAD; 0x21 sets the address pointer, and all else would change something.
            let mut downloads = diary.lines().filter(|line| line.starts_with("21 01 "));
            let is_harmless = |line: &str| line.contains("> [21, ");
            assert!(
                downloads.clone().count() > 0 && downloads.all(is_harmless),
                "{diary}"
            );
        }
    }

    /// SET_ADDRESS is refused, and once more to be sure.
    fn refuses_to_be_read() -> Vec<Answer> {
        vec![ACK, ERR_VENDOR, ERR_VENDOR, ACK, IDLE, ACK, ERR_VENDOR]
    }

    /// From dfuERROR to dfuIDLE, and the command, whose answer is that of any other.
    fn says_that_it_is_done() -> Vec<Answer> {
        vec![
            ERR_VENDOR,
            ACK,
            IDLE,
            ACK,
            DNLOAD_IDLE,
            DNLOAD_IDLE,
            ACK,
            IDLE,
        ]
    }

    #[test]
    fn a_board_that_can_be_read_is_not_told_to_lift_anything() {
        for first in [vec![], vec![ACK, Fails(UsbError::Timeout), IDLE]] {
            let read = [
                ACK,
                DNLOAD_IDLE,
                ACK,
                BLOCK,
                Bytes(&[0, 0, 0, 0, 9, 0]),
                ACK,
                IDLE,
            ];
            let (told, tally, result) = unprotect(first.into_iter().chain(read));
            assert_eq!(result, Ok(()));
            assert_eq!(
                (told, tally.unprotected, tally.erased_sectors),
                (false, Some(false), 0)
            );
            assert!(!tally.touched);
        }
    }

    #[test]
    fn a_board_that_only_says_that_it_is_done_has_lifted_its_protection_if_it_can_be_read_then() {
        let read = [ACK, DNLOAD_IDLE, ACK, BLOCK];
        let answers = refuses_to_be_read()
            .into_iter()
            .chain(says_that_it_is_done());
        let (told, tally, result) = unprotect(answers.chain(read));
        assert_eq!(result, Ok(()));
        assert_eq!(
            (told, tally.unprotected, tally.erased_sectors),
            (true, Some(true), 12)
        );
    }

    #[test]
    fn a_board_that_says_that_it_is_done_and_still_refuses_to_be_read_has_not_done_it() {
        let answers = refuses_to_be_read()
            .into_iter()
            .chain(says_that_it_is_done());
        let at_the_end = [ERR_VENDOR, ACK, IDLE];
        let answers = answers.chain(refuses_to_be_read()).chain(at_the_end);
        let (told, tally, result) = unprotect(answers);
        assert_eq!(
            result.map_err(|error| error.cause),
            Err(Cause::StillProtected)
        );
        assert_eq!(
            (told, tally.unprotected, tally.erased_sectors),
            (true, None, 0)
        );
    }

    /// An errVENDOR of its own that passes is no read protection.
    #[test]
    fn a_board_that_refuses_to_be_read_once_is_asked_again() {
        let refused = [ACK, DNLOAD_IDLE, ACK, STALL, ERR_VENDOR];
        let asked = [ERR_VENDOR, ACK, IDLE, ACK, DNLOAD_IDLE];
        let again = [DNLOAD_IDLE, ACK, IDLE, ACK, DNLOAD_IDLE, ACK, BLOCK];
        let idle = [Bytes(&[0, 0, 0, 0, 9, 0]), ACK, IDLE];
        let answers = refused.into_iter().chain(asked).chain(again).chain(idle);
        let (told, tally, result) = unprotect(answers);
        assert_eq!(
            (told, result, tally.unprotected),
            (false, Ok(()), Some(false))
        );
    }
}
