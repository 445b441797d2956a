//! What firmware files come to: bytes with addresses, or a stream of them, by what the device speaks.

use std::path::Path;

use crate::board::Board;
use crate::digest::sha256;
use crate::image::{
    self, BIN, DFU, FileIds, FilesError, Image, ImageError, NamedFile, Stream, promised_by,
};

use crate::cli::app::App;
use crate::cli::document::{InputDocument, Inputs};
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::cli::plain_error::NoStream;
use crate::cli::select::{Candidates, Other, Reason, SelectError};

use crate::cli::suspicion;

use super::firmware::{self, FirmwareArgs, ReadingArgs};

/// Firmware, as devices of both kinds take it.
pub struct Payload {
    /// Bytes with addresses, or why there are none.
    pub placed: Result<Image, FilesError>,
    /// The bytes of the file as they are, but for its suffix; or why that can't be, such as that there are several files.
    pub stream: Result<Stream, NoStream>,
    /// The files, where a document is asked for.
    files: Vec<InputDocument>,
}

impl FirmwareArgs {
    /// Reads the files, for whatever devices they turn out to be.
    ///
    /// # Errors
    /// A file that can't be read. What is wrong with its content hangs on the device.
    pub fn payload(&self, app: &App) -> Result<Payload, CliError> {
        self.read(app, app.output.json || app.recording.is_wanted())
    }

    /// The same, with the files' hashes in any case.
    ///
    /// # Errors
    /// As [`FirmwareArgs::payload`].
    pub fn payload_with_hashes(&self, app: &App) -> Result<Payload, CliError> {
        self.read(app, true)
    }

    fn read(&self, app: &App, are_told: bool) -> Result<Payload, CliError> {
        let files: Result<Vec<NamedFile>, CliError> = self
            .files
            .iter()
            .map(|path| firmware::read(path, None))
            .collect();
        let files = files?;
        let named = self.files.iter().zip(&files).filter(|_| are_told);
        let documents = named.map(|(path, file)| InputDocument {
            name: path.to_string_lossy().into_owned(),
            size: file.bytes.len() as u64,
            sha256: sha256(&file.bytes),
        });
        let documents: Vec<InputDocument> = documents.collect();
        app.recording.tell_files(&documents);
        let stream = match &files[..] {
            [file] => self.reading.stream(file),
            _ => Err(NoStream::Several),
        };
        Ok(Payload {
            placed: image::load_several(files, &self.reading.options()),
            stream,
            files: documents,
        })
    }
}

impl ReadingArgs {
    /// A file's bytes, as a device without DfuSe is sent them. A name that promises a suffix is believed: what lacks it is
    /// damaged, unless the format is named.
    pub fn stream(&self, file: &NamedFile) -> Result<Stream, NoStream> {
        if self.address.is_some() {
            return Err(NoStream::Option("--address"));
        }
        if self.names_addresses() {
            return Err(NoStream::Option("--format"));
        }
        let in_file = |error| NoStream::File {
            name: file.name.clone(),
            error,
        };
        let stream = Stream::load(file.bytes.clone()).map_err(in_file)?;
        let is_promised = promised_by(Path::new(&file.name)).is_some_and(|format| format == &DFU);
        match stream.ids {
            None if is_promised && !self.names_format() => {
                Err(NoStream::NoSuffix(file.name.clone()))
            }
            _ => Ok(stream),
        }
    }
}

impl Payload {
    /// The devices that it can be for, and that are meant; with `any_id` whatever ids the file has.
    ///
    /// # Errors
    /// What is wrong with the file, where that doesn't hang on the device; else that there is no device, or no telling
    /// which. Nobody waits for a device to be told of the command line.
    pub fn select(&self, app: &App, any_id: bool) -> Result<Vec<Board>, CliError> {
        let candidates = self.candidates(any_id)?;
        match &self.placed {
            Ok(_) if self.stream.is_ok() => app.select(candidates),
            Ok(_) => app
                .select(candidates)
                .or_else(|error| plain_after_all(app, error)),
            Err(error) => self.select_plain(app, candidates, error),
        }
    }

    /// The devices that it can be for; with `any_id` whatever ids the file has.
    ///
    /// # Errors
    /// What is wrong with the file, where that doesn't hang on the device.
    pub fn candidates(&self, any_id: bool) -> Result<Candidates, CliError> {
        match (&self.placed, &self.stream) {
            (Ok(_), Err(_)) => Ok(Candidates::Dfuse),
            (Ok(_), Ok(_)) => Ok(Candidates::DfuseFirst),
            (Err(_), Ok(stream)) => Ok(Candidates::Plain(stream.ids.filter(|_| !any_id))),
            (Err(_), Err(_)) if self.lacks_address() => Ok(Candidates::Plain(None)),
            (Err(error), Err(_)) => Err(error.clone().into()),
        }
    }

