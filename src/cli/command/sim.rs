//! `stdfu sim`: serves simulated boards over USB/IP.

use std::net::{SocketAddr, TcpListener};

use crate::printable::Printable;
use crate::sim::board::{BOARDS, Board};
use crate::sim::fault::FAULTS;
use crate::sim::quirk::{NONE, QUIRKS, QuirkName};
use crate::sim::spec::BoardSpec;
use crate::sim::usbip::Server;

use crate::cli::app::App;
use crate::cli::document::{ServedDocument, SimDocument};
use crate::cli::error::{CliError, Doing};
use crate::cli::exit::Exit;
use crate::cli::interrupt;

/// The port that `usbip` takes unless told otherwise.
const USUAL_PORT: u16 = 3240;

/// Serves simulated boards over USB/IP
///
/// A kernel that attaches them, on this machine or another, shows them to every program as if they were plugged in.
/// Other commands use the same boards without a server: `stdfu --sim f405 list`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = boards_help())]
pub struct SimArgs {
    /// The boards, such as f405 or l476,flash=board.bin
    ///
    /// Their options stand after commas. Below is what there is.
    #[arg(required = true, value_name = "BOARD")]
    boards: Vec<BoardSpec>,

    /// Where to listen
    ///
    /// 0.0.0.0 lets in other machines; port 0 takes any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3240", value_parser = parse_listen)]
    listen: String,
}

pub fn run(args: &SimArgs, app: &App) -> Result<Exit, CliError> {
    serve(args, &mut |served| {
        for board in &served.boards {
            app.output.note(&format!(
                "{:<5}  {:<9}  {:<12}  {}",
                board.path,
                board.name,
                Printable(&board.serial).to_string(),
                board.attach
            ));
        }
        // Programs wait for it: from here on the boards can be attached.
        app.output.document(served)
    })?;
    Ok(Exit::Done)
}

/// Serves until no more connection can be accepted. `ready` hears what, as soon as it can be attached.
///
/// # Errors
/// Where a flash file can't be used or the address is not to be had.
fn serve(
    args: &SimArgs,
    ready: &mut dyn FnMut(&SimDocument) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let held = interrupt::hold();
    let server = Server::new(&args.boards)?;
    drop(held);
    let listener = TcpListener::bind(&args.listen)
        .doing(format!("can't listen on {}", Printable(&args.listen)))?;
    let listen = listener.local_addr()?;
    let boards = server.boards().into_iter().map(|board| ServedDocument {
        attach: attach_command(listen, &board.bus_id),
        name: board.name,
        serial: board.serial,
        path: board.bus_id,
    });
    let boards = boards.collect();
    ready(&SimDocument { listen, boards })?;
    server
        .serve(&listener)
        .doing("no more connection can be accepted")
}

/// How to attach a board that is served at `address`.
fn attach_command(address: SocketAddr, bus_id: &str) -> String {
    let host = if address.ip().is_unspecified() {
        "HOST".to_owned()
    } else {
        address.ip().to_string()
    };
    match address.port() {
        USUAL_PORT => format!("usbip attach -r {host} -b {bus_id}"),
        port => format!("usbip --tcp-port {port} attach -r {host} -b {bus_id}"),
    }
}

/// `HOST:PORT`. Whether there is such a host is for the system to say.
fn parse_listen(text: &str) -> Result<String, String> {
    let port = text
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(_, port)| port.parse::<u16>().ok());
    port.map(|_| text.to_owned())
        .ok_or_else(|| "expected an address and a port such as 127.0.0.1:3240".to_owned())
}

