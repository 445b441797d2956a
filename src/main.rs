//! stdfu: flashes STM32 boards in DFU mode.

mod cli;
mod dfuse;
mod image;
mod sim;
mod usb;

fn main() -> anyhow::Result<()> {
    cli::run()
}
