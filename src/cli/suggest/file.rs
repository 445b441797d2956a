//! What may have been meant by a file that isn't there.

use std::fs;
use std::path::Path;

use super::nearest;
use crate::cli::args::number::parse_address;

/// What may have been meant by a file that isn't there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// It is where a raw binary belongs.
    Address(String),
    /// It is how long to wait.
    Seconds(String),
    /// One of these, beside it, with nearly the same name.
    Name(Vec<String>),
}

/// What may have been meant by this path.
pub fn mistake(path: &Path) -> Option<Mistake> {
    let name = path.display().to_string();
    if name.starts_with("0x") && parse_address(&name).is_ok() {
        Some(Mistake::Address(name))
    } else if name.parse::<f64>().is_ok() {
        Some(Mistake::Seconds(name))
    } else {
        Some(beside(path))
            .filter(|near| !near.is_empty())
            .map(Mistake::Name)
    }
}

/// The files beside a path with nearly the same name.
fn beside(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let entries = fs::read_dir(directory.unwrap_or(Path::new(".")));
    let there: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let near = nearest(&name, there.iter().map(String::as_str));
    let in_directory = |name: &str| match directory {
        Some(directory) => directory.join(name).to_str().map(str::to_owned),
        None => Some(name.to_owned()),
    };
    near.into_iter().filter_map(in_directory).collect()
}
