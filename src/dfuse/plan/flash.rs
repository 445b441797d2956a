//! Image + memories → plan: which sectors its bytes lie in, and what to do with each memory.

use std::borrow::Cow;

use crate::address::AddressRange;
use crate::chip::rom::has_vector_tables;
use crate::chip::vector_table::{self, BadVectorTable, LinkedElsewhere, Part};
use crate::dfuse::layout::{MemoryLayout, Sector};
use crate::dfuse::named::Named;
use crate::dfuse::region::Region;
use crate::image::{Image, ImageElement};

use super::Start;
use super::choice::{Place, check_ids, divide, nothing_for_memory};
use super::error::PlanError;
use super::profile::{BoardProfile, Memory, sectors_with};
use super::stretches::{take_head, write_ranges};
use super::too_small::or_too_small;
use crate::chip::settings::Settings;

/// What the user wants of a flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlashOptions {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
    /// Erase and write all of it, even what is there already.
    pub full: bool,
    /// Write from the first block to the last, and all of it.
    pub in_order: bool,
    /// Keep what is in partly covered sectors beyond the image.
    pub preserve: bool,
    /// Erase all of the memory first.
    pub mass_erase: bool,
    /// Read back and compare.
    pub verify: bool,
    /// Start the application afterwards.
    pub start: bool,
    /// Start it here.
    pub entry: Option<u32>,
    /// Pass over the ids in the file.
    pub any_id: bool,
    /// Take of the image what the board has a memory for.
    pub only_fitting: bool,
    /// Where the user has placed a raw file that is to start where it was linked for; `None` where that is not looked at.
    pub placed_at: Option<u32>,
}

impl FlashOptions {
    /// Those of a user who asks for nothing in particular.
    pub const PLAIN: Self = Self {
        alternate_setting: None,
        full: false,
        in_order: false,
        preserve: false,
        mass_erase: false,
        verify: true,
        start: true,
        entry: None,
        any_id: false,
        only_fitting: false,
        placed_at: None,
    };

    /// Whether flash is to be read at all, before or after.
    fn reads(self) -> bool {
        let compares = !(self.full || self.in_order);
        compares || self.verify || self.preserve
    }
}

/// An image for one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashPlan<'i> {
    /// Memory by memory; at least one.
    pub memories: Vec<FlashMemory<'i>>,
    /// Where to start the application when all is done; `None` to stay in DFU mode.
    pub start: Option<Start>,
    /// Why the application can't be started from its vector table, if that is so.
    pub bad_vector_table: Option<BadVectorTable>,
    /// That a raw file looks linked for another address than the user has placed it at, unless what is on the board has
    /// its code.
    pub linked_elsewhere: Option<Suspicion>,
    /// What of the image is not written, because the board has no memory for it, or another one was chosen.
    pub left_out: Vec<Place>,
}

/// Something that a look at the board has to clear up before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// The sectors to look at.
    pub region: Region,
    /// What is suspected.
    pub found: LinkedElsewhere,
}

/// An image for one memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashMemory<'i> {
    /// The memory, with every sector that has a byte of the image: all that could be erased for it.
    pub region: Region,
    /// The image.
    elements: Cow<'i, [ImageElement]>,
    /// What to write, in whole program units, but for the head: without a gap each, ascending.
    pub body: Vec<AddressRange>,
    /// The block with the vector table, which is erased first and written last.
    pub head: Option<AddressRange>,
    /// How room is made for it.
    pub erase: Erase,
    /// Whether to look first what is there already, and to leave that out.
    pub compare: bool,
    /// Whether it is read back and compared.
    pub check: Check,
    /// What becomes of what else is in its sectors.
    pub around: Around,
    /// Whether the memory can be read, and may be.
    pub reads: bool,
    /// Whether it is written from the first block to the last, and all of it.
    pub in_order: bool,
}

impl FlashMemory<'_> {
    /// The image.
    pub fn image(&self) -> Named<'_> {
        Named(&self.elements)
    }
}

/// How room is made for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erase {
    /// Its sectors, one by one, as far as needed.
    Sectors,
    /// All of the memory first: every sector of it that can be erased.
    All(Region),
    /// All of the memory, under another of its alternate settings.
    AllUnderAnother,
}

/// Whether what was written is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// All of it.
    ReadBack,
    /// It is not wanted.
    NotWanted,
    /// It is wanted, and the board can't be read.
    CantBeRead,
}

