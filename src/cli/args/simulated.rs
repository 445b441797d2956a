//! `--sim`: a simulated board, or a recording in its place.

use std::path::PathBuf;
use std::str::FromStr;

use crate::sim::replay::ReplaySpec;
use crate::sim::spec::{BoardSpec, BoardSpecError};

use crate::cli::distinct::Given;

/// What stands in the place of USB.
#[derive(Debug, Clone)]
pub enum Simulated {
    /// A simulated board.
    Board(BoardSpec),
    /// What was recorded.
    Replay(ReplaySpec),
}

impl Simulated {
    /// The file that it is, or that keeps its flash.
    pub fn file(&self) -> Option<Given<'_>> {
        let (by, path) = match self {
            Self::Board(spec) => ("flash= of --sim", spec.flash.as_deref()?),
            Self::Replay(spec) => ("replay= of --sim", &*spec.path),
        };
        Some(Given { by, path })
    }
}

/// A board as the simulator has it, or `replay=FILE[,strict]`. A file's name can't have a comma.
impl FromStr for Simulated {
    type Err = BoardSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(replay) = text.strip_prefix("replay=") else {
            return text.parse().map(Self::Board);
        };
        let (path, is_strict) = match replay.split_once(',') {
            None => (replay, false),
            Some((path, "strict")) => (path, true),
            Some((_, option)) => {
                return Err(BoardSpecError::UnknownReplayOption {
                    option: option.to_owned(),
                });
            }
        };
        match path {
            "" => Err(BoardSpecError::NoRecording),
            path => Ok(Self::Replay(ReplaySpec {
                path: PathBuf::from(path),
                is_strict,
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_a_name_and_may_be_taken_at_its_word() {
        let check = |text: &str, path: &str, is_strict| {
            let Ok(Simulated::Replay(spec)) = text.parse() else {
                panic!("{text} is a recording");
            };
            assert_eq!(
                (spec.path, spec.is_strict),
                (PathBuf::from(path), is_strict)
            );
        };
        check("replay=a.pcapng", "a.pcapng", false);
        check("replay=out/a=b.pcapng,strict", "out/a=b.pcapng", true);
        let refused = |text: &str| match text.parse::<Simulated>() {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{text} is no recording"),
        };
        assert_eq!(refused("replay="), "replay= needs the name of a recording");
        assert_eq!(
            refused("replay=a.pcapng,fast"),
            "a recording has no option \"fast\"; there is strict"
        );
        assert!(matches!("f405".parse(), Ok(Simulated::Board(_))));
    }
}
