//! What can be wanted of a device without DfuSe, checked before anything is sent to it.

use crate::board::Board;
use crate::dfu::plain::{Download, Leave, Plan, ReadBack};
use crate::image::Stream;

use super::args::alt::{AltChoice, AltError};
use super::args::payload::Payload;
use super::error::CliError;
use super::plain_error::{NoStream, PlainError};

/// Whether to read back and compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    NotWanted,
    WhereItCanBe,
    /// Where it can't be, nothing is sent.
    Demanded,
}

/// How to send a file.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    /// Read first, and leave out what is there.
    pub if_different: bool,
    /// Read back and compare.
    pub verify: Verification,
    /// Start it.
    pub leave: Leave,
    /// For a device with other ids, too.
    pub any_id: bool,
}

/// Sends a file to a device.
pub fn download<'p>(
    payload: &'p Payload,
    alt: Option<&AltChoice>,
    board: &Board,
    sending: Sending,
) -> Result<Download<'p>, CliError> {
    let stream = stream_for(&payload.stream, board, sending.any_id)?;
    let memory = memory(alt, board)?;
    check_download(board)?;
    if sending.if_different {
        check_upload(board)?;
    }
    let can_be = board.plain_options().can_verify();
    let read_back = match sending.verify {
        Verification::NotWanted => ReadBack::NotWanted,
        _ if can_be => ReadBack::Wanted,
        Verification::WhereItCanBe => ReadBack::Impossible,
        Verification::Demanded => {
            check_upload(board)?;
            return Err(PlainError::GoneByThen.into());
        }
    };
    Ok(Download {
        memory,
        bytes: &stream.bytes,
        if_different: sending.if_different,
        read_back,
        leave: sending.leave,
    })
}

/// Compares a file with what a device has.
pub fn verify<'p>(
    payload: &'p Payload,
    alt: Option<&AltChoice>,
    board: &Board,
    any_id: bool,
) -> Result<Plan<'p>, CliError> {
    let stream = stream_for(&payload.stream, board, any_id)?;
    check_upload(board)?;
    Ok(Plan::Verify {
        memory: memory(alt, board)?,
        bytes: &stream.bytes,
    })
}

/// Reads all that a device gives of a memory.
pub fn read(
    alt: Option<&AltChoice>,
    board: &Board,
    twice: bool,
) -> Result<Plan<'static>, CliError> {
    check_upload(board)?;
    let memory = memory(alt, board)?;
    Ok(Plan::Read { memory, twice })
}

/// Refuses the first of these options that is given.
pub fn refuse(options: &[(bool, &'static str)]) -> Result<(), CliError> {
    match options.iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => Err(PlainError::Option(option).into()),
        None => Ok(()),
    }
}

/// Whether a device takes a file, as `flash` would judge it.
pub fn check_fit(stream: &Result<Stream, NoStream>, board: &Board) -> Result<(), CliError> {
    stream_for(stream, board, false)?;
    check_download(board)
}

/// The bytes to send, if the file is for this device.
fn stream_for<'p>(
    stream: &'p Result<Stream, NoStream>,
    board: &Board,
    any_id: bool,
) -> Result<&'p Stream, CliError> {
    let stream = stream
        .as_ref()
        .map_err(|error| PlainError::from(error.clone()))?;
    if let Some(ids) = stream.ids.filter(|_| !any_id) {
        board.check_ids(ids)?;
    }
    Ok(stream)
}

fn check_download(board: &Board) -> Result<(), CliError> {
    match board.can_download() {
        true => Ok(()),
        false => Err(PlainError::CantDownload.into()),
    }
}

fn check_upload(board: &Board) -> Result<(), CliError> {
    match board.plain_options().can_upload {
        true => Ok(()),
        false => Err(PlainError::CantBeRead.into()),
    }
}

/// The alternate setting that is chosen, by its number or its name; the first where none is.
fn memory(alt: Option<&AltChoice>, board: &Board) -> Result<u8, CliError> {
    let numbers: Vec<u8> = board
        .info
        .alternate_settings
        .iter()
        .map(|setting| setting.number)
        .collect();
    let named: Vec<(u8, String)> = board
        .memories()
        .iter()
        .filter_map(|memory| {
            Some((
                memory.alternate_setting,
                memory.text.as_ref()?.raw().to_owned(),
            ))
        })
        .collect();
    let number = match alt {
        None => numbers.iter().copied().min().unwrap_or_default(),
        Some(alt) => alt.number(&named)?,
    };
    match numbers.contains(&number) {
        true => Ok(number),
        false => Err(AltError::NoNumber {
            number,
            available: numbers,
        }
        .into()),
    }
}
