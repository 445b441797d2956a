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
mod forms;
mod help;
mod hints;
mod info;
mod interrupted;
mod json;
mod leave;
mod list;
mod many;
mod meant;
mod micropython;
mod ndjson;
mod operations;
mod output;
mod plan;
mod preserve;
mod progress;
mod read;
mod refuse;
mod resume;
mod run;
mod select;
mod serial;
mod settings;
mod sim;
mod sweep;
#[cfg(target_os = "linux")]
mod terminal;
mod trace;
mod trouble;
mod unprotect;
mod vector_table;
mod verify;
mod wait;
