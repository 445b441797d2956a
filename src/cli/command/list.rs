//! `stdfu list`: the boards in DFU mode, at a glance or as JSON.

mod protection;
mod text;

use clap::Args;

use crate::board::Board;
use crate::board::protocol::Protocol;
use crate::printable::Said;
use crate::usb::{DeviceInfo, UsbError};

use crate::cli::app::App;
use crate::cli::diagnosis::Diagnosis;
use crate::cli::document::{CapabilitiesDocument, ListDocument, ListedDocument, MemoryDocument};
use crate::cli::error::{CliError, of_closed};
use crate::cli::exit::Exit;
use crate::cli::select::{self, Listing, Other, SelectError};

/// Shows the boards in DFU mode, and their memories
///
/// Several boards have a line each: serial number, chip, size of the flash, and bus path. One board, or -v, shows more:
/// each memory with its sectors and what can be done with them, and with -v whether the chip is read-protected. After
/// them stands what is there and can't be used, with the reason. Nothing on a board changes. Where there is no board,
/// the exit code is 3.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu list
  stdfu list -v
  stdfu list --json
  stdfu list --wait=10")]
pub struct ListArgs {}

/// A board, and what only the list asks for.
struct Listed {
    board: Board,
    /// The product's name.
    product: Option<Said>,
    /// Whether read protection is on, where that was asked for: `None` where it can't be told.
    read_protected: Option<Option<bool>>,
}

impl Listed {
    /// Whether the system doesn't let us open it.
    fn is_closed(&self) -> bool {
        let error = self.board.opened.as_ref().err();
        error.is_some_and(|error| *error != UsbError::NoDevice)
    }
}

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
            // -vv shows what a listing asks, and is there to be counted and reported: nothing is added to that.
            let asks = app.output.shows_details() && !app.output.shows_transfers();
            Listed {
                read_protected: asks.then(|| protection::is_read_protected(&mut board)),
                board,
                product,
            }
        })
        .collect();
    let error = error
        .as_ref()
        .map(Diagnosis::from)
        .or_else(|| lost(&boards))
        .map(Diagnosis::reported);
    let is_short = boards.len() > 1 && !app.output.shows_details();
    app.output.listing(&match is_short {
        true => text::short(&boards, &others, app.output.answer_columns()),
        false => text::long(&boards, &others),
    })?;
    match &error {
        Some(diagnosis) => app.output.error(diagnosis),
        None if boards.iter().any(Listed::is_closed) => app
            .output
            .hint("`stdfu doctor` says what to do about what can't be opened."),
        None => {}
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
    let mut errors = boards
        .iter()
        .map(|Listed { board, .. }| match &board.opened {
            Ok(_) => None,
            Err(error) => Some(of_closed(error).about(board.name())),
        });
    let first = errors.next().flatten()?;
    errors.all(|error| error.is_some()).then_some(first)
}

fn board_document(listed: &Listed) -> ListedDocument<'_> {
    let Listed {
        board,
        product,
        read_protected,
    } = listed;
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
        chip: board.chip(),
        read_protected: *read_protected,
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
            .map(|memory| MemoryDocument::of(memory, board.protocol()))
            .collect(),
        error: board.opened.as_ref().err().map(ToString::to_string),
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

/// `bcdDFUVersion` as people write it: 0x0110 is 1.1, 0x011A is 1.1a.
fn dfu_version(bcd: u16) -> String {
    let [major, minor] = bcd.to_be_bytes();
    let rest = match minor & 0xF {
        0 => String::new(),
        rest => format!("{rest:x}"),
    };
    format!("{major:x}.{:x}{rest}", minor >> 4)
}
