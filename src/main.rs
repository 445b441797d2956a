//! stdfu: flashes STM32 boards in DFU mode.

mod dfuse;
mod sim;
mod usb;

fn main() {}
