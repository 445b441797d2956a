//! What was to be kept and is lost to the board.

use crate::image::ImageElement;

/// What was to be kept in a memory and is not there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaved {
    /// Which memory, as the board numbers it.
    pub alternate_setting: u8,
    /// What the board calls it.
    pub name: String,
    /// The bytes, ascending.
    pub elements: Vec<ImageElement>,
}
