//! Each device with a DFU interface: what it is, and whether it can be used.

use crate::board::Board;
use crate::board::protocol::Protocol;
use crate::cli::app::App;
use crate::cli::error::{CliError, of_closed};
use crate::cli::exit::Exit;
use crate::cli::select::{Other, Reason, known_by_serial_port};
use crate::cli::usb_trouble::of_usb;
use crate::printable::Said;
use crate::usb::{DfuMode, UsbError};

use super::host::Host;
use super::{Finding, State};

/// What there is on the bus.
pub struct Found {
    pub findings: Vec<Finding>,
    /// Whether any of it is a board in DFU mode that can be used.
    pub any_usable: bool,
}

/// What there is on the bus; of a `host`, where it is no simulated one.
pub fn find(app: &App, host: Option<&Host>) -> Result<Found, CliError> {
    let boards = match app.look() {
        Ok(boards) => boards,
        Err(CliError::Usb(error)) => {
            let (exit, hint) = of_usb(&error);
            let finding = Finding {
                about: "USB".to_owned(),
                state: State::Bad(exit),
                message: error.to_string(),
                hint,
            };
            return Ok(Found {
                findings: vec![finding],
                any_usable: false,
            });
        }
        Err(error) => return Err(error),
    };
    let applications = known_by_serial_port(&app.selection, app.machine()?);
    let known = boards.iter().map(|board| board.info.path.clone());
    let known = known.chain(
        applications
            .iter()
            .map(|application| application.path.clone()),
    );
    let known: Vec<String> = known.collect();
    let mut findings = Vec::new();
    if known.is_empty() {
        let hint = "Put the board into DFU mode: on an STM32, set BOOT0 high and reset it.\n\
                    If it is in DFU mode, try another cable: many only charge.";
        let none = Finding::note(
            "devices",
            "none in DFU mode, and no application with a DFU interface",
        );
        findings.push(none.with_hint(Some(hint.to_owned())));
    }
    let boards = boards.into_iter();
    findings.extend(boards.map(|mut board| judge(&mut board, app, host)));
    findings.extend(applications.into_iter().map(told));
    let any_usable = findings.iter().any(|finding| finding.state == State::Good);
    findings.extend(host.into_iter().flat_map(|host| host.lookalikes(&known)));
    Ok(Found {
        findings,
        any_usable,
    })
}

/// What is known of a device that nobody has asked.
fn told(other: Other) -> Finding {
    let hint = other.reason.hint();
    let (vendor_id, product_id) = (other.vendor_id, other.product_id);
    let message = format!("{vendor_id:04x}:{product_id:04x} {}", other.reason);
    Finding::note(other.path, message).with_hint(hint)
}

/// Claims a device, and lets it go: no request is sent to its bootloader.
fn judge(board: &mut Board, app: &App, host: Option<&Host>) -> Finding {
    let about = board.info.path.clone();
    let ids = format!("{:04x}:{:04x}", board.info.vendor_id, board.info.product_id);
    let failed = |error: &UsbError| {
        let told = of_closed(error).reported();
        Finding {
            about: about.clone(),
            state: State::Bad(told.exit),
            message: format!("{ids} {}", told.message),
            hint: told.hint,
        }
    };
    let claimed = match &mut board.opened {
        Ok(opened) => opened.claim(),
        Err(error) => return failed(error),
    };
    if let Err(error) = claimed {
        let holder = host.filter(|_| error == UsbError::Busy);
        let holder = holder.and_then(|host| host.holder(&board.info));
        let holder = holder.map_or_else(String::new, |holder| format!(": {holder}"));
        return Finding {
            message: format!("{ids} can't be claimed: {error}{holder}"),
            ..failed(&error)
        };
    }
    let serial = board
        .serial()
        .map_or_else(String::new, |serial: &Said| format!(" {serial}"));
    let name = format!("{ids}{serial}");
    let reason = app.selection.leaves_out(board).map(Reason::LeftOut);
    let reason = reason.or_else(|| Reason::of_mode(board.info.mode));
    let reason = reason.or_else(|| Reason::of_protocol(board.protocol()));
    if let Some(reason) = reason {
        let hint = reason.hint();
        return Finding::note(about, format!("{name} {reason}")).with_hint(hint);
    }
    let speaks = match board.protocol() {
        Protocol::Plain => "plain DFU",
        Protocol::Dfuse | Protocol::WithoutLayouts => "DfuSe",
    };
    let memories = board.memories_to_use(true);
    match (&memories, board.info.mode) {
        (Err(error), DfuMode::Dfu) if !board.is_plain() => Finding {
            about,
            state: State::Bad(Exit::DoesNotFit),
            message: format!("{name} in DFU mode, speaks {speaks}: {error}"),
            hint: None,
        },
        _ => Finding::good(
            about,
            format!("{name} in DFU mode, speaks {speaks}, can be used"),
        ),
    }
}
