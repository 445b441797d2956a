//! `stdfu convert --plain`: a file for a board that speaks plain DFU.

use std::path::PathBuf;

use crate::cli::app::App;
use crate::cli::args::firmware;
use crate::cli::args::ids::Ids;
use crate::cli::args::number::parse_address;
use crate::cli::error::{CliError, Doing};
use crate::cli::usage::UsageError;
use crate::image::{Content, FileIds, Prefix, Stream};

use super::made::Made;

/// `lpc` or `stellaris=ADDRESS`
pub fn parse_prefix(text: &str) -> Result<Prefix, String> {
    match text.split_once('=') {
        None if text == "lpc" => Ok(Prefix::Lpc),
        Some(("stellaris", address)) => {
            let address = parse_address(address)?;
            Ok(Prefix::Stellaris { address })
        }
        _ => Err("expected lpc, or stellaris and an address such as stellaris=0x2000".to_owned()),
    }
}

/// The bytes of one file, a prefix before them if one is wanted, and a suffix.
pub fn make(
    files: &[PathBuf],
    prefix: Option<Prefix>,
    asked: Option<Ids>,
    app: &App,
) -> Result<Made, CliError> {
    let [file] = files else {
        return Err(refusal("--plain takes the bytes of one file".to_owned()).into());
    };
    let file = firmware::read(file, None)?;
    let mut stream = Stream::load(file.bytes).doing(&file.name)?;
    let warnings = Vec::from_iter(warning(&stream));
    for warning in &warnings {
        app.output.warning(warning);
    }
    if let Some(wanted) = prefix {
        if let Some(prefix) = stream.prefix {
            let message = format!("the file begins with a prefix already, for {prefix}");
            return Err(refusal(message)).doing(&file.name);
        }
        let put = wanted.put_before(&mut stream.bytes);
        put.map_err(|error| UsageError {
            message: error.to_string(),
            hint: match wanted {
                Prefix::Lpc => None,
                Prefix::Stellaris { .. } => {
                    Some("The address is a multiple of 1K, and below 64M.".to_owned())
                }
            },
        })
        .doing(&file.name)?;
    }
    let ids = ids(&stream, asked);
    let FileIds {
        vendor_id,
        product_id,
        ..
    } = ids;
    Ok(Made {
        bytes: stream.bytes.len() as u64,
        file: stream.into_file(ids),
        remark: match (vendor_id, product_id) == (0xFFFF, 0xFFFF) {
            true => " and a DFU suffix for any board".to_owned(),
            false => format!(" and a DFU suffix for {vendor_id:04x}:{product_id:04x}"),
        },
        warnings,
    })
}

/// What a suffix says of no board in particular.
const ANY: FileIds = FileIds {
    vendor_id: 0xFFFF,
    product_id: 0xFFFF,
    device_release: 0xFFFF,
};

/// Those that were asked for, else those that the file had, else any.
fn ids(stream: &Stream, asked: Option<Ids>) -> FileIds {
    let ids = stream.ids.unwrap_or(ANY);
    asked.map_or(ids, |asked| FileIds {
        vendor_id: asked.vendor_id,
        product_id: asked.product_id,
        ..ids
    })
}

/// A device of this kind decodes nothing: a format that names addresses is seldom what it wants.
fn warning(stream: &Stream) -> Option<String> {
    match Content::of(&stream.bytes) {
        Content::Firmware(format) => Some(format!(
            "The file is {}, and is taken byte for byte.",
            format.content
        )),
        _ => None,
    }
}

fn refusal(message: String) -> UsageError {
    UsageError {
        message,
        hint: None,
    }
}
