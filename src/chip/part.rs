//! Which chip a board has, as far as what its ROM says of memories tells it for sure.

/// Where one bootloader stands for one family: ST's ROM has these sectors, these option bytes and this size of a block in
/// no other (AN2606; reference manuals, "Flash memory organization"; strings of real boards). Where two families look alike,
/// there is none: F401, F411 and F446 with 512 KiB; F42x and F46x; F74x and F76x with 1 MiB; L47x and L49x; U575 and U59x;
/// F0, F1 and F3 with pages of 1 or 2 KiB.
struct Part {
    name: &'static str,
    /// `wTransferSize`.
    transfer_size: u16,
    /// The main memory, from 0x0800_0000 on: how many sectors of how many bytes.
    flash: &'static [(u32, u32)],
    /// All that the memory with the option bytes has: address and bytes.
    options: &'static [(u32, u32)],
}

const K: u32 = 1 << 10;

const PARTS: [Part; 8] = [
    // RM0090; strings of an F407VE and of a Discovery board. F42x has a second bank of option bytes.
    Part {
        name: "STM32F405/407/415/417",
        transfer_size: 2048,
        flash: &[(4, 16 * K), (1, 64 * K), (7, 128 * K)],
        options: &[(0x1FFF_C000, 16)],
    },
    // RM0410: no other F7 has 2 MiB.
    Part {
        name: "STM32F76x/77x",
        transfer_size: 2048,
        flash: &[(4, 32 * K), (1, 128 * K), (7, 256 * K)],
        options: &[(0x1FFF_0000, 32)],
    },
    // RM0440: two banks of option bytes; G491 and G4A1 have one.
    Part {
        name: "STM32G47x/48x",
        transfer_size: 1024,
        flash: &[(256, 2 * K)],
        options: &[(0x1FFF_7800, 48), (0x1FFF_F800, 48)],
    },
    // RM0468; string of an H723.
    Part {
        name: "STM32H72x/73x",
        transfer_size: 1024,
        flash: &[(8, 128 * K)],
        options: &[(0x5200_201C, 88)],
    },
    // RM0433, RM0399: one bootloader for all of them (AN2606).
    Part {
        name: "STM32H74x/75x",
        transfer_size: 1024,
        flash: &[(16, 128 * K)],
        options: &[(0x5200_201C, 128)],
    },
    // RM0455; string of an H7A3.
    Part {
        name: "STM32H7A3/7B0/7B3",
        transfer_size: 1024,
        flash: &[(256, 8 * K)],
        options: &[(0x5200_201C, 297)],
    },
    // RM0376, RM0367: category 5, the only one with 192 KiB; those without USB have no such bootloader.
    Part {
        name: "STM32L07x/08x",
        transfer_size: 2048,
        flash: &[(1536, 128)],
        options: &[(0x1FF8_0000, 32)],
    },
    // RM0434; WB35 has 512 KiB at the most.
    Part {
        name: "STM32WB55",
        transfer_size: 1024,
        flash: &[(256, 4 * K)],
        options: &[(0x5800_4020, 128)],
    },
];

/// What one of a board's memories says of itself, run of sectors by run: address, how many, and how many bytes each has.
pub type Runs = Vec<(u32, u32, u32)>;

/// The family of the chip whose ROM has these ids and memories, the main one first; `None` where two would fit, or the
/// bootloader isn't ST's ROM: any other may say what it likes, and none but the ROM shows the option bytes.
pub fn part(ids: (u16, u16), transfer_size: u16, memories: &[Runs]) -> Option<&'static str> {
    if ids != super::rom::ST_DFU {
        return None;
    }
    let (main, others) = memories.split_first()?;
    let is_it = |part: &&Part| {
        part.transfer_size == transfer_size
            && is_contiguous(main, super::map::FLASH.address)
            && counts(main).eq(part.flash.iter().copied())
            && others.iter().any(|memory| {
                let found = memory
                    .iter()
                    .map(|(address, sectors, size)| (*address, sectors.saturating_mul(*size)));
                found.eq(part.options.iter().copied())
            })
    };
    let mut parts = PARTS.iter().filter(is_it);
    parts.next().map(|part| part.name)
}

fn counts(runs: &Runs) -> impl Iterator<Item = (u32, u32)> {
    runs.iter().map(|(_, sectors, size)| (*sectors, *size))
}

/// Whether the runs follow each other from this address on.
fn is_contiguous(runs: &Runs, start: u32) -> bool {
    let mut next = Some(start);
    runs.iter().all(|(address, sectors, size)| {
        let fits = next == Some(*address);
        next = sectors
            .checked_mul(*size)
            .and_then(|bytes| address.checked_add(bytes));
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ST: (u16, u16) = (0x0483, 0xDF11);

    fn f405() -> Vec<Runs> {
        vec![
            vec![
                (0x0800_0000, 4, 16 * K),
                (0x0801_0000, 1, 64 * K),
                (0x0802_0000, 7, 128 * K),
            ],
            vec![(0x1FFF_C000, 1, 16)],
        ]
    }

    #[test]
    fn an_f405_is_told_by_its_sectors_its_option_bytes_and_its_blocks() {
        assert_eq!(part(ST, 2048, &f405()), Some("STM32F405/407/415/417"));
    }

    #[test]
    fn what_an_f405_does_not_say_is_no_f405() {
        assert_eq!(part(ST, 1024, &f405()), None, "a new ROM");
        assert_eq!(part((0x0483, 0xA291), 2048, &f405()), None, "a NumWorks");
        assert_eq!(part(ST, 2048, &f405()[..1]), None, "a bootloader in flash");
        let mut f427 = f405();
        f427[1].push((0x1FFE_C000, 1, 16));
        assert_eq!(part(ST, 2048, &f427), None, "an F427 or an F469");
        let mut f411 = f405();
        f411[0][2].1 = 3;
        assert_eq!(part(ST, 2048, &f411), None, "an F401, F411 or F446");
        let mut moved = f405();
        moved[0][2].0 += 128 * K;
        assert_eq!(part(ST, 2048, &moved), None, "a gap");
        assert_eq!(part(ST, 2048, &[]), None);
    }

    #[test]
    fn no_two_parts_look_alike() {
        let looks = |part: &Part| (part.transfer_size, part.flash, part.options);
        for (index, one) in PARTS.iter().enumerate() {
            let mut others = PARTS[index + 1..].iter();
            assert!(
                others.all(|other| looks(one) != looks(other)),
                "{}",
                one.name
            );
        }
    }
}
