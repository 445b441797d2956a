//! The words of USB DFU 1.0 and 1.1: requests, states and status codes, as values and as bytes.
//!
//! Host and simulator share this file, so a wrong number would agree with itself. The tests below therefore pin
//! bytes written out from the specification.

use std::fmt;
use std::time::Duration;

use crate::chip::rom::SHORTEST_POLL;

/// `bRequest` of the DFU class (DFU 1.1, table 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DfuRequest {
    /// `DFU_DETACH`
    Detach = 0,
    /// `DFU_DNLOAD`
    Dnload = 1,
    /// `DFU_UPLOAD`
    Upload = 2,
    /// `DFU_GETSTATUS`
    GetStatus = 3,
    /// `DFU_CLRSTATUS`
    ClrStatus = 4,
    /// `DFU_GETSTATE`
    GetState = 5,
    /// `DFU_ABORT`
    Abort = 6,
}

impl DfuRequest {
    /// `bmRequestType` of requests with data to the device, or without data: class, interface, host to device.
    pub const TO_DEVICE: u8 = 0x21;
    /// `bmRequestType` of requests with data from the device: class, interface, device to host.
    pub const FROM_DEVICE: u8 = 0xA1;

    /// The request with this `bRequest`, if the class has it.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Detach,
            1 => Self::Dnload,
            2 => Self::Upload,
            3 => Self::GetStatus,
            4 => Self::ClrStatus,
            5 => Self::GetState,
            6 => Self::Abort,
            _ => return None,
        })
    }
}

/// The specification's spelling, without `DFU_`.
impl fmt::Display for DfuRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detach => "DETACH",
            Self::Dnload => "DNLOAD",
            Self::Upload => "UPLOAD",
            Self::GetStatus => "GETSTATUS",
            Self::ClrStatus => "CLRSTATUS",
            Self::GetState => "GETSTATE",
            Self::Abort => "ABORT",
        })
    }
}

/// `bState` (DFU 1.1 §6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfuState {
    /// `appIDLE`
    AppIdle,
    /// `appDETACH`
    AppDetach,
    /// `dfuIDLE`
    DfuIdle,
    /// `dfuDNLOAD-SYNC`
    DfuDnloadSync,
    /// `dfuDNBUSY`
    DfuDnbusy,
    /// `dfuDNLOAD-IDLE`
    DfuDnloadIdle,
    /// `dfuMANIFEST-SYNC`
    DfuManifestSync,
    /// `dfuMANIFEST`
    DfuManifest,
    /// `dfuMANIFEST-WAIT-RESET`
    DfuManifestWaitReset,
    /// `dfuUPLOAD-IDLE`
    DfuUploadIdle,
    /// `dfuERROR`
    DfuError,
    /// A value the specification does not know. Devices send such bytes, so it is no reason to stop reading.
    Unknown(u8),
}

impl DfuState {
    /// The state with this `bState`.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::AppIdle,
            1 => Self::AppDetach,
            2 => Self::DfuIdle,
            3 => Self::DfuDnloadSync,
            4 => Self::DfuDnbusy,
            5 => Self::DfuDnloadIdle,
            6 => Self::DfuManifestSync,
            7 => Self::DfuManifest,
            8 => Self::DfuManifestWaitReset,
            9 => Self::DfuUploadIdle,
            10 => Self::DfuError,
            other => Self::Unknown(other),
        }
    }

    /// `bState` on the wire.
    pub fn to_byte(self) -> u8 {
        match self {
            Self::AppIdle => 0,
            Self::AppDetach => 1,
            Self::DfuIdle => 2,
            Self::DfuDnloadSync => 3,
            Self::DfuDnbusy => 4,
            Self::DfuDnloadIdle => 5,
            Self::DfuManifestSync => 6,
            Self::DfuManifest => 7,
            Self::DfuManifestWaitReset => 8,
            Self::DfuUploadIdle => 9,
            Self::DfuError => 10,
            Self::Unknown(byte) => byte,
        }
    }
}

/// The specification's spelling.
impl fmt::Display for DfuState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AppIdle => "appIDLE",
            Self::AppDetach => "appDETACH",
            Self::DfuIdle => "dfuIDLE",
            Self::DfuDnloadSync => "dfuDNLOAD-SYNC",
            Self::DfuDnbusy => "dfuDNBUSY",
            Self::DfuDnloadIdle => "dfuDNLOAD-IDLE",
            Self::DfuManifestSync => "dfuMANIFEST-SYNC",
            Self::DfuManifest => "dfuMANIFEST",
            Self::DfuManifestWaitReset => "dfuMANIFEST-WAIT-RESET",
            Self::DfuUploadIdle => "dfuUPLOAD-IDLE",
            Self::DfuError => "dfuERROR",
            Self::Unknown(byte) => return write!(f, "unknown state {byte}"),
        })
    }
}

