//! stdfu: flashes STM32 boards in DFU mode.

mod dfuse;
mod image;
mod sim;
mod usb;

fn main() {}
