//! Several files flashed in one go, such as a bootloader and an application.

use std::path::Path;

use crate::chip::family::Family;

use super::bin::BIN;
use super::error::ImageError;
use super::ids::FileIds;
use super::load::{LoadOptions, read};
use super::model::{Image, ImageTarget};

/// A file as the user handed it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// What messages call it, and what may tell its format.
    pub name: String,
    pub bytes: Vec<u8>,
    /// The memory it is for, whatever the file says.
    pub alternate_setting: Option<u8>,
}

/// Why files can't be used, or not together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// One of them.
    #[error("{name}")]
    InFile {
        name: String,
        #[source]
        error: ImageError,
    },
    /// Several raw binaries, and the caller gave one address.
    #[error(
        "{first} and {second} are raw binaries, and {address:#010x} can't be the address of both"
    )]
    OneAddress {
        first: String,
        second: String,
        address: u32,
    },
    /// A memory was named for a file that is for several.
    #[error(
        "{name}: expected data for one memory, alternate setting {wanted}, found targets for {found}"
    )]
    SeveralTargets {
        name: String,
        /// The memory that was named.
        wanted: u8,
        /// How many there are.
        found: usize,
    },
    /// Two files name the same byte.
    #[error("{first} and {second} overlap: both have data for {address:#010x}")]
    Overlap {
        first: String,
        second: String,
        /// The first such byte.
        address: u32,
    },
    /// No chip is of both families.
    #[error("{first} is for {family}, {second} for {other_family}")]
    OtherFamily {
        first: String,
        family: Family,
        second: String,
        other_family: Family,
    },
    /// No device fits both.
    #[error(
        "{first} is for a device with ids {:04x}:{:04x}, {second} for one with {:04x}:{:04x}",
        .ids.vendor_id, .ids.product_id, .other_ids.vendor_id, .other_ids.product_id
    )]
    OtherDevice {
        first: String,
        ids: FileIds,
        second: String,
        other_ids: FileIds,
    },
}

/// Reads firmware files, at least one, and puts what is in them together. The format that the options name is that of
/// all; the address is for the one raw binary among them. Their file name is not looked at.
pub fn load_several(files: Vec<NamedFile>, options: &LoadOptions<'_>) -> Result<Image, FilesError> {
    let is_one = files.len() == 1;
    let mut images = Vec::new();
    for file in files {
        let mut image = load_one(file.bytes, &file.name, file.alternate_setting, options)?;
        if !is_one {
            for warning in &mut image.warnings {
                *warning = format!("{}: {warning}", file.name);
            }
        }
        images.push((file.name, image));
    }
    if let Some(address) = options.address {
        check_address(&images, address)?;
    }
    merge(images)
}

fn load_one(
    bytes: Vec<u8>,
    name: &str,
    alternate_setting: Option<u8>,
    options: &LoadOptions<'_>,
) -> Result<Image, FilesError> {
    let options = LoadOptions {
        file_name: Some(Path::new(name)),
        ..*options
    };
    let mut image = read(bytes, &options).map_err(|error| FilesError::InFile {
        name: name.to_owned(),
        error,
    })?;
    if let Some(suspicion) = &mut image.suspicion {
        suspicion.file = name.to_owned();
    }
    if let Some(wanted) = alternate_setting {
        let [target] = &mut image.targets[..] else {
            return Err(FilesError::SeveralTargets {
                name: name.to_owned(),
                wanted,
                found: image.targets.len(),
            });
        };
        target.alternate_setting = Some(wanted);
    }
    Ok(image)
}

/// An address is that of one raw binary.
fn check_address(images: &[(String, Image)], address: u32) -> Result<(), FilesError> {
    let mut raw = images.iter().filter(|(_, image)| image.format == &BIN);
    match (raw.next(), raw.next()) {
        (Some(_), None) => Ok(()),
        (Some((first, _)), Some((second, _))) => Err(FilesError::OneAddress {
            first: first.clone(),
            second: second.clone(),
            address,
        }),
        (None, _) => {
            let (name, image) = images.first().expect("at least one file");
            Err(FilesError::InFile {
                name: name.clone(),
                error: ImageError::UnexpectedAddress {
                    address,
                    format: image.format,
                },
            })
        }
    }
}

