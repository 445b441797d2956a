//! What the bootloaders of particular chips do differently, each with its device and source.

use std::time::Duration;

/// How long a sector's erase or a block's write may take. An H7 was seen to need 2.2 s for 128 KiB.
pub const SECTOR_DEADLINE: Duration = Duration::from_secs(20);
/// How long a mass erase may take. An F405's data sheet allows 32 s; some parts are larger.
pub const MASS_ERASE_DEADLINE: Duration = Duration::from_secs(120);
/// How long to wait for the answer to a GETSTATUS of a read unprotect: some bootloaders erase before they answer, and an
/// F405's data sheet allows 32 s for that. It is shorter than the deadline, so that a lost request can be asked again.
pub const UNPROTECT_TIMEOUT: Duration = Duration::from_secs(40);
/// mboot always says `bwPollTimeout` 0; asking without a pause would only keep it from its work.
pub const SHORTEST_POLL: Duration = Duration::from_millis(1);
/// L4 and F411 ROMs STALL the GETSTATUS after the wait while they are still busy.
pub const STALLS_WHILE_BUSY: u32 = 5;