/// What becomes of what is in an image's sectors and not of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// It is looked at, and written back.
    Keep,
    /// It is looked at and counted.
    Count,
    /// All of it was to be erased.
    Expendable,
    /// Nobody looks at it.
    Unseen,
}

/// Plans to flash an image.
///
/// # Errors
/// Whatever of the image doesn't fit the board. Nothing has been sent to it by then.
pub fn plan_flash<'i>(
    image: &'i Image,
    board: BoardProfile<'_>,
    options: FlashOptions,
) -> Result<FlashPlan<'i>, PlanError> {
    if !options.any_id {
        check_ids(image, board)?;
    }
    let mut memories: Vec<FlashMemory> = Vec::new();
    let mut planned: Vec<PlannedMemory> = Vec::new();
    let mut left_out = Vec::new();
    for target in &image.targets {
        let chosen = options.alternate_setting;
        let division = divide(target, board, chosen, options.only_fitting)?;
        left_out.extend(division.left_out);
        for (memory, elements) in division.shares {
            check_settings(memory, chosen)?;
            memories.push(plan_memory(elements, memory, board, options, &mut planned)?);
        }
    }
    if memories.is_empty() {
        return Err(nothing_for_memory(image, options.alternate_setting));
    }
    let start = if options.start {
        start(&memories, board, options.entry)?
    } else {
        None
    };
    let bad_vector_table = if has_vector_tables(board.ids) {
        vector_table::find_fault(&main_parts(&memories, board), options.entry)
    } else {
        None
    };
    Ok(FlashPlan {
        start,
        bad_vector_table,
        linked_elsewhere: match options.placed_at {
            Some(address) => linked_elsewhere(&memories, board, address)?,
            None => None,
        },
        memories,
        left_out,
    })
}

/// # Errors
/// [`PlanError::LinkedElsewhere`] where nobody can look what is on the board.
fn linked_elsewhere(
    memories: &[FlashMemory<'_>],
    board: BoardProfile<'_>,
    address: u32,
) -> Result<Option<Suspicion>, PlanError> {
    let main = board.main_memory();
    let borders = main.layout.sectors().map(|sector| sector.address);
    let elements = main_parts(memories, board);
    let found = has_vector_tables(board.ids)
        .then(|| vector_table::linked_elsewhere(&elements, address, borders))
        .flatten();
    let Some(found) = found else {
        return Ok(None);
    };
    let reads = memories.iter().any(|memory| memory.reads);
    let code = main.sector_at(found.reset).ok();
    let can_be_right = reads && found.is_aligned;
    let Some(code) = code.filter(|sector| can_be_right && sector.access.readable) else {
        return Err(PlanError::LinkedElsewhere(found));
    };
    let guessed = found.guess.and_then(|guess| main.sector_at(guess).ok());
    let mut sectors: Vec<Sector> = guessed.into_iter().chain([code]).collect();
    sectors.sort_by_key(|sector| sector.address);
    sectors.dedup();
    Ok(Some(Suspicion {
        region: Region::new(main, sectors),
        found,
    }))
}

/// One that holds settings has to be named.
fn check_settings(memory: &Memory, chosen: Option<u8>) -> Result<(), PlanError> {
    match memory.layout.settings() {
        Some(settings) if chosen.is_none() => Err(PlanError::NotNamed {
            alternate_setting: memory.alternate_setting,
            name: memory.layout.name.clone(),
            settings,
        }),
        _ => Ok(()),
    }
}

/// A memory that an earlier target of the image goes to.
struct PlannedMemory {
    layout: MemoryLayout,
    sectors: Vec<Sector>,
}

fn plan_memory<'i>(
    elements: Cow<'i, [ImageElement]>,
    memory: &Memory,
    board: BoardProfile<'_>,
    options: FlashOptions,
    planned: &mut Vec<PlannedMemory>,
) -> Result<FlashMemory<'i>, PlanError> {
    let sectors = touched_sectors(&elements, memory)
        .map_err(|error| or_too_small(error, &elements, memory, board))?;
    let region = Region::new(memory, sectors);
    check_option_bytes(&region, Named(&elements))?;
    let is_twin = check_twins(&region, memory, planned)?;
    let readable = board.can_upload && region.sectors.iter().all(|sector| sector.access.readable);
    if options.preserve && !readable {
        let (alternate_setting, name) = (memory.alternate_setting, memory.layout.name.clone());
        return Err(PlanError::CantPreserve {
            alternate_setting,
            name,
        });
    }
    let is_main = memory.layout == board.main_memory().layout;
    // The command for all of a memory has no address: in whatever memory it is sent, a ROM erases main flash.
    let erase = match is_main && options.mass_erase {
        false => Erase::Sectors,
        true if is_twin => Erase::AllUnderAnother,
        true => Erase::All(Region::new(memory, memory.erasable_sectors())),
    };
    let mut body = write_ranges(&elements, &region.sectors);
    let head = (is_main && !options.in_order).then(|| take_head(&mut body, board.transfer_size));
    let reads = readable && options.reads();
    planned.push(PlannedMemory {
        layout: memory.layout.clone(),
        sectors: region.sectors.clone(),
    });
    Ok(FlashMemory {
        elements,
        body,
        head: head.flatten(),
        compare: reads && !options.full && !options.in_order && erase == Erase::Sectors,
        check: match options.verify {
            false => Check::NotWanted,
            true if readable => Check::ReadBack,
            true => Check::CantBeRead,
        },
        around: match &erase {
            _ if options.preserve => Around::Keep,
            Erase::Sectors if reads => Around::Count,
            Erase::Sectors => Around::Unseen,
            Erase::All(_) | Erase::AllUnderAnother => Around::Expendable,
        },
        erase,
        reads,
        in_order: options.in_order,
        region,
    })
}

