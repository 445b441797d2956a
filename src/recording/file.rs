//! A file that is written beside the work, and never keeps the work waiting.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// Pieces that may wait to be written, of at most some 4 KiB each. A bus fills them in ten seconds.
const QUEUE: usize = 4096;

/// How long the end waits for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is written in one go, in bytes, where several pieces wait.
const BATCH: usize = 1 << 16;

/// A file, and the thread that writes it.
#[derive(Debug)]
pub struct BackgroundFile {
    queue: Option<SyncSender<Vec<u8>>>,
    written: Receiver<Kept>,
    patience: Duration,
    is_too_slow: bool,
}

/// How much of the work the file has.
#[derive(Debug)]
pub enum Kept {
    /// All of it.
    Whole(File),
    /// Its beginning, in whole pieces, and why no more. Where it is still being written, it is not there.
    Beginning(Option<File>, io::Error),
    /// Not even the first piece.
    Nothing(io::Error),
}

impl BackgroundFile {
    /// Writes the first piece at once, and others beside the work from now on.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn new(file: File, first: &[u8]) -> io::Result<Self> {
        Self::with_limits(file, first, QUEUE, PATIENCE)
    }

    fn with_limits(
        mut file: File,
        first: &[u8],
        queue: usize,
        patience: Duration,
    ) -> io::Result<Self> {
        let begun = file.write_all(first);
        let begins_with = first.len() as u64;
        let (queue, pieces) = sync_channel(queue);
        let (ended, written) = sync_channel(1);
        let write = move || {
            let kept = match begun {
                Ok(()) => write(file, &pieces, begins_with),
                Err(error) => {
                    cut(&file, 0);
                    Kept::Nothing(error)
                }
            };
            // Nobody waits any more where it took too long.
            let _ = ended.send(kept);
        };
        thread::Builder::new().spawn(write)?;
        Ok(Self {
            queue: Some(queue),
            written,
            patience,
            is_too_slow: false,
        })
    }

    /// Adds a piece, which is in the file whole or not at all. Where it can't be, nothing more is added: whoever reads
    /// the file finds its beginning, without holes.
    pub fn push(&mut self, piece: Vec<u8>) {
        let Some(queue) = &self.queue else {
            return;
        };
        match queue.try_send(piece) {
            Ok(()) => {}
            Err(error) => {
                self.is_too_slow = matches!(error, TrySendError::Full(_));
                self.queue = None;
            }
        }
    }

    /// Writes what still waits, as far as that takes no long time.
    pub fn finish(self) -> Kept {
        let Self {
            queue,
            written,
            patience,
            is_too_slow,
        } = self;
        drop(queue);
        let too_slow = || io::Error::other("it can't be written as fast as the board works");
        match written.recv_timeout(patience) {
            Ok(Kept::Whole(file)) if is_too_slow => Kept::Beginning(Some(file), too_slow()),
            Ok(kept) => kept,
            Err(RecvTimeoutError::Timeout) => Kept::Beginning(None, too_slow()),
            Err(RecvTimeoutError::Disconnected) => {
                Kept::Beginning(None, io::Error::other("the writer has failed"))
            }
        }
    }
}

/// Writes until there is nothing more to come, or something goes wrong. `length` is that of the file.
fn write(mut file: File, pieces: &Receiver<Vec<u8>>, mut length: u64) -> Kept {
    while let Ok(mut batch) = pieces.recv() {
        let mut ends = vec![batch.len() as u64];
        while batch.len() < BATCH {
            match pieces.try_recv() {
                Ok(more) => batch.extend(more),
                Err(_) => break,
            }
            ends.push(batch.len() as u64);
        }
        if let Err(error) = file.write_all(&batch) {
            // Half a piece would be one too many.
            let written = file.stream_position().unwrap_or(length) - length;
            let whole = ends.into_iter().rfind(|end| *end <= written);
            cut(&file, length + whole.unwrap_or(0));
            return Kept::Beginning(Some(file), error);
        }
        length += batch.len() as u64;
    }
    Kept::Whole(file)
}

/// Makes the file shorter. Where that can't be, its last piece is cut off.
fn cut(file: &File, length: u64) {
    let _ = file.set_len(length);
}

/// Puts these bytes in the place of those at `offset`.
pub fn replace(file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_written_in_their_order() {
        let mut written = tempfile::tempfile().expect("a temporary file");
        let file = written.try_clone().expect("the same file");
        let mut file = BackgroundFile::new(file, b"first").expect("a thread");
        let pieces: Vec<Vec<u8>> = (0..200).map(|number| vec![number; 1000]).collect();
        pieces.iter().for_each(|piece| file.push(piece.clone()));
        assert!(matches!(file.finish(), Kept::Whole(_)));
        let mut found = Vec::new();
        written.rewind().expect("a file");
        io::Read::read_to_end(&mut written, &mut found).expect("a file");
        assert_eq!(found, [b"first", &pieces.concat()[..]].concat());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_it_and_is_told_at_the_end() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let full = full.expect("Linux has one");
        let mut file = BackgroundFile::new(full, b"first").expect("a thread");
        file.push(vec![1]);
        let Kept::Nothing(error) = file.finish() else {
            panic!("it is full");
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    /// A socket that nobody reads takes some bytes, and then none.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_takes_nothing_keeps_nobody_waiting_not_even_at_the_end() {
        use std::os::fd::OwnedFd;
        use std::os::unix::net::UnixStream;
        let (_reader, writer) = UnixStream::pair().expect("two sockets");
        let file = File::from(OwnedFd::from(writer));
        let patience = Duration::from_millis(10);
        let mut file = BackgroundFile::with_limits(file, b"first", 4, patience).expect("a thread");
        for _ in 0..10 {
            file.push(vec![0; BATCH * 2]);
        }
        assert!(file.queue.is_none());
        let Kept::Beginning(None, error) = file.finish() else {
            panic!("it is still being written");
        };
        assert_eq!(
            error.to_string(),
            "it can't be written as fast as the board works"
        );
    }
}
