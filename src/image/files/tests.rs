//! Files that go together, and files that don't.

use super::*;

/// A .dfu file of these alternate settings, addresses and data, with these ids.
fn dfu(targets: &[(u8, u32, &[u8])], vendor_id: u16, product_id: u16) -> Vec<u8> {
    let targets: Vec<ImageTarget> = targets
        .iter()
        .map(|&(alternate_setting, address, data)| ImageTarget {
            alternate_setting: Some(alternate_setting),
            name: Some(format!("memory {alternate_setting}")),
            elements: vec![crate::image::ImageElement {
                address,
                data: data.to_vec(),
            }],
        })
        .collect();
    let ids = FileIds {
        vendor_id,
        product_id,
        device_release: 0,
    };
    crate::image::to_dfu(&targets, ids).expect("a good file")
}

/// Two bytes at 0x08000000, and two at 0x08000008.
const HEX: &[u8] = b":020000040800F2\n:020000006162 3B\n:02000800636 42F\n:00000001FF\n";

fn hex() -> Vec<u8> {
    let digits = HEX.iter().filter(|byte| **byte != b' ');
    digits.copied().collect()
}

fn named(name: &str, bytes: Vec<u8>) -> NamedFile {
    NamedFile {
        name: name.to_owned(),
        bytes,
        alternate_setting: None,
    }
}

fn load(files: Vec<NamedFile>, address: Option<u32>) -> Result<Image, FilesError> {
    let options = LoadOptions {
        address,
        ..LoadOptions::default()
    };
    load_several(files, &options)
}

/// Alternate setting, and address and data of each element.
type Target<'a> = (Option<u8>, Vec<(u32, &'a [u8])>);

