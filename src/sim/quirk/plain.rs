//! What boards without DfuSe are asked about their quirks.

use std::time::Duration;

use super::{Quirk, Quirks};
use crate::dfu::protocol::DfuStatus;

impl Quirks {
    /// What is odd about a board's manifestation, if anything is: one of `manifest=…`.
    pub fn manifest(&self) -> Option<Quirk> {
        use Quirk::*;
        self.last(|quirk| match quirk {
            ManifestIdle | ManifestSync | ManifestStays | ManifestWaitReset | ManifestRestarts
            | ManifestGone | ManifestLast | ManifestQuits => Some(quirk),
            _ => manifest_error(quirk).map(|_| quirk),
        })
    }

    /// How the manifestation fails, if it does.
    pub fn manifest_error(&self) -> Option<DfuStatus> {
        self.manifest().and_then(manifest_error)
    }

    /// How long the manifestation takes, where that is a board's own affair.
    pub fn manifest_time(&self) -> Option<Duration> {
        self.last(|quirk| match quirk {
            Quirk::ManifestTakes(seconds) => Some(Duration::from_secs(seconds.into())),
            _ => None,
        })
    }

    /// How long a block takes, whatever the timing.
    pub fn block_time(&self) -> Option<Duration> {
        self.last(|quirk| match quirk {
            Quirk::BlockTakes(milliseconds) => Some(Duration::from_millis(milliseconds.into())),
            _ => None,
        })
    }

    /// How writing the block of this number fails, if it does.
    pub fn block_error(&self, number: u16) -> Option<DfuStatus> {
        self.last(|quirk| {
            let (at, status) = match quirk {
                Quirk::ErrTargetAt(at) => (at, DfuStatus::ErrTarget),
                Quirk::ErrFileAt(at) => (at, DfuStatus::ErrFile),
                Quirk::ErrWriteAt(at) => (at, DfuStatus::ErrWrite),
                Quirk::ErrProgAt(at) => (at, DfuStatus::ErrProg),
                Quirk::ErrVerifyAt(at) => (at, DfuStatus::ErrVerify),
                Quirk::ErrAddressAt(at) => (at, DfuStatus::ErrAddress),
                _ => return None,
            };
            (at == number).then_some(status)
        })
    }

    /// What a USB reset does in DFU mode, where it doesn't start the application: one of `reset=…`.
    pub fn reset(&self) -> Option<Quirk> {
        use Quirk::{ResetAfterManifest, ResetIdle, ResetIgnored, ResetIgnoredInIdle};
        let resets = [
            ResetIgnored,
            ResetIgnoredInIdle,
            ResetAfterManifest,
            ResetIdle,
        ];
        self.last(|quirk| resets.contains(&quirk).then_some(quirk))
    }

    /// The memory that it works on until one was chosen.
    pub fn default_memory(&self) -> u8 {
        let memory = self.last(|quirk| match quirk {
            Quirk::DefaultMemory(memory) => Some(memory),
            _ => None,
        });
        memory.unwrap_or(0)
    }

    /// Whether an application detaches by itself, where bmAttributes of its board say something else.
    pub fn will_detach(&self) -> Option<bool> {
        self.last(|quirk| match quirk {
            Quirk::WillDetach => Some(true),
            Quirk::WillNotDetach => Some(false),
            _ => None,
        })
    }

    /// Whether it says that it is manifestation tolerant, where that is not what it is.
    pub fn says_tolerant(&self) -> Option<bool> {
        self.last(|quirk| match quirk {
            Quirk::TolerantClaimed => Some(true),
            Quirk::TolerantDenied => Some(false),
            _ => None,
        })
    }

    /// How long it takes from the application to DFU mode.
    pub fn detach_time(&self) -> Duration {
        let seconds = self.last(|quirk| match quirk {
            Quirk::DetachTakes(seconds) => Some(Duration::from_secs(seconds.into())),
            _ => None,
        });
        seconds.unwrap_or(Self::CHANGE_OVER)
    }

    /// Where the application leads that leaves for its bootloader, where that is not DFU mode: one of `enters=…`.
    pub fn enters(&self) -> Option<Quirk> {
        use Quirk::{EntersItself, EntersNothing, EntersOther};
        let enters = [EntersItself, EntersNothing, EntersOther];
        self.last(|quirk| enters.contains(&quirk).then_some(quirk))
    }

    /// `wDetachTimeOut` in milliseconds, where that is not the board's usual one.
    pub fn detach_timeout(&self) -> Option<u16> {
        self.last(|quirk| match quirk {
            Quirk::DetachTimeout(milliseconds) => Some(milliseconds),
            _ => None,
        })
    }

    /// The number of the application's DFU interface, where that is not the board's usual one.
    pub fn runtime_interface(&self) -> Option<u8> {
        self.last(|quirk| match quirk {
            Quirk::RuntimeInterface(number) => Some(number),
            _ => None,
        })
    }

    /// The alternate setting in which the application's interface is one of DFU's.
    pub fn runtime_alternate(&self) -> u8 {
        let number = self.last(|quirk| match quirk {
            Quirk::RuntimeAlternate(number) => Some(number),
            _ => None,
        });
        number.unwrap_or(0)
    }

    /// Whether an upload gives something else than the whole memory: one of `upload=…`.
    pub fn upload(&self) -> Option<Quirk> {
        let uploads = [Quirk::UploadImage, Quirk::UploadNothing];
        self.last(|quirk| uploads.contains(&quirk).then_some(quirk))
    }
}

fn manifest_error(quirk: Quirk) -> Option<DfuStatus> {
    Some(match quirk {
        Quirk::ManifestErrTarget => DfuStatus::ErrTarget,
        Quirk::ManifestErrFile => DfuStatus::ErrFile,
        Quirk::ManifestErrWrite => DfuStatus::ErrWrite,
        Quirk::ManifestErrProg => DfuStatus::ErrProg,
        Quirk::ManifestErrVerify => DfuStatus::ErrVerify,
        Quirk::ManifestErrAddress => DfuStatus::ErrAddress,
        Quirk::ManifestErrFirmware => DfuStatus::ErrFirmware,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
