//! `.dfu` files before dfu-suffix, dfu-prefix, dfuse-pack and fwupd's parser, and files of dfuse-pack's before stdfu.

use crate::bench::{Bench, noise, sample};

/// An alternate setting, and the address and bytes of each element for it.
type Target = (u8, Vec<(u32, Vec<u8>)>);

/// Files of different shapes, by their names; stdfu makes them.
fn files(bench: &Bench) -> Vec<(&'static str, Vec<Target>)> {
    let (blinky, large, settings) = (sample("blinky.bin"), noise(200_001), vec![0xA5; 16]);
    bench.put("blinky.elf", &sample("blinky.elf"));
    bench.put("large.bin", &large);
    bench.put("settings.bin", &settings);
    bench.put("two-elements.dfu", &sample("two-elements.dfu"));
    for command in [
        "stdfu convert settings.bin --address 0x1FFFC000 -o settings.hex",
        "stdfu convert blinky.elf -o one.dfu",
        "stdfu convert large.bin --address 0x0800FFF9 --id 1209:5741 -o large.dfu",
        "stdfu convert --alt 0:blinky.elf --alt 1:settings.hex -o two.dfu",
        "stdfu convert --alt 3:settings.hex --alt 0:blinky.elf -o reversed.dfu",
        "stdfu convert two-elements.dfu -o gap.srec",
        "stdfu convert gap.srec -o gap.dfu",
    ] {
        bench.run(command);
    }
    let blinky = (0, vec![(0x0800_0000, blinky)]);
    let settings = |alternate_setting| (alternate_setting, vec![(0x1FFF_C000, settings.clone())]);
    let first = sample("two-elements.dfu")[293..][..0x401].to_vec();
    let second = sample("two-elements.dfu")[293 + 0x409..][..0x203].to_vec();
    let gap = vec![(0x0800_0000, first), (0x0800_0404, second)];
    vec![
        ("one.dfu", vec![blinky.clone()]),
        ("large.dfu", vec![(0, vec![(0x0800_FFF9, large)])]),
        ("two.dfu", vec![blinky.clone(), settings(1)]),
        ("reversed.dfu", vec![settings(3), blinky]),
        ("gap.dfu", vec![(0, gap)]),
    ]
}

/// A file whose checksum is not its own.
fn damage(bench: &Bench, name: &str) -> &'static str {
    let mut bytes = bench.read(name);
    bytes[600] ^= 1;
    bench.put("damaged.dfu", &bytes);
    "damaged.dfu"
}

/// What dfu-suffix says of a file's vendor id.
fn vendor_id(name: &str) -> &'static str {
    match name {
        "large.dfu" => "Vendor ID:\t0x1209",
        _ => "Vendor ID:\t0x0483",
    }
}

/// The product id of a file.
fn product_id(name: &str) -> u16 {
    if name == "large.dfu" { 0x5741 } else { 0xDF11 }
}

#[test]
fn dfuse_pack_finds_the_same_elements() {
    let Some(bench) = Bench::with(&["dfuse-pack"]) else {
        return;
    };
    for (name, targets) in files(&bench) {
        let said = bench.said(&format!("dfuse-pack --dump {name}"));
        assert!(!said.contains("ERROR"), "{said}");
        for (number, (alternate_setting, elements)) in targets.iter().enumerate() {
            let size: usize = elements.iter().map(|(_, data)| 8 + data.len()).sum();
            let line = format!(
                "Target' {number}, alt setting: {alternate_setting}, name: \"b'ST...'\", size: {size}, elements: {}\n",
                elements.len()
            );
            assert!(said.contains(&line), "{line} is not in {said}");
            for (index, (address, data)) in elements.iter().enumerate() {
                let line = format!(
                    "  {index}, address: {address:#010x}, size: {}\n",
                    data.len()
                );
                assert!(said.contains(&line), "{line} is not in {said}");
                let dumped = bench.read(&format!("{name}.target{number}.image{index}.bin"));
                assert!(dumped == *data, "{name}, target {number}, element {index}");
            }
        }
        let ids = format!(":{:04x}, device: 0x0000, dfu: 0x011a", product_id(name));
        assert!(said.contains(&ids), "{ids} is not in {said}");
    }
    let said = bench.said(&format!("dfuse-pack {}", damage(&bench, "one.dfu")));
    assert!(
        said.contains("CRC ERROR"),
        "it would let anything pass: {said}"
    );
}

