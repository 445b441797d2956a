//! Files that have two names on the command line, and have to be two files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::printable;

use super::usage::UsageError;

/// A file of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Given<'g> {
    /// What names it there: an option, or an argument.
    pub by: &'g str,
    /// Its name.
    pub path: &'g Path,
}

/// Refuses to write a file that is another one's, by whatever name: nobody wants to lose what `--force` would overwrite.
///
/// # Errors
/// They are the same file.
pub fn check(written: Given<'_>, other: Given<'_>) -> Result<(), UsageError> {
    match is_same(written.path, other.path) {
        false => Ok(()),
        true => Err(UsageError {
            message: format!(
                "{} and {} name the same file: {}",
                other.by,
                written.by,
                printable::path(written.path)
            ),
            hint: Some("Name two different files. Nothing was written.".to_owned()),
        }),
    }
}

/// Whether two names lead to the same file, or would once it is there.
fn is_same(one: &Path, other: &Path) -> bool {
    let (one, other) = (resolved(one), resolved(other));
    one.is_some() && one == other || is_linked(one.as_deref(), other.as_deref())
}

/// The name of a file without any link in it, also of one that is not there yet; `None` where its folder isn't there.
fn resolved(path: &Path) -> Option<PathBuf> {
    /// As Linux has it.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(there) = fs::canonicalize(&path) {
            return Some(there);
        }
        let folder = match path.parent()? {
            here if here == Path::new("") => Path::new("."),
            folder => folder,
        };
        path = match fs::read_link(&path) {
            Ok(target) => folder.join(target),
            Err(_) => return Some(fs::canonicalize(folder).ok()?.join(path.file_name()?)),
        };
    }
    None
}

/// Whether these are two names of one file in its file system.
#[cfg(unix)]
fn is_linked(one: Option<&Path>, other: Option<&Path>) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |path: Option<&Path>| {
        let metadata = fs::metadata(path?).ok()?;
        metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
    };
    number(one).is_some_and(|one| Some(one) == number(other))
}

/// Elsewhere nobody tells without `unsafe`. What is overwritten gets a new file there, and the other name keeps the old one.
#[cfg(not(unix))]
fn is_linked(_: Option<&Path>, _: Option<&Path>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_whatever_it_is_called_and_whether_it_is_there_or_not() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).expect("a new folder");
        for is_there in [false, true] {
            if is_there {
                fs::write(path("a"), b"kept").expect("a new file");
            }
            for same in ["a", "./a", "sub/../a"] {
                assert!(is_same(&path("a"), &path(same)), "{same} {is_there}");
            }
            for another in ["b", "sub/a", "A.bin", "nowhere/a"] {
                assert!(!is_same(&path("a"), &path(another)), "{another}");
            }
        }
        let missing = path("nowhere").join("a");
        assert!(!is_same(&missing, &missing), "nothing can be written there");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_the_file_that_they_are_for() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| folder.path().join(name);
        symlink("a", path("link")).expect("a new link");
        symlink(folder.path(), path("folder")).expect("a new link");
        symlink("loop", path("loop")).expect("a new link");
        assert!(is_same(&path("a"), &path("link")));
        assert!(is_same(&path("a"), &path("folder/link")));
        assert!(!is_same(&path("loop"), &path("loop")));
        fs::write(path("a"), b"kept").expect("a new file");
        fs::hard_link(path("a"), path("second")).expect("a second name");
        assert!(is_same(&path("second"), &path("link")));
        fs::write(path("b"), b"kept").expect("a new file");
        assert!(!is_same(&path("a"), &path("b")));
    }
}
