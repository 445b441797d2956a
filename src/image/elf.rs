//! ELF files (System V ABI, "Object Files"): what a linker leaves behind.

use std::ops::Range;

use object::LittleEndian;
use object::elf::{
    EM_ARM, EM_RISCV, ET_CORE, ET_DYN, ET_EXEC, ET_REL, FileHeader32, FileType, Machine, PT_LOAD,
    ProgramHeader32, SHF_ALLOC, SHT_NOBITS, SHT_NULL, SectionHeader32,
};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};

use crate::address::ADDRESS_SPACE;

use super::codec::{Codec, Read};
use super::error::{ImageError, Place};
use super::format::Format;
use super::model::{Image, MOST_ELEMENTS};
use super::pieces::{self, Piece, Repetition};

pub static ELF: Format = Format {
    short_name: "elf",
    help: "ELF, as a linker writes it",
    article: "an ELF file",
    content: "an ELF file",
    beginning: "\"\\x7fELF\"",
    begins: |bytes| bytes.starts_with(b"\x7FELF"),
    extensions: &["elf", "axf"],
    is_text: false,
};

pub static CODEC: Codec = Codec {
    format: &ELF,
    read: Read::Addressed(parse),
    writer: None,
};

type FileHeader = FileHeader32<LittleEndian>;
type ProgramHeader = ProgramHeader32<LittleEndian>;
type SectionHeader = SectionHeader32<LittleEndian>;

const ENDIAN: LittleEndian = LittleEndian;
/// Bytes of a file header.
const FILE_HEADER_LENGTH: usize = 52;
/// Bytes of a program header.
const PROGRAM_HEADER_LENGTH: usize = 32;
/// Where the fields of a file header stand.
const CLASS_OFFSET: usize = 4;
const DATA_OFFSET: usize = 5;
const TYPE_OFFSET: usize = 16;
const MACHINE_OFFSET: usize = 18;
const PROGRAM_HEADERS_OFFSET: usize = 28;
const SECTION_HEADERS_OFFSET: usize = 32;
/// Where `p_offset` stands in a program header.
const SEGMENT_OFFSET: usize = 4;

/// Reads an executable: the loadable segments at their physical addresses, so that initialised data, which start-up
/// code copies to RAM, goes to where it is copied from.
///
/// Of a segment, only what its sections name is taken, as GNU objcopy does. A linker puts the file's own headers, and the
/// gap after them, into the first segment where pages allow, or into one of their own. Flashed, they would erase what
/// lies before the application: a bootloader. And `llvm-objcopy -R` takes a section away, but leaves its segment: what
/// was to go is not flashed. Only a file without any section is taken by its segments.
///
/// # Errors
/// What is not for a 32-bit Arm or RISC-V, not linked, or damaged.
fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    let header = file_header(bytes)?;
    let program_headers = header.program_headers(ENDIAN, bytes).map_err(|_| {
        ImageError::malformed(
            PROGRAM_HEADERS_OFFSET,
            format!("program headers of {PROGRAM_HEADER_LENGTH} bytes inside the file"),
            format!(
                "{} of {} bytes at offset {:#010x}",
                header.e_phnum(ENDIAN),
                header.e_phentsize(ENDIAN),
                header.e_phoff(ENDIAN)
            ),
        )
    })?;
    check_count(
        program_headers.len(),
        "program headers",
        PROGRAM_HEADERS_OFFSET,
    )?;
    let first = header.e_phoff(ENDIAN) as usize;
    let mut segments = Vec::new();
    for (index, program_header) in program_headers.iter().enumerate() {
        let at = first + index * PROGRAM_HEADER_LENGTH;
        segments.extend(Segment::read(program_header, at, bytes.len())?);
    }
    segments.sort_unstable_by_key(|segment| (segment.file.start, segment.at));
    check_overlap(&segments)?;
    let headers = section_headers(header, bytes)?;
    let has_sections = headers
        .iter()
        .any(|section| section.sh_type(ENDIAN) != SHT_NULL);
    let sections = has_sections.then(|| contents(headers));
    pieces::image(&ELF, Repetition::Refused, |visit| {
        let mut pieces = segments
            .iter()
            .flat_map(|segment| segment.pieces(bytes, sections.as_deref()));
        pieces.try_for_each(visit)
    })
}

