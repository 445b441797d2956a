//! The end of a download: what the device says, and what the bus says where it says nothing.

use super::*;

#[test]
fn a_u_boot_that_writes_its_emmc_for_seconds_is_waited_for() {
    let result = flashes("uboot", "", 0);
    went_smoothly(&result);
    is_verified(&result);
    started_as(&result, None);
    assert!(seconds(&result) >= 3.0, "{result}");
}

#[test]
fn a_u_boot_that_needs_100_s_for_its_emmc_is_waited_for() {
    let result = flashes("uboot,quirk=manifest-takes=100", "", 0);
    went_smoothly(&result);
    is_verified(&result);
    assert!(seconds(&result) >= 100.0, "{result}");
}

#[test]
fn a_u_boot_that_never_comes_to_an_end_is_given_up_after_two_minutes() {
    let device = Device::of("uboot,quirk=manifest-takes=1000");
    let file = program();
    let result = device.result(&format!("flash {}", file.path()), 8);
    assert_eq!(
        result["error"],
        "finishing the download: no answer in time; 5000 of 5000 bytes were sent"
    );
    went_smoothly(&result);
    // The answer to the last question is waited for.
    assert!((120.0..150.0).contains(&seconds(&result)), "{result}");
}

#[test]
fn a_pluto_is_read_back_and_started_with_other_ids() {
    let result = flashes("pluto", "", 1 << 20);
    went_smoothly(&result);
    is_verified(&result);
    started_as(&result, Some("0456:b673"));
}

#[test]
fn a_zephyr_in_dfu_idle_is_read_back() {
    let result = flashes("zephyr", "--alt image_1", 256 << 10);
    went_smoothly(&result);
    is_verified(&result);
}

#[test]
fn an_mcuboot_that_goes_by_itself_gets_no_reset() {
    let result = flashes("mcuboot", "", 0);
    is_accepted(&result);
    started_as(&result, Some("2fe3:0100"));
}

#[test]
fn a_maple_that_waits_for_a_reset_gets_one() {
    let device = Device::of("maple");
    let file = program();
    let run = device.run(&format!("flash {} --alt 1", file.path()));
    run.says(
        0,
        "OK  LLM 003 at 1-1  4.9 KiB sent, accepted, started as 1eaf:0004  1.0 s\n    the device accepted it; it can't be read back\n",
        "writing 4.9 KiB\nwaiting for the device to finish\nstarting the application\n",
    );
}

#[test]
fn an_embassy_that_waits_in_dfu_manifest_for_ever_is_reset() {
    let result = flashes("embassy", "", 0);
    went_smoothly(&result);
    is_accepted(&result);
    started_as(&result, Some("c0de:cafe"));
    assert!(seconds(&result) < 10.0, "{result}");
}

/// Whatever it asks for between two questions.
#[test]
fn a_simtrace_that_stays_in_dfu_manifest_sync_is_reset() {
    let result = flashes("simtrace", "", 0);
    went_smoothly(&result);
    is_accepted(&result);
    started_as(&result, None);
    assert!(seconds(&result) < 10.0, "{result}");
}

#[test]
fn an_embassy_0_2_that_is_gone_before_it_has_answered_is_done() {
    let result = flashes("embassy-0.2", "", 0);
    went_smoothly(&result);
    is_accepted(&result);
    started_as(&result, Some("c0de:cafe"));
}

#[test]
fn a_tinyusb_that_restarts_in_the_manifestation_is_done() {
    let result = flashes("tinyusb", "", 0);
    went_smoothly(&result);
    is_accepted(&result);
    started_as(&result, Some("cafe:4000"));
}

#[test]
fn a_tinyusb_has_a_second_memory() {
    flashes("tinyusb", "--alt EEPROM", 64 << 10);
}

#[test]
fn an_esp32_s2_that_restarts_at_the_end_is_done() {
    let result = flashes("esp32s2", "", 0);
    is_accepted(&result);
    started_as(&result, None);
}

/// It says that it is manifestation tolerant. Its application may have no USB, so nothing comes back.
#[test]
fn a_fomu_that_starts_what_it_was_given_is_done() {
    let result = flashes("fomu", "", 0);
    is_accepted(&result);
    started_as(&result, None);
}

/// It looks at the first word, which is where its stack begins.
#[test]
fn a_dapboot_that_finds_no_firmware_says_so() {
    let device = Device::of("dapboot");
    let file = Firmware::raw(5000);
    let run = device.run(&format!("flash {}", file.path()));
    run.says(
        8,
        "",
        "\
writing 4.9 KiB
waiting for the device to finish
error: 0668FF515055 at 1-1: finishing the download: the board answered errFIRMWARE in dfuERROR; 5000 of 5000 bytes \
         were sent
hint: The device rejects this file: check that it is for this device and this memory (--alt),
      and signed or prefixed as its maker requires. `stdfu list` shows the memories.
      If it happens again: --record FILE records it, for a report.
"
        .replace("         were", "were")
        .as_str(),
    );
}

/// It quits DFU, and nothing comes to its port.
#[test]
fn a_u_boot_whose_flush_fails_is_a_failure() {
    let device = Device::of("uboot,quirk=manifest=quits");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    run.says(
        8,
        "",
        "\
writing 4.9 KiB
waiting for the device to finish
error: 0123456789ABCDEF at 1-1: finishing the download: the board left the bus before it reported that it was done, and \
has not come back as an application; 5000 of 5000 bytes were sent
hint: Unplug the board, put it into DFU mode again and repeat the command.
      If it happens again: --record FILE records it, for a report.
",
    );
    device.flash.is_untouched();
}

/// All of the errors that a device can have with the whole of a file, each of which dfu-util calls done.
#[test]
fn a_u_boot_that_fails_in_the_end_is_a_failure_whatever_it_calls_it() {
    let errors = [
        "errTARGET",
        "errFILE",
        "errWRITE",
        "errPROG",
        "errVERIFY",
        "errADDRESS",
        "errFIRMWARE",
    ];
    for status in errors {
        let device = Device::of(&format!("uboot,quirk=manifest={}", quirk(status)));
        let file = program();
        let result = device.result(&format!("flash {}", file.path()), 8);
        let expected = format!(
            "finishing the download: the board answered {status} in dfuERROR; 5000 of 5000 bytes were sent"
        );
        assert_eq!(result["error"], expected.as_str());
        assert_eq!(result["left"], false, "{result}");
        assert_eq!(result["accepted"], false, "{result}");
    }
}

#[test]
fn a_maple_that_claims_to_be_tolerant_and_waits_for_a_reset_has_accepted() {
    let result = flashes("maple,quirk=tolerant=claimed", "--alt 1", 0x5000);
    is_accepted(&result);
    started_as(&result, Some("1eaf:0004"));
}

/// It is in dfuIDLE after it, and can't be believed to answer.
#[test]
fn a_u_boot_that_denies_its_tolerance_has_accepted() {
    let result = flashes("uboot,quirk=tolerant=denied", "", 0);
    is_accepted(&result);
}

#[test]
fn an_ubertooth_of_dfu_1_0_is_read_back_and_started_with_other_ids() {
    let result = flashes("ubertooth", "", 0);
    went_smoothly(&result);
    is_verified(&result);
    started_as(&result, Some("1d50:6002"));
}
