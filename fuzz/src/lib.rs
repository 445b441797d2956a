//! stdfu without its command line, for the fuzz targets: stdfu itself is a program, not a library.

// Much of it is called by the command line alone.
#![allow(dead_code, unused_imports)]

#[path = "../../src/address.rs"]
mod address;
#[path = "../../src/board/mod.rs"]
mod board;
#[path = "../../src/chip/mod.rs"]
mod chip;
#[path = "../../src/dfu/mod.rs"]
mod dfu;
#[path = "../../src/dfuse/mod.rs"]
mod dfuse;
#[path = "../../src/digest.rs"]
mod digest;
#[path = "../../src/fuzz.rs"]
pub mod fuzz;
#[path = "../../src/image/mod.rs"]
mod image;
#[path = "../../src/printable.rs"]
mod printable;
#[path = "../../src/recording/mod.rs"]
mod recording;
#[path = "../../src/sim/mod.rs"]
mod sim;
#[path = "../../src/usb/mod.rs"]
mod usb;
