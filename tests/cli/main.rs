//! Drives the shipped binary as a user would, on simulated boards, and compares what it says and does whole.

mod access;
mod bounds;
mod callers;
#[cfg(target_os = "linux")]
mod consent;
mod contract;
mod convert;
mod decode;
mod devices;
mod dfu_util;
mod differs;
mod doctor;
#[cfg(unix)]
mod documentation;
mod enter;
mod environment;
mod erase;
mod exit;
mod firmware;
mod flash;
mod formats;
mod forms;
mod help;
mod hints;
mod hostile;
mod info;
mod interrupted;
mod json;
mod leave;
mod linked;
mod list;
mod lying;
mod many;
mod meant;
mod micropython;
mod ndjson;
mod no_firmware;
mod operations;
mod others;
mod output;
mod places;
mod plain;
mod plan;
mod preserve;
mod progress;
mod read;
mod record;
mod refuse;
mod replay;
mod resume;
mod run;
#[cfg(target_os = "linux")]
mod screens;
mod select;
mod serial;
mod served;
mod settings;
mod sim;
mod station;
#[cfg(unix)]
mod stdout;
mod stop_on_eof;
mod sweep;
#[cfg(target_os = "linux")]
mod terminal;
mod timeout;
mod trace;
mod trouble;
mod unprotect;
mod vector_table;
mod verify;
mod wait;
