//! stdfu: flashes STM32 boards in DFU mode.

mod dfuse;
mod usb;

fn main() {}
