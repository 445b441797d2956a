//! What lies around the image in sectors that it covers only in part: kept with `--preserve`, and counted without.

use crate::firmware::Firmware;
use crate::run::{FlashFile, bytes, sample, stdfu};

const SECTOR: usize = 0x4000;

#[test]
fn what_is_around_the_image_is_kept_and_written_back() {
    let flash = FlashFile::full(1 << 20);
    let firmware = Firmware::raw(3000);
    let run = stdfu("--json --sim")
        .arg(flash.board("f405"))
        .args(&format!(
            "flash --preserve {} --address 0x08005000",
            firmware.path()
        ))
        .run();
    let board = &run.boards(0)[0];
    assert_eq!(board["erased_sectors"], 1);
    assert_eq!(board["lost_bytes"], 0);
    // Programmed in units of 128 bytes, the last of which the image fills in part.
    let kept = SECTOR - 3000;
    assert_eq!(board["preserved_bytes"], kept);
    let mut expected = flash.before();
    expected[0x5000..0x5000 + 3000].copy_from_slice(&firmware.bytes);
    flash.holds(&expected);
}

#[test]
fn without_it_the_summary_says_how_many_bytes_were_lost() {
    let check = |contents: &dyn Fn(&mut [u8]), lost: usize, said: &str| {
        let flash = FlashFile::full(1 << 20);
        let mut before = flash.before();
        contents(&mut before);
        flash.put(&before);
        let command = |json: &str| {
            flash.put(&before);
            stdfu(json)
                .arg("--sim")
                .arg(flash.board("f405"))
                .args("flash blinky.dfu")
                .run()
        };
        assert_eq!(command("--json").boards(0)[0]["lost_bytes"], lost);
        let summary = command("").stdout;
        assert!(
            summary.contains(&format!(": erased 1 sector{said}, wrote ")),
            "{summary}"
        );
        let mut expected = before.clone();
        expected[..SECTOR].fill(0xFF);
        let firmware = sample("blinky.bin");
        expected[..firmware.len()].copy_from_slice(&firmware);
        flash.holds(&expected);
    };
    let beyond = SECTOR - 5123;
    check(
        &|_| (),
        beyond,
        &format!(" and with them {beyond} bytes beyond the image"),
    );
    check(&|before| before[5123..SECTOR].fill(0xFF), 0, "");
    check(
        &|before| {
            before[5123..SECTOR].fill(0xFF);
            before[0x3000..0x3010].copy_from_slice(&bytes(16, 1));
        },
        16,
        " and with them 16 bytes beyond the image",
    );
}
