//! Bytes that a recording leaves out, found again by their hash.

use std::collections::HashMap;
use std::sync::Arc;

use super::script::left_out;
use crate::digest::sha256;
use crate::recording::transfer::Transfer;

/// What erased flash reads, on one chip or another.
const ERASED: [u8; 2] = [0xFF, 0x00];

/// What the host has sent where the recording has the hash, by that.
#[derive(Default)]
pub struct Hashed {
    sent: HashMap<String, Arc<[u8]>>,
}

impl Hashed {
    /// Keeps what the host has sent in the place of what was recorded.
    pub fn keep(&mut self, recorded: &Transfer, sent: &[u8]) {
        if let Some(hash) = left_out(recorded) {
            self.sent.entry(hash).or_insert_with(|| sent.into());
        }
    }

    /// What was left out: a block that the host has sent, or erased flash.
    pub fn find(&self, recorded: &Transfer) -> Option<Arc<[u8]>> {
        let hash = left_out(recorded)?;
        let erased = || {
            let mut blocks = ERASED.iter().map(|byte| vec![*byte; recorded.bytes()]);
            blocks.find(|block| sha256(block) == hash)
        };
        let sent = self.sent.get(&hash).cloned();
        sent.or_else(|| erased().map(Into::into))
    }
}
