//! `stdfu list`: the boards in DFU mode, at a glance or as JSON.

use clap::Args;

use crate::board::protocol::Protocol;
use crate::board::{Board, MemoryString};
use crate::chip::rom::is_shared_serial;
use crate::dfuse::layout::{MemoryLayout, MemorySegment};
use crate::printable::Said;
use crate::usb::{DeviceInfo, UsbError};

use crate::cli::app::App;
use crate::cli::args::number::amount;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{
    CapabilitiesDocument, ListDocument, ListedDocument, MemoryDocument, SegmentDocument,
};
use crate::cli::error::{CliError, of_closed};
use crate::cli::exit::Exit;
use crate::cli::select::{self, Listing, Other, Reason, SelectError};

/// Shows the boards in DFU mode, and their memories
///
/// For each board: its serial number, bus path and ids, and each memory with its sectors and what can be done with
/// them. After them stands what is there and can't be used, with the reason. Nothing on a board changes. Where there is
/// no board, the exit code is 3.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu list
  stdfu list --json
  stdfu list --wait=10")]
pub struct ListArgs {}

/// A board and its product's name, which only the list asks for.
type Listed = (Board, Option<Said>);

pub fn run(_: &ListArgs, app: &App) -> Result<Exit, CliError> {
    let Listing {
        boards,
        others,
        error,
    } = match app.list() {
        // An empty list is an answer too, to those who only count boards.
        Err(CliError::Select(SelectError::NoBoard {
            wanted,
            others,
            near,
        })) => Listing {
            boards: Vec::new(),
            others: select::not_left_out(others.clone()),
            error: Some(SelectError::NoBoard {
                wanted,
                others,
                near,
            }),
        },
        listing => listing?,
    };
    let error = error.map(CliError::from);
    let boards: Vec<Listed> = boards
        .into_iter()
        .map(|mut board| {
            board.read_all_memories();
            let product = board.read_product();
            (board, product)
        })
        .collect();
    let error = error
        .as_ref()
        .map(Diagnosis::from)
        .or_else(|| lost(&boards));
    let texts = boards.iter().map(text);
    let texts: Vec<String> = texts.chain(others.iter().map(other_text)).collect();
    app.output.answer(&texts.join("\n"))?;
    if let Some(diagnosis) = &error {
        app.output.error(diagnosis);
    }
    let exit = error
        .as_ref()
        .map_or(Exit::Done, |diagnosis| diagnosis.exit);
    let document = ListDocument {
        boards: boards.iter().map(board_document).collect(),
        others: others.iter().map(Other::document).collect(),
        error,
    };
    app.output.document(document)?;
    Ok(exit)
}

/// Where every board was unplugged while it was asked, or can't be opened: the first of them.
fn lost(boards: &[Listed]) -> Option<Diagnosis> {
    let mut errors = boards.iter().map(|(board, _)| match &board.opened {
        Ok(_) => None,
        Err(error) => Some(of_closed(error).about(board.name())),
    });
    let first = errors.next().flatten()?;
    errors.all(|error| error.is_some()).then_some(first)
}

fn board_document((board, product): &Listed) -> ListedDocument<'_> {
    let DeviceInfo {
        vendor_id,
        product_id,
        bus,
        address,
        functional,
        ..
    } = board.info;
    ListedDocument {
        protocol: match board.protocol() {
            Protocol::Plain => "dfu",
            Protocol::Dfuse | Protocol::WithoutLayouts => "dfuse",
        },
        can: CapabilitiesDocument {
            can_download: board.can_download(),
            can_upload: can_upload(board),
            manifestation_tolerant: functional.is_some_and(|said| said.is_manifestation_tolerant()),
            will_detach: functional.is_some_and(|said| said.will_detach()),
        },
        dfu_version: board.info.dfu_version().map(dfu_version),
        serial: board.serial(),
        vendor_id,
        product_id,
        path: &board.info.path,
        bus,
        device: address,
        product: product.as_ref(),
        transfer_size: transfer_size(board),
        memories: board
            .memories()
            .iter()
            .map(|memory| memory_document(memory, board.protocol()))
            .collect(),
        error: board.opened.as_ref().err().map(ToString::to_string),
    }
}

fn memory_document(memory: &MemoryString, protocol: Protocol) -> MemoryDocument<'_> {
    let text = memory.text.as_ref();
    if protocol == Protocol::Plain {
        // A name is all that there is to tell.
        return MemoryDocument {
            alt: memory.alternate_setting,
            name: text.map(Said::raw),
            layout: None,
            segments: Vec::new(),
            error: None,
        };
    }
    let layout: Option<&MemoryLayout> = memory
        .layout
        .as_ref()
        .and_then(|layout| layout.as_ref().ok());
    MemoryDocument {
        alt: memory.alternate_setting,
        name: layout.map(|layout| layout.name.as_str()),
        layout: text,
        segments: layout
            .map_or(&[][..], |layout| &layout.segments)
            .iter()
            .map(segment_document)
            .collect(),
        error: memory.trouble(),
    }
}

