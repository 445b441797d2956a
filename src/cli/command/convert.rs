//! `stdfu convert`: the same firmware in another format.

mod made;
mod plain;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use crate::address::{AddressRange, RangeRequest, joined};
use crate::digest::sha256;
use crate::image::{self, BIN, FileIds, Image, ImageElement, NamedFile, Prefix, Write};
use crate::printable;

use crate::cli::app::App;
use crate::cli::args::firmware::{self, ReadingArgs};
use crate::cli::args::format::OutputFormat;
use crate::cli::args::ids::Ids;
use crate::cli::args::number::{count, parse_range};
use crate::cli::document::ConvertDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::save;
use crate::cli::suspicion;
use crate::cli::usage::UsageError;

use made::Made;

/// Writes firmware in another format, or several files as one
///
/// Gaps stay gaps, except in a raw binary, where they are filled with 0xFF. Files that overlap are refused, and so is
/// an OUT that already exists.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu convert firmware.elf -o firmware.dfu
  stdfu convert firmware.bin --address 0x08000000 -o firmware.hex
  stdfu convert bootloader.hex application.hex -o both.bin
  stdfu convert firmware.hex 0x08000000+1M -o flash.bin
  stdfu convert --alt 0:firmware.hex --alt 1:option-bytes.hex -o all.dfu
  stdfu convert --plain --prefix lpc --id 1fc9:000c firmware.bin -o ram.dfu")]
pub struct ConvertArgs {
    /// The firmware: .dfu, .hex, .elf, .srec, .uf2 or .bin
    ///
    /// The content tells the format, whatever the name, and files can be compressed with gzip. - is stdin.
    #[arg(value_name = "IN", required_unless_present = "for_memory")]
    files: Vec<PathBuf>,
    /// The file to write: .dfu, .hex, .srec or .bin
    ///
    /// Its name tells the format. - is stdout.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// The format to write, whatever the name; in a .bin file, gaps are filled with 0xFF
    #[arg(long, value_name = "FORMAT", value_parser = OutputFormat::parser())]
    to: Option<OutputFormat>,
    /// A file for the memory with this number
    ///
    /// Repeat it for several memories of one .dfu file.
    #[arg(long = "alt", value_name = "N:FILE")]
    for_memory: Vec<FileForMemory>,
    /// The ids of the boards that a .dfu file is for
    ///
    /// By default: those of the input, else 0483:df11; with --plain, else ffff:ffff, which fits any board.
    #[arg(long, value_name = "VID:PID")]
    id: Option<Ids>,
    /// Only what lies in this range; repeat it for several
    ///
    /// ADDRESS+SIZE or ADDRESS..END (END is not included). Ranges can also be given after the files.
    #[arg(long = "range", value_name = "RANGE", value_parser = parse_exact_range)]
    ranges: Vec<AddressRange>,
    /// Make a file for a board that speaks plain DFU
    ///
    /// The bytes of one IN are taken as they are, and a DFU suffix is added. A suffix that IN has is replaced.
    #[arg(
        long,
        conflicts_with_all = ["to", "for_memory", "ranges", "address", "format"]
    )]
    plain: bool,
    /// The prefix that the board needs: lpc, or stellaris=ADDRESS
    ///
    /// lpc is the header by which the ROM of NXP's LPC18xx and LPC43xx starts an image from RAM. stellaris is what TI's
    /// boot loader puts at ADDRESS, a multiple of 1K.
    #[arg(long, value_name = "PREFIX", requires = "plain", value_parser = plain::parse_prefix)]
    prefix: Option<Prefix>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Overwrite OUT if it exists
    #[arg(long)]
    force: bool,
}

/// `N:FILE`
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileForMemory {
    alternate_setting: u8,
    file: PathBuf,
}

impl FromStr for FileForMemory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(number, file)| {
            Some(Self {
                alternate_setting: number.parse().ok()?,
                file: (!file.is_empty()).then(|| file.into())?,
            })
        });
        parsed.ok_or_else(|| {
            "expected the number of a memory and a file such as 1:option-bytes.hex".to_owned()
        })
    }
}

pub fn run(args: &ConvertArgs, app: &App) -> Result<Exit, CliError> {
    let is_stdout = args.output == Path::new("-");
    let format = format(args)?;
    if is_stdout && app.output.json {
        return Err(UsageError {
            message: "--json and a firmware file can't both go to stdout".to_owned(),
            hint: Some("Name a file with -o.".to_owned()),
        }
        .into());
    }
    match is_stdout {
        true => format.check_stdout((!args.plain).then_some("--to hex"))?,
        false => save::check(&args.output, args.force)?,
    }
    let made = match args.plain {
        true => plain::make(&args.files, args.prefix, args.id, app)?,
        false => make(args, format, app)?,
    };
    if is_stdout {
        app.output.bytes(&made.file)?;
        return Ok(Exit::Done);
    }
    save::save(&args.output, &made.file, args.force)?;
    let output = printable::path(&args.output);
    let count = count(made.bytes, "byte");
    app.output
        .summary(&format!("{output}: {count}{}\n", made.remark))?;
    app.output.document(ConvertDocument {
        output: args.output.to_string_lossy(),
        format: format.format.short_name,
        size: made.file.len(),
        sha256: sha256(&made.file),
        bytes: made.bytes,
        warnings: &made.warnings,
    })?;
    Ok(Exit::Done)
}

