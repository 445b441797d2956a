//! Blocks on their way to a device.

use super::*;

/// The blocks of a flash: wValue, wLength and whether all was well, and between them how many GETSTATUS there were.
fn blocks(device: &Device, arguments: &str) -> Vec<(String, usize)> {
    let mut blocks: Vec<(String, usize)> = Vec::new();
    for transfer in device.transfers(arguments) {
        if let Some(rest) = transfer.strip_prefix("DNLOAD ") {
            let block = rest.split(": ").next().unwrap_or_default();
            blocks.push((block.to_owned(), 0));
        } else if transfer.starts_with("GETSTA") {
            if let Some((_, asked)) = blocks.last_mut() {
                *asked += 1;
            }
        }
    }
    blocks
}

fn is_sent(number: u16, length: u16) -> String {
    format!("wValue {number:#06x} wIndex 0x0000 wLength {length}")
}

/// STM32duino-bootloader takes another GETSTATUS there for the end of the download.
#[test]
fn a_maple_that_is_asked_in_dfu_dnload_idle_loses_its_place_so_nobody_asks() {
    let result = flashes("maple", "--alt 1", 0x5000);
    went_smoothly(&result);
    is_accepted(&result);
    started_as(&result, Some("1eaf:0004"));
    let device = Device::of("maple");
    let file = program();
    let mut expected: Vec<(String, usize)> =
        (0..4).map(|number| (is_sent(number, 1024), 1)).collect();
    expected.push((is_sent(4, 904), 1));
    expected.push((is_sent(5, 0), 1));
    assert_eq!(
        blocks(&device, &format!("flash {} --alt 1", file.path())),
        expected
    );
}

/// It claims DFU 1.0, and 1.1 is right: wTransferSize counts.
#[test]
fn a_maple_of_release_0200_gets_blocks_of_the_size_that_it_says() {
    let list = stdfu("--sim maple list --json").run().boards(0);
    assert_eq!(list[0]["dfu_version"], "1.0");
    assert_eq!(list[0]["transfer_size"], 1024);
}

#[test]
fn a_maple_has_its_second_memory_where_its_name_says() {
    let result = flashes("maple", "--alt 2", 0x2000);
    started_as(&result, Some("1eaf:0004"));
}

#[test]
fn a_maple_whose_ram_refuses_is_told_with_the_others() {
    let device = Device::of("maple");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    run.says(
        8,
        "",
        "\
writing 4.9 KiB
sending block 0: the board reports an error without saying which (OK in dfuERROR); trying again
writing 4.9 KiB
sending block 0: the board reports an error without saying which (OK in dfuERROR); trying again
writing 4.9 KiB
error: LLM 003 at 1-1: sending block 0: the board reports an error without saying which (OK in dfuERROR); 0 of 5000 bytes were sent
hint: The file was for alternate setting 0: STM32duino bootloader v1.0  ERROR. Upload to RAM not supported.
      This device has other memories:
        --alt 1   STM32duino bootloader v1.0  Upload to Flash 0x8005000
        --alt 2   STM32duino bootloader v1.0  Upload to Flash 0x8002000
      If it happens again: --record FILE records it, for a report.
",
    );
    device.flash.is_untouched();
}

#[test]
fn a_zephyr_that_refuses_the_slot_that_runs_is_told_with_the_other() {
    let device = Device::of("zephyr");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    run.says(
        8,
        "",
        "\
writing 4.9 KiB
error: 3539361234567890 at 1-1: sending block 0: the board answered errWRITE in dfuERROR; 0 of 5000 bytes were sent
hint: The file was for alternate setting 0: image_0
      This device has other memories:
        --alt 1   image_1
      If it happens again: --record FILE records it, for a report.
",
    );
    device.flash.is_untouched();
}

/// Linux' usbfs carries no more.
#[test]
fn a_pluto_with_a_larger_transfer_size_gets_blocks_of_4096() {
    let device = Device::of("pluto,quirk=transfer-size=0x2000");
    let file = program();
    let found = blocks(&device, &format!("flash {}", file.path()));
    let expected = [is_sent(0, 4096), is_sent(1, 904), is_sent(2, 0)];
    let found: Vec<&String> = found.iter().map(|(block, _)| block).collect();
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
}

/// A file that fills its last block ends with the next number.
#[test]
fn a_u_boot_is_told_the_end_by_a_block_of_no_bytes_with_the_next_number() {
    let device = Device::of("uboot");
    let file = Firmware::raw(8192);
    let found = blocks(&device, &format!("flash {}", file.path()));
    let numbers: Vec<&String> = found.iter().map(|(block, _)| block).collect();
    let expected = [is_sent(0, 4096), is_sent(1, 4096), is_sent(2, 0)];
    assert_eq!(numbers, expected.iter().collect::<Vec<_>>());
    device.has(0, &file.bytes);
}

