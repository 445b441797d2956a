//! Whether firmware fits the boards at hand, as `flash` would judge it.

use serde::Serialize;

use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::{FlashOptions, plan_flash};
use crate::image::{Image, ImageError};

use super::board::{self, Board, BoardName};
use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::work;

/// Whether a firmware fits a board.
pub struct Fit {
    serial: Option<String>,
    path: String,
    /// `None` where it fits.
    pub refusal: Option<Refusal>,
    /// What is odd about it all the same.
    pub warnings: Vec<String>,
}

/// Why a firmware doesn't fit, or why that can't be said.
pub struct Refusal {
    /// Whether it was judged, and doesn't fit.
    is_certain: bool,
    /// The code to end with, and the reason.
    pub diagnosis: Diagnosis,
}

/// The JSON of it: a contract with scripts.
#[derive(Serialize)]
pub struct FitDocument<'f> {
    serial: Option<&'f str>,
    path: &'f str,
    exit: u8,
    /// `None` where it can't be said.
    fits: Option<bool>,
    reason: Option<&'f str>,
    warnings: &'f [String],
}

/// Judges an image for each of the boards. `None` stands for one that is at no address.
pub fn judge(image: Option<&Image>, boards: &mut [Board]) -> Vec<Fit> {
    let judged: Vec<(Option<Refusal>, Vec<String>)> = match image {
        Some(image) => work::plan(boards, |board| plan(image, board))
            .into_iter()
            .zip(boards.iter())
            .map(|(plan, board)| {
                let warnings = plan.as_ref().map_or_else(|_| Vec::new(), work::warnings);
                (refusal(plan, board), warnings)
            })
            .collect(),
        None => boards
            .iter()
            .map(|_| (Some(no_address()), Vec::new()))
            .collect(),
    };
    let fit = |(board, (refusal, warnings)): (&Board, (Option<Refusal>, Vec<String>))| Fit {
        serial: board.serial().map(str::to_owned),
        path: board.info.path.clone(),
        refusal,
        warnings,
    };
    boards.iter().zip(judged).map(fit).collect()
}

impl Fit {
    fn name(&self) -> BoardName<'_> {
        BoardName {
            serial: self.serial.as_deref(),
            path: &self.path,
        }
    }

    /// In a line, where it can be said.
    pub fn text(&self) -> Option<String> {
        let name = self.name();
        match &self.refusal {
            None => Some(format!("fits {name}")),
            Some(refusal) if refusal.is_certain => {
                let reason = &refusal.diagnosis.message;
                Some(format!("doesn't fit {name}: {reason}"))
            }
            Some(_) => None,
        }
    }

    /// Why it can't be said of a file.
    pub fn trouble(&self, file: &str) -> Option<Diagnosis> {
        let Refusal {
            is_certain,
            diagnosis,
        } = self.refusal.as_ref()?;
        (!is_certain).then(|| diagnosis.clone().about(self.name()).about(file))
    }

    /// The same for programs.
    pub fn document(&self) -> FitDocument<'_> {
        let refusal = self.refusal.as_ref();
        FitDocument {
            serial: self.serial.as_deref(),
            path: &self.path,
            exit: refusal
                .map_or(Exit::Done, |refusal| refusal.diagnosis.exit)
                .code(),
            fits: match refusal {
                None => Some(true),
                Some(refusal) => refusal.is_certain.then_some(false),
            },
            reason: refusal.map(|refusal| refusal.diagnosis.message.as_str()),
            warnings: &self.warnings,
        }
    }
}

/// The plan that `flash` would make, if nothing else is asked of it.
fn plan<'i>(image: &'i Image, board: &Board) -> anyhow::Result<Plan<'i>> {
    let memories = board.memories_to_use(false)?;
    let board = board::for_plan(&board.info, &memories);
    Ok(Plan::Flash(plan_flash(image, board, FlashOptions::PLAIN)?))
}

fn refusal(plan: anyhow::Result<Plan<'_>>, board: &Board) -> Option<Refusal> {
    let refusal = |is_certain, error: &anyhow::Error| {
        Some(Refusal {
            is_certain,
            diagnosis: Diagnosis::from(error),
        })
    };
    match (&board.opened, plan) {
        (Err(error), _) => refusal(false, &anyhow::Error::new(error.clone())),
        (Ok(_), Err(error)) => refusal(true, &error),
        (Ok(_), Ok(_)) => None,
    }
}

fn no_address() -> Refusal {
    Refusal {
        is_certain: false,
        diagnosis: Diagnosis::from(&anyhow::Error::new(ImageError::MissingAddress)),
    }
}