fn make(args: &ConvertArgs, format: OutputFormat, app: &App) -> Result<Made, CliError> {
    let image = load(args)?;
    for warning in &image.warnings {
        app.output.warning(warning);
    }
    let elements = || image.targets.iter().flat_map(|target| &target.elements);
    // A raw binary doesn't say it.
    let first = elements().next().filter(|_| format.format == &BIN);
    Ok(Made {
        file: write(&image, format, args)?,
        bytes: elements().map(|element| element.data.len() as u64).sum(),
        remark: first.map_or_else(String::new, |first| format!(" for {:#010x}", first.address)),
        warnings: image.warnings,
    })
}

/// The format to write: the one that was named, else what the output's name promises.
fn format(args: &ConvertArgs) -> Result<OutputFormat, UsageError> {
    match args.to {
        Some(format) => Ok(format),
        None if args.plain => Ok(OutputFormat::RAW),
        None => OutputFormat::promised_by(&args.output, "--to"),
    }
}

fn load(args: &ConvertArgs) -> Result<Image, CliError> {
    let (named, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        args.files.iter().partition(|file| range_in(file).is_some());
    let plain = files.into_iter().map(|file| (file, None));
    let for_memory = args
        .for_memory
        .iter()
        .map(|named| (&named.file, Some(named.alternate_setting)));
    let files: Result<Vec<NamedFile>, CliError> = plain
        .chain(for_memory)
        .map(|(file, alternate_setting)| firmware::read(file, alternate_setting))
        .collect();
    let image = image::load_several(files?, &args.reading.options())?;
    suspicion::refuse(&image)?;
    let named = named.into_iter().filter_map(|range| range_in(range));
    let ranges: Vec<AddressRange> = args.ranges.iter().copied().chain(named).collect();
    match &ranges[..] {
        [] => Ok(image),
        ranges => only_in(image, ranges),
    }
}

/// The range that stands in the place of a file, unless there is a file of that name.
fn range_in(file: &Path) -> Option<AddressRange> {
    let text = file.to_str().filter(|_| !file.exists())?;
    parse_exact_range(text).ok()
}

fn parse_exact_range(text: &str) -> Result<AddressRange, String> {
    match parse_range(text)? {
        RangeRequest::Exactly(range) => Ok(range),
        RangeRequest::SectorAt(_) => Err(format!(
            "{text:?} is an address; expected a range such as 0x08000000+128K"
        )),
    }
}

/// What of an image lies in these ranges.
fn only_in(mut image: Image, ranges: &[AddressRange]) -> Result<Image, CliError> {
    let mut ranges = ranges.to_vec();
    ranges.sort_by_key(|range| range.address);
    let ranges = joined(ranges.into_iter());
    for target in &mut image.targets {
        let parts = target.elements.iter().flat_map(|element| {
            let parts = ranges
                .iter()
                .filter_map(|range| range.overlap(element.range()));
            parts.map(|part| ImageElement {
                address: part.address,
                data: part.within(element.address, &element.data).to_vec(),
            })
        });
        target.elements = parts.collect();
    }
    image.targets.retain(|target| !target.elements.is_empty());
    match image.targets[..] {
        [] => Err(UsageError {
            message: "no part of the firmware lies in the ranges".to_owned(),
            hint: Some("`stdfu info` shows where it lies.".to_owned()),
        }
        .into()),
        _ => Ok(image),
    }
}

fn write(image: &Image, format: OutputFormat, args: &ConvertArgs) -> Result<Vec<u8>, CliError> {
    Ok(match format.write {
        Write::Targets(write) => write(&image.targets, ids(image, args.id))?,
        Write::Elements(write) => write(one_target(image, format)?)?,
    })
}

/// Those that were asked for, else those of the input, else those of ST's bootloaders.
fn ids(image: &Image, asked: Option<Ids>) -> FileIds {
    let ids = image.ids.unwrap_or(FileIds {
        vendor_id: 0x0483,
        product_id: 0xDF11,
        device_release: 0,
    });
    asked.map_or(ids, |asked| FileIds {
        vendor_id: asked.vendor_id,
        product_id: asked.product_id,
        ..ids
    })
}

/// The elements, where they are for one memory: no format but `.dfu` can keep memories apart.
fn one_target(image: &Image, format: OutputFormat) -> Result<&[ImageElement], UsageError> {
    match &image.targets[..] {
        [target] => Ok(&target.elements),
        targets => Err(UsageError {
            message: format!(
                "the input is for {} memories, which {} can't keep apart",
                targets.len(),
                format.format
            ),
            hint: Some("Write a .dfu file, or convert what is for one memory.".to_owned()),
        }),
    }
}
