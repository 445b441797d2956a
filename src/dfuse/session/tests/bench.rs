//! What a session is given to do, and how it is run: the only place here that knows how plans and sessions are made.

use std::ops::ControlFlow;

use crate::address::RangeRequest;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::board_facts::{BoardFacts, Memory};
use crate::dfuse::plan::choice::Choice;
use crate::dfuse::plan::erase::{EraseRequest, plan_erase};
use crate::dfuse::plan::error::NoPlan;
use crate::dfuse::plan::flash::{FlashOptions, plan_flash};
use crate::dfuse::plan::leave::plan_leave;
use crate::dfuse::plan::read::plan_read;
use crate::dfuse::plan::unprotect::plan_unprotect;
use crate::dfuse::plan::verify::plan_verify;
use crate::dfuse::session::{Session, SessionOptions, Tally};
use crate::image::{BIN, Image, ImageElement, ImageTarget};
use crate::usb::Transport;

/// A board as far as a session has to know it.
#[derive(Debug, Clone)]
pub struct Board {
    pub memories: Vec<Memory>,
    pub interface: u8,
    pub transfer_size: u16,
    pub can_upload: bool,
    pub several_memories: bool,
}

/// What is wanted of it.
#[derive(Debug)]
pub enum Job {
    Flash(Image, FlashOptions),
    Erase(EraseRequest, Option<u8>),
    Verify(Image, Option<u8>),
    Read(Vec<RangeRequest>, Option<u8>),
    Leave,
    Unprotect,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// What was read, or what went wrong in words.
    pub result: Result<Vec<ImageElement>, String>,
    pub tally: Tally,
    /// Whether there was a plan; otherwise nothing was sent.
    pub planned: bool,
}

/// An image of these elements for one memory.
pub fn image(alternate_setting: Option<u8>, elements: Vec<ImageElement>) -> Image {
    Image {
        format: &BIN,
        targets: vec![ImageTarget {
            alternate_setting,
            name: None,
            elements,
        }],
        ids: None,
        family: None,
        suspicion: None,
        warnings: Vec::new(),
    }
}

/// Carries out a job. `interrupts` is asked at each event whether the user wants to stop.
pub fn carry_out(
    transport: &mut dyn Transport,
    board: &Board,
    job: &Job,
    mut interrupts: impl FnMut() -> bool,
) -> Ran {
    let facts = BoardFacts {
        memories: &board.memories,
        has_more_memories: false,
        ids: (0x0483, 0xDF11),
        transfer_size: board.transfer_size,
        can_upload: board.can_upload,
    };
    let options = SessionOptions {
        interface: board.interface,
        transfer_size: board.transfer_size,
        several_memories: board.several_memories,
        can_upload: board.can_upload,
    };
    let plan = match job {
        Job::Flash(image, options) => plan_flash(image, facts, *options).map(Plan::Flash),
        Job::Erase(request, memory) => plan_erase(request, facts, *memory).map(Plan::Erase),
        Job::Verify(image, memory) => {
            let choice = Choice {
                alternate_setting: *memory,
                any_id: false,
                only_fitting: false,
            };
            plan_verify(image, facts, choice).map(Plan::Verify)
        }
        Job::Read(ranges, memory) => plan_read(ranges, facts, *memory, false).map(Plan::Read),
        Job::Leave => plan_leave(facts, None)
            .map(Plan::Leave)
            .map_err(NoPlan::Refused),
        Job::Unprotect => Ok(Plan::Unprotect(plan_unprotect(Some(facts)))),
    };
    let mut ran = Ran {
        result: Err(String::new()),
        tally: Tally::default(),
        planned: plan.is_ok(),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => {
            return Ran {
                result: Err(error.reason().to_string()),
                ..ran
            };
        }
    };
    let mut on_event = |_: super::super::Told<'_>| {
        if interrupts() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    match Session::open(transport, options, &mut on_event) {
        Ok(mut session) => {
            let found = session.run(&plan).map_err(|error| error.to_string());
            ran.result = found.map(|found| found.map_or_else(Vec::new, |found| found.elements));
            ran.tally = session.tally();
        }
        Err(error) => ran.result = Err(error.to_string()),
    }
    ran
}
