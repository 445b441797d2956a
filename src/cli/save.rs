//! Writes a file whole or not at all, and none over another unless asked to.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::printable;

use super::interrupt;

/// A file that is there already.
#[derive(Debug, thiserror::Error)]
#[error("{name} is there already")]
pub struct AlreadyThere {
    name: String,
}

/// Refuses a path where something is already, unless that may be overwritten: before work is done for nothing.
pub fn check(path: &Path, force: bool) -> anyhow::Result<()> {
    if !force && path.symlink_metadata().is_ok() {
        let name = printable::path(path);
        return Err(AlreadyThere { name }.into());
    }
    can_be_written(path).with_context(|| printable::path(path))
}

/// A directory that isn't there, or stands in the place of the file, is told before work is done for nothing.
fn can_be_written(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    match path.parent() {
        Some(directory) if directory != Path::new("") => fs::metadata(directory).map(|_| ()),
        _ => Ok(()),
    }
}

/// Puts these bytes into a file. Until all of them are there, the path holds what it held before.
pub fn save(path: &Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    check(path, force)?;
    // Until the name stands, Ctrl-C would leave the rest of the work behind.
    let _watched = interrupt::watch();
    // What a link points to is what is meant.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let result = match fs::metadata(&target) {
        // A device or a pipe takes bytes; a file must not take its place.
        Ok(there) if !there.is_file() && !there.is_dir() => fs::write(&target, bytes),
        there => replace(&target, bytes, there.ok()),
    };
    result.with_context(|| printable::path(path))
}

/// Puts these bytes into a new file in the current directory, under a name that nothing has yet.
pub fn fresh(stem: &str, extension: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let names = (1..).map(|number| match number {
        1 => format!("{stem}.{extension}"),
        _ => format!("{stem}-{number}.{extension}"),
    });
    for name in names {
        let path = PathBuf::from(name);
        match save(&path, bytes, false) {
            Err(error) if error.is::<AlreadyThere>() => {}
            result => return result.map(|()| path),
        }
    }
    unreachable!("there is always another number")
}

fn replace(path: &Path, bytes: &[u8], there: Option<fs::Metadata>) -> io::Result<()> {
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(ErrorKind::IsADirectory.into());
    }
    // Windows replaces no file that may only be read, nor would it delete the temporary one with the same permissions.
    let read_only = |there: &fs::Metadata| there.permissions().readonly();
    if cfg!(windows) && there.as_ref().is_some_and(read_only) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let (mut file, temporary) = create_beside(path)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            there.map_or(Ok(()), |there| {
                fs::set_permissions(&temporary, there.permissions())
            })
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error is what to tell; that a rest of the work stays behind is the smaller trouble.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file in the same directory, and so on the same file system.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let temporary = path.with_file_name(name);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    Ok((file, temporary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_nothing_else_stays_behind() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        save(&path, b"new", false).expect("nothing is there");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
        let entries = fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(entries.count(), 1);
    }

    #[test]
    fn what_is_there_is_overwritten_only_when_asked_for() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        fs::write(&path, b"old").expect("a new file");
        let error = save(&path, b"new", false).expect_err("it is there");
        assert_eq!(
            error.to_string(),
            format!("{} is there already", path.display())
        );
        assert_eq!(fs::read(&path).expect("the file"), b"old");
        save(&path, b"new", true).expect("asked for");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
    }

    #[test]
    fn a_directory_is_not_overwritten() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        assert!(save(directory.path(), b"new", true).is_err());
        assert!(directory.path().is_dir());
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_may_only_be_read_stays_as_it_is() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        fs::write(&path, b"old").expect("a new file");
        let mut permissions = fs::metadata(&path).expect("the file").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions.clone()).expect("our file");
        let error = save(&path, b"new", true).expect_err("it may only be read");
        assert!(format!("{error:#}").contains("permission denied"));
        assert_eq!(fs::read(&path).expect("the file"), b"old");
        let entries = fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(entries.count(), 1);
        // Or else the directory can't be deleted.
        permissions.set_readonly(false);
        fs::set_permissions(&path, permissions).expect("our file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_points_to_is_written() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let link = directory.path().join("link.bin");
        fs::write(&path, b"old").expect("a new file");
        std::os::unix::fs::symlink(&path, &link).expect("a new link");
        save(&link, b"new", true).expect("asked for");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).expect("the file"), b"new");
    }
}