/// The bootloader erases all option bytes before it writes any, so that a part of them can't be written.
fn check_option_bytes(region: &Region, image: Named<'_>) -> Result<(), PlanError> {
    if region.settings != Some(Settings::OptionBytes) {
        return Ok(());
    }
    let whole = |sector: &Sector| image.bytes_in((*sector).into()) == u64::from(sector.size);
    match region.sectors.iter().find(|sector| !whole(sector)) {
        Some(sector) => Err(PlanError::PartOfOptionBytes { sector: *sector }),
        None => Ok(()),
    }
}

/// Two alternate settings can be one and the same memory (G0B1). What is there for the first target must not be erased
/// for the second. Returns whether there is a first.
fn check_twins(
    region: &Region,
    memory: &Memory,
    planned: &[PlannedMemory],
) -> Result<bool, PlanError> {
    let twins = || planned.iter().filter(|twin| twin.layout == memory.layout);
    let mut sectors = twins().flat_map(|twin| &twin.sectors);
    match sectors.find(|sector| region.sectors.contains(sector)) {
        Some(Sector { address, .. }) => Err(PlanError::SharedSector {
            address: *address,
            alternate_setting: memory.alternate_setting,
        }),
        None => Ok(twins().next().is_some()),
    }
}

/// Every sector that has a byte of the image, ascending.
fn touched_sectors(elements: &[ImageElement], memory: &Memory) -> Result<Vec<Sector>, PlanError> {
    let ranges = elements.iter().map(ImageElement::range);
    sectors_with(ranges, |address| sector_to_write(address, memory))
}

fn sector_to_write(address: u32, memory: &Memory) -> Result<Sector, PlanError> {
    match memory.sector_at(address)? {
        sector if sector.access.writable => Ok(sector),
        _ => Err(PlanError::NotWritable {
            address,
            memory: memory.describe(),
        }),
    }
}

/// Where to start the application, if main flash is written: at `entry`, else at the image's own vector table, else
/// at the beginning of main flash.
fn start(
    memories: &[FlashMemory<'_>],
    board: BoardProfile<'_>,
    entry: Option<u32>,
) -> Result<Option<Start>, PlanError> {
    let main = board.main_memory();
    let Some(memory) = memories.iter().find(|memory| is_main(memory, board)) else {
        return Ok(None);
    };
    let elements = main_parts(memories, board);
    let own = elements.first().map(|element| element.address);
    let address = entry
        .or_else(|| own.filter(|address| vector_table::is_sound(&elements, *address)))
        .unwrap_or_else(|| main.start());
    main.sector_at(address)?;
    Ok(Some(Start {
        alternate_setting: memory.region.alternate_setting,
        address,
    }))
}

/// All that goes to main flash, ascending.
fn main_parts<'m>(memories: &'m [FlashMemory<'_>], board: BoardProfile<'_>) -> Vec<Part<'m>> {
    let main = memories.iter().filter(|memory| is_main(memory, board));
    let mut parts: Vec<Part<'_>> = main
        .flat_map(|memory| memory.elements.iter())
        .map(|element| Part {
            address: element.address,
            data: &element.data,
        })
        .collect();
    parts.sort_by_key(|part| part.address);
    parts
}

