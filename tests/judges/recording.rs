//! tshark, which reads what `--record` writes: Wireshark's dissectors without its window.

use std::collections::BTreeSet;

use crate::bench::{Bench, sample};

/// What Wireshark's dissector of USB DFU calls the requests.
const REQUESTS: [&str; 6] = [
    "Download",
    "Upload",
    "Get Status",
    "Clear Status",
    "Detach",
    "Abort",
];

/// Every command that talks to a board, on boards of both kinds, and what can go wrong.
const SESSIONS: [&str; 25] = [
    "--sim f405 list",
    "--sim f405 --sim pluto --sim zephyr list",
    "--sim f405 serial",
    "--sim f405 flash blinky.dfu",
    "--sim f405 flash blinky.dfu --record-without-data",
    "--sim f405 --sim l476 --sim g474 --every flash blinky.dfu",
    "--sim f405,timing=real flash blinky.dfu --full",
    "--sim f405 verify blinky.dfu",
    "--sim f405 erase 0x08000000+16K",
    "--sim f405 erase --all",
    "--sim f405 read read.bin 0x08000000+4K --force",
    "--sim f405 leave",
    "--sim f405 unprotect --yes",
    "--sim f405,quirk=read-protected unprotect --yes",
    "--sim zephyr,quirk=application detach",
    "--sim zephyr flash plain.bin --alt 0",
    "--sim zephyr flash plain.bin --alt 0 --record-without-data",
    "--sim f405 doctor",
    "--sim f405 dfu-util -l",
    "--sim f405 dfu-util -a 0 -s 0x08000000:4096 -U upload.bin",
    "--sim f405,fault=stall@20 flash blinky.dfu",
    "--sim f405,fault=lost-request@20 flash blinky.dfu",
    "--sim f405,fault=unplug@20 flash blinky.dfu",
    "--sim f405,fault=power-cut@20 flash blinky.dfu",
    "--sim f405,fault=short@10 flash blinky.dfu",
];

fn bench() -> Option<Bench> {
    let bench = Bench::with(&["tshark"])?;
    bench.put("blinky.dfu", &sample("blinky.dfu"));
    bench.put("plain.bin", &[0xA5; 5000]);
    Some(bench)
}

/// What tshark says of every packet, with its dissector of USB DFU for the devices above.
fn packets(bench: &Bench, file: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let products = ["0x0483df11", "0x2fe3ffff", "0x2fe30100", "0x0456b674"];
    let are_dfu = products.map(|product| format!("-d usb.product=={product},usbdfu"));
    let fields: Vec<String> = fields.iter().map(|field| format!("-e {field}")).collect();
    let (are_dfu, fields) = (are_dfu.join(" "), fields.join(" "));
    let said = bench.said(&format!("tshark -r {file} {are_dfu} -T fields {fields}"));
    let values = |line: &str| line.split('\t').map(str::to_owned).collect();
    said.lines().map(values).collect()
}

#[test]
fn wireshark_reads_every_recording_and_names_the_requests() {
    let Some(bench) = bench() else {
        return;
    };
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for (number, session) in SESSIONS.iter().enumerate() {
        let file = format!("{number}.pcapng");
        // Some are meant to fail.
        let ours = bench.output(&format!("stdfu --record {file} {session}"));
        assert_ne!(ours.status.code(), Some(2), "{session}: {ours:?}");
        // Without the dissector of USB DFU, whose mistakes are its own.
        let command = format!("tshark -r {file} --disable-protocol usbdfu -Y _ws.malformed");
        assert_eq!(bench.said(&command), "", "{session}");
        let fields = [
            "usb.data_len",
            "usb.bmRequestType.type",
            "usbdfu.command",
            "usb_dfu.unknown_data",
            "usb_dfu.unexpected_data",
            "_ws.col.Info",
        ];
        for packet in packets(&bench, &file, &fields) {
            let [length, kind, command, unknown, unexpected, info] = &packet[..] else {
                panic!("{session}: {packet:?}");
            };
            // Where there is no data it looks for some all the same: at the end of a download, and in what failed.
            let is_malformed = info.contains("Malformed") && length != "0";
            assert!(!is_malformed, "{session}: {packet:?}");
            assert_eq!(unknown.len() + unexpected.len(), 0, "{session}: {packet:?}");
            // A class request is one of USB DFU.
            assert_eq!(kind == "0x01", !command.is_empty(), "{session}: {packet:?}");
            let is_in = |request: &&&str| info.contains(**request);
            named.extend(REQUESTS.iter().filter(is_in).copied());
        }
    }
    assert_eq!(named.len(), REQUESTS.len(), "{named:?}");
}

#[test]
fn wireshark_finds_the_descriptors_the_strings_and_the_comments() {
    let Some(bench) = bench() else {
        return;
    };
    bench.run("stdfu --record session.pcapng --sim f405 list");
    let find = |field| -> Vec<String> {
        let found = packets(&bench, "session.pcapng", &[field]).concat();
        found
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect()
    };
    assert_eq!(find("usb.idProduct"), ["0xdf11"]);
    assert_eq!(find("usb.bInterfaceProtocol"), ["0x02,0x02,0x02,0x02"]);
    assert_eq!(find("usbdfu.descriptor.bcdDFUVersion"), ["0x011a"]);
    let strings = find("usb.bString");
    assert!(strings.contains(&"336133663433".to_owned()), "{strings:?}");
    assert_eq!(
        find("frame.comment")[..2],
        [
            "opened at 1-1,from the system's cache",
            "from the system's cache"
        ]
    );
    let about = bench.said("capinfos session.pcapng");
    for line in [
        "Capture comment:     command: stdfu --record session.pcapng --sim f405 list",
        "Capture comment:     exit code: 0",
        concat!("Capture application: stdfu ", env!("CARGO_PKG_VERSION")),
        "                     Name = usbmon1",
    ] {
        assert!(about.contains(line), "{line} is not in {about}");
    }
}