/// The file header, if the file is a program that an STM32 or one of its relatives can run.
fn file_header(bytes: &[u8]) -> Result<&FileHeader, ImageError> {
    let Some(start) = bytes.get(..FILE_HEADER_LENGTH) else {
        return Err(ImageError::malformed(
            bytes.len(),
            format!("an ELF header of {FILE_HEADER_LENGTH} bytes"),
            "the end of the file",
        ));
    };
    let is_big_endian = start[DATA_OFFSET] == 2;
    let machine = [start[MACHINE_OFFSET], start[MACHINE_OFFSET + 1]];
    let machine = Machine(match is_big_endian {
        true => u16::from_be_bytes(machine),
        false => u16::from_le_bytes(machine),
    });
    if machine != EM_ARM && machine != EM_RISCV {
        return Err(ImageError::malformed(
            MACHINE_OFFSET,
            "a program for Arm or RISC-V (e_machine)",
            format!("one for {}", machine_name(machine)),
        ));
    }
    if start[CLASS_OFFSET] != 1 {
        return Err(ImageError::malformed(
            CLASS_OFFSET,
            "a 32-bit file (EI_CLASS 1)",
            match start[CLASS_OFFSET] {
                2 => "a 64-bit one".to_owned(),
                other => format!("EI_CLASS {other}"),
            },
        ));
    }
    if start[DATA_OFFSET] != 1 {
        return Err(ImageError::malformed(
            DATA_OFFSET,
            "a little-endian file (EI_DATA 1)",
            match is_big_endian {
                true => "a big-endian one".to_owned(),
                false => format!("EI_DATA {}", start[DATA_OFFSET]),
            },
        ));
    }
    let header = FileHeader::parse(bytes).map_err(|_| {
        ImageError::malformed(6, "ELF version 1 (EI_VERSION)", start[6].to_string())
    })?;
    match header.e_type(ENDIAN) {
        ET_EXEC | ET_DYN => Ok(header),
        other => Err(ImageError::malformed(
            TYPE_OFFSET,
            "a linked program (e_type 2)",
            type_name(other),
        )),
    }
}

/// What a file is for that people flash by mistake.
fn machine_name(machine: Machine) -> String {
    let name = match machine.0 {
        3 => "x86",
        8 => "MIPS",
        20 => "PowerPC",
        62 => "x86-64",
        83 => "AVR",
        94 => "Xtensa",
        105 => "MSP430",
        183 => "64-bit Arm (AArch64)",
        other => return format!("machine {other}"),
    };
    format!("{name} (machine {})", machine.0)
}

fn type_name(file_type: FileType) -> String {
    match file_type {
        ET_REL => "an object file, which is not linked (1)".to_owned(),
        ET_CORE => "a core dump (4)".to_owned(),
        other => other.0.to_string(),
    }
}

/// A loadable segment that has bytes in the file.
struct Segment {
    /// Where its program header stands.
    at: usize,
    /// Its bytes in the file.
    file: Range<usize>,
    /// `p_paddr`: where the first of them belongs.
    address: u32,
}

impl Segment {
    /// `None` for segments that are not loaded, or only cleared.
    fn read(
        header: &ProgramHeader,
        at: usize,
        file_length: usize,
    ) -> Result<Option<Self>, ImageError> {
        let size = header.p_filesz(ENDIAN) as usize;
        if header.p_type(ENDIAN) != PT_LOAD || size == 0 {
            return Ok(None);
        }
        let start = header.p_offset(ENDIAN) as usize;
        let address = header.p_paddr(ENDIAN);
        let Some(end) = start.checked_add(size).filter(|end| *end <= file_length) else {
            return Err(ImageError::malformed(
                at + SEGMENT_OFFSET,
                format!(
                    "a segment inside the file, which has {file_length} bytes (p_offset, p_filesz)"
                ),
                format!("{size} bytes at offset {start:#010x}"),
            ));
        };
        let address_after = u64::from(address) + size as u64;
        if address_after > ADDRESS_SPACE {
            return Err(ImageError::malformed(
                at,
                "data that ends at or below 0xffffffff",
                format!("{address:#010x}..{address_after:#010x}"),
            ));
        }
        Ok(Some(Self {
            at,
            file: start..end,
            address,
        }))
    }

