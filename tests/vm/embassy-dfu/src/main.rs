//! A plain DFU device that nobody on this project wrote, plugged in over USB/IP.
//!
//! The device is embassy's: `embassy-usb` is its USB stack, `embassy-usb-dfu` its DFU class, `embassy-boot` its bootloader
//! and its firmware updater, put together as in embassy's own examples for the STM32WB (`examples/boot`, *-dfu). Ours is
//! what such a device stands on: a driver that has nothing but the control pipe, fed by a USB/IP connection, and a flash
//! memory that is a file.
//!
//! ```text
//! embassy-dfu --flash FILE [--listen ADDRESS] [--mode dfu|application] [--serial TEXT] [--will-detach] [--tolerant]
//! ```
//!
//! - `--flash FILE`: flash memory, made blank where there is no such file; written at once. It has 256 KiB of the
//!   application, then 260 KiB into which a download goes, then 4 KiB of embassy-boot's state. After a download and a reset
//!   the bootloader has swapped the two, so the new firmware is at the beginning of the file, and the old one 4 KiB after the
//!   beginning of the second part.
//! - `--mode`: what the device is when it is plugged in first; else flash tells. A reset, and being unplugged, start the
//!   bootloader, and that decides.
//! - `--will-detach`, `--tolerant`: bits of bmAttributes, in both modes, besides bitCanDnload. Embassy's examples have neither.
//!
//! What is asked of it goes to stdout, a line a request to the DFU class, and what it is after each boot. With neither bit it
//! stays in dfuMANIFEST until the host resets it; with bitWillDetach it resets itself in the GETSTATUS that asks about the
//! manifestation, and leaves that without an answer; with bitManifestationTolerant it goes to dfuIDLE, and only being unplugged
//! starts the new application.
//!
//! The device is always at bus id 1-1. Where it resets itself it ends the connection, as if it left the bus; who imports it
//! again finds it as what it is then.

mod board;
mod driver;
mod flash;
mod usbip;

use std::env;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use embassy_usb_dfu::consts::DfuAttributes;

use board::{Board, Mode};
use flash::Flash;
use usbip::Operation;

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the command line says.
struct Options {
    listen: String,
    flash: PathBuf,
    mode: Option<Mode>,
    serial: String,
    attributes: u8,
}

fn main() -> ExitCode {
    let result =
        options(env::args().skip(1)).and_then(|options| run(&options).map_err(|e| e.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("embassy-dfu: {message}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut flash = None;
    let mut options = Options {
        listen: "127.0.0.1:3240".to_owned(),
        flash: PathBuf::new(),
        mode: None,
        serial: "1235678".to_owned(),
        attributes: DfuAttributes::CAN_DOWNLOAD.bits(),
    };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} wants a value"));
        match name.as_str() {
            "--flash" => flash = Some(PathBuf::from(value()?)),
            "--listen" => options.listen = value()?,
            "--serial" => options.serial = value()?,
            "--mode" => {
                options.mode = Some(match value()?.as_str() {
                    "dfu" => Mode::Dfu,
                    "application" => Mode::Application,
                    other => return Err(format!("there is no mode {other}")),
                });
            }
            "--will-detach" => options.attributes |= DfuAttributes::WILL_DETACH.bits(),
            "--tolerant" => options.attributes |= DfuAttributes::MANIFESTATION_TOLERANT.bits(),
            other => return Err(format!("there is no option {other}")),
        }
    }
    options.flash = flash.ok_or("--flash FILE is missing")?;
    Ok(options)
}

/// Is the device for ever.
fn run(options: &Options) -> io::Result<()> {
    let flash = Flash::open(&options.flash)?;
    if let Some(mode) = options.mode {
        board::mark(&flash, mode)?;
    }
    let listener = TcpListener::bind(&options.listen)?;
    loop {
        let board = Board::boot(&flash, &options.serial, options.attributes)?;
        println!("{}", board.mode());
        let stream = wait_for_import(&listener, &board)?;
        board.run(stream);
    }
}

/// Answers what is asked until somebody imports the device.
fn wait_for_import(listener: &TcpListener, board: &Board) -> io::Result<TcpStream> {
    loop {
        let (mut stream, _) = listener.accept()?;
        // Who says nothing that can be understood was only looking whether somebody listens.
        if meet(&mut stream, board).unwrap_or(false) {
            return Ok(stream);
        }
    }
}

/// Answers a client's first request. Whether it has imported the device.
fn meet(stream: &mut TcpStream, board: &Board) -> io::Result<bool> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (reply, imported) = match Operation::read(stream)? {
        Operation::ListDevices => (usbip::list_reply(&board.export()), false),
        Operation::Import { bus_id } => {
            let known = bus_id == usbip::BUS_ID;
            (
                usbip::import_reply(known.then(|| board.export()).as_ref()),
                known,
            )
        }
    };
    stream.write_all(&reply)?;
    stream.set_read_timeout(None)?;
    Ok(imported)
}
