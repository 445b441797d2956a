//! What is true of every application, and of the numbers they are known by.

use super::*;

#[test]
fn every_application_has_a_name_of_its_own_in_order() {
    let names: Vec<&str> = APPS.iter().map(|app| app.name).collect();
    assert_eq!(
        names,
        ["arduino", "klipper", "micropython", "stm32duino", "tinyusb"]
    );
    for app in APPS {
        assert_eq!(find(app.name), Some(app));
    }
    assert_eq!(find("klippe"), None);
}

/// Of the words 001E003A, 5053500F and 20353256, ST's ROMs make 001E003A + 20353256 and the upper half of 5053500F.
#[test]
fn a_whole_id_is_one_of_which_the_rom_makes_its_number() {
    assert_eq!(
        SerialNumber::WholeId.of("205332905053"),
        "3A001E000F50535056323520"
    );
    assert_eq!(
        SerialNumber::OfBootloader.of("205332905053"),
        "205332905053"
    );
}

#[test]
fn a_number_that_no_rom_makes_stays_as_it_is() {
    for serial in ["LLM 003", "20533290505", "größe456", "+05332905053"] {
        assert_eq!(SerialNumber::WholeId.of(serial), serial);
    }
}

/// PSTN 1.2, table 17: 9600 baud, 2 stop bits, odd parity, 7 data bits.
#[test]
fn line_coding_is_read_and_written_as_pstn_has_it() {
    let bytes = [0x80, 0x25, 0x00, 0x00, 0x02, 0x01, 0x07];
    let coding = LineCoding {
        rate: 9600,
        stop_bits: 2,
        parity: 1,
        data_bits: 7,
    };
    assert_eq!(LineCoding::from_bytes(bytes), coding);
    assert_eq!(coding.to_bytes(), bytes);
}
