//! Exit codes: a contract with scripts.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and checked.
    Done = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no such board.
    NoBoard = 3,
    /// There are several boards, and none was chosen.
    SeveralBoards = 4,
    /// The system won't let us: permission, driver, no USB.
    System = 5,
    /// The file is damaged or not what it claims to be.
    File = 6,
    /// The file, or the wish, doesn't fit the board.
    DoesNotFit = 7,
    /// The board answered an error, fell silent or went away.
    Board = 8,
    /// What was read differs from what should be there.
    Differs = 9,
    /// Read protection is on.
    ReadProtected = 10,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}
