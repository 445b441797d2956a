//! The DfuSe protocol.

pub mod blocks;
pub mod error;
pub mod layout;
pub mod link;
pub mod plan;
pub mod protocol;
pub mod quirks;
pub mod range;
pub mod session;
