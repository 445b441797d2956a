//! In the place of dfu-util, dfu-suffix and dfu-prefix.

mod prefix;
mod suffix;
mod twice;
