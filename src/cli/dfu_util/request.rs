//! What a command line of dfu-util asks for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::getopt::dfu_util::OPTIONS;
use crate::cli::getopt::{Given, Refusal, Spec, read};

use crate::printable::Printable;

use super::dfuse_address::{BadAddress, DfuseAddress};
use super::filter::Filter;
use super::number::number;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do; `None` where nobody has said.
    pub action: Option<Action>,
    /// With which device.
    pub filter: Filter,
    /// `-s`, or what is wrong with it: that is told of a device that is there, as dfu-util does.
    pub dfuse: Option<Result<DfuseAddress, BadAddress>>,
    /// `-E`: how long a device may take to enter DFU mode.
    pub detach_delay: Duration,
    /// `-t`, in bytes; not 0.
    pub transfer_size: Option<u64>,
    /// `-Z`, in bytes; not 0.
    pub upload_size: Option<u64>,
    /// `-R`
    pub reset: bool,
    /// `-w`
    pub wait: bool,
    /// How often `-v` was given.
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `-h`
    Help,
    /// `-V`
    Version,
    /// `-l`
    List,
    /// `-e`
    Detach,
    /// `-U`
    Upload(PathBuf),
    /// `-D`
    Download(PathBuf),
}

/// Why a command line makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// It is not understood.
    #[error(transparent)]
    Options(#[from] Refusal),
    /// Something that is no option.
    #[error("Unexpected argument: {}", Printable(&.0.to_string_lossy()))]
    Extra(OsString),
    /// No number where one is due.
    #[error("the value of --{} is no number: {}", .0, Printable(.1))]
    Number(&'static str, String),
}

impl Request {
    /// Reads it. Of what is given twice, the last counts.
    pub fn read(arguments: Vec<OsString>) -> Result<Self, BadRequest> {
        let mut request = Self {
            action: None,
            filter: Filter::default(),
            dfuse: None,
            detach_delay: Duration::ZERO,
            transfer_size: None,
            upload_size: None,
            reset: false,
            wait: false,
            verbose: 0,
        };
        let specs: Vec<Spec> = OPTIONS.iter().map(|row| row.spec).collect();
        for given in read(arguments, &specs)? {
            if request.action == Some(Action::Help) {
                break;
            }
            match given {
                Given::Option { spec, value, .. } => request.add(spec.letter, value)?,
                Given::Extra(value) => return Err(BadRequest::Extra(value)),
            }
        }
        Ok(request)
    }

    fn add(&mut self, letter: char, value: OsString) -> Result<(), BadRequest> {
        let text = value.to_string_lossy();
        let number = |word| number(&text).ok_or_else(|| BadRequest::Number(word, text.to_string()));
        // Less than nothing is as good as not said.
        let positive = |word| number(word).map(|number| Some(number).filter(|number| *number >= 0));
        let size = |word| -> Result<Option<u64>, BadRequest> {
            let positive = positive(word)?.and_then(|number| u64::try_from(number).ok());
            Ok(positive.filter(|size| *size != 0))
        };
        match letter {
            'h' => self.action = Some(Action::Help),
            'V' => self.action = Some(Action::Version),
            'l' => self.action = Some(Action::List),
            'e' => self.action = Some(Action::Detach),
            'U' => self.action = Some(Action::Upload(value.into())),
            'D' => self.action = Some(Action::Download(value.into())),
            'v' => self.verbose = self.verbose.saturating_add(1),
            'R' => self.reset = true,
            'w' => self.wait = true,
            'E' => {
                self.detach_delay = Duration::from_secs(size("detach-delay")?.unwrap_or_default())
            }
            't' => self.transfer_size = size("transfer-size")?,
            'Z' => self.upload_size = size("upload-size")?,
            's' => self.dfuse = Some(DfuseAddress::parse(&text)),
            'd' => self.filter.set_ids(&text),
            'S' => self.filter.set_serials(&text),
            'a' => self.filter.set_alt(&text),
            'p' => self.filter.path = Some(text.into_owned()),
            // What is no number is 0, which no device has.
            'n' => self.filter.device_number = positive("devnum").unwrap_or(Some(0)),
            'i' => self.filter.interface = positive("intf")?,
            // 0 stands for a device that has none, and is passed over.
            'c' => self.filter.configuration = positive("cfg")?.filter(|number| *number != 0),
            // There is no other.
            _ => {}
        }
        Ok(())
    }

    /// What `-s` says, or nothing in particular.
    pub fn dfuse(&self) -> DfuseAddress {
        let said = self.dfuse.as_ref().and_then(|said| said.as_ref().ok());
        said.copied().unwrap_or_default()
    }
}