/// Whether memory can be read back; by what each protocol takes for granted of a device that doesn't say.
fn can_upload(board: &Board) -> bool {
    match board.protocol() {
        Protocol::Plain => board.plain_options().can_upload,
        Protocol::Dfuse | Protocol::WithoutLayouts => board.info.can_upload(),
    }
}

/// The size of a block, in bytes.
fn transfer_size(board: &Board) -> u16 {
    match board.protocol() {
        Protocol::Plain => board.plain_options().transfer_size,
        Protocol::Dfuse | Protocol::WithoutLayouts => board.info.transfer_size(),
    }
}

fn segment_document(segment: &MemorySegment) -> SegmentDocument {
    let MemorySegment {
        address,
        sectors,
        sector_size,
        access,
    } = *segment;
    SegmentDocument {
        address,
        sectors,
        sector_size,
        readable: access.readable,
        erasable: access.erasable,
        writable: access.writable,
    }
}

/// `bcdDFUVersion` as people write it: 0x0110 is 1.1, 0x011A is 1.1a.
fn dfu_version(bcd: u16) -> String {
    let [major, minor] = bcd.to_be_bytes();
    let rest = match minor & 0xF {
        0 => String::new(),
        rest => format!("{rest:x}"),
    };
    format!("{major:x}.{:x}{rest}", minor >> 4)
}

/// A board in a few lines that fit a narrow terminal.
fn text((board, product): &Listed) -> String {
    let DeviceInfo {
        path,
        vendor_id,
        product_id,
        ..
    } = &board.info;
    let unknown = if board.opened.is_ok() {
        "no serial number"
    } else {
        "serial number unknown"
    };
    let serial = board.serial().map(Said::to_string);
    let mut text = serial.unwrap_or_else(|| unknown.to_owned());
    if board.serial().map(Said::raw).is_some_and(is_shared_serial) {
        text += " (as many others)";
    }
    if let Some(product) = product {
        text += &format!("   {product}");
    }
    text += &format!("\n  path {path}   ids {vendor_id:04x}:{product_id:04x}\n");
    match &board.opened {
        Ok(_) => {}
        Err(UsbError::NoDevice) => text += "  unplugged while it was asked\n",
        Err(error) => text += &format!("  can't be opened: {error}\n"),
    }
    match board.protocol() {
        Protocol::Plain => text += &plain_text(board),
        Protocol::Dfuse | Protocol::WithoutLayouts => {
            text.extend(board.memories().iter().map(memory_text));
        }
    }
    text
}

/// What a device without DfuSe can do, and what its memories are called.
fn plain_text(board: &Board) -> String {
    if board.opened.is_err() {
        return String::new();
    }
    let can = match (board.can_download(), can_upload(board)) {
        (true, true) => "can be flashed and read",
        (true, false) => "can be flashed, not read",
        (false, true) => "can be read, not flashed",
        (false, false) => "can be neither flashed nor read",
    };
    let version = board
        .info
        .dfu_version()
        .map_or("1.0".to_owned(), dfu_version);
    let size = transfer_size(board);
    let mut text = format!("  DFU {version}, no addresses   {can}   blocks of {size} bytes\n");
    for memory in board.memories() {
        let name = memory.text.as_ref().map(Said::to_string);
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        text += &format!("  {}  {name}\n", memory.alternate_setting);
    }
    text
}

/// What is no board, in as few lines.
fn other_text(other: &Other) -> String {
    let Other {
        path,
        vendor_id,
        product_id,
        serial,
        reason,
    } = other;
    let unknown = match reason {
        Reason::Plain | Reason::WithoutLayouts => "no serial number",
        _ => "serial number unknown",
    };
    let serial = serial.as_ref().map(Said::to_string);
    let serial = serial.unwrap_or_else(|| unknown.to_owned());
    format!("{serial}\n  path {path}   ids {vendor_id:04x}:{product_id:04x}\n  {reason}\n")
}

fn memory_text(memory: &MemoryString) -> String {
    let number = memory.alternate_setting;
    let layout = match &memory.layout {
        Some(Ok(layout)) => layout,
        _ => return format!("  {number}  {}\n", memory.trouble().unwrap_or_default()),
    };
    let mut text = format!("  {number}  {}\n", layout.name);
    for MemorySegment {
        address,
        sectors,
        sector_size,
        access,
    } in &layout.segments
    {
        let sector_size = amount((*sector_size).into());
        text += &format!("     {address:#010x} {sectors:>4} × {sector_size:<9}  {access}\n");
    }
    text
}
