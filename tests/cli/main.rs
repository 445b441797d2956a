//! Drives the shipped binary as a user would, on simulated boards, and compares what it says and does whole.

mod contract;
mod convert;
mod devices;
mod differs;
#[cfg(unix)]
mod documentation;
mod erase;
mod exit;
mod firmware;
mod flash;
mod formats;
mod help;
mod hints;
mod info;
mod list;
mod meant;
mod operations;
mod output;
mod plan;
mod progress;
mod refuse;
mod resume;
mod run;
mod select;
mod serial;
mod sim;
mod sweep;
mod trace;
mod trouble;
mod wait;
