//! In the place of dfu-util, dfu-suffix and dfu-prefix.

mod called;
mod download;
mod entering;
mod listing;
mod manual;
mod prefix;
mod refusal;
mod suffix;
mod twice;
mod upload;