/// `bStatus` (DFU 1.1 §6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfuStatus {
    /// `OK`
    Ok,
    /// `errTARGET`: on DfuSe, the address is wrong or not supported.
    ErrTarget,
    /// `errFILE`
    ErrFile,
    /// `errWRITE`
    ErrWrite,
    /// `errERASE`
    ErrErase,
    /// `errCHECK_ERASED`
    ErrCheckErased,
    /// `errPROG`
    ErrProg,
    /// `errVERIFY`
    ErrVerify,
    /// `errADDRESS`
    ErrAddress,
    /// `errNOTDONE`
    ErrNotDone,
    /// `errFIRMWARE`: the application is not valid; F4 and F7 ROMs begin so.
    ErrFirmware,
    /// `errVENDOR`: on a ST ROM, read protection is on.
    ErrVendor,
    /// `errUSBR`
    ErrUsbr,
    /// `errPOR`
    ErrPor,
    /// `errUNKNOWN`
    ErrUnknown,
    /// `errSTALLEDPKT`: a request that is not allowed in this state.
    ErrStalledPkt,
    /// A value the specification does not know.
    Unknown(u8),
}

impl DfuStatus {
    /// The status with this `bStatus`.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0x00 => Self::Ok,
            0x01 => Self::ErrTarget,
            0x02 => Self::ErrFile,
            0x03 => Self::ErrWrite,
            0x04 => Self::ErrErase,
            0x05 => Self::ErrCheckErased,
            0x06 => Self::ErrProg,
            0x07 => Self::ErrVerify,
            0x08 => Self::ErrAddress,
            0x09 => Self::ErrNotDone,
            0x0A => Self::ErrFirmware,
            0x0B => Self::ErrVendor,
            0x0C => Self::ErrUsbr,
            0x0D => Self::ErrPor,
            0x0E => Self::ErrUnknown,
            0x0F => Self::ErrStalledPkt,
            other => Self::Unknown(other),
        }
    }

    /// `bStatus` on the wire.
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Ok => 0x00,
            Self::ErrTarget => 0x01,
            Self::ErrFile => 0x02,
            Self::ErrWrite => 0x03,
            Self::ErrErase => 0x04,
            Self::ErrCheckErased => 0x05,
            Self::ErrProg => 0x06,
            Self::ErrVerify => 0x07,
            Self::ErrAddress => 0x08,
            Self::ErrNotDone => 0x09,
            Self::ErrFirmware => 0x0A,
            Self::ErrVendor => 0x0B,
            Self::ErrUsbr => 0x0C,
            Self::ErrPor => 0x0D,
            Self::ErrUnknown => 0x0E,
            Self::ErrStalledPkt => 0x0F,
            Self::Unknown(byte) => byte,
        }
    }
}

/// The specification's spelling.
impl fmt::Display for DfuStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::ErrTarget => "errTARGET",
            Self::ErrFile => "errFILE",
            Self::ErrWrite => "errWRITE",
            Self::ErrErase => "errERASE",
            Self::ErrCheckErased => "errCHECK_ERASED",
            Self::ErrProg => "errPROG",
            Self::ErrVerify => "errVERIFY",
            Self::ErrAddress => "errADDRESS",
            Self::ErrNotDone => "errNOTDONE",
            Self::ErrFirmware => "errFIRMWARE",
            Self::ErrVendor => "errVENDOR",
            Self::ErrUsbr => "errUSBR",
            Self::ErrPor => "errPOR",
            Self::ErrUnknown => "errUNKNOWN",
            Self::ErrStalledPkt => "errSTALLEDPKT",
            Self::Unknown(byte) => return write!(f, "unknown status {byte:#04x}"),
        })
    }
}

/// The answer to GETSTATUS (DFU 1.1 §6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusReport {
    /// `bStatus`
    #[doc(alias = "bStatus")]
    pub status: DfuStatus,
    /// `bwPollTimeout`, in milliseconds, 24 bits: how long the host should wait before the next GETSTATUS.
    #[doc(alias = "bwPollTimeout")]
    pub poll_timeout: u32,
    /// `bState`: the state the device enters once this answer is sent.
    #[doc(alias = "bState")]
    pub state: DfuState,
    /// `iString`: index of a string that explains the status, 0 for none.
    #[doc(alias = "iString")]
    pub string_index: u8,
}

impl StatusReport {
    /// Length on the wire, in bytes.
    pub const LENGTH: usize = 6;

    /// How long to wait before the next GETSTATUS: exactly as long as the device asks for, but never not at all.
    pub fn pause(self) -> Duration {
        Duration::from_millis(self.poll_timeout.into()).max(SHORTEST_POLL)
    }

