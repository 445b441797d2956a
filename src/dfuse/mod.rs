//! The DfuSe protocol.

pub mod layout;
pub mod protocol;