#[track_caller]
fn check(image: &Image, expected: &[Target<'_>]) {
    let found: Vec<Target<'_>> = image
        .targets
        .iter()
        .map(|target| {
            let elements = target.elements.iter();
            let elements = elements.map(|element| (element.address, &element.data[..]));
            (target.alternate_setting, elements.collect())
        })
        .collect();
    assert_eq!(found, expected);
    crate::image::tests::assert_in_order(image);
}

#[track_caller]
fn check_refused(files: Vec<NamedFile>, address: Option<u32>, expected: &str) {
    let error = load(files, address).expect_err(expected);
    let source = std::error::Error::source(&error);
    let source = source.map_or_else(String::new, |source| format!(": {source}"));
    assert_eq!(format!("{error}{source}"), expected);
}

#[test]
fn files_for_no_memory_in_particular_become_one_target() {
    let files = vec![named("app.bin", b"ef".to_vec()), named("boot.hex", hex())];
    let image = load(files, Some(0x0800_0002)).expect("no overlap");
    assert_eq!(image.format, &BIN);
    check(
        &image,
        &[(
            None,
            vec![
                (0x0800_0000, b"ab"),
                (0x0800_0002, b"ef"),
                (0x0800_0008, b"cd"),
            ],
        )],
    );
}

#[test]
fn targets_stay_with_their_memory() {
    let files = vec![
        named(
            "a.dfu",
            dfu(&[(0, 0x0800_0000, b"ab"), (2, 0, b"xy")], 0x0483, 0xDF11),
        ),
        named(
            "b.dfu",
            dfu(&[(2, 2, b"z"), (0, 0x0800_0010, b"cd")], 0x0483, 0xDF11),
        ),
        named("c.hex", hex()),
    ];
    let image = load(files, None).expect("no overlap");
    check(
        &image,
        &[
            (Some(0), vec![(0x0800_0000, b"ab"), (0x0800_0010, b"cd")]),
            (Some(2), vec![(0, b"xy"), (2, b"z")]),
            (None, vec![(0x0800_0000, b"ab"), (0x0800_0008, b"cd")]),
        ],
    );
    assert_eq!(image.targets[1].name.as_deref(), Some("memory 2"));
}

#[test]
fn a_file_goes_to_the_memory_that_was_named_for_it() {
    let for_one = |name: &str, bytes| NamedFile {
        alternate_setting: Some(1),
        ..named(name, bytes)
    };
    let files = vec![
        for_one("a.hex", hex()),
        for_one("b.dfu", dfu(&[(0, 0x0800_0010, b"ef")], 0x0483, 0xDF11)),
    ];
    let expected = vec![
        (0x0800_0000, &b"ab"[..]),
        (0x0800_0008, b"cd"),
        (0x0800_0010, b"ef"),
    ];
    check(
        &load(files, None).expect("no overlap"),
        &[(Some(1), expected)],
    );
    check_refused(
        vec![for_one(
            "b.dfu",
            dfu(&[(0, 0, b"a"), (1, 0, b"b")], 0x0483, 0xDF11),
        )],
        None,
        "b.dfu: expected data for one memory, alternate setting 1, found targets for 2",
    );
}

#[test]
fn files_that_overlap_are_refused_with_both_names_and_the_address() {
    check_refused(
        vec![named("boot.hex", hex()), named("app.bin", vec![0; 5])],
        Some(0x0800_0004),
        "boot.hex and app.bin overlap: both have data for 0x08000008",
    );
    // Up to where the other begins is no overlap.
    let touching = vec![named("boot.hex", hex()), named("app.bin", vec![0; 4])];
    assert!(load(touching, Some(0x0800_0004)).is_ok());
    // The names come in the user's order, whichever begins first.
    check_refused(
        vec![named("app.bin", vec![0; 9]), named("boot.hex", hex())],
        Some(0x0800_0004),
        "app.bin and boot.hex overlap: both have data for 0x08000008",
    );
    check_refused(
        vec![named("a.hex", hex()), named("b.hex", hex())],
        None,
        "a.hex and b.hex overlap: both have data for 0x08000000",
    );
}

#[test]
fn an_address_is_that_of_one_raw_binary() {
    let raw = |name| named(name, vec![1, 2, 3]);
    check_refused(
        vec![raw("a.bin"), raw("b.bin")],
        Some(0x0800_0000),
        "a.bin and b.bin are raw binaries, and 0x08000000 can't be the address of both",
    );
    check_refused(
        vec![named("a.hex", hex())],
        Some(0x0800_0000),
        "a.hex: the file is an Intel HEX file, which has its own addresses: 0x08000000 can't be used",
    );
    check_refused(
        vec![named("a.hex", hex()), raw("b.bin")],
        None,
        "b.bin: the file is a raw binary, which doesn't say which address it is for",
    );
}

#[test]
fn ids_are_those_that_every_file_accepts() {
    let ids_of = |files: &[(u16, u16)]| {
        let mut named: Vec<NamedFile> = (0..)
            .zip(files)
            .map(|(index, (vendor_id, product_id))| {
                let bytes = dfu(&[(index, 0, b"a")], *vendor_id, *product_id);
                named("a.dfu", bytes)
            })
            .collect();
        named.push(self::named("c.hex", hex()));
        let ids = load(named, None).map(|image| image.ids);
        ids.map(|ids| ids.map(|ids| (ids.vendor_id, ids.product_id)))
            .map_err(|error| error.to_string())
    };
    assert_eq!(ids_of(&[]), Ok(None));
    assert_eq!(ids_of(&[(0x0483, 0xDF11)]), Ok(Some((0x0483, 0xDF11))));
    for any in [(0xFFFF, 0xFFFF), (0x0483, 0)] {
        let given = (0x0483, 0xDF11);
        assert_eq!(ids_of(&[given, any]), Ok(Some(given)));
        assert_eq!(ids_of(&[any, given]), Ok(Some(given)));
    }
    assert_eq!(
        ids_of(&[(0x0483, 0xDF11), (0x28E9, 0x0189)]),
        Err("a.dfu is for a device with ids 0483:df11, a.dfu for one with 28e9:0189".to_owned())
    );
}

#[test]
fn warnings_name_the_file_where_there_are_several() {
    let old = || named("old.dfu", dfu(&[(0, 0, b"a")], 0x0483, 0));
    let warning = "The file's product id is 0: it is taken to fit any product.";
    let image = load(vec![old()], None).expect("a good file");
    assert_eq!(image.warnings, [warning]);
    let image = load(vec![old(), named("c.hex", hex())], None).expect("no overlap");
    assert_eq!(image.warnings, [format!("old.dfu: {warning}")]);
}
