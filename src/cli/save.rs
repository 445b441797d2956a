//! Writes a file whole or not at all, and none over another unless asked to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, PersistError};

use crate::printable;

use super::error::{CliError, Doing};
use super::interrupt;

/// Refuses a path where something is already, unless that may be overwritten, and one that can't be written: before
/// work is done for nothing.
pub fn check(path: &Path, force: bool) -> Result<(), CliError> {
    if !force && path.symlink_metadata().is_ok() {
        return Err(already_there(path));
    }
    can_be_written(path).doing(printable::path(path))
}

/// Puts these bytes into a file. Until all of them are there, the path holds what it held before.
///
/// # Errors
/// [`CliError::AlreadyThere`], also where it came only after [`check`]; else what the system says.
pub fn save(path: &Path, bytes: &[u8], force: bool) -> Result<(), CliError> {
    check(path, force)?;
    // What a link points to is what is meant.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let result = match fs::metadata(&target) {
        // A device or a pipe takes bytes; a file must not take its place.
        Ok(there) if !there.is_file() => fs::write(&target, bytes),
        there => replace(&target, bytes, force, there.ok().as_ref()),
    };
    match result {
        Err(error) if !force && error.kind() == ErrorKind::AlreadyExists => {
            Err(already_there(path))
        }
        other => other.doing(printable::path(path)),
    }
}

/// Puts these bytes into a new file in the current directory: `STEM.EXTENSION`, or `STEM-2.EXTENSION` and so on where
/// that is there already. Returns which.
///
/// # Errors
/// What the system says.
pub fn fresh(stem: &str, extension: &str, bytes: &[u8]) -> Result<PathBuf, CliError> {
    fresh_in(Path::new(""), stem, extension, bytes)
}

fn fresh_in(
    directory: &Path,
    stem: &str,
    extension: &str,
    bytes: &[u8],
) -> Result<PathBuf, CliError> {
    let mut number = 1_u64;
    loop {
        let path = directory.join(match number {
            1 => format!("{stem}.{extension}"),
            _ => format!("{stem}-{number}.{extension}"),
        });
        match save(&path, bytes, false) {
            Err(CliError::AlreadyThere(_)) => number += 1,
            result => return result.map(|()| path),
        }
    }
}

fn already_there(path: &Path) -> CliError {
    CliError::AlreadyThere(printable::path(path))
}

/// Whether there is a name to be had, and room for a new file beside it. Nothing is left of the trial.
fn can_be_written(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ if path.file_name().is_none() => Err(io::Error::other("that is not the name of a file")),
        _ => {
            let _held = interrupt::hold();
            create_beside(path, None)?.close()
        }
    }
}

fn replace(path: &Path, bytes: &[u8], force: bool, there: Option<&fs::Metadata>) -> io::Result<()> {
    // Windows replaces no file that may only be read, nor would it delete the temporary one with the same permissions.
    if cfg!(windows) && there.is_some_and(|there| there.permissions().readonly()) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    // Until the name stands, an end would leave the rest of the work behind.
    let _watched = interrupt::watch();
    let mut temporary = create_beside(path, there)?;
    if let Some(there) = there {
        temporary.as_file().set_permissions(there.permissions())?;
    }
    temporary.as_file_mut().write_all(bytes)?;
    temporary.as_file().sync_all()?;
    if force {
        temporary.persist(path)?;
        return Ok(());
    }
    match temporary.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(PersistError { error, .. }) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(PersistError { file, .. }) => claim(path, file),
    }
}

/// Gives a file a name that nothing has, where the file system can neither rename without replacing nor link: what is
/// replaced is an empty file of our own, which only one can make.
fn claim(path: &Path, temporary: NamedTempFile) -> io::Result<()> {
    File::create_new(path)?;
    temporary.persist(path).map(drop).map_err(|failed| {
        // The error is what to tell.
        let _ = fs::remove_file(path);
        failed.error
    })
}