    /// Its bytes that a section names; all of them, where the file has no sections.
    fn pieces<'a>(&self, bytes: &'a [u8], sections: Option<&[Range<usize>]>) -> Vec<Piece<'a>> {
        let Some(sections) = sections else {
            return vec![self.piece(self.file.clone(), bytes)];
        };
        let first = sections.partition_point(|section| section.end <= self.file.start);
        sections[first..]
            .iter()
            .take_while(|section| section.start < self.file.end)
            .map(|section| {
                let start = section.start.max(self.file.start);
                self.piece(start..section.end.min(self.file.end), bytes)
            })
            .collect()
    }

    fn piece<'a>(&self, file: Range<usize>, bytes: &'a [u8]) -> Piece<'a> {
        let skipped = (file.start - self.file.start) as u32;
        Piece {
            at: Place::Offset(self.at as u64),
            address: self.address + skipped,
            data: &bytes[file],
        }
    }
}

/// Refuses segments that share bytes of the file: no linker makes them, and a small file of many would be huge.
fn check_overlap(segments: &[Segment]) -> Result<(), ImageError> {
    for (first, second) in segments.iter().zip(segments.iter().skip(1)) {
        if second.file.start < first.file.end {
            return Err(ImageError::malformed(
                second.at + SEGMENT_OFFSET,
                format!(
                    "a segment after {:#010x}, the end of another (p_offset)",
                    first.file.end
                ),
                format!("one at {:#010x}", second.file.start),
            ));
        }
    }
    Ok(())
}

fn section_headers<'a>(
    header: &FileHeader,
    bytes: &'a [u8],
) -> Result<&'a [SectionHeader], ImageError> {
    let headers = header.section_headers(ENDIAN, bytes).map_err(|_| {
        ImageError::malformed(
            SECTION_HEADERS_OFFSET,
            "section headers of 40 bytes inside the file",
            format!(
                "{} of {} bytes at offset {:#010x}",
                header.e_shnum(ENDIAN),
                header.e_shentsize(ENDIAN),
                header.e_shoff(ENDIAN)
            ),
        )
    })?;
    check_count(headers.len(), "section headers", SECTION_HEADERS_OFFSET)?;
    Ok(headers)
}

/// Refuses more headers than any program has, each of which would be more work.
fn check_count(count: usize, what: &str, offset: usize) -> Result<(), ImageError> {
    if count <= MOST_ELEMENTS {
        return Ok(());
    }
    Err(ImageError::malformed(
        offset,
        format!("at most {MOST_ELEMENTS} {what}"),
        count.to_string(),
    ))
}

/// Where the contents of the sections that are part of the program stand in the file, ascending, joined where they touch.
fn contents(headers: &[SectionHeader]) -> Vec<Range<usize>> {
    let mut sections: Vec<Range<usize>> = headers
        .iter()
        .filter(|section| {
            section.sh_flags(ENDIAN).contains(SHF_ALLOC) && section.sh_type(ENDIAN) != SHT_NOBITS
        })
        .map(|section| {
            let start = section.sh_offset(ENDIAN) as usize;
            start..start.saturating_add(section.sh_size(ENDIAN) as usize)
        })
        .filter(|section| !section.is_empty())
        .collect();
    sections.sort_unstable_by_key(|section| section.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for section in sections {
        match joined.last_mut() {
            Some(last) if section.start <= last.end => last.end = last.end.max(section.end),
            _ => joined.push(section),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