fn is_main(memory: &FlashMemory<'_>, board: BoardProfile<'_>) -> bool {
    board
        .memory(memory.region.alternate_setting)
        .is_ok_and(|memory| memory.layout == board.main_memory().layout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::joined;
    use crate::image::{FileIds, Format, ImageTarget};

    const F405: &[&str] = &[
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
        "@Device Feature/0xFFFF0000/01*004 e",
    ];
    const F439: &[&str] =
        &["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"];
    const G0B1: &[&str] = &["@Internal Flash   /0x08000000/64*02Kg"; 3];
    const PARTICLE: &[&str] = &[
        "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
        "@DCT Flash   /0x00000000/01*016Kg",
    ];
    const L072: &[&str] = &[
        "@Internal Flash  /0x08000000/1536*128g",
        "@DATA Memory /0x08080000/2*3Ke",
    ];

    const OPTIONS: FlashOptions = FlashOptions::PLAIN;

    fn target(alternate_setting: Option<u8>, elements: &[(u32, usize)]) -> ImageTarget {
        let elements = elements
            .iter()
            .map(|(address, length)| ImageElement {
                address: *address,
                data: vec![0x5A; *length],
            })
            .collect();
        ImageTarget {
            alternate_setting,
            name: None,
            elements,
        }
    }

    fn image(targets: Vec<ImageTarget>) -> Image {
        Image {
            format: Format::Dfu,
            targets,
            ids: None,
            family: None,
            suspicion: None,
            warnings: Vec::new(),
        }
    }

    /// A plan in few words: erased sectors, written stretches (the last one is the head), start.
    fn outline(
        image: &Image,
        strings: &[&str],
        options: FlashOptions,
    ) -> Result<String, PlanError> {
        let memories = Memory::of_strings(strings);
        let board = BoardProfile {
            memories: &memories,
            ids: (0x0483, 0xDF11),
            transfer_size: 2048,
            can_upload: true,
        };
        let plan = plan_flash(image, board, options)?;
        let mut text = String::new();
        let line = |word: &str, range: AddressRange| {
            format!("{word} {:#x}..{:#x}\n", range.address, range.end)
        };
        for memory in &plan.memories {
            text += &format!("alt {}\n", memory.region.alternate_setting);
            if let Erase::All(all) = &memory.erase {
                text += &format!("mass erase {} sectors\n", all.sectors.len());
            }
            let sectors = memory.region.sectors.iter().copied();
            let erasable = sectors.filter(|sector| sector.access.erasable);
            if memory.erase == Erase::Sectors {
                text.extend(
                    joined(erasable.map(AddressRange::from))
                        .into_iter()
                        .map(|range| line("erase", range)),
                );
            }
            text.extend(memory.body.iter().map(|range| line("write", *range)));
            text.extend(memory.head.iter().map(|range| line("head", *range)));
        }
        text.extend(
            plan.start
                .map(|start| format!("start {:#x}\n", start.address)),
        );
        Ok(text)
    }

    fn check(image: &Image, strings: &[&str], expected: &str) {
        assert_eq!(outline(image, strings, OPTIONS).as_deref(), Ok(expected));
    }

    fn refused(image: &Image, strings: &[&str], options: FlashOptions) -> String {
        outline(image, strings, options)
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn two_hundred_kib_at_the_64k_sector_of_an_f405_erase_that_sector_and_two_behind_it() {
        check(
            &image(vec![target(None, &[(0x0801_0000, 200 * 1024)])]),
            F405,
            "alt 0\nerase 0x8010000..0x8060000\nwrite 0x8010800..0x8042000\nhead 0x8010000..0x8010800\nstart 0x8000000\n",
        );
    }

    #[test]
    fn the_small_sectors_of_an_f439s_second_bank_are_found_by_address() {
        check(
            &image(vec![target(Some(0), &[(0x0810_4000, 100)])]),
            F439,
            "alt 0\nerase 0x8104000..0x8108000\nhead 0x8104000..0x8104080\nstart 0x8000000\n",
        );
    }

    #[test]
    fn two_elements_in_one_program_unit_go_out_together_and_their_sector_is_erased_once() {
        check(
            &image(vec![target(
                None,
                &[(0x0800_0000, 0x401), (0x0800_0404, 0x203)],
            )]),
            F405,
            "alt 0\nerase 0x8000000..0x8004000\nhead 0x8000000..0x8000680\nstart 0x8000000\n",
        );
    }

    #[test]
    fn a_gap_between_elements_is_neither_erased_nor_written() {
        check(
            &image(vec![target(None, &[(0x0800_0000, 16), (0x0800_8000, 40)])]),
            F405,
            "alt 0\nerase 0x8000000..0x8004000\nerase 0x8008000..0x800c000\nwrite 0x8008000..0x8008080\nhead 0x8000000..0x8000080\nstart 0x8000000\n",
        );
    }

    #[test]
    fn memory_that_is_not_erasable_is_written_to_the_byte() {
        check(
            &image(vec![target(None, &[(0x0808_0001, 3)])]),
            L072,
            "alt 1\nwrite 0x8080001..0x8080004\n",
        );
    }

    #[test]
    fn the_application_starts_at_the_images_own_vector_table() {
        let mut with_vectors = target(None, &[(0x0800_8000, 4096)]);
        with_vectors.elements[0].data[..8]
            .copy_from_slice(&[0x00, 0x00, 0x02, 0x20, 0x01, 0x81, 0x00, 0x08]);
        let started = |image: &Image, options| {
            outline(image, F405, options).map(|text| text.lines().last().map(str::to_owned))
        };
        let image = image(vec![with_vectors]);
        assert_eq!(
            started(&image, OPTIONS),
            Ok(Some("start 0x8008000".to_owned()))
        );
        let options = FlashOptions {
            entry: Some(0x0802_0000),
            ..OPTIONS
        };
        assert_eq!(
            started(&image, options),
            Ok(Some("start 0x8020000".to_owned()))
        );
        let options = FlashOptions {
            entry: Some(0x2000_0000),
            ..OPTIONS
        };
        assert!(started(&image, options).is_err());
        let options = FlashOptions {
            start: false,
            ..OPTIONS
        };
        assert_eq!(
            started(&image, options),
            Ok(Some("head 0x8008000..0x8008800".to_owned()))
        );
    }

    #[test]
    fn only_writing_main_flash_starts_the_application() {
        check(
            &image(vec![target(Some(1), &[(0x0000_0100, 64)])]),
            PARTICLE,
            "alt 1\nerase 0x0..0x4000\nwrite 0x100..0x180\n",
        );
    }

    #[test]
    fn a_mass_erase_covers_all_that_can_be_erased_and_is_looked_at() {
        let options = FlashOptions {
            mass_erase: true,
            ..OPTIONS
        };
        let expected = "alt 0\nmass erase 12 sectors\nhead 0x8000000..0x8000080\nstart 0x8000000\n";
        let image = image(vec![target(None, &[(0x0800_0000, 64)])]);
        assert_eq!(outline(&image, F405, options).as_deref(), Ok(expected));
    }

    #[test]
    fn what_the_board_cannot_read_back_is_not_verified() {
        let memories = Memory::of_strings(F405);
        let image = image(vec![target(None, &[(0x0800_0000, 5000)])]);
        let verified = |can_upload, options| {
            let ids = (0x0483, 0xDF11);
            let board = BoardProfile {
                memories: &memories,
                ids,
                transfer_size: 2048,
                can_upload,
            };
            plan_flash(&image, board, options).expect("fits").memories[0].check == Check::ReadBack
        };
        assert!(verified(true, OPTIONS));
        assert!(!verified(false, OPTIONS));
        assert!(!verified(
            true,
            FlashOptions {
                verify: false,
                ..OPTIONS
            }
        ));
    }

    #[test]
    fn bytes_outside_of_the_layout_are_refused() {
        let check = |address, length, outside: &str| {
            let image = image(vec![target(Some(0), &[(address, length)])]);
            let message = refused(&image, F405, OPTIONS);
            assert!(
                message.starts_with(&format!("{outside} is outside of alternate setting 0")),
                "{message}"
            );
        };
        check(0x2000_0000, 16, "0x20000000");
        check(0x07FF_FFF0, 32, "0x07fffff0");
        check(0xFFFF_FFF0, 16, "0xfffffff0");
        let image = image(vec![target(Some(0), &[(0x080F_FFF0, 32)])]);
        assert_eq!(
            refused(&image, F405, OPTIONS),
            "the image ends at 0x08100010, this board's flash at 0x08100000"
        );
    }

    #[test]
    fn a_read_only_sector_is_refused() {
        let image = image(vec![target(None, &[(0x0800_0000, 16)])]);
        let message = refused(&image, PARTICLE, OPTIONS);
        assert!(
            message.starts_with("the sector at 0x08000000 can't be written"),
            "{message}"
        );
    }

    #[test]
    fn an_alternate_setting_that_the_board_lacks_is_refused() {
        let image = image(vec![
            target(Some(0), &[(0x0800_0000, 16)]),
            target(Some(4), &[(0, 16)]),
        ]);
        assert_eq!(
            refused(&image, F405, OPTIONS),
            "the board has no alternate setting 4; it has 0, 1, 2, 3"
        );
    }

    #[test]
    fn option_bytes_and_the_like_are_written_only_when_named() {
        for (number, address, length) in [
            (1, 0x1FFF_C000, 16),
            (2, 0x1FFF_7800, 4),
            (3, 0xFFFF_0000, 4),
        ] {
            let image = image(vec![target(Some(number), &[(address, length)])]);
            assert!(
                refused(&image, F405, OPTIONS).contains(&format!("alternate setting {number}"))
            );
            let options = FlashOptions {
                alternate_setting: Some(number),
                ..OPTIONS
            };
            assert!(outline(&image, F405, options).is_ok(), "{number}");
        }
        // Without a target number, the address alone must not lead there either.
        let image = image(vec![target(None, &[(0x1FFF_C000, 4)])]);
        assert!(refused(&image, F405, OPTIONS).contains("alternate setting 1"));
    }

    #[test]
    fn choosing_a_memory_leaves_the_files_other_targets_alone() {
        let image = image(vec![
            target(Some(1), &[(0x100, 64)]),
            target(Some(0), &[(0x0800_C000, 32)]),
        ]);
        let options = FlashOptions {
            alternate_setting: Some(0),
            ..OPTIONS
        };
        let expected =
            "alt 0\nerase 0x800c000..0x8010000\nhead 0x800c000..0x800c080\nstart 0x8000000\n";
        assert_eq!(outline(&image, PARTICLE, options).as_deref(), Ok(expected));
        let options = FlashOptions {
            alternate_setting: Some(2),
            ..OPTIONS
        };
        assert_eq!(
            refused(&image, PARTICLE, options),
            "the file has nothing for alternate setting 2; it has data for 1, 0"
        );
    }

    #[test]
    fn one_memory_behind_two_settings_is_never_erased_under_the_first() {
        let shared = image(vec![
            target(Some(0), &[(0x0800_0000, 16)]),
            target(Some(2), &[(0x0800_0400, 16)]),
        ]);
        assert!(refused(&shared, G0B1, OPTIONS).contains("both need the sector at 0x08000000"));
        let apart = image(vec![
            target(Some(0), &[(0x0800_0000, 16)]),
            target(Some(2), &[(0x0800_0800, 16)]),
        ]);
        assert!(outline(&apart, G0B1, OPTIONS).is_ok());
    }

    #[test]
    fn a_file_for_another_device_is_refused_unless_ids_are_passed_over() {
        let ids = FileIds {
            vendor_id: 0x28E9,
            product_id: 0x0189,
            device_release: 0xFFFF,
        };
        let other = Image {
            ids: Some(ids),
            ..image(vec![target(Some(0), &[(0x0800_0000, 16)])])
        };
        assert_eq!(
            refused(&other, F405, OPTIONS),
            "the file is for a device with ids 28e9:0189, this board has 0483:df11"
        );
        assert!(
            outline(
                &other,
                F405,
                FlashOptions {
                    any_id: true,
                    ..OPTIONS
                }
            )
            .is_ok()
        );
        let any = FileIds {
            vendor_id: 0xFFFF,
            product_id: 0xFFFF,
            device_release: 0xFFFF,
        };
        assert!(
            outline(
                &Image {
                    ids: Some(any),
                    ..other
                },
                F405,
                OPTIONS
            )
            .is_ok()
        );
    }
}
