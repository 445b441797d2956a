//! `--enter-dfu`: how a board that runs its application is put into DFU mode.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

/// How a board that runs its application is put into DFU mode.
#[derive(Debug, Args)]
pub struct EnterArgs {
    /// Put a running application into DFU mode first
    ///
    /// HOW is detach (by its DFU run-time interface), touch (1200 baud at its serial port: Arduino, Klipper, TinyUSB) or
    /// micropython (at its prompt). By default: detach if the board has such an interface, else touch.
    ///
    /// A board that is already in DFU mode is not asked. From then on the board is followed by its port of the hub, since its
    /// ids and serial number may change. Nothing is sent to a serial port of any other device.
    #[arg(
        long, value_enum, value_name = "HOW", hide_possible_values = true,
        num_args = 0..=1, require_equals = true
    )]
    enter_dfu: Option<Option<HowToEnter>>,
    /// With --enter-dfu: the board's serial port
    ///
    /// Such as /dev/ttyACM0 or COM7. By default: that of its first interface.
    #[arg(
        long, value_name = "PORT", hide_short_help = true, requires = "enter_dfu", conflicts_with = "every",
        value_parser = NonEmptyStringValueParser::new()
    )]
    port: Option<String>,
}

/// What is said of the way from the application into DFU mode.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asking<'a> {
    /// The way; `None` for DETACH where a board offers it, and a touch where it doesn't.
    pub how: Option<HowToEnter>,
    /// The serial port.
    pub port: Option<&'a str>,
}

/// A way from the application into DFU mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HowToEnter {
    /// The application has a DFU run-time interface, and is asked to detach
    Detach,
    /// The application leaves for its bootloader when its serial port is closed at 1200 baud
    Touch,
    /// MicroPython does so when it is told at its prompt
    Micropython,
}

impl EnterArgs {
    /// How a board is to be asked first, if it is.
    pub fn asking(&self) -> Option<Asking<'_>> {
        let port = self.port.as_deref();
        self.enter_dfu.map(|how| Asking { how, port })
    }
}
