//! Why something can't be had of a device without DfuSe, as an exit code and the next step.

use crate::cli::exit::Exit;
use crate::cli::plain_error::{NoStream, PlainError};
use crate::image::ImageError;

use super::file::of_image;

pub fn of_plain(error: &PlainError) -> (Exit, Option<String>) {
    let hint = match error {
        PlainError::NoStream(NoStream::File {
            error: ImageError::NotPlain,
            ..
        }) => {
            "It takes a raw file, with or without a DFU suffix: `stdfu convert FILE -o firmware.bin` makes one."
        }
        PlainError::NoStream(NoStream::NoSuffix(_)) => {
            let hint = "To send it anyway, byte for byte, add --format bin.";
            return (Exit::File, Some(hint.to_owned()));
        }
        PlainError::GaveNothing => {
            let hint =
                "Some devices say that they can be read, but send nothing. Nothing was written.";
            return (Exit::Board, Some(hint.to_owned()));
        }
        PlainError::NoStream(NoStream::File { error, .. }) => return of_image(error),
        PlainError::NoStream(NoStream::Several) => {
            "Flash one after the other, each to its own memory: --alt NAME --stay."
        }
        PlainError::NoStream(NoStream::Option(option)) | PlainError::Option(option) => {
            return (
                Exit::DoesNotFit,
                Some(format!("Leave out {option}. Nothing was sent.")),
            );
        }
        PlainError::Format(_) => "Write a .bin file, or a .dfu file, which has a DFU suffix.",
        PlainError::CantDownload => "`stdfu list` shows what a device can do.",
        PlainError::NotVerified => {
            let hint = "Many devices say that they can be read after a download, but are gone by then.\n\
                        Try the application, and leave out --must-verify for this device.";
            return (Exit::Board, Some(hint.to_owned()));
        }
        PlainError::CantBeRead => {
            "It can only be flashed: `stdfu flash`, without --must-verify and --if-different."
        }
        PlainError::GoneByThen => {
            "Without --must-verify it is flashed anyway, unchecked. Nothing was sent."
        }
    };
    (Exit::DoesNotFit, Some(hint.to_owned()))
}
