//! Which devices a command can be for.

use crate::board::Board;
use crate::dfuse::command::DFUSE_VERSION;
use crate::image::FileIds;
use crate::usb::DeviceInfo;

/// Which devices in DFU mode a command can be for. A device without DfuSe never makes a command ambiguous that is for
/// DfuSe, nor falls under its `--every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidates {
    /// Boards that speak DfuSe: addresses or sectors are meant.
    Dfuse,
    /// Those, and devices without DfuSe that are named, or where no board speaks DfuSe.
    DfuseFirst,
    /// Devices without DfuSe that a file with these ids is for. It could be meant for a board that speaks DfuSe, too, had
    /// it an address: with one beside, somebody has to choose.
    Plain(Option<FileIds>),
    /// All of them.
    All,
}

impl Candidates {
    /// Leaves in `boards` those that the command can be for, and returns the others. `is_named`: the user has said which
    /// device, by its serial number or path. `is_sure`: nothing else is there that may be a board that speaks DfuSe, in its
    /// application or not to be opened.
    pub fn narrow(self, boards: &mut Vec<Board>, is_named: bool, is_sure: bool) -> Vec<Board> {
        let any_plain = boards.iter().any(Board::is_plain);
        let any_dfuse = !boards.iter().all(Board::is_plain);
        match self {
            Self::Dfuse => drain(boards, Board::is_plain),
            Self::DfuseFirst if !is_named && (any_dfuse || !is_sure) => {
                drain(boards, Board::is_plain)
            }
            Self::Plain(_) if !any_plain => drain(boards, |_| true),
            // A single one is told what is wrong with its ids.
            Self::Plain(Some(ids)) if !is_named && boards.len() > 1 => {
                drain(boards, |board| !board.is_meant_by(ids))
            }
            Self::All | Self::DfuseFirst | Self::Plain(_) => Vec::new(),
        }
    }

    /// Whether a device in DFU mode may be one that the command can be for, before it is opened.
    pub fn may_be(self, info: &DeviceInfo, is_named: bool) -> bool {
        let says_dfuse = info.dfu_version() == Some(DFUSE_VERSION);
        match self {
            Self::Dfuse => says_dfuse,
            Self::DfuseFirst => says_dfuse || is_named,
            Self::Plain(_) => !says_dfuse,
            Self::All => true,
        }
    }

    /// Leaves those in `applications` that the command can be for, before it is known what they speak in DFU mode: by the
    /// file's ids, and by the version that their run-time interface tells.
    pub fn narrow_applications(self, applications: &mut Vec<Board>) {
        let is_for = |board: &Board| match self {
            Self::All => true,
            Self::Dfuse | Self::DfuseFirst => board.says_dfuse(),
            Self::Plain(ids) => ids.is_none_or(|ids| board.is_meant_by(ids)),
        };
        if applications.iter().any(is_for) {
            applications.retain(is_for);
        }
    }

    /// Whether there are devices of both kinds, and the file doesn't say for which it is.
    pub fn are_mixed(self, boards: &[Board]) -> bool {
        let any_plain = boards.iter().any(Board::is_plain);
        matches!(self, Self::Plain(_)) && any_plain && !boards.iter().all(Board::is_plain)
    }
}

fn drain(boards: &mut Vec<Board>, leaves: impl Fn(&Board) -> bool) -> Vec<Board> {
    let (out, stays) = std::mem::take(boards).into_iter().partition(leaves);
    *boards = stays;
    out
}
