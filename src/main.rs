//! stdfu: flashes STM32 boards in DFU mode.

mod dfuse;
mod image;
mod usb;

fn main() {}
