//! Writing DfuSe files (ST UM0391), as MicroPython's maker does.

use crate::image::codec::WriteError;
use crate::image::ids::FileIds;
use crate::image::model::ImageTarget;
use crate::image::suffix;

/// Bytes of a DFU prefix.
const PREFIX_LENGTH: usize = 11;
/// Bytes of `szTargetName`, the last of them a NUL.
const NAME_LENGTH: usize = 255;
/// What MicroPython's maker calls every target, after ST's own.
const NAME: &str = "ST...";

/// A DfuSe file of these targets, for a device with these ids. A target for no memory in particular is for alternate
/// setting 0.
///
/// Elements are as long as they are: padding them to 8 bytes, as some packers do for the sake of L476's bootloader, would
/// name bytes that nobody named. What flashes the file has to see to that.
pub fn to_dfu(targets: &[ImageTarget], ids: FileIds) -> Result<Vec<u8>, WriteError> {
    let mut body = Vec::new();
    let mut seen = [false; 256];
    for target in targets {
        let alternate_setting = target.alternate_setting.unwrap_or(0);
        let seen = &mut seen[usize::from(alternate_setting)];
        if *seen {
            return Err(WriteError::TargetTwice { alternate_setting });
        }
        *seen = true;
        let elements = elements(target)?;
        body.extend(b"Target");
        body.push(alternate_setting);
        body.extend(1_u32.to_le_bytes());
        body.extend(name(target));
        body.extend(length(elements.len())?.to_le_bytes());
        body.extend(length(target.elements.len())?.to_le_bytes());
        body.extend(elements);
    }
    let count = u8::try_from(targets.len()).map_err(|_| WriteError::TooManyTargets)?;
    let mut bytes = b"DfuSe\x01".to_vec();
    bytes.extend(length(PREFIX_LENGTH + body.len())?.to_le_bytes());
    bytes.push(count);
    bytes.extend(body);
    suffix::append(&mut bytes, suffix::DFUSE, ids);
    Ok(bytes)
}

fn elements(target: &ImageTarget) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    for element in &target.elements {
        bytes.extend(element.address.to_le_bytes());
        bytes.extend(length(element.data.len())?.to_le_bytes());
        bytes.extend(&element.data);
    }
    Ok(bytes)
}

/// `szTargetName`: the beginning of the name, if it is too long.
fn name(target: &ImageTarget) -> [u8; NAME_LENGTH] {
    let name = target.name.as_deref().unwrap_or(NAME);
    let fits = |end: &usize| *end < NAME_LENGTH;
    let ends = name
        .char_indices()
        .map(|(start, character)| start + character.len_utf8());
    let end = ends.take_while(fits).last().unwrap_or(0);
    let mut field = [0; NAME_LENGTH];
    field[..end].copy_from_slice(&name.as_bytes()[..end]);
    field
}

fn length(length: usize) -> Result<u32, WriteError> {
    u32::try_from(length).map_err(|_| WriteError::TooLarge {
        length: length as u64,
    })
}

#[cfg(test)]
mod tests;
