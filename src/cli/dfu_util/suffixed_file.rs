//! A file on which dfu-suffix and dfu-prefix work: read, shown, and replaced whole or not at all.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use crate::cli::args::firmware;
use crate::cli::error::CliError;
use crate::cli::save;
use crate::image::{NewSuffix, NoSuffix, Parts, Prefix};
use crate::printable;

use super::sysexit::Sysexit;
use super::voice::Voice;

/// The file.
pub struct SuffixedFile<'v> {
    path: PathBuf,
    /// What is in it.
    pub parts: Parts,
    voice: &'v Voice,
}

impl<'v> SuffixedFile<'v> {
    /// Reads a file to show what is in it; `-` is stdin.
    ///
    /// # Errors
    /// One that can't be read, and one whose suffix is damaged.
    pub fn to_show(path: &Path, voice: &'v Voice) -> Result<Self, Sysexit> {
        let file = firmware::read(path, None).map_err(|error| {
            let (path, reason) = (printable::path(path), reason(error));
            voice.warn(&format!("Could not open file {path} for reading: {reason}"));
            Sysexit::NoInput
        })?;
        let file = Self {
            path: path.to_owned(),
            parts: Parts::of(&file.bytes),
            voice,
        };
        match file.parts.suffix {
            Err(reason) if reason.is_damage() => Err(file.refuse_suffix(reason)),
            _ => Ok(file),
        }
    }

    /// Reads a file that is to be replaced.
    ///
    /// # Errors
    /// The same, an empty one, and stdin.
    pub fn to_change(path: &Path, voice: &'v Voice) -> Result<Self, Sysexit> {
        if path == Path::new("-") {
            voice.warn("What comes from stdin can't be changed: name a file");
            return Err(Sysexit::Usage);
        }
        let file = Self::to_show(path, voice)?;
        match file.parts.is_empty() {
            true => {
                voice.warn("The file is empty");
                Err(Sysexit::Data)
            }
            false => Ok(file),
        }
    }

    /// Says why the suffix can't be relied on.
    pub fn refuse_suffix(&self, reason: NoSuffix) -> Sysexit {
        self.voice.warn(&words(reason));
        self.voice.warn("Valid DFU suffix needed");
        if reason.is_damage() {
            let advice =
                "The file is damaged, or was changed after it got its suffix: make it anew";
            self.voice.warn(advice);
        }
        Sysexit::Data
    }

    /// Says that there is no suffix, where none is needed.
    pub fn mention_missing_suffix(&self) {
        if let Err(reason) = self.parts.suffix {
            self.voice.warn(&format!("Warning: {}", words(reason)));
        }
    }

    /// Says what stands before the firmware and after it.
    pub fn show(&self) {
        let file = printable::path(&self.path);
        let has = |what: &str| {
            format!("The file {file} contains a {what} with the following properties:\n")
        };
        let prefix = match (self.parts.prefix, self.parts.lpc_size()) {
            (Some(Prefix::Stellaris { address }), _) => {
                let heading = has("TI Stellaris DFU prefix");
                format!("{heading}Address:\t{address:#010x}\n")
            }
            (Some(Prefix::Lpc), Some(size)) => {
                let heading = has("NXP unencrypted LPC DFU prefix");
                format!("{heading}Size:\t{size:5} kiB\n")
            }
            (Some(Prefix::Lpc), None) | (None, _) => String::new(),
        };
        self.voice.put(&prefix);
        if let Ok(suffix) = self.parts.suffix {
            let ids = suffix.ids;
            self.voice.put(&format!(
                "{}BCD device:\t{:#06X}\nProduct ID:\t{:#06X}\nVendor ID:\t{:#06X}\nBCD DFU:\t{:#06X}\nLength:\t\t{}\n\
                 CRC:\t\t{:#010X}\n",
                has("DFU suffix"),
                ids.device_release,
                ids.product_id,
                ids.vendor_id,
                suffix.dfu_version,
                suffix.length,
                suffix.crc,
            ));
        }
    }

    /// Puts these parts, and a suffix that says what that of the file does, in the place of the file.
    ///
    /// # Errors
    /// Those of [`replace`](Self::replace).
    pub fn replace_but_for_suffix(&self, parts: &Parts) -> Result<(), Sysexit> {
        self.replace(parts, self.parts.suffix.ok().map(NewSuffix::from))
    }

    /// Puts these parts and this suffix in the place of the file.
    ///
    /// # Errors
    /// Where it may not be written, and where it can't be. It is then as it was.
    pub fn replace(&self, parts: &Parts, suffix: Option<NewSuffix>) -> Result<(), Sysexit> {
        let refuse = |error: CliError, sysexit: Sysexit| {
            let (path, reason) = (printable::path(&self.path), reason(error));
            let doing = format!("Could not open file {path} for writing");
            self.voice.warn(&format!("{doing}: {reason}"));
            sysexit
        };
        may_be_written(&self.path).map_err(|error| refuse(error, Sysexit::CantCreate))?;
        save::save(&self.path, &parts.file(suffix), true)
            .map_err(|error| refuse(error, Sysexit::InputOutput))
    }
}

/// Whether it is a file that may be written, beside which another can be made. Whoever may not write a file may still be
/// able to put another in its place.
fn may_be_written(path: &Path) -> Result<(), CliError> {
    if !path.is_file() {
        return Err(CliError::Other("it is no file".to_owned()));
    }
    OpenOptions::new().write(true).open(path)?;
    save::check(path, true)
}

/// The words that scripts know.
fn words(reason: NoSuffix) -> String {
    match reason {
        NoSuffix::TooShort => "File too short for DFU suffix".to_owned(),
        NoSuffix::Missing => "Invalid DFU suffix signature".to_owned(),
        NoSuffix::Length(length) => format!("Unsupported DFU suffix length {length}"),
        NoSuffix::Checksum => "DFU suffix CRC does not match".to_owned(),
    }
}

/// What went wrong with a file, without its name, and without the system's number for it.
fn reason(error: CliError) -> String {
    let message = match error {
        CliError::While { error, .. } => error.message(),
        other => other.message(),
    };
    match message.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => message,
    }
}
