//! Which of the boards that were found are meant: one, or as many as the user has named or allowed.

use crate::board::{Board, BoardName};
use crate::printable::Said;

use super::error::Candidate;
use super::found::Found;
use super::{
    Candidates, Other, SelectError, Selection, at, is_serial, near_ones, not_left_out, says_serial,
    serial_option, telling, with_serial,
};

impl Selection {
    /// The boards that are meant, of those that were found.
    pub(super) fn choose(
        &self,
        found: Found,
        candidates: Candidates,
    ) -> Result<Vec<Board>, SelectError> {
        let closed = found.closed();
        let Found {
            mut boards,
            others,
            mut serials,
        } = found;
        serials.extend(boards.iter().filter_map(Board::serial).cloned());
        let missing = |wanted, near| SelectError::NoBoard {
            wanted,
            others: telling(others.clone()),
            near,
        };
        let has = |serial: &str| boards.iter().any(|board| is_serial(board, serial));
        if let Some(serial) = self.serial.iter().find(|serial| !has(serial)) {
            let wanted = with_serial(serial) + &self.paths();
            let near = near_ones(serial, &serials);
            return Err(closed.unwrap_or_else(|| missing(wanted, near)));
        }
        if !self.serial.is_empty() {
            boards.retain(|board| board.opened.is_ok());
        }
        for path in &self.path {
            if !boards.iter().any(|board| board.info.path == *path) {
                return Err(closed
                    .filter(|closed| closed.is_about(path))
                    .unwrap_or_else(|| missing(at(path), Vec::new())));
            }
        }
        if boards.is_empty() {
            return Err(closed.unwrap_or_else(|| missing(self.wanted(), Vec::new())));
        }
        self.check_number(&boards, others.clone(), candidates)?;
        match &boards[..] {
            [board] if board.opened.is_err() => {
                Err(closed.unwrap_or_else(|| missing(self.wanted(), Vec::new())))
            }
            _ => Ok(boards),
        }
    }

    /// Refuses more boards than are meant, and fewer.
    fn check_number(
        &self,
        boards: &[Board],
        others: Vec<Other>,
        candidates: Candidates,
    ) -> Result<(), SelectError> {
        let names: Vec<BoardName<'_>> = boards.iter().map(Board::name).collect();
        let is_ambiguous = match self.every {
            true => candidates.are_mixed(boards) && !self.is_named(),
            false => self.is_ambiguous(&names),
        };
        if is_ambiguous {
            return Err(SelectError::SeveralBoards {
                wanted: self.wanted(),
                candidates: options_for(&names),
            });
        }
        self.check_count(boards, others)
    }

    /// Refuses fewer boards than `--count` asks for.
    pub(super) fn check_count(
        &self,
        boards: &[Board],
        others: Vec<Other>,
    ) -> Result<(), SelectError> {
        let is_short = |count: &u16| boards.len() < usize::from(*count);
        match self.count.filter(is_short) {
            None => Ok(()),
            Some(count) => Err(SelectError::TooFewBoards {
                wanted: self.wanted(),
                found: boards.len(),
                count,
                others: not_left_out(others),
            }),
        }
    }

    /// Whether one name, or the lack of any, stands for more than one board. Paths never do.
    pub(super) fn is_ambiguous(&self, boards: &[BoardName<'_>]) -> bool {
        let boards_with = |serial: &String| {
            boards
                .iter()
                .filter(|board| says_serial(board.serial, serial))
                .count()
        };
        match (&self.path[..], &self.serial[..]) {
            ([], []) => boards.len() > 1,
            ([], serials) => serials.iter().any(|serial| boards_with(serial) > 1),
            _ => false,
        }
    }
}

/// Serial numbers pick a board only where no two share one.
pub(super) fn options_for(boards: &[BoardName<'_>]) -> Vec<Candidate> {
    let alone = |serial: &&Said| {
        boards
            .iter()
            .filter(|board| says_serial(board.serial, serial.raw()))
            .count()
            == 1
    };
    boards
        .iter()
        .map(|board| {
            let serial = board.serial.filter(alone);
            let serial = serial.map(Said::raw).map(serial_option);
            let path = format!("--path {}", board.path);
            Candidate {
                label: board.to_string(),
                options: serial.into_iter().chain([path]).collect(),
            }
        })
        .collect()
}