#[test]
fn what_dfuse_pack_makes_is_read() {
    let Some(bench) = Bench::with(&["dfuse-pack"]) else {
        return;
    };
    bench.put("first.bin", &sample("blinky.bin"));
    bench.put("second.bin", &noise(333));
    bench.put("blinky.srec", &sample("blinky.srec"));
    let check = |options: &str, expected: &str| {
        bench.run(&format!("dfuse-pack {options} made.dfu"));
        let said = bench.said("stdfu info made.dfu");
        let (_, said) = said.split_once('\n').expect("lines");
        // The checksums have tests of their own.
        let lines = said
            .lines()
            .map(|line| line.split("   CRC").next().unwrap_or(line));
        assert_eq!(lines.collect::<Vec<_>>().join("\n"), expected, "{options}");
    };
    check(
        "-b 0x08000000:first.bin",
        "  ids 0483:df11   release 0000
  for alternate setting 0, \"ST...\"
    0x08000000..0x08001403   5123 bytes",
    );
    check(
        "-b 0x08000000:first.bin -b 0x08004000:second.bin -D 0x1209:0x5741",
        "  ids 1209:5741   release 0000
  for alternate setting 0, \"ST...\"
    0x08000000..0x08001403   5123 bytes
    0x08004000..0x0800414d   333 bytes",
    );
    check(
        "-b 0x08000000@0:first.bin -b 0x90000000@2:second.bin",
        "  ids 0483:df11   release 0000
  for alternate setting 0, \"ST...\"
    0x08000000..0x08001403   5123 bytes
  for alternate setting 2, \"ST...\"
    0x90000000..0x9000014d   333 bytes",
    );
    check(
        "-s blinky.srec",
        "  ids 0483:df11   release 0000
  for alternate setting 0, \"blinky\"
    0x08000000..0x08001403   5123 bytes",
    );
    bench.run("dfuse-pack -b 0x08000000:first.bin made.dfu");
    bench.run("stdfu convert made.dfu -o back.bin");
    assert!(bench.read("back.bin") == sample("blinky.bin"));
}

/// fwupd's parser needs no service and no rights.
#[test]
fn fwupd_finds_the_same_elements() {
    let Some(bench) = Bench::with(&["fwupdtool"]) else {
        return;
    };
    for (name, targets) in files(&bench) {
        let said = bench.said(&format!("fwupdtool firmware-parse {name} dfuse"));
        let mut expected = vec![format!("product {:#x}", product_id(name))];
        for (alternate_setting, elements) in &targets {
            expected.push("target".to_owned());
            // It leaves out what is 0.
            if *alternate_setting > 0 {
                expected.push(format!("idx {alternate_setting:#x}"));
            }
            for (address, data) in elements {
                expected.push(format!("addr {address:#x}"));
                expected.push(format!("size {:#x}", data.len()));
            }
        }
        assert_eq!(facts(&said), expected, "{said}");
    }
    let damaged = damage(&bench, "one.dfu");
    bench.refused(&format!("fwupdtool firmware-parse {damaged} dfuse"));
}

/// Of the XML that fwupd prints, what matters.
fn facts(xml: &str) -> Vec<String> {
    let between = |line: &str, start: &str, end: char| {
        let (value, _) = line.strip_prefix(start)?.split_once(end)?;
        Some(value.to_owned())
    };
    let fact = |line: &str| {
        if line == "<firmware>" {
            return Some("target".to_owned());
        }
        let tags = [
            ("<product>", '<', "product"),
            ("<idx>", '<', "idx"),
            ("<addr>", '<', "addr"),
            ("<data size=\"", '"', "size"),
        ];
        tags.iter()
            .find_map(|(start, end, name)| Some(format!("{name} {}", between(line, start, *end)?)))
    };
    xml.lines().filter_map(|line| fact(line.trim())).collect()
}

