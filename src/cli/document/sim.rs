//! The documents of `sim`: what is served, and what there is.

use std::net::SocketAddr;

use serde::Serialize;

/// What is served: `sim`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SimDocument {
    pub listen: SocketAddr,
    pub boards: Vec<ServedDocument>,
}

/// A board that is served.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ServedDocument {
    pub name: &'static str,
    pub serial: String,
    pub path: String,
    pub attach: String,
}

/// What can be simulated: `sim --list`.
#[derive(Serialize)]
pub struct SimListDocument {
    pub boards: Vec<SimNameDocument>,
    pub options: Vec<SimNameDocument>,
    pub applications: Vec<SimNameDocument>,
    pub faults: Vec<SimNameDocument>,
    pub quirks: Vec<SimQuirkDocument>,
}

/// A word of a simulated board's description, and what it means.
#[derive(Serialize)]
pub struct SimNameDocument {
    pub name: &'static str,
    pub description: &'static str,
}

/// What a simulated board can do otherwise than others.
#[derive(Serialize)]
pub struct SimQuirkDocument {
    pub name: String,
    pub description: &'static str,
    /// Those that do so anyway.
    pub boards: Vec<&'static str>,
}
