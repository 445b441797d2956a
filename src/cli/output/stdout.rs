//! Stdout, where answers go.

use std::io::{self, ErrorKind, Write};

use crate::cli::interrupt;

/// Writes all of it. A reader that has gone away has read enough, and is no error.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    unless_reader_left(write_to_reader(bytes))
}

/// Writes all of it, where there is work that nobody should do unseen.
///
/// # Errors
/// [`ErrorKind::BrokenPipe`] where the reader has gone away.
pub fn write_to_reader(bytes: &[u8]) -> io::Result<()> {
    // Who is to read it may have stopped to.
    let _exposed = interrupt::expose();
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// Takes a reader that has gone away for one that has read enough.
pub fn unless_reader_left(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Refuses a stdout that keeps nothing, for answers that are to be kept.
///
/// Rust opens /dev/null for reading and writing in the place of a stdout that was closed, and writing succeeds. Some
/// programs that don't care for an answer do the same, so that an answer to look at is not worth this question.
///
/// # Errors
/// Where stdout is closed, or as good as that.
pub fn check_that_it_keeps() -> io::Result<()> {
    match is_replaced() {
        true => Err(io::Error::other("it is closed, or leads nowhere")),
        false => Ok(()),
    }
}

#[cfg(unix)]
fn is_replaced() -> bool {
    use std::fs::{self, File};
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned() else {
        return true;
    };
    let mut stdout = File::from(stdout);
    let device = |metadata: io::Result<fs::Metadata>| metadata.map(|found| found.rdev()).ok();
    let null = device(fs::metadata("/dev/null"));
    // What a shell opens with > can't be read.
    null.is_some() && null == device(stdout.metadata()) && stdout.read(&mut [0]).is_ok()
}

#[cfg(not(unix))]
fn is_replaced() -> bool {
    false
}
