//! Whether firmware fits the boards at hand, as `flash` would judge it.

use std::fmt::Display;

use crate::board::{Board, BoardName};
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::error::PlanError;
use crate::dfuse::plan::flash::FlashOptions;
use crate::image::{Description, FileIds, FilesError, Image, ImageError, Stream};
use crate::printable::Said;

use super::app::App;
use super::dfuse;
use super::diagnosis::Diagnosis;
use super::document::{FitDocument, Inputs};
use super::error::CliError;
use super::exit::Exit;
use super::job::Job;
use super::outcome::oddities;
use super::plain_error::NoStream;
use super::report::Summary;
use super::select::Candidates;
use super::task::Planned;
use super::{job, plain, suspicion};

/// Whether a firmware fits a board.
pub struct Fit {
    serial: Option<Said>,
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

/// Judges a file for each of the boards; a raw one is `placed_at` an address by the user.
///
/// `stream` is what a device without DfuSe would be sent.
pub fn judge(
    file: &Description,
    stream: &Result<Stream, NoStream>,
    placed_at: Option<u32>,
    boards: &mut [Board],
) -> Vec<Fit> {
    let image = &file.image;
    let judge = |board: &mut Board| {
        let (refusal, warnings) = match file.has_addresses {
            _ if board.opened.is_ok() && board.is_plain() => {
                let fits = plain::check_fit(stream, board);
                (fits.err().map(|error| refusal(&error, board)), Vec::new())
            }
            false => (Some(without_address(image.ids, board)), Vec::new()),
            true => match job::plan(board, |board| plan(image, placed_at, board)) {
                Err(error) => (Some(refusal(&error, board)), Vec::new()),
                Ok(task) => {
                    let warnings = task.dfuse().map_or_else(Vec::new, oddities).into_iter();
                    (None, warnings.chain(suspicion::warning(image)).collect())
                }
            },
        };
        Fit {
            serial: board.serial().cloned(),
            path: board.info.path.clone(),
            refusal,
            warnings,
        }
    };
    boards.iter_mut().map(judge).collect()
}

impl Fit {
    fn name(&self) -> BoardName<'_> {
        BoardName {
            serial: self.serial.as_ref(),
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
    pub fn trouble(&self, file: impl Display) -> Option<Diagnosis> {
        let Refusal {
            is_certain,
            diagnosis,
        } = self.refusal.as_ref()?;
        (!is_certain).then(|| diagnosis.clone().about(self.name()).about(file))
    }

    /// The same for programs.
    /// `odd` is what is odd about the file, whatever the board.
    pub fn document(&self, odd: &[String]) -> FitDocument<'_> {
        let refusal = self.refusal.as_ref();
        FitDocument {
            serial: self.serial.as_ref(),
            path: &self.path,
            exit: refusal
                .map_or(Exit::Done, |refusal| refusal.diagnosis.exit)
                .code(),
            fits: match refusal {
                None => Some(true),
                Some(refusal) => refusal.is_certain.then_some(false),
            },
            reason: refusal.map(|refusal| refusal.diagnosis.message.as_str()),
            warnings: odd.iter().chain(&self.warnings).cloned().collect(),
        }
    }
}

/// The plan that `flash` would make, if nothing else is asked of it.
fn plan<'i>(image: &'i Image, placed_at: Option<u32>, board: &Board) -> Planned<'i> {
    let options = FlashOptions {
        placed_at,
        ..FlashOptions::PLAIN
    };
    // Nobody looks at the board here: that it may have the code already is not taken for granted.
    let plan = dfuse::flash(image, None, board, options, |plan| {
        match plan.linked_elsewhere {
            Some(suspicion) => Err(PlanError::LinkedElsewhere(suspicion.found).into()),
            None => Ok(Plan::Flash(plan)),
        }
    });
    plan.map(Into::into)
}

fn refusal(error: &CliError, board: &Board) -> Refusal {
    match &board.opened {
        Ok(_) => Refusal {
            is_certain: true,
            diagnosis: error.into(),
        },
        Err(error) => Refusal {
            is_certain: false,
            diagnosis: Diagnosis::from(&error.clone().into()),
        },
    }
}

/// Nobody has said where a raw binary belongs. That it is for another device can be told all the same.
fn without_address(ids: Option<FileIds>, board: &Board) -> Refusal {
    let foreign = ids.and_then(|ids| board.check_ids(ids).err());
    Refusal {
        is_certain: foreign.is_some(),
        diagnosis: Diagnosis::from(&match foreign {
            Some(error) => error.into(),
            None => CliError::from(ImageError::MissingAddress { ids }),
        }),
    }
}

/// What to say of firmware that can't be loaded. A raw binary that lacks an address, and that is for other devices than
/// all of those at hand, is for the wrong board, whatever its address is.
pub fn explain(error: CliError, any_id: bool, app: &App) -> Result<Exit, CliError> {
    let ids = match &error {
        CliError::Files(FilesError::InFile {
            error: ImageError::MissingAddress { ids },
            ..
        }) => *ids,
        _ => None,
    };
    // Nobody waits for a board to be told of the command line.
    let Some(ids) = ids.filter(|_| !any_id && !app.selection.waits()) else {
        return Err(error);
    };
    let Ok(boards) = app.select_at_once(Candidates::DfuseFirst) else {
        return Err(error);
    };
    let foreign = |board: Board| {
        let task = Err(board.check_ids(ids).err()?.into());
        Some(Job { board, task })
    };
    match boards.into_iter().map(foreign).collect() {
        Some(jobs) => job::carry_out(jobs, &Inputs::default(), &app.output, |_| {
            Summary::new("nothing done")
        }),
        None => Err(error),
    }
}