    /// Reads an answer; `None` where it is shorter than six bytes. Bytes beyond those are passed over.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[status, low, middle, high, state, string_index] = bytes.first_chunk()?;
        Some(Self {
            status: DfuStatus::from_byte(status),
            poll_timeout: u32::from_le_bytes([low, middle, high, 0]),
            state: DfuState::from_byte(state),
            string_index,
        })
    }

    /// The answer as sent; of `poll_timeout` only the lower 24 bits.
    pub fn to_bytes(self) -> [u8; Self::LENGTH] {
        let [low, middle, high, _] = self.poll_timeout.to_le_bytes();
        [
            self.status.to_byte(),
            low,
            middle,
            high,
            self.state.to_byte(),
            self.string_index,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_report_is_six_bytes_with_a_24_bit_timeout() {
        // dfuDNBUSY, OK, 100 ms: what an F405 answers to the GETSTATUS that starts an erase.
        let busy = [0x00, 0x64, 0x00, 0x00, 0x04, 0x00];
        let report = StatusReport {
            status: DfuStatus::Ok,
            poll_timeout: 100,
            state: DfuState::DfuDnbusy,
            string_index: 0,
        };
        assert_eq!(StatusReport::from_bytes(&busy), Some(report));
        assert_eq!(report.to_bytes(), busy);
        // dfuERROR, errVENDOR, 0x030201 ms, string 4.
        let error = [0x0B, 0x01, 0x02, 0x03, 0x0A, 0x04];
        let report = StatusReport::from_bytes(&error).expect("six bytes");
        assert_eq!(report.status, DfuStatus::ErrVendor);
        assert_eq!(report.poll_timeout, 0x0003_0201);
        assert_eq!(report.state, DfuState::DfuError);
        assert_eq!(report.string_index, 4);
        assert_eq!(report.to_bytes(), error);
    }

    #[test]
    fn a_short_status_report_is_none() {
        assert_eq!(StatusReport::from_bytes(&[0, 0, 0, 0, 2]), None);
    }

    #[test]
    fn states_are_numbered_and_named_as_in_dfu_1_1() {
        let names = [
            "appIDLE",
            "appDETACH",
            "dfuIDLE",
            "dfuDNLOAD-SYNC",
            "dfuDNBUSY",
            "dfuDNLOAD-IDLE",
            "dfuMANIFEST-SYNC",
            "dfuMANIFEST",
            "dfuMANIFEST-WAIT-RESET",
            "dfuUPLOAD-IDLE",
            "dfuERROR",
        ];
        for (byte, name) in (0u8..).zip(names) {
            assert_eq!(DfuState::from_byte(byte).to_string(), name);
        }
        assert_eq!(DfuState::from_byte(11).to_string(), "unknown state 11");
    }

    #[test]
    fn status_codes_are_numbered_and_named_as_in_dfu_1_1() {
        let names = [
            "OK",
            "errTARGET",
            "errFILE",
            "errWRITE",
            "errERASE",
            "errCHECK_ERASED",
            "errPROG",
            "errVERIFY",
            "errADDRESS",
            "errNOTDONE",
            "errFIRMWARE",
            "errVENDOR",
            "errUSBR",
            "errPOR",
            "errUNKNOWN",
            "errSTALLEDPKT",
        ];
        for (byte, name) in (0u8..).zip(names) {
            assert_eq!(DfuStatus::from_byte(byte).to_string(), name);
        }
        assert_eq!(
            DfuStatus::from_byte(0x10).to_string(),
            "unknown status 0x10"
        );
    }

    #[test]
    fn every_byte_survives_the_way_through_state_status_and_request() {
        for byte in 0..=u8::MAX {
            assert_eq!(DfuState::from_byte(byte).to_byte(), byte);
            assert_eq!(DfuStatus::from_byte(byte).to_byte(), byte);
            assert_eq!(
                DfuRequest::from_byte(byte).map(|request| request as u8),
                (byte <= 6).then_some(byte)
            );
        }
    }

    #[test]
    fn requests_are_numbered_as_in_dfu_1_1() {
        assert_eq!(DfuRequest::Detach as u8, 0);
        assert_eq!(DfuRequest::Dnload as u8, 1);
        assert_eq!(DfuRequest::Upload as u8, 2);
        assert_eq!(DfuRequest::GetStatus as u8, 3);
        assert_eq!(DfuRequest::ClrStatus as u8, 4);
        assert_eq!(DfuRequest::GetState as u8, 5);
        assert_eq!(DfuRequest::Abort as u8, 6);
        assert_eq!(
            (DfuRequest::TO_DEVICE, DfuRequest::FROM_DEVICE),
            (0x21, 0xA1)
        );
    }
}