/// A new file in the same directory, and so on the same file system. What is to replace a file that not everybody may
/// read is closed to everybody from the beginning.
fn create_beside(path: &Path, there: Option<&fs::Metadata>) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if there.is_some() {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = there;
    Builder::new()
        .prefix(".stdfu-")
        .suffix(".part")
        .make_in(directory, |path| options.open(path))
}

#[cfg(test)]
mod tests {
    use std::thread;

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
            format!("{} already exists", path.display())
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

    #[test]
    fn a_name_that_was_taken_meanwhile_stays_the_other_s() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let winners: usize = thread::scope(|scope| {
            let save = |number: u8| save(&path, &[number], false).is_ok();
            let threads: Vec<_> = (0..16)
                .map(|number| scope.spawn(move || save(number)))
                .collect();
            let won = threads.into_iter().map(|one| one.join().expect("no panic"));
            won.filter(|won| *won).count()
        });
        assert_eq!(winners, 1);
        let entries = fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(entries.count(), 1);
    }

    #[test]
    fn a_name_can_be_claimed_once() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let claim = |bytes: &[u8]| {
            let mut file = create_beside(&path, None).expect("a new file");
            file.write_all(bytes).expect("writable");
            claim(&path, file)
        };
        claim(b"first").expect("nothing is there");
        let error = claim(b"second").expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("the file"), b"first");
        let entries = fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(entries.count(), 1);
    }

    #[test]
    fn a_fresh_file_takes_the_next_name_that_is_free() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let fresh = |bytes| fresh_in(directory.path(), "kept", "dfu", bytes);
        for (bytes, name) in [
            (b"a", "kept.dfu"),
            (b"b", "kept-2.dfu"),
            (b"c", "kept-3.dfu"),
        ] {
            let path = fresh(bytes).expect("a free name");
            assert_eq!(path, directory.path().join(name));
            assert_eq!(fs::read(path).expect("the file"), bytes);
        }
        let nowhere = directory.path().join("missing");
        assert!(fresh_in(&nowhere, "kept", "dfu", b"d").is_err());
    }

    #[test]
    fn what_can_not_be_written_is_told_before_and_nothing_is_left_of_the_trial() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let check = |name: &str| check(&directory.path().join(name), false);
        check("out.bin").expect("it can");
        assert!(check(&"long".repeat(100)).is_err());
        assert!(check("missing/out.bin").is_err());
        // As long as a name can be, and so longer than what stands in for it meanwhile may add to it.
        check(&"x".repeat(255)).expect("it can");
        let entries = fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(entries.count(), 0);
    }

    #[test]
    fn another_name_of_a_file_that_is_overwritten_keeps_the_old_content() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let other = directory.path().join("other.bin");
        fs::write(&path, b"old").expect("a new file");
        fs::hard_link(&path, &other).expect("a second name");
        save(&path, b"new", true).expect("asked for");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
        assert_eq!(fs::read(&other).expect("the file"), b"old");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_not_read_is_never_open_to_them() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.bin");
        let mode = |metadata: io::Result<fs::Metadata>| metadata.expect("the file").mode() & 0o777;
        save(&path, b"old", false).expect("a new file");
        let usual = mode(fs::metadata(&path));
        fs::write(directory.path().join("usual"), b"").expect("a new file");
        assert_eq!(usual, mode(fs::metadata(directory.path().join("usual"))));
        for wanted in [0o600, 0o640, 0o444] {
            fs::set_permissions(&path, PermissionsExt::from_mode(wanted)).expect("our file");
            let there = fs::metadata(&path).expect("the file");
            let begun = create_beside(&path, Some(&there)).expect("a new file");
            assert_eq!(mode(begun.as_file().metadata()), 0o600);
            drop(begun);
            save(&path, b"new", true).expect("asked for");
            assert_eq!(mode(fs::metadata(&path)), wanted);
        }
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
        assert!(error.message().contains("permission denied"));
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