/// The boards there are, for `--help`: as narrow as [`WIDTH`], because clap would wrap longer lines below the names.
fn boards_help() -> String {
    let mut help = "\
Examples:
  stdfu sim f405
  stdfu sim f405 l476,flash=board.bin
  stdfu sim f405,timing=real --listen 0.0.0.0:3240

Boards:
"
    .to_owned();
    for board in BOARDS.iter() {
        columns(&mut help, 14, board.name, board.description);
    }
    help.push_str("\nOptions of a board, each after a comma:\n");
    for (option, description) in OPTIONS {
        columns(&mut help, 14, option, description);
    }
    help.push_str("\nKinds of fault:\n");
    for fault in FAULTS {
        columns(&mut help, 14, fault.name, fault.description);
    }
    help.push_str("\nQuirks, with the boards that have them anyway:\n");
    for quirk in QUIRKS {
        columns(&mut help, 0, &quirk.usage(), "");
        columns(&mut help, 4, "", quirk.description);
        let boards: Vec<&str> = boards_with(quirk).collect();
        if !boards.is_empty() {
            columns(&mut help, 4, "", &format!("({})", boards.join(", ")));
        }
    }
    columns(&mut help, 0, NONE, "");
    columns(&mut help, 4, "", "none of those that the board has anyway");
    help
}

/// The names of the boards that have a quirk from the beginning, whatever its value.
fn boards_with(quirk: &QuirkName) -> impl Iterator<Item = &'static str> + '_ {
    let has_it = |board: &Board| {
        let mut had = board.quirks.iter();
        had.any(|had| QuirkName::about(*had).name == quirk.name)
    };
    let boards = BOARDS.iter().filter(move |board| has_it(board));
    boards.map(|board| board.name)
}

/// The options of a board, for `--help`.
const OPTIONS: [(&str, &str); 6] = [
    ("serial=TEXT", "another serial number than its usual one"),
    (
        "string=N:TEXT",
        "another text in string N: 2 is the product, 4 the layout of the first memory, 32 what mboot says of an error",
    ),
    (
        "flash=FILE",
        "keeps its main flash in this file; without DfuSe, all of its memories",
    ),
    (
        "timing=real",
        "takes a data sheet's times and a full-speed bus; timing=none, the default, takes none",
    ),
    (
        "quirk=NAME",
        "misbehaves so, always; can be given several times",
    ),
    (
        "fault=KIND@N",
        "goes wrong so, once, at the Nth control transfer; can be given several times",
    ),
];

/// The width of the narrowest terminal that has to be served, in columns.
const WIDTH: usize = 50;

/// Appends a name and, `column` characters further right, what there is to say about it.
fn columns(help: &mut String, column: usize, name: &str, text: &str) {
    let mut line = format!("  {name:<column$}");
    for word in text.split(' ') {
        if line.trim().len() > name.len() && line.chars().count() + word.chars().count() > WIDTH {
            push_line(help, &line);
            line = " ".repeat(2 + column);
        }
        line += word;
        line.push(' ');
    }
    push_line(help, &line);
}

fn push_line(help: &mut String, line: &str) {
    help.push_str(line.trim_end());
    help.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_attached_at_the_address_it_is_served_at() {
        let check = |address: &str, expected: &str| {
            let address = address.parse().expect("an address");
            assert_eq!(attach_command(address, "1-2"), expected);
        };
        check("127.0.0.1:3240", "usbip attach -r 127.0.0.1 -b 1-2");
        check(
            "127.0.0.1:4000",
            "usbip --tcp-port 4000 attach -r 127.0.0.1 -b 1-2",
        );
        check("0.0.0.0:3240", "usbip attach -r HOST -b 1-2");
    }

    #[test]
    fn the_help_names_every_board_option_quirk_and_fault() {
        let help = boards_help();
        for board in BOARDS.iter() {
            assert!(help.contains(board.name), "{}", board.name);
        }
        for line in help.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        for option in ["serial=", "flash=", "timing=real", "quirk=", "fault="] {
            assert!(help.contains(option), "{option}");
        }
        for quirk in QUIRKS {
            assert!(help.contains(&quirk.usage()), "{}", quirk.name);
        }
        for fault in FAULTS {
            assert!(help.contains(fault.name), "{}", fault.name);
        }
    }

    #[test]
    fn an_address_that_is_taken_is_an_error_that_names_it() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = taken.local_addr().expect("bound").to_string();
        let args = SimArgs {
            boards: vec!["f405".parse().expect("good")],
            listen: listen.clone(),
        };
        let error = serve(&args, &mut |_| panic!("it is not ready")).expect_err("taken");
        assert_eq!(error.to_string(), format!("can't listen on {listen}"));
    }
}