#[test]
fn a_dapboot_that_is_busy_for_100_ms_a_block_is_asked_again_after_that() {
    let result = flashes("dapboot,timing=real", "", 0);
    went_smoothly(&result);
    is_accepted(&result);
    // Five blocks of 1024 bytes, two GETSTATUS for each.
    assert!((0.5..1.0 + 5.0).contains(&seconds(&result)), "{result}");
    let file = program();
    let asked = blocks(
        &Device::of("dapboot,timing=real"),
        &format!("flash {}", file.path()),
    );
    assert!(asked[..5].iter().all(|(_, asked)| *asked == 2), "{asked:?}");
}

/// Whatever comes in dfuDNBUSY leads it into dfuERROR.
#[test]
fn an_older_tinyusb_is_not_asked_before_its_time() {
    let result = flashes("tinyusb,quirk=busy=stall,timing=real", "", 0);
    went_smoothly(&result);
}

#[test]
fn an_openmoko_s_poll_timeout_is_not_waited_for() {
    let result = flashes("openmoko,timing=real", "--alt u-boot", 0);
    went_smoothly(&result);
    is_accepted(&result);
    assert!(seconds(&result) < 10.0, "{result}");
}

/// 0xFFFFFF ms would be 4.7 hours.
#[test]
fn a_simtrace_s_poll_timeout_is_not_waited_for() {
    let result = flashes("simtrace,timing=real", "", 0);
    went_smoothly(&result);
    assert!(seconds(&result) < 10.0, "{result}");
}

#[test]
fn an_ubertooth_that_claims_hours_is_asked_early_though_it_is_on_no_list() {
    let result = flashes("ubertooth,quirk=poll-timeout-always=16777215", "", 0);
    went_smoothly(&result);
    is_verified(&result);
    assert!(seconds(&result) < 60.0, "{result}");
}

#[test]
fn an_openmoko_without_a_functional_descriptor_gets_blocks_of_1024_and_is_not_read() {
    let device = Device::of("openmoko");
    let file = program();
    let found = blocks(&device, &format!("flash {} --alt kernel", file.path()));
    let lengths: Vec<&str> = found
        .iter()
        .map(|(block, _)| block.rsplit(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(lengths, ["1024", "1024", "1024", "1024", "904", "0"]);
    let run = Device::of("openmoko").run("read - --alt kernel");
    assert_eq!(run.exit, 7, "{run:?}");
}

#[test]
fn a_simtrace_without_any_functional_descriptor_is_flashed() {
    let result = flashes("simtrace", "", 0);
    is_accepted(&result);
    started_as(&result, None);
}

#[test]
fn an_lpc_whose_protocol_says_application_is_flashed() {
    let result = flashes("lpc", "", 0);
    is_accepted(&result);
    started_as(&result, None);
}

#[test]
fn a_jabra_with_protocol_0_and_the_same_ids_in_both_modes_is_flashed() {
    let result = flashes("jabra", "", 0);
    is_accepted(&result);
    started_as(&result, Some("0b0e:0411"));
}

#[test]
fn a_dapboot_whose_string_begins_with_an_at_sign_is_flashed_and_started() {
    let result = flashes("dapboot", "", 0);
    is_accepted(&result);
    started_as(&result, None);
}

/// Each of the errors of DFU 1.1, at the block in which it is said.
#[test]
fn an_ubertooth_s_error_is_told_with_the_block() {
    let wrong_file = "\
hint: The device rejects this file: check that it is for this device and this memory (--alt),
      and signed or prefixed as its maker requires. `stdfu list` shows the memories.
      If it happens again: --record FILE records it, for a report.
";
    let too_large = "\
hint: The file is too large for this memory: check its size, and --alt. `stdfu list` shows the memories.
      If it happens again: --record FILE records it, for a report.
";
    let not_written = "\
hint: The device could not write its memory: repeat the command.
      If that doesn't help, the memory is protected or worn out.
      If it happens again: --record FILE records it, for a report.
";
    for (status, hint) in [
        ("errTARGET", wrong_file),
        ("errFILE", wrong_file),
        ("errVERIFY", wrong_file),
        ("errADDRESS", too_large),
        ("errWRITE", not_written),
        ("errPROG", not_written),
    ] {
        let device = Device::of(&format!("ubertooth,quirk={}-at=3", quirk(status)));
        let file = program();
        let run = device.run(&format!("flash {}", file.path()));
        let stderr = format!(
            "writing 4.9 KiB\nerror: 08F00003 at 1-1: sending block 3: the board answered {status} in dfuERROR; \
             768 of 5000 bytes were sent\n{hint}"
        );
        run.says(8, "", &stderr);
        device.has(0, &file.bytes[..768]);
    }
}

/// An image of 57 KiB where there are 56.
#[test]
fn a_dapboot_says_that_a_file_is_too_large() {
    let device = Device::of("dapboot");
    let file = Firmware::application(57 << 10);
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(
        run.stderr
            .contains("sending block 56: the board answered errADDRESS"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("The file is too large for this memory"),
        "{run:?}"
    );
}
