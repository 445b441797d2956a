//! What is wrong with a firmware file, as an exit code and the next step.

use crate::image::{Content, FilesError, Foreign, ImageError, TextKind, WriteError};

use crate::cli::exit::Exit;

pub fn of_image(error: &ImageError) -> (Exit, Option<String>) {
    match error {
        ImageError::MissingAddress { .. } => (
            Exit::Usage,
            Some("Say where it belongs, for most boards: --address 0x08000000.".to_owned()),
        ),
        ImageError::UnexpectedAddress { .. } => {
            (Exit::Usage, Some("Leave out --address.".to_owned()))
        }
        ImageError::PastAddressSpace { .. } => (Exit::DoesNotFit, None),
        ImageError::NotInFormat { content, .. } => (Exit::File, instead_of(*content)),
        ImageError::Unsupported(content) => (Exit::File, instead_of(*content)),
        ImageError::NotPlain => (
            Exit::DoesNotFit,
            Some("Use the .bin of the same build, or make one with `stdfu convert`.".to_owned()),
        ),
        ImageError::GzipTwice => (Exit::File, Some("Unpack it once with `gunzip`.".to_owned())),
        ImageError::WrongImageSize { .. } => (
            Exit::File,
            Some(
                "The file is not damaged: the program that made it counts wrong.\n\
                 Make it again from the .hex, the .elf or the .bin, with `stdfu convert`."
                    .to_owned(),
            ),
        ),
        ImageError::SecondFile { .. } => (
            Exit::File,
            Some(
                "If these are two files joined together, name them one by one: several are flashed in one go.\n\
                 `stdfu convert` makes one file of them."
                    .to_owned(),
            ),
        ),
        ImageError::Converted(_) => (
            Exit::File,
            Some(
                "A program on its way took it for text: git, an editor or a transfer in text mode.\n\
                 Get it again as binary."
                    .to_owned(),
            ),
        ),
        ImageError::Truncated { .. }
        | ImageError::Checksum { .. }
        | ImageError::GzipDamaged { .. } => (
            Exit::File,
            Some("Copy it or download it again.".to_owned()),
        ),
        _ => (Exit::File, None),
    }
}

pub fn of_files(error: &FilesError) -> (Exit, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        FilesError::InFile { error, .. } => of_image(error),
        FilesError::OneAddress { .. } => (
            Exit::Usage,
            hint("Make .hex files of them with `stdfu convert`, each with its own --address."),
        ),
        FilesError::SeveralTargets { .. } => {
            (Exit::Usage, hint("`stdfu info` shows what is in a file."))
        }
        FilesError::Overlap { .. } => (
            Exit::File,
            hint("`stdfu info` shows the addresses of each file."),
        ),
        FilesError::OtherDevice { .. } | FilesError::OtherFamily { .. } => (
            Exit::File,
            hint("If both are right for the board, flash one after the other, with --any-id."),
        ),
    }
}

pub fn of_writing(error: &WriteError) -> (Exit, Option<String>) {
    match error {
        WriteError::TooManyGaps { .. } => (
            Exit::Usage,
            Some("Write a .hex, .srec or .dfu file: those can have gaps.".to_owned()),
        ),
        WriteError::TargetTwice { .. } => (
            Exit::Usage,
            Some("Say which file is for which memory with --alt N:FILE.".to_owned()),
        ),
        WriteError::TooManyTargets | WriteError::TooLarge { .. } => (Exit::Usage, None),
    }
}

/// What to do with a file that is something else than was expected.
fn instead_of(content: Content) -> Option<String> {
    let all_the_same = "To use it anyway, byte for byte, add --format bin.";
    let advice = match content {
        Content::Foreign(Foreign {
            unpack: Some(command),
            ..
        }) => &format!("Unpack it with `{command}`, and use the file in it."),
        Content::Text(kind) => match kind {
            TextKind::GitLfsPointer => "Fetch the file itself with `git lfs pull`.",
            TextKind::Html | TextKind::ServerError | TextKind::Xml => {
                "The server probably sent this in place of the file: download it again."
            }
            TextKind::ArduPilot => {
                "Use the .hex or the .bin of the same build; ArduPilot's for DFU ends in _with_bl.hex."
            }
            TextKind::TiTxt => "Make a .hex of it: `srec_cat FILE -ti-txt -o firmware.hex -intel`.",
            TextKind::Verilog => {
                "Make a .hex of it: `srec_cat FILE -vmem 8 -o firmware.hex -intel`."
            }
            TextKind::Json | TextKind::Plain => return Some(all_the_same.to_owned()),
        },
        Content::Foreign(_) => return Some(all_the_same.to_owned()),
        Content::Raw | Content::VectorTable => {
            let raw = "If it is a raw binary, add --format bin and --address, for most boards 0x08000000.";
            return Some(raw.to_owned());
        }
        Content::Gzip => return None,
        _ => {
            let format = content.format()?.short_name;
            return Some(format!("If that is what you mean, add --format {format}."));
        }
    };
    Some(format!("{advice}\n{all_the_same}"))
}
