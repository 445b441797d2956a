//! Raw files that were linked for another address than they are flashed to.

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};

/// An application of so many bytes, linked for `link`.
pub fn linked_for(link: u32, length: usize) -> Firmware {
    let mut bytes = Vec::new();
    bytes.extend(0x2002_0000_u32.to_le_bytes());
    bytes.extend((link + 0x1C1).to_le_bytes());
    let size = u32::try_from(length).expect("small");
    bytes.extend((1..size / 32).flat_map(|index| ((link + 16 * index) | 1).to_le_bytes()));
    bytes.resize(length, 0x5A);
    Firmware::of(bytes, "application.bin")
}

#[test]
fn an_image_linked_for_another_address_is_not_flashed_unless_as_is() {
    for (board, size, link) in [
        ("f405", 1 << 20, 0x0800_8000_u32),
        ("f405", 1 << 20, 0x0801_0000),
        ("f072", 128 << 10, 0x0800_2000),
        ("h743", 2 << 20, 0x0802_0000),
    ] {
        let firmware = linked_for(link, 8 << 10);
        let flash = FlashFile::full(size);
        flash.put(&vec![0xFF; size]);
        let command = |options: &str| {
            stdfu("--json --sim")
                .arg(flash.board(board))
                .args(&format!("flash {} {options}", firmware.path()))
                .run()
        };
        for options in [
            "",
            "--full",
            "--no-verify",
            "--full --no-verify",
            "-q",
            "--dry-run",
        ] {
            let run = command(&format!("--address 0x08000000 {options}"));
            let said = &run.boards(7)[0];
            let error = said["error"].as_str().expect("an error");
            assert!(
                error.contains(&format!("it looks linked for {link:#010x}")),
                "{error}"
            );
            let hint = said["hint"].as_str().expect("a hint");
            assert!(hint.contains(&format!("--address {link:#010x}")), "{hint}");
            assert!(flash.now().iter().all(|byte| *byte == 0xFF));
        }
        assert_eq!(command(&format!("--address {link:#010x}")).exit, 0);
        assert_eq!(command("--address 0x08000000 --as-is").exit, 0);
    }
}

#[test]
fn over_an_application_that_is_on_the_board_it_is_still_refused() {
    let firmware = linked_for(0x0800_8000, 8 << 10);
    let flash = FlashFile::full(1 << 20);
    let mut before = flash.before();
    before[0x8000..][..8 << 10].copy_from_slice(&linked_for(0x0800_8000, 8 << 10).bytes);
    flash.put(&before);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!("flash {} --address 0x08000000", firmware.path()))
        .run();
    assert_eq!(run.exit, 7, "{run:?}");
    flash.holds(&before);
}

#[test]
fn no_vector_table_is_put_where_none_can_be() {
    for address in ["0x08000001", "0x08000004", "0x08000040"] {
        let flash = FlashFile::full(1 << 20);
        let run = stdfu("--sim")
            .arg(flash.board("f405"))
            .args(&format!("flash blinky.bin --address {address}"))
            .run();
        assert_eq!(run.exit, 7, "{run:?}");
        assert!(run.stderr.contains("--address 0x08000000"), "{run:?}");
        flash.is_untouched();
    }
}

/// MicroPython's firmware0.bin has the vector table, and firmware1.bin the code.
#[test]
fn a_vector_table_whose_code_is_in_another_file_or_on_the_board_is_flashed() {
    let mut table = linked_for(0x0802_0000, 4 << 10).bytes;
    table.truncate(2 << 10);
    let table = Firmware::of(table, "firmware0.bin");
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!(
            "flash {} --address 0x08000000 --stay",
            table.path()
        ))
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    let code = Firmware::dfuse(&[(0, 0x0802_0000, &[0x5A; 4096])]);
    flash.put(&vec![0xFF; 1 << 20]);
    let run = stdfu("--sim")
        .arg(flash.board("f405"))
        .args(&format!(
            "flash {} {} --address 0x08000000 --stay",
            code.path(),
            table.path()
        ))
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn an_address_that_may_be_meant_in_hexadecimal_is_asked_about() {
    for (command, word) in [
        ("flash blinky.bin --address 08000000", "0x08000000"),
        ("erase 08000000+16K", "0x08000000"),
        ("leave 08004000", "0x08004000"),
        ("read out.bin 08000000..08004000", "0x08000000"),
    ] {
        let run = stdfu("--sim f405").args(command).run();
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(word), "{run:?}");
    }
}
