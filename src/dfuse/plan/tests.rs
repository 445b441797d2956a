//! What tests of plans, and of what is made of them, begin with.

use super::board_facts::{BoardFacts, Memory};
use super::error::{NoPlan, PlanError};
use crate::dfuse::layout::MemoryLayout;

impl NoPlan {
    /// The reason, of a board whose memories are all known.
    pub fn reason(self) -> PlanError {
        match self {
            Self::NeedsMoreMemories => panic!("all memories are known"),
            Self::Refused(error) => error,
        }
    }
}

impl<'b> BoardFacts<'b> {
    /// A board with these memories and no others, as ST's are.
    pub fn of_st(memories: &'b [Memory]) -> Self {
        Self {
            memories,
            has_more_memories: false,
            ids: (0x0483, 0xDF11),
            transfer_size: 2048,
            can_upload: true,
        }
    }
}

impl Memory {
    /// Those that these strings describe, as the alternate settings from 0 on.
    pub fn of_strings(strings: &[&str]) -> Vec<Self> {
        let layouts = strings
            .iter()
            .map(|text| MemoryLayout::parse(text).expect("a good string"));
        (0..)
            .zip(layouts)
            .map(|(alternate_setting, layout)| Self {
                alternate_setting,
                layout,
            })
            .collect()
    }
}