    /// Devices without DfuSe for a file that has no addresses, as `unplaced` says; where there is none, the file has to be
    /// made fit for another.
    fn select_plain(
        &self,
        app: &App,
        candidates: Candidates,
        unplaced: &FilesError,
    ) -> Result<Vec<Board>, CliError> {
        let error = match app.select_at_once(candidates) {
            Ok(boards) if boards.iter().any(Board::is_plain) => return Ok(boards),
            Ok(_) => return Err(unplaced.clone().into()),
            Err(CliError::Select(error)) => error,
            Err(error) => return Err(error),
        };
        let SelectError::NoBoard { others, .. } = &error else {
            return Err(error.into());
        };
        if !self.lacks_address() {
            return Err(unplaced.clone().into());
        }
        let is_named = app.selection.is_named() || app.selection.waits_for_a_named_device();
        let needs_address = |other: &Other| other.reason == Reason::NeedsAddress;
        match others.iter().all(needs_address) {
            // Nobody waits for a device to be told of the command line.
            true if others.is_empty() && is_named => app.select(candidates),
            true => Err(unplaced.clone().into()),
            false => Err(error.into()),
        }
    }

    /// The files, where a document was asked for.
    pub fn files(&self) -> &[InputDocument] {
        &self.files
    }

    /// The ids of its suffix, where it has one.
    pub fn ids(&self) -> Option<FileIds> {
        match (&self.placed, &self.stream) {
            (Ok(image), _) => image.ids,
            (Err(_), Ok(stream)) => stream.ids,
            (Err(FilesError::InFile { error, .. }), Err(_)) => match error {
                ImageError::MissingAddress { ids } => *ids,
                _ => None,
            },
            (Err(_), Err(_)) => None,
        }
    }

    /// Whether it is a file of ST's, which names memories and addresses.
    pub fn is_dfuse_file(&self) -> bool {
        match &self.placed {
            Ok(image) => image.format == &DFU,
            Err(FilesError::InFile { error, .. }) => {
                matches!(error, ImageError::UnexpectedAddress { format, .. } if *format == &DFU)
            }
            Err(_) => false,
        }
    }

    /// The bytes with addresses.
    pub fn placed(&self) -> Result<&Image, CliError> {
        self.placed.as_ref().map_err(|error| error.clone().into())
    }

    /// Says what is odd about the files for these devices, and returns what the JSON has of them.
    pub fn tell_oddities(&self, boards: &[Board], output: &Output) -> Inputs<'_> {
        let (told, odd) = match (&self.placed, boards.iter().all(Board::is_plain)) {
            (Ok(image), false) => (image.warnings.clone(), suspicion::warnings(image)),
            (_, true) => {
                let warning: Vec<String> = self.sent_as_it_is().into_iter().collect();
                (warning.clone(), warning)
            }
            (Err(_), false) => (Vec::new(), Vec::new()),
        };
        for warning in &told {
            output.warning(warning);
        }
        Inputs {
            odd,
            files: &self.files,
        }
    }

    /// Says what is odd about the files, whatever the devices.
    pub fn tell_warnings(&self, output: &Output) {
        let warnings = self.placed.iter().flat_map(|image| &image.warnings);
        warnings.for_each(|warning| output.warning(warning));
    }

    /// What else is odd about the files for a device without DfuSe, or for one with it.
    pub fn odd_for(&self, is_plain: bool) -> Option<String> {
        match is_plain {
            true => self.sent_as_it_is(),
            false => self.placed.as_ref().ok().and_then(suspicion::warning),
        }
    }

    /// Of a file that has addresses, and goes to a device that knows none.
    fn sent_as_it_is(&self) -> Option<String> {
        let image = self.placed.as_ref().ok()?;
        let is_odd = image.format != &BIN && self.stream.is_ok();
        is_odd.then(|| {
            format!(
                "The file is {}. The device gets it as it is, byte for byte.",
                image.format
            )
        })
    }

    /// Whether nobody has said where a raw binary belongs, and nothing else is wrong with it.
    pub fn lacks_address(&self) -> bool {
        matches!(
            self.placed,
            Err(FilesError::InFile {
                error: ImageError::MissingAddress { .. },
                ..
            })
        )
    }
}

/// Where there are none but devices without DfuSe for files that are nothing for one: those, so that each says why not.
fn plain_after_all(app: &App, error: CliError) -> Result<Vec<Board>, CliError> {
    match app.select_at_once(Candidates::DfuseFirst) {
        Ok(boards) if boards.iter().all(Board::is_plain) => Ok(boards),
        _ => Err(error),
    }
}