#[test]
fn dfu_suffix_accepts_them_all() {
    let Some(bench) = Bench::with(&["dfu-suffix"]) else {
        return;
    };
    for (name, _) in files(&bench) {
        let said = bench.said(&format!("dfu-suffix -c {name}"));
        let product_id = format!("Product ID:\t0x{:04X}", product_id(name));
        for line in [
            product_id.as_str(),
            vendor_id(name),
            "BCD device:\t0x0000",
            "BCD DFU:\t0x011A",
            "Length:\t\t16",
        ] {
            assert!(said.contains(line), "{line} is not in {said}");
        }
    }
    bench.refused(&format!("dfu-suffix -c {}", damage(&bench, "one.dfu")));
}

/// Files for plain DFU: small, and of lengths around the units in which a prefix counts.
const PLAIN_LENGTHS: [usize; 6] = [1, 496, 512, 513, 1024, 70_001];

#[test]
fn dfu_suffix_makes_the_same_plain_files() {
    let Some(bench) = Bench::with(&["dfu-suffix"]) else {
        return;
    };
    for length in PLAIN_LENGTHS {
        let bytes = noise(length);
        bench.put("in.bin", &bytes);
        for (ours, theirs) in [
            ("", ""),
            ("--id 1d50:6089", "-v 1d50 -p 6089"),
            ("--id 1209:ffff", "-v 1209"),
        ] {
            bench.run(&format!(
                "stdfu convert --plain {ours} in.bin --force -o ours.dfu"
            ));
            bench.put("theirs.dfu", &bytes);
            bench.run(&format!("dfu-suffix {theirs} -a theirs.dfu"));
            assert!(
                bench.read("ours.dfu") == bench.read("theirs.dfu"),
                "{ours}, {length} bytes"
            );
            bench.run("dfu-suffix -D ours.dfu");
            assert!(bench.read("ours.dfu") == bytes, "{length} bytes");
            // What they made, with the ids and the release that they gave it.
            bench.put("theirs.dfu", &bytes);
            bench.run(&format!("dfu-suffix {theirs} -d 0102 -a theirs.dfu"));
            bench.run("stdfu convert --plain theirs.dfu --force -o again.dfu");
            assert!(bench.read("again.dfu") == bench.read("theirs.dfu"));
            bench.run("stdfu convert theirs.dfu --address 0 --force -o back.bin");
            assert!(bench.read("back.bin") == bytes, "{length} bytes");
        }
    }
    let mut damaged = bench.read("again.dfu");
    damaged[0] ^= 1;
    bench.put("damaged.dfu", &damaged);
    bench.refused("dfu-suffix -c damaged.dfu");
    bench.refused("stdfu info damaged.dfu");
}

#[test]
fn dfu_prefix_makes_the_same_prefixes() {
    let Some(bench) = Bench::with(&["dfu-prefix", "dfu-suffix"]) else {
        return;
    };
    for length in PLAIN_LENGTHS {
        let bytes = noise(length);
        bench.put("in.bin", &bytes);
        for (ours, theirs, check, said, shown) in [
            ("lpc", "-L", "-L", "LPC DFU prefix", "the ROM of NXP's LPC"),
            (
                "stellaris=0x8400",
                "-s 0x8400",
                "-T",
                "Address:\t0x00008400",
                "TI's Stellaris, for address 0x00008400",
            ),
        ] {
            bench.run(&format!(
                "stdfu convert --plain --prefix {ours} --id 1fc9:000c in.bin --force -o ours.dfu"
            ));
            bench.put("theirs.dfu", &bytes);
            // In the other order, dfu-suffix 0.11 makes LPC's header anew, and counts it among the bytes after it.
            bench.run("dfu-suffix -v 1fc9 -p 000c -a theirs.dfu");
            bench.run(&format!("dfu-prefix {theirs} -a theirs.dfu"));
            assert!(
                bench.read("ours.dfu") == bench.read("theirs.dfu"),
                "{ours}, {length} bytes"
            );
            let checked = bench.said(&format!("dfu-prefix {check} -c ours.dfu"));
            assert!(checked.contains(said), "{checked}");
            let info = bench.said("stdfu info theirs.dfu");
            let line = format!("\n  begins with a prefix for {shown}\n");
            assert!(info.contains(&line), "{info}");
            bench.run(&format!("dfu-prefix {check} -D ours.dfu"));
            bench.run("dfu-suffix -D ours.dfu");
            assert!(bench.read("ours.dfu") == bytes, "{ours}, {length} bytes");
        }
    }
}
