//! stdfu: flashes STM32 boards in DFU mode.

mod address;
mod board;
mod chip;
mod cli;
mod dfu;
mod dfuse;
mod digest;
#[cfg(test)]
mod fuzz;
mod image;
mod printable;
mod recording;
mod sim;
mod usb;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run())
}
