//! Flash files that many runs share, one after the other.

use crate::run::FlashFile;

/// A flash file, and what is known to be in it.
pub struct Scratch {
    file: FlashFile,
    contents: Vec<u8>,
}

impl Scratch {
    pub fn new() -> Self {
        Self {
            file: FlashFile::full(0),
            contents: Vec::new(),
        }
    }

    /// Of a board with these options, for `--sim`.
    pub fn board(&self, name: &str) -> String {
        self.file.board(name)
    }

    /// Writes no more than needs be: a flash has up to 4 MiB, and this is done for every case.
    pub fn put(&mut self, contents: &[u8]) {
        if self.contents.len() != contents.len() {
            self.file.put(contents);
            self.contents = contents.to_vec();
            return;
        }
        const PIECE: usize = 4096;
        let pieces = self.contents.chunks_mut(PIECE).zip(contents.chunks(PIECE));
        for (index, (there, wanted)) in pieces.enumerate() {
            if there != wanted {
                self.file.patch(index * PIECE, wanted);
                there.copy_from_slice(wanted);
            }
        }
    }

    /// What a run has left in it.
    pub fn look(&mut self) -> &[u8] {
        self.file.read_into(&mut self.contents);
        &self.contents
    }

    /// What it held when it was looked at last.
    pub fn seen(&self) -> &[u8] {
        &self.contents
    }
}
