//! The DfuSe protocol.

pub mod protocol;