/// One image of them all. Targets for the same alternate setting become one, and so do those for none in particular.
fn merge(images: Vec<(String, Image)>) -> Result<Image, FilesError> {
    let (_, first) = images.first().expect("at least one file");
    let mut merged = Image {
        format: first.format,
        targets: Vec::new(),
        ids: common_ids(&images)?,
        family: common_family(&images)?,
        suspicion: None,
        warnings: Vec::new(),
    };
    // For each element of each merged target, the file that it is from.
    let mut origins: Vec<Vec<usize>> = Vec::new();
    let mut names = Vec::new();
    for (file, (name, image)) in images.into_iter().enumerate() {
        names.push(name);
        merged.suspicion = merged.suspicion.or(image.suspicion);
        merged.warnings.extend(image.warnings);
        for target in image.targets {
            let count = target.elements.len();
            let index = add(&mut merged.targets, target);
            origins.resize_with(merged.targets.len(), Vec::new);
            origins[index].extend(std::iter::repeat_n(file, count));
        }
    }
    for (target, origins) in merged.targets.iter_mut().zip(origins) {
        order(target, origins, &names)?;
    }
    Ok(merged)
}

/// The ids that all of the files accept.
fn common_ids(images: &[(String, Image)]) -> Result<Option<FileIds>, FilesError> {
    let mut said = images
        .iter()
        .filter_map(|(name, image)| Some((name, image.ids?)));
    let Some(first) = said.next() else {
        return Ok(None);
    };
    let (_, ids) = said.try_fold(first, |(first, ids), (second, other_ids)| {
        let common = common(ids, other_ids).ok_or_else(|| FilesError::OtherDevice {
            first: first.clone(),
            ids,
            second: second.clone(),
            other_ids,
        })?;
        Ok((first, common))
    })?;
    Ok(Some(ids))
}

/// The family of chips that all of the files are for.
fn common_family(images: &[(String, Image)]) -> Result<Option<Family>, FilesError> {
    let mut families = images
        .iter()
        .filter_map(|(name, image)| Some((name, image.family?)));
    let Some((first, family)) = families.next() else {
        return Ok(None);
    };
    match families.find(|(_, other)| *other != family) {
        Some((second, other_family)) => Err(FilesError::OtherFamily {
            first: first.clone(),
            family,
            second: second.clone(),
            other_family,
        }),
        None => Ok(Some(family)),
    }
}

/// Adds a target to those there are, or its elements to the one for the same alternate setting. Returns which that is.
fn add(targets: &mut Vec<ImageTarget>, target: ImageTarget) -> usize {
    let same = targets
        .iter()
        .position(|other| other.alternate_setting == target.alternate_setting);
    match same {
        Some(index) => {
            let other = &mut targets[index];
            other.name = other.name.take().or(target.name);
            other.elements.extend(target.elements);
            index
        }
        None => {
            targets.push(target);
            targets.len() - 1
        }
    }
}

/// Orders elements by address and refuses those that overlap.
fn order(
    target: &mut ImageTarget,
    origins: Vec<usize>,
    names: &[String],
) -> Result<(), FilesError> {
    let elements = std::mem::take(&mut target.elements);
    let mut sorted: Vec<_> = elements.into_iter().zip(origins).collect();
    sorted.sort_by_key(|(element, _)| element.address);
    for ((lower, from), (higher, other)) in sorted.iter().zip(sorted.iter().skip(1)) {
        if higher.start() < lower.end() {
            let [first, second] = [from.min(other), from.max(other)];
            return Err(FilesError::Overlap {
                first: names[*first].clone(),
                second: names[*second].clone(),
                address: higher.address,
            });
        }
    }
    target.elements = sorted.into_iter().map(|(element, _)| element).collect();
    Ok(())
}

/// The ids that both accept.
fn common(ids: FileIds, other: FileIds) -> Option<FileIds> {
    if other.accepts(ids.vendor_id, ids.product_id) {
        Some(ids)
    } else if ids.accepts(other.vendor_id, other.product_id) {
        Some(other)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
