//! What becomes of a download once all of it is there.

use std::time::Duration;

use super::super::Departure;
use super::Bootloader;
use crate::dfu::protocol::{DfuState, DfuStatus};
use crate::sim::descriptor::MANIFESTATION_TOLERANT;
use crate::sim::flash::Memories;
use crate::sim::quirk::Quirk;
use crate::sim::transfer::Answer;

impl Bootloader {
    /// What U-Boot says for `bwPollTimeout` whatever it has to write (`DFU_MANIFEST_POLL_TIMEOUT`).
    pub(super) const DEAF_CLAIM: Duration = Duration::from_millis(300);
    /// From dfuMANIFEST-WAIT-RESET to the restart: Zephyr's `reboot_schedule`.
    const RESTART: Duration = Duration::from_millis(500);
    /// From the answer to the failure that ends it all. *Inferred*.
    const QUIT: Duration = Duration::from_millis(100);

    /// The DNLOAD of nothing. In dfuIDLE it is an error (DFU 1.1 §A.2.3).
    pub(super) fn end_download(&mut self, number: u16) -> Answer {
        if self.state == DfuState::DfuIdle {
            return self.stall();
        }
        match self.count(number) {
            Ok(()) => self.state = DfuState::DfuManifestSync,
            Err(status) => self.enter_error(status),
        }
        Answer::Acknowledged
    }

    /// A GETSTATUS in dfuMANIFEST-SYNC or dfuMANIFEST moves it on (DFU 1.1 §A.2.7, §A.2.8).
    pub(super) fn manifest(&mut self, memories: &mut Memories, now: Duration) {
        let quirk = self.quirks.manifest();
        let Some(manifested_at) = self.manifested_at else {
            return self.begin_manifestation(quirk, memories, now);
        };
        if quirk == Some(Quirk::ManifestStays) || now < manifested_at {
            return;
        }
        self.manifested_at = None;
        self.next_number = None;
        match quirk {
            Some(Quirk::ManifestWaitReset) => self.state = DfuState::DfuManifestWaitReset,
            Some(Quirk::ManifestRestarts) => {
                self.state = DfuState::DfuManifestWaitReset;
                let restart = now.saturating_add(Self::RESTART);
                self.leaves_at = Some((restart, Departure::Starts));
            }
            Some(Quirk::ManifestIdle) => self.state = DfuState::DfuIdle,
            _ if self.attributes & MANIFESTATION_TOLERANT != 0 => self.state = DfuState::DfuIdle,
            _ => self.state = DfuState::DfuManifestWaitReset,
        }
    }

    fn begin_manifestation(
        &mut self,
        quirk: Option<Quirk>,
        memories: &mut Memories,
        now: Duration,
    ) {
        if quirk == Some(Quirk::ManifestSync) {
            // What there is to do is done; only that is never said.
            let _ = self.commit(memories);
            return;
        }
        if quirk == Some(Quirk::ManifestQuits) {
            self.state = DfuState::DfuManifest;
            self.manifested_at = Some(now.saturating_add(Self::DEAF_CLAIM));
            self.leaves_at = Some((now.saturating_add(Self::QUIT), Departure::Quits));
            return;
        }
        if let Err(status) = self.commit(memories) {
            self.next_number = None;
            self.enter_error(status);
            return;
        }
        let manifested_at = now.saturating_add(self.quirks.manifest_time().unwrap_or_default());
        self.manifested_at = Some(manifested_at);
        if self.quirks.has(Quirk::ManifestDeaf) {
            self.deaf_until = manifested_at;
        }
        match quirk {
            Some(Quirk::ManifestGone) => self.departure = Some(Departure::Starts),
            Some(Quirk::ManifestLast) => {
                self.state = DfuState::DfuManifest;
                self.departure = Some(Departure::Starts);
            }
            // Those that know no dfuMANIFEST.
            Some(Quirk::ManifestIdle | Quirk::ManifestWaitReset | Quirk::ManifestRestarts)
                if manifested_at <= now =>
            {
                self.manifest(memories, now);
            }
            _ => self.state = DfuState::DfuManifest,
        }
    }

    /// Writes what was kept, and looks at what there is.
    fn commit(&mut self, memories: &mut Memories) -> Result<(), DfuStatus> {
        if let Some(status) = self.quirks.manifest_error() {
            return Err(status);
        }
        let slot = self.slot().ok_or(DfuStatus::ErrTarget)?;
        let data = std::mem::take(&mut self.uncommitted);
        if !data.is_empty() {
            self.keep(&data, slot.start, memories)?;
        }
        let begins_well = || {
            let start = memories.get(0)?.read(slot.start, 4)?;
            let stack = u32::from_le_bytes(start.try_into().ok()?);
            // dapboot's own test: 128 KiB of RAM from 0x20000000 on.
            Some(stack & 0x2FFE_0000 == 0x2000_0000)
        };
        if self.quirks.has(Quirk::ChecksVectorTable) && begins_well() != Some(true) {
            return Err(DfuStatus::ErrFirmware);
        }
        Ok(())
    }
}
