//! The same firmware in many forms, made by other people's programs, is the same image.

use serde_json::Value;

use crate::bench::{Bench, noise, sample};

/// Every form, compressed and not, becomes the same file, and so do those that srec_cat and objcopy make.
#[track_caller]
fn check(bench: &Bench, forms: &[&str], raw: Option<u32>) {
    let mut expected = None;
    for form in forms {
        bench.run(&format!("gzip -kf {form}"));
        for name in [(*form).to_owned(), format!("{form}.gz")] {
            let address = match raw.filter(|_| form.ends_with(".bin")) {
                Some(address) => format!(" --address {address:#x}"),
                None => String::new(),
            };
            bench.run(&format!("stdfu convert {name}{address} --force -o out.dfu"));
            let info = bench.said(&format!("stdfu info --json {name}{address}"));
            let info: Value = serde_json::from_str(&info).expect("a document");
            let targets = info["files"][0]["targets"].as_array().expect("targets");
            assert_eq!(targets.len(), 1, "{name}: {info}");
            let found = (targets[0]["elements"].clone(), bench.read("out.dfu"));
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(found.0, expected.0, "{name}");
            assert!(found.1 == expected.1, "{name}");
        }
    }
}

/// Links data at addresses, without a compiler for Arm: any linker's work is the same but for the machine's number.
fn link(bench: &Bench, sections: &[(&str, u32)]) {
    let objects: Vec<String> = sections
        .iter()
        .map(|(name, _)| format!("{name}.o"))
        .collect();
    for (name, _) in sections {
        bench.run(&format!(
            "objcopy -I binary -O elf32-i386 -B i386 --rename-section .data=.{name} {name}.bin {name}.o"
        ));
    }
    let script = sections
        .iter()
        .map(|(name, address)| format!("  .{name} {address:#x} : {{ *(.{name}) }}\n"));
    let script = format!("SECTIONS {{\n{}}}\n", script.collect::<String>());
    bench.put("link.ld", script.as_bytes());
    bench.run(&format!(
        "ld -m elf_i386 -e 0 -T link.ld {} -o made.elf",
        objects.join(" ")
    ));
    let mut elf = bench.read("made.elf");
    elf[18] = 40;
    bench.put("made.elf", &elf);
}

#[test]
fn one_firmware_in_five_forms_is_one_image() {
    let Some(bench) = Bench::with(&["objcopy", "ld", "srec_cat", "dfuse-pack", "gzip"]) else {
        return;
    };
    for (address, bytes) in [
        (0x0800_0000, sample("blinky.bin")),
        (0x0801_FFFC, noise(70_001)),
    ] {
        bench.put("firmware.bin", &bytes);
        link(&bench, &[("firmware", address)]);
        for command in [
            "objcopy -I elf32-little -O ihex made.elf theirs.hex",
            "objcopy -I elf32-little -O srec made.elf theirs.srec",
            "objcopy -I elf32-little -O binary made.elf theirs.bin",
            &format!("srec_cat firmware.bin -binary -offset {address} -o cat.hex -intel"),
            &format!("srec_cat firmware.bin -binary -offset {address} -o cat.srec -motorola"),
            &format!("dfuse-pack -b {address:#x}:firmware.bin theirs.dfu"),
        ] {
            bench.run(command);
        }
        assert!(bench.read("theirs.bin") == bytes);
        let forms = [
            "theirs.bin",
            "theirs.hex",
            "made.elf",
            "theirs.srec",
            "theirs.dfu",
            "cat.hex",
            "cat.srec",
        ];
        check(&bench, &forms, Some(address));
    }
}

#[test]
fn a_gap_is_the_same_gap_in_every_form() {
    let Some(bench) = Bench::with(&["objcopy", "ld", "srec_cat", "dfuse-pack", "gzip"]) else {
        return;
    };
    bench.put("low.bin", &noise(1001));
    bench.put("high.bin", &noise(515));
    link(&bench, &[("low", 0x0800_0000), ("high", 0x0800_4004)]);
    for command in [
        "objcopy -I elf32-little -O ihex made.elf theirs.hex",
        "objcopy -I elf32-little -O srec made.elf theirs.srec",
        "srec_cat low.bin -binary -offset 0x08000000 high.bin -binary -offset 0x08004004 -o cat.hex -intel",
        "srec_cat low.bin -binary -offset 0x08000000 high.bin -binary -offset 0x08004004 -o cat.srec -motorola",
        "dfuse-pack -b 0x08000000:low.bin -b 0x08004004:high.bin theirs.dfu",
    ] {
        bench.run(command);
    }
    let forms = [
        "theirs.hex",
        "made.elf",
        "theirs.srec",
        "theirs.dfu",
        "cat.hex",
        "cat.srec",
    ];
    check(&bench, &forms, None);
}
