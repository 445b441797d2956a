//! `stdfu info`: what is in firmware files, and whether a board takes them.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;

use crate::board::Board;
use crate::digest::sha256;
use crate::image::{self, Description, FileIds, ImageElement, ImageTarget, LoadOptions, Stream};
use crate::printable::Printable;

use crate::cli::app::App;
use crate::cli::args::firmware::{self, FirmwareArgs, ReadingArgs};
use crate::cli::args::number::count;
use crate::cli::compatibility::{Fit, judge};
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{
    ElementDocument, FamilyDocument, FileDocument, IdsDocument, InfoDocument, PrefixDocument,
    TargetDocument,
};
use crate::cli::error::{CliError, Doing};
use crate::cli::exit::Exit;
use crate::cli::plain_error::NoStream;
use crate::cli::select::Candidates;
use crate::cli::suspicion;

/// Shows what is in firmware files
///
/// Format, memories, addresses and sizes, ids and checksums. A damaged file is exit code 6. No board is needed. With an
/// option that chooses a board, such as --path, it also says whether `stdfu flash` would take each file.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu info firmware.dfu
  stdfu info bootloader.hex application.elf
  stdfu info --json firmware.dfu
  stdfu info firmware.dfu --every")]
pub struct InfoArgs {
    #[command(flatten)]
    firmware: FirmwareArgs,
}

/// A file that could be read.
struct Described {
    /// In bytes.
    size: u64,
    sha256: String,
    description: Description,
    /// As a device without DfuSe is sent it.
    stream: Result<Stream, NoStream>,
    /// Board by board, whether it fits.
    fits: Vec<Fit>,
}

pub fn run(args: &InfoArgs, app: &App) -> Result<Exit, CliError> {
    let mut files = Vec::new();
    for path in &args.firmware.files {
        let described = describe(path, &args.firmware.reading);
        let described = described.map_err(|error| Diagnosis::from(&error));
        files.push((path.to_string_lossy().into_owned(), described));
    }
    let mut boards = app.select_if_named(Candidates::DfuseFirst)?;
    for (name, file) in &mut files {
        if let Ok(described) = file {
            if let Err(refusal) = fits(described, args, &mut boards) {
                *file = Err(refusal);
            }
        }
        tell(name, file, app)?;
    }
    let documents = files.iter().map(|(name, file)| document(name, file));
    app.output.document(InfoDocument {
        files: documents.collect(),
    })?;
    let mut exits = files.iter().filter_map(|(_, file)| exit(file));
    Ok(exits.next().unwrap_or(Exit::Done))
}

/// Looks whether a file fits the boards. Where there is none, only a board could have taken what is no firmware.
fn fits(file: &mut Described, args: &InfoArgs, boards: &mut [Board]) -> Result<(), Diagnosis> {
    if boards.is_empty() {
        suspicion::refuse(&file.description.image)
            .map_err(|refusal| Diagnosis::from(&refusal.into()))?;
    }
    let placed_at = args.firmware.reading.address;
    file.fits = judge(&file.description, &file.stream, placed_at, boards);
    Ok(())
}

fn tell(name: &str, file: &Result<Described, Diagnosis>, app: &App) -> Result<(), CliError> {
    let file = match file {
        Ok(file) => file,
        Err(refusal) => {
            app.output.error(refusal);
            return Ok(());
        }
    };
    app.output.listing(&text(name, file))?;
    // Several boards have the same to say of a file.
    let of_boards: BTreeSet<&String> = file.fits.iter().flat_map(|fit| &fit.warnings).collect();
    let shown = Printable(name);
    for warning in file.description.image.warnings.iter().chain(of_boards) {
        app.output.warning(&format!("{shown}: {warning}"));
    }
    for trouble in file.fits.iter().filter_map(|fit| fit.trouble(shown)) {
        app.output.error(&trouble);
    }
    Ok(())
}

/// The code of a file that can't be read, or doesn't fit a board.
fn exit(file: &Result<Described, Diagnosis>) -> Option<Exit> {
    match file {
        Err(refusal) => Some(refusal.exit),
        Ok(file) => {
            let mut refusals = file.fits.iter().filter_map(|fit| fit.refusal.as_ref());
            refusals.next().map(|refusal| refusal.diagnosis.exit)
        }
    }
}

fn describe(path: &Path, reading: &ReadingArgs) -> Result<Described, CliError> {
    let file = firmware::read(path, None)?;
    let stream = reading.stream(&file);
    let size = file.bytes.len() as u64;
    let sha256 = sha256(&file.bytes);
    let options = LoadOptions {
        file_name: Some(path),
        ..reading.options()
    };
    let mut description = image::describe(file.bytes, &options).doing(&file.name)?;
    if let Some(suspicion) = &mut description.image.suspicion {
        suspicion.file = file.name;
    }
    Ok(Described {
        size,
        sha256,
        description,
        stream,
        fits: Vec::new(),
    })
}

