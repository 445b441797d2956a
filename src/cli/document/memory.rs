//! A memory in a document: `list`, `decode`.

use serde::Serialize;

use crate::board::MemoryString;
use crate::board::protocol::Protocol;
use crate::dfuse::layout::{MemoryLayout, MemorySegment};
use crate::printable::Said;

/// A memory in the list.
#[derive(Serialize)]
pub struct MemoryDocument<'l> {
    pub alt: u8,
    pub name: Option<&'l str>,
    pub layout: Option<&'l Said>,
    pub segments: Vec<SegmentDocument>,
    pub error: Option<String>,
}

/// Sectors of the same size.
#[derive(Serialize)]
pub struct SegmentDocument {
    pub address: u32,
    pub sectors: u32,
    pub sector_size: u32,
    pub readable: bool,
    pub erasable: bool,
    pub writable: bool,
}

impl<'l> MemoryDocument<'l> {
    /// What a board says of a memory.
    pub fn of(memory: &'l MemoryString, protocol: Protocol) -> Self {
        let text = memory.text.as_ref();
        if protocol == Protocol::Plain {
            // A name is all that there is to tell.
            return Self {
                alt: memory.alternate_setting,
                name: text.map(Said::raw),
                layout: None,
                segments: Vec::new(),
                error: None,
            };
        }
        let layout: Option<&MemoryLayout> = memory
            .layout
            .as_ref()
            .and_then(|layout| layout.as_ref().ok());
        Self {
            alt: memory.alternate_setting,
            name: layout.map(|layout| layout.name.as_str()),
            layout: text,
            segments: layout
                .map_or(&[][..], |layout| &layout.segments)
                .iter()
                .map(SegmentDocument::of)
                .collect(),
            error: memory.trouble(),
        }
    }
}

impl SegmentDocument {
    fn of(segment: &MemorySegment) -> Self {
        let MemorySegment {
            address,
            sectors,
            sector_size,
            access,
        } = *segment;
        Self {
            address,
            sectors,
            sector_size,
            readable: access.readable,
            erasable: access.erasable,
            writable: access.writable,
        }
    }
}
