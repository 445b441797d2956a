//! A file that is written beside the work, and never keeps the work waiting.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

/// Pieces that may wait to be written, of at most some 4 KiB each. A bus fills them in ten seconds.
const QUEUE: usize = 4096;

/// What is written in one go, in bytes, where several pieces wait.
const BATCH: usize = 1 << 16;

/// A file, and the thread that writes it.
#[derive(Debug)]
pub struct BackgroundFile {
    queue: Option<SyncSender<Vec<u8>>>,
    writer: JoinHandle<(File, io::Result<()>)>,
    is_too_slow: bool,
}

impl BackgroundFile {
    /// Writes to this from now on.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn new(file: File) -> io::Result<Self> {
        Self::with_queue(file, QUEUE)
    }

    fn with_queue(file: File, pieces: usize) -> io::Result<Self> {
        let (queue, pieces) = sync_channel(pieces);
        let writer = thread::Builder::new().spawn(move || write(file, &pieces))?;
        Ok(Self {
            queue: Some(queue),
            writer,
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

    /// Writes what still waits. Returns the file, and whether it is complete.
    pub fn finish(self) -> (Option<File>, io::Result<()>) {
        let Self {
            queue,
            writer,
            is_too_slow,
        } = self;
        drop(queue);
        match writer.join() {
            Err(_) => (None, Err(io::Error::other("the writer has failed"))),
            Ok((file, Ok(()))) if is_too_slow => {
                let error = io::Error::other("it can't be written as fast as the board works");
                (Some(file), Err(error))
            }
            Ok((file, written)) => (Some(file), written),
        }
    }
}

/// Writes until there is nothing more to come, or something goes wrong.
fn write(mut file: File, pieces: &Receiver<Vec<u8>>) -> (File, io::Result<()>) {
    let mut length = 0;
    while let Ok(mut batch) = pieces.recv() {
        while batch.len() < BATCH {
            match pieces.try_recv() {
                Ok(more) => batch.extend(more),
                Err(_) => break,
            }
        }
        if let Err(error) = file.write_all(&batch) {
            // Half a piece would be one too many. A pipe can't be cut off.
            let _ = file.set_len(length);
            return (file, Err(error));
        }
        length += batch.len() as u64;
    }
    (file, Ok(()))
}

/// Puts these bytes in the place of those at `offset`, where the file has places.
pub fn replace(file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    match file.seek(SeekFrom::Start(offset)) {
        Err(error) if error.kind() == ErrorKind::NotSeekable => Ok(()),
        Err(error) => Err(error),
        Ok(_) => file.write_all(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn pieces_are_written_in_their_order() {
        let mut written = tempfile::tempfile().expect("a temporary file");
        let file = written.try_clone().expect("the same file");
        let mut file = BackgroundFile::new(file).expect("a thread");
        let pieces: Vec<Vec<u8>> = (0..200).map(|number| vec![number; 1000]).collect();
        pieces.iter().for_each(|piece| file.push(piece.clone()));
        let (_, ended) = file.finish();
        ended.expect("there is room");
        let mut found = Vec::new();
        written.rewind().expect("a file");
        io::Read::read_to_end(&mut written, &mut found).expect("a file");
        assert_eq!(found, pieces.concat());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_it_and_is_told_at_the_end() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut file = BackgroundFile::new(full.expect("Linux has one")).expect("a thread");
        file.push(vec![1]);
        let (_, ended) = file.finish();
        assert_eq!(
            ended.expect_err("it is full").kind(),
            ErrorKind::StorageFull
        );
    }

    /// A socket that nobody reads takes some bytes, and then none.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_takes_nothing_keeps_nobody_waiting() {
        use std::os::fd::OwnedFd;
        use std::os::unix::net::UnixStream;
        let (reader, writer) = UnixStream::pair().expect("two sockets");
        let file = File::from(OwnedFd::from(writer));
        let mut file = BackgroundFile::with_queue(file, 4).expect("a thread");
        for _ in 0..10 {
            file.push(vec![0; BATCH * 2]);
        }
        assert!(file.queue.is_none());
        drop(reader);
        let (_, ended) = file.finish();
        assert!(ended.is_err());
    }
}
