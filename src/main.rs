//! stdfu: flashes STM32 boards in DFU mode.

mod cli;
mod dfuse;
#[cfg(test)]
mod fuzz;
mod image;
mod sim;
mod usb;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run().code())
}