/// A file in a few lines.
fn text(name: &str, file: &Described) -> String {
    let Described {
        size, description, ..
    } = file;
    let image = &description.image;
    let mut text = format!(
        "{}: {}, {}",
        Printable(name),
        image.format,
        count(*size, "byte")
    );
    if let Some(size) = description.unpacked_size {
        text += &format!(", unpacked {}", count(size, "byte"));
    }
    text.push('\n');
    if let Some(ids) = image.ids {
        let FileIds {
            vendor_id,
            product_id,
            device_release,
        } = ids;
        text += &format!("  ids {vendor_id:04x}:{product_id:04x}   release {device_release:04x}");
        if let Some(crc) = description.suffix_crc {
            text += &format!("   CRC {crc:#010x}, right");
        }
        text.push('\n');
    }
    if let Some(prefix) = description.prefix {
        text += &format!("  begins with a prefix for {prefix}\n");
    }
    if let Some(family) = image.family {
        text += &match family.name() {
            Some(_) => format!("  family {family}\n"),
            None => format!("  {family}, which is not a known one\n"),
        };
    }
    for target in &image.targets {
        text += &target_text(target, description.has_addresses);
    }
    for line in file.fits.iter().filter_map(Fit::text) {
        text += &format!("  {line}\n");
    }
    text
}

fn target_text(target: &ImageTarget, has_addresses: bool) -> String {
    let mut text = String::new();
    let mut indent = "  ";
    if let Some(number) = target.alternate_setting {
        indent = "    ";
        text += &format!("  for alternate setting {number}");
        if let Some(name) = &target.name {
            text += &format!(", {name:?}");
        }
        text.push('\n');
    }
    for ImageElement { address, data } in &target.elements {
        let size = data.len() as u64;
        let place = match has_addresses {
            true => format!("{address:#010x}..{:#010x}", u64::from(*address) + size),
            false => "at no address".to_owned(),
        };
        let crc = crc32fast::hash(data);
        text += &format!(
            "{indent}{place}   {}   CRC-32 {crc:#010x}\n",
            count(size, "byte")
        );
    }
    text
}

fn document<'i>(name: &'i str, file: &'i Result<Described, Diagnosis>) -> FileDocument<'i> {
    let refusal = file.as_ref().err();
    let file = file.as_ref().ok();
    let description = file.map(|file| &file.description);
    let image = description.map(|description| &description.image);
    let has_addresses = description.is_some_and(|description| description.has_addresses);
    let targets = image.map_or(&[][..], |image| &image.targets);
    FileDocument {
        file: name,
        exit: refusal.map_or(Exit::Done, |refusal| refusal.exit).code(),
        error: refusal.map(|refusal| refusal.message.as_str()),
        hint: refusal.and_then(|refusal| refusal.hint.as_deref()),
        format: image.map(|image| image.format.short_name),
        size: file.map(|file| file.size),
        sha256: file.map(|file| file.sha256.as_str()),
        unpacked_size: description.and_then(|description| description.unpacked_size),
        ids: image.and_then(|image| image.ids).map(|ids| IdsDocument {
            vendor_id: ids.vendor_id,
            product_id: ids.product_id,
            device_release: ids.device_release,
        }),
        family: image
            .and_then(|image| image.family)
            .map(|family| FamilyDocument {
                id: family.0,
                name: family.name(),
            }),
        crc: description.and_then(|description| description.suffix_crc),
        prefix: description
            .and_then(|description| description.prefix)
            .map(PrefixDocument::from),
        targets: targets
            .iter()
            .map(|target| target_document(target, has_addresses))
            .collect(),
        warnings: image.map_or(&[], |image| &image.warnings),
        boards: file.map_or_else(Vec::new, |file| {
            let document = |fit| Fit::document(fit, &file.description.image.warnings);
            file.fits.iter().map(document).collect()
        }),
    }
}

fn target_document(target: &ImageTarget, has_addresses: bool) -> TargetDocument<'_> {
    let elements = target.elements.iter().map(|element| ElementDocument {
        address: has_addresses.then_some(element.address),
        size: element.data.len() as u64,
        crc32: crc32fast::hash(&element.data),
    });
    TargetDocument {
        alt: target.alternate_setting,
        name: target.name.as_deref(),
        elements: elements.collect(),
    }
}
