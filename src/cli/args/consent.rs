//! A yes to what can't be undone: on the command line, or by an answer where there is somebody to be asked.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use crate::board::Board;
use crate::chip::settings::Settings;
use crate::dfuse::plan::Plan;

use crate::cli::error::CliError;
use crate::cli::job::Job;
use crate::cli::output::Output;
use crate::cli::sentence::capitalized;
use crate::cli::task::Task;
use crate::cli::usage::UsageError;

/// Whether there is no need to ask.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct ConsentArgs {
    /// Don't ask before doing what can't be undone
    #[arg(long)]
    yes: bool,
}

impl ConsentArgs {
    /// Whether a yes was given beforehand.
    pub fn is_given(self) -> bool {
        self.yes
    }

    /// Goes on only after a yes, where a plan changes the settings of a chip.
    ///
    /// # Errors
    /// [`UsageError`] where nobody has said yes.
    pub fn ask_for_settings(self, jobs: &[Job<'_>], output: &Output) -> Result<(), CliError> {
        let mut changed = BTreeSet::new();
        let mut changing = Vec::new();
        for Job { board, task } in jobs {
            let plan = task.as_ref().ok().and_then(Task::dfuse);
            let settings = plan.map_or_else(Vec::new, Plan::changed_settings);
            if !settings.is_empty() {
                changing.push(board);
                changed.extend(settings);
            }
        }
        if changing.is_empty() {
            return Ok(());
        }
        let consequences: Vec<String> = changed.iter().map(Settings::to_string).collect();
        self.ask(&consequences, changing, output)
    }

    /// Goes on only after a yes. `consequences` are what will come of it, a sentence each, without a full stop.
    ///
    /// # Errors
    /// [`UsageError`] where nobody has said yes.
    pub fn ask<'b>(
        self,
        consequences: &[String],
        boards: impl IntoIterator<Item = &'b Board>,
        output: &Output,
    ) -> Result<(), CliError> {
        let labels: Vec<String> = boards.into_iter().map(Board::label).collect();
        if self.yes {
            return Ok(());
        }
        if !output.can_ask() {
            return Err(UsageError {
                message: format!(
                    "{}: that needs a yes, and nobody can be asked here",
                    consequences.join("; ")
                ),
                hint: Some("Add --yes if that is what you want. Nothing was touched.".to_owned()),
            }
            .into());
        }
        if answers_yes(consequences, &labels, output)? {
            return Ok(());
        }
        Err(UsageError {
            message: "the answer was not yes, so nothing was touched".to_owned(),
            hint: None,
        }
        .into())
    }
}

fn answers_yes(consequences: &[String], labels: &[String], output: &Output) -> io::Result<bool> {
    for sentence in consequences {
        output.question(&format!("{}.\n", capitalized(sentence)));
    }
    output.question(&format!("Type yes to do this to {}: ", labels.join(", ")));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
