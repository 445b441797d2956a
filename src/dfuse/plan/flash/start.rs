//! What main flash can be started from: the vector table of the image that goes there.

use crate::chip::rom::has_vector_tables;
use crate::chip::vector_table::{self, LinkedElsewhere, Part};
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::board_facts::BoardFacts;
use crate::dfuse::plan::error::PlanError;
use crate::dfuse::plan::region::Region;

/// Something that a look at the board has to clear up before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// The sectors to look at.
    pub region: Region,
    /// What is suspected.
    pub found: LinkedElsewhere,
}

/// Where to start the application that has these parts in main flash: at `entry`, else at its own vector table, else at
/// the beginning of main flash.
pub fn start_address(
    parts: &[Part<'_>],
    board: BoardFacts<'_>,
    entry: Option<u32>,
) -> Result<u32, PlanError> {
    let main = board.main_memory();
    let own = parts.first().map(|part| part.address);
    let address = entry
        .or_else(|| own.filter(|address| vector_table::is_sound(parts, *address)))
        .unwrap_or_else(|| main.start());
    main.sector_at(address).map(|_| address)
}

/// Whether a file that the user has placed at `address` looks linked for another one. `reads`: the board can be read, and
/// may be.
///
/// # Errors
/// [`PlanError::LinkedElsewhere`] where nobody can look what is on the board.
pub fn linked_elsewhere(
    parts: &[Part<'_>],
    reads: bool,
    board: BoardFacts<'_>,
    address: u32,
) -> Result<Option<Suspicion>, PlanError> {
    let main = board.main_memory();
    let borders = main.layout.sectors().map(|sector| sector.address);
    let found = has_vector_tables(board.ids)
        .then(|| vector_table::linked_elsewhere(parts, address, borders))
        .flatten();
    let Some(found) = found else {
        return Ok(None);
    };
    let code = main.sector_at(found.reset).ok();
    let can_be_right = reads && found.is_aligned;
    let Some(code) = code.filter(|sector| can_be_right && sector.access.readable) else {
        return Err(PlanError::LinkedElsewhere(found));
    };
    let guessed = found.guess.and_then(|guess| main.sector_at(guess).ok());
    let mut sectors: Vec<Sector> = guessed.into_iter().chain([code]).collect();
    sectors.sort_by_key(|sector| sector.address);
    sectors.dedup();
    Ok(Some(Suspicion {
        region: Region::new(main, sectors),
        found,
    }))
}
