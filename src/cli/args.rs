//! What several commands take on the command line.

pub mod alt;
pub mod consent;
pub mod enter;
pub mod firmware;
pub mod format;
pub mod ids;
pub mod number;
pub mod payload;
pub mod simulated;
