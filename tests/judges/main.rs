//! Other people's programs as judges: GNU objcopy, srec_cat and srec_cmp, dfu-suffix, dfu-prefix, dfuse-pack, fwupd and
//! tshark read what stdfu writes, and stdfu reads what they write. `tests/judges/packages` names the Debian packages that
//! bring them.

mod bench;
mod dfu;
mod forms;
mod options;
mod recording;
mod suffix;

use bench::{Bench, noise, sample};

/// Images of different shapes, and where they belong: small, across a border of 64K, and with more records than 16 bits can
/// count.
fn shapes() -> [(u32, Vec<u8>); 4] {
    [
        (0x0800_0000, sample("blinky.bin")),
        (0x0800_FFF9, noise(200_001)),
        (0x9000_0000, noise((2 << 20) + 33)),
        (0xFFFF_FFE0, noise(32)),
    ]
}

#[test]
fn objcopy_reads_what_is_written() {
    let Some(bench) = Bench::with(&["objcopy"]) else {
        return;
    };
    for (address, bytes) in shapes() {
        bench.put("in.bin", &bytes);
        for (name, format) in [("out.hex", "ihex"), ("out.srec", "srec")] {
            bench.run(&format!(
                "stdfu convert in.bin --address {address} --force -o {name}"
            ));
            bench.run(&format!("objcopy -I {format} -O binary {name} back.bin"));
            assert!(bench.read("back.bin") == bytes, "{name} at {address:#x}");
        }
    }
}

#[test]
fn what_objcopy_writes_is_read() {
    let Some(bench) = Bench::with(&["objcopy"]) else {
        return;
    };
    for (address, bytes) in shapes() {
        bench.put("in.bin", &bytes);
        for (name, format) in [("in.hex", "ihex"), ("in.srec", "srec")] {
            bench.run(&format!(
                "objcopy -I binary -O {format} --change-addresses {address:#x} in.bin {name}"
            ));
            let summary = bench.run(&format!("stdfu convert {name} --force -o out.bin"));
            let summary = String::from_utf8(summary.stdout).expect("UTF-8");
            let expected = format!("out.bin: {} bytes for {address:#010x}\n", bytes.len());
            assert_eq!(summary, expected, "{name}");
            assert!(bench.read("out.bin") == bytes, "{name} at {address:#x}");
        }
    }
}

/// Initialised data included, whose address at run time is another.
#[test]
fn of_an_elf_file_objcopy_takes_the_same_bytes() {
    let Some(bench) = Bench::with(&["objcopy"]) else {
        return;
    };
    bench.put("in.elf", &sample("blinky.elf"));
    bench.run("objcopy -I elf32-little -O ihex in.elf theirs.hex");
    bench.run("stdfu convert theirs.hex -o theirs.srec");
    bench.run("stdfu convert in.elf -o ours.srec");
    assert!(bench.read("ours.srec") == bench.read("theirs.srec"));
}

/// A program behind a bootloader, linked by GNU ld, which puts its own headers into the first segment.
#[test]
fn of_a_file_whose_headers_are_loadable_objcopy_takes_the_same_bytes() {
    let Some(bench) = Bench::with(&["objcopy", "as", "ld"]) else {
        return;
    };
    bench.put(
        "program.s",
        b".section .text\n.globl _start\n_start: .long 1, 2, 3, 4\n.section .data\n.long 5, 6, 7\n.section .bss\n.space 64\n",
    );
    bench.put(
        "program.ld",
        b"SECTIONS {\n  . = 0x08002000;\n  .text : { *(.text) }\n  .data 0x20000000 : AT(0x08003000) { *(.data) }\n  \
          .bss : { *(.bss) }\n}\n",
    );
    // Any assembler makes data; what the machine is called is put right afterwards.
    bench.run("as --32 program.s -o program.o");
    bench.run("ld -m elf_i386 -z max-page-size=0x10000 -T program.ld program.o -o program.elf");
    let mut elf = bench.read("program.elf");
    elf[18] = 40;
    bench.put("program.elf", &elf);
    bench.run("objcopy -I elf32-little -O ihex program.elf theirs.hex");
    bench.run("stdfu convert theirs.hex -o theirs.srec");
    bench.run("stdfu convert program.elf -o ours.srec");
    assert_eq!(
        String::from_utf8(bench.read("ours.srec")),
        String::from_utf8(bench.read("theirs.srec"))
    );
    let info = bench.run("stdfu info program.elf");
    let info = String::from_utf8(info.stdout).expect("UTF-8");
    assert!(
        info.contains("\n  0x08002000..0x08002010   16 bytes"),
        "{info}"
    );
    assert!(
        info.contains("\n  0x08003000..0x0800300c   12 bytes"),
        "{info}"
    );
}

#[test]
fn srecord_reads_what_is_written_gaps_and_all() {
    let Some(bench) = Bench::with(&["srec_cmp", "srec_cat"]) else {
        return;
    };
    for (address, bytes) in shapes() {
        bench.put("in.bin", &bytes);
        for (name, format) in [("out.hex", "intel"), ("out.srec", "motorola")] {
            bench.run(&format!(
                "stdfu convert in.bin --address {address} --force -o {name}"
            ));
            bench.run(&format!(
                "srec_cmp {name} -{format} in.bin -binary -offset {address}"
            ));
        }
    }
    bench.put("in.dfu", &sample("two-elements.dfu"));
    bench.put("first.bin", &sample("two-elements.dfu")[293..][..0x401]);
    bench.put(
        "second.bin",
        &sample("two-elements.dfu")[293 + 0x409..][..0x203],
    );
    bench.run("srec_cat first.bin -binary -offset 0x08000000 second.bin -binary -offset 0x08000404 -o theirs.srec -motorola");
    for (name, format) in [("gap.hex", "intel"), ("gap.srec", "motorola")] {
        bench.run(&format!("stdfu convert in.dfu -o {name}"));
        bench.run(&format!("srec_cmp {name} -{format} theirs.srec -motorola"));
    }
}

#[test]
fn what_srecord_writes_is_read() {
    let Some(bench) = Bench::with(&["srec_cat"]) else {
        return;
    };
    for (address, bytes) in shapes() {
        bench.put("in.bin", &bytes);
        for (name, format) in [
            ("in.hex", "intel"),
            ("in.srec", "motorola"),
            // Short records, all over the place.
            ("odd.srec", "motorola -line-length=30"),
        ] {
            bench.run(&format!(
                "srec_cat in.bin -binary -offset {address} -o {name} -{format}"
            ));
            bench.run(&format!("stdfu convert {name} --force -o out.bin"));
            assert!(bench.read("out.bin") == bytes, "{name} at {address:#x}");
        }
    }
}
