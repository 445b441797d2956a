//! `stdfu decode --extract`: the firmware of a recording as a file.

use std::path::Path;

use crate::image::{BIN, DFU, FileIds, ImageElement, Stream, Write};
use crate::printable;
use crate::recording::extract::{ExtractError, Firmware, extract};

use crate::cli::app::App;
use crate::cli::args::format::OutputFormat;
use crate::cli::args::number::count;
use crate::cli::distinct::{self, Given};
use crate::cli::error::CliError;
use crate::cli::recorded::RecordedError;
use crate::cli::save;
use crate::cli::usage::UsageError;

use super::Decoded;

/// Refuses what can't be written, before anything is read.
pub fn check(output: &Path, recording: &Path, force: bool) -> Result<OutputFormat, CliError> {
    let format = OutputFormat::promised_by(output, "the name of the file")?;
    let given = |by, path| Given { by, path };
    distinct::check(given("--extract", output), given("RECORDING", recording))?;
    save::check(output, force)?;
    Ok(format)
}

/// Writes the firmware of the only device.
pub fn run(
    decoded: &[Decoded<'_>],
    output: &Path,
    format: OutputFormat,
    force: bool,
    app: &App,
) -> Result<(), CliError> {
    let [decoded] = decoded else {
        if decoded.is_empty() {
            return Err(RecordedError::from(ExtractError::Nothing).into());
        }
        return Err(UsageError {
            message: format!(
                "the recording has {}, and one file can't have the firmware of all",
                count(decoded.len() as u64, "device")
            ),
            hint: Some("Choose one with --path.".to_owned()),
        }
        .into());
    };
    let extracted = extract(decoded.device, &decoded.identity, &decoded.operations)
        .map_err(RecordedError::from)?;
    let (start, gaps) = laid_out(&extracted.firmware);
    let (file, bytes) = file(extracted.firmware, decoded, format)?;
    let raw = format.format == &BIN;
    if raw && gaps > 0 {
        app.output.warning(&format!(
            "{} between the others are not in the recording, and are 0xff in the file. A .hex or .dfu file leaves them out.",
            count(gaps, "byte")
        ));
    }
    for doubt in &extracted.doubts {
        app.output.warning(doubt);
    }
    save::save(output, &file, force)?;
    let what = match extracted.is_sent {
        true => "of firmware that was sent",
        false => "that were read",
    };
    let start = start.filter(|_| raw);
    let begins = start.map_or_else(String::new, |start| format!("; it begins at {start:#010x}"));
    app.output.note(&format!(
        "{}: {} {what}{begins}",
        printable::path(output),
        count(bytes, "byte")
    ));
    Ok(())
}

/// The first address, where there are any, and how many bytes lie between the others.
fn laid_out(firmware: &Firmware) -> (Option<u32>, u64) {
    let Firmware::Placed(targets) = firmware else {
        return (None, 0);
    };
    let elements = || targets.iter().flat_map(|target| &target.elements);
    let end = |element: &ImageElement| u64::from(element.address) + element.data.len() as u64;
    let start = elements().map(|element| element.address).min();
    let bytes: u64 = elements().map(|element| element.data.len() as u64).sum();
    let span = elements().map(end).max().unwrap_or_default() - u64::from(start.unwrap_or_default());
    (start, span.saturating_sub(bytes))
}

/// The file, and how many of its bytes are firmware.
fn file(
    firmware: Firmware,
    decoded: &Decoded<'_>,
    format: OutputFormat,
) -> Result<(Vec<u8>, u64), CliError> {
    let ids = decoded.identity.ids.unwrap_or((0xFFFF, 0xFFFF));
    let ids = FileIds {
        vendor_id: ids.0,
        product_id: ids.1,
        device_release: match decoded.identity.is_dfuse() {
            true => 0,
            false => 0xFFFF,
        },
    };
    Ok(match firmware {
        Firmware::Stream(bytes) => {
            let count = bytes.len() as u64;
            let file = match format.format {
                format if format == &BIN => bytes,
                format if format == &DFU => Stream::of(bytes).into_file(ids),
                _ => {
                    return Err(UsageError {
                        message: format!(
                            "the device has no addresses, which {} needs",
                            format.format
                        ),
                        hint: Some("Name a .bin or a .dfu file.".to_owned()),
                    }
                    .into());
                }
            };
            (file, count)
        }
        Firmware::Placed(targets) => {
            let elements = targets.iter().flat_map(|target| &target.elements);
            let count = elements.map(|element| element.data.len() as u64).sum();
            let file = match (format.write, &targets[..]) {
                (Write::Targets(write), targets) => write(targets, ids)?,
                (Write::Elements(write), [target]) => write(&target.elements)?,
                (Write::Elements(_), targets) => {
                    return Err(UsageError {
                        message: format!(
                            "{} memories were written, which {} can't keep apart",
                            targets.len(),
                            format.format
                        ),
                        hint: Some("Name a .dfu file.".to_owned()),
                    }
                    .into());
                }
            };
            (file, count)
        }
    })
}
