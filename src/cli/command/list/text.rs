//! The list for people: a line a board, or all that is known of each.

use crate::board::protocol::Protocol;
use crate::board::{Board, MemoryString};
use crate::chip::rom::is_shared_serial;
use crate::dfuse::layout::MemorySegment;
use crate::printable::Said;
use crate::usb::{DeviceInfo, UsbError};

use crate::cli::args::number::amount;
use crate::cli::select::{Other, Reason};

use super::{Listed, can_upload, dfu_version, transfer_size};

/// All that is known of each board, and of what can't be used.
pub fn long(boards: &[Listed], others: &[Other]) -> String {
    let texts = boards.iter().map(board_text);
    let texts: Vec<String> = texts.chain(others.iter().map(other_text)).collect();
    texts.join("\n")
}

/// A line for each board under a line of titles, and one for each that can't be used. Where a terminal of so many columns
/// has no room for the titles' columns, there are none.
pub fn short(boards: &[Listed], others: &[Other], columns: Option<usize>) -> String {
    let titles = ["SERIAL", "CHIP OR DEVICE", "FLASH", "PATH"].map(str::to_owned);
    let rows: Vec<[String; 4]> = [titles].into_iter().chain(boards.iter().map(row)).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let (serial_width, chip_width, flash_width) = (width(0), width(1), width(2));
    let all = serial_width + chip_width + flash_width + width(3) + 3 * "  ".len();
    let lines: String = match columns.is_none_or(|columns| all <= columns) {
        true => {
            let line = |[serial, chip, flash, path]: &[String; 4]| {
                format!(
                    "{serial:<serial_width$}  {chip:<chip_width$}  {flash:<flash_width$}  {path}\n"
                )
            };
            rows.iter().map(line).collect()
        }
        false => {
            let boards = rows.iter().skip(1);
            boards.map(|row| row.join("  ") + "\n").collect()
        }
    };
    others
        .iter()
        .fold(lines, |lines, other| lines + &format!("{other}\n"))
}

fn row(listed: &Listed) -> [String; 4] {
    let Listed { board, product, .. } = listed;
    let DeviceInfo {
        path,
        vendor_id,
        product_id,
        ..
    } = &board.info;
    let product = product.as_ref().map(Said::to_string);
    let device = match &board.opened {
        Ok(_) => board.chip().map(str::to_owned).or(product),
        Err(UsbError::NoDevice) => Some("unplugged while it was asked".to_owned()),
        Err(error) => Some(format!("can't be opened: {error}")),
    };
    [
        serial_text(board).unwrap_or_else(|| "-".to_owned()),
        device.unwrap_or_else(|| format!("{vendor_id:04x}:{product_id:04x}")),
        flash(board).unwrap_or_else(|| "-".to_owned()),
        path.clone(),
    ]
}

/// The serial number, and whether it picks one board.
fn serial_text(board: &Board) -> Option<String> {
    let serial = board.serial()?;
    Some(match is_shared_serial(serial.raw()) {
        true => format!("{serial} (as many others)"),
        false => serial.to_string(),
    })
}

/// A board in a few lines that fit a narrow terminal.
fn board_text(listed: &Listed) -> String {
    let Listed {
        board,
        product,
        read_protected,
    } = listed;
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
    let mut text = serial_text(board).unwrap_or_else(|| unknown.to_owned());
    if let Some(product) = product {
        text += &format!("   {product}");
    }
    text += &format!("\n  path {path}   ids {vendor_id:04x}:{product_id:04x}");
    let chip = board.chip().map(str::to_owned);
    let flash = flash(board).map(|flash| format!("{flash} of flash"));
    for known in chip.iter().chain(&flash) {
        text += &format!("   {known}");
    }
    text.push('\n');
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
    if let Some(is_on) = read_protected {
        text += match is_on {
            Some(true) => {
                "  read protection is on: `stdfu unprotect` lifts it, and erases everything\n"
            }
            Some(false) => "  read protection is off\n",
            None => "  read protection: it can't be told whether it is on\n",
        };
    }
    text
}

/// How much of it can be flashed, of the main memory.
fn flash(board: &Board) -> Option<String> {
    let layout = board.memories().first()?.layout.as_ref()?.as_ref().ok()?;
    let is_flash = board.protocol() == Protocol::Dfuse && layout.settings().is_none();
    is_flash.then(|| amount(layout.size()))
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
