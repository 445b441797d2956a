//! `stdfu sim`: serves simulated boards over USB/IP.

mod tables;

use std::net::{SocketAddr, TcpListener};

use crate::printable::Printable;
use crate::sim::spec::BoardSpec;
use crate::sim::usbip::Server;

use crate::cli::app::App;
use crate::cli::args::simulated::Simulated;
use crate::cli::document::{ServedDocument, SimDocument};
use crate::cli::error::{CliError, Doing};
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::usage::UsageError;

/// The port that `usbip` takes unless told otherwise.
const USUAL_PORT: u16 = 3240;

/// Serves simulated boards over USB/IP
///
/// A kernel that attaches them shows them to every program as if they were plugged in. Other commands need no server:
/// `stdfu --sim f405 list`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "stdfu sim [OPTIONS] <BOARD>...\n       stdfu sim --list", after_long_help = tables::help())]
pub struct SimArgs {
    /// The boards, such as f405 or l476,flash=board.bin
    #[arg(required_unless_present = "list", value_name = "BOARD")]
    boards: Vec<Simulated>,

    /// List the boards there are, their quirks, and what can go wrong
    #[arg(long, conflicts_with_all = ["boards", "listen"])]
    list: bool,

    /// Where to listen: 0.0.0.0 lets in other machines, port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3240", value_parser = parse_listen)]
    listen: String,
}

pub fn run(args: &SimArgs, app: &App) -> Result<Exit, CliError> {
    if args.list {
        app.output.answer(&tables::text())?;
        app.output.document(tables::document())?;
        return Ok(Exit::Done);
    }
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
    let boards = args.boards.iter().map(|board| match board {
        Simulated::Board(spec) => Ok(spec.clone()),
        Simulated::Replay(_) => Err(not_served()),
    });
    let boards: Result<Vec<BoardSpec>, UsageError> = boards.collect();
    let held = interrupt::hold();
    let server = Server::new(&boards?)?;
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

fn not_served() -> UsageError {
    UsageError {
        message: "a recording can't be served over USB/IP: a kernel has requests of its own, and the recording has no answer to them"
            .to_owned(),
        hint: Some(
            "Every command replays one without a server: stdfu --sim replay=FILE list.".to_owned(),
        ),
    }
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
    fn an_address_that_is_taken_is_an_error_that_names_it() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = taken.local_addr().expect("bound").to_string();
        let args = SimArgs {
            boards: vec!["f405".parse().expect("good")],
            list: false,
            listen: listen.clone(),
        };
        let error = serve(&args, &mut |_| panic!("it is not ready")).expect_err("taken");
        assert_eq!(error.to_string(), format!("can't listen on {listen}"));
    }
}
