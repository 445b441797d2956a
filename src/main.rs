//! stdfu: flashes STM32 boards in DFU mode.

mod cli;
mod dfuse;
mod sim;
mod usb;

fn main() -> anyhow::Result<()> {
    cli::run()
}
