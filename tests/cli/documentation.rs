//! Every command that the README, the recipes, the pages in `docs` and the help show, run as it stands there.

mod build;
mod configuration;
mod folder;
mod links;
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{sample, stdfu};
use build::{run_cmake, run_make};
use configuration::{cargo_runner, upload_command, vs_code_task, workflow};
use folder::{Ended, Folder};
use markdown::{Block, blocks};

/// Commands that no test of this kind can run, and why.
const NOT_RUN: [(&str, &str); 35] = [
    (
        "docker run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw' …",
        "it starts a container, and not every machine has Docker",
    ),
    (
        "sudo apt-get install ./target/debian/stdfu_*.deb",
        "it changes the machine; CI does it with the package that it has built",
    ),
    (
        "packaging/deb",
        "it builds the package; CI does, installs it and uses it",
    ),
    (
        "sudo install -Dt /usr/local/bin stdfu",
        "it changes the machine; tests/release/run does it, elsewhere, with what is in an archive",
    ),
    (
        "sudo install -m 644 -Dt /usr/local/share/man/man1 man/*.1",
        "the same",
    ),
    (
        "sudo install -m 644 -D completions/stdfu.bash /usr/local/share/bash-completion/completions/stdfu",
        "the same",
    ),
    (
        "sudo install -m 644 -Dt /usr/local/share/zsh/site-functions completions/_stdfu",
        "the same",
    ),
    (
        "sudo install -m 644 -Dt /usr/local/share/fish/vendor_completions.d completions/stdfu.fish",
        "the same",
    ),
    (
        "tests/vm/bench",
        "it boots a guest and measures for many minutes",
    ),
    (
        "cargo run --release --locked -- --sim f405 flash tests/data/blinky.dfu",
        "it builds stdfu; CI runs it as it stands in the README",
    ),
    (
        "cargo test --locked",
        "it is what runs this; CI runs it as it stands in the README",
    ),
    (
        "stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules",
        "it changes the machine; what it installs is compared elsewhere",
    ),
    (
        "stdfu sim f405 --listen 127.0.0.1:3240",
        "it serves until it is interrupted; the tests in a guest attach to it",
    ),
    ("stdfu sim f405", "the same"),
    ("stdfu sim f405 l476,flash=board.bin", "the same"),
    (
        "stdfu sim f405,timing=real --listen 0.0.0.0:3240",
        "the same",
    ),
    (
        "stdfu man | man -l -",
        "it shows a page until a key is pressed, and not every machine has man",
    ),
    ("make", "the build of the reader's firmware"),
    ("make BOARD=PYBV11", "the build of the reader's firmware"),
    (
        "arduino-cli compile --fqbn arduino:mbed_portenta:envie_m7 --output-dir build",
        "the build of the reader's firmware",
    ),
    ("sudo service klipper stop", "it changes the machine"),
    (
        "make firmware.elf firmware.bin",
        "the build of the reader's firmware",
    ),
    (
        "cargo install --locked --path tools/stdfu",
        "it installs stdfu",
    ),
    (
        "labgrid-exporter --coordinator farm.example:20408 exporter.yaml",
        "it is labgrid, which is driven in the guest; its network was set up by hand once",
    ),
    ("labgrid-client --place left create", "the same"),
    (
        "labgrid-client --place left add-match '*/left/NetworkDFUDevice'",
        "the same",
    ),
    ("labgrid-client --place left lock", "the same"),
    ("labgrid-client --config farm.yaml dfu list", "the same"),
    (
        "labgrid-client --config farm.yaml dfu download 0 firmware.dfu",
        "the same",
    ),
    ("labgrid-client --place left unlock", "the same"),
    (
        "sudo modprobe usbip-host",
        "it changes the machine; the tests in a guest attach boards",
    ),
    ("sudo usbipd --daemon", "the same"),
    ("sudo usbip bind --busid 1-2", "the same"),
    ("sudo modprobe vhci-hcd", "the same"),
    (
        "sudo usbip attach --remote bench.example --busid 1-2",
        "the same",
    ),
];

/// Commands that end with another exit code than 0.
const EXITS: [(&str, i32); 1] = [
    // Nobody is there to be asked.
    ("stdfu unprotect", 2),
];

#[test]
fn every_command_in_the_readme_works() {
    let count = run_page("README.md");
    assert!(count >= 24, "only {count} commands were found");
}

#[test]
fn every_command_in_the_docs_works() {
    let count: usize = docs().iter().map(|page| run_page(page)).sum();
    assert!(count >= 14, "only {count} commands were found");
}

#[test]
fn the_picture_in_the_readme_shows_what_stdfu_prints() {
    if !is_there("python3") {
        return;
    }
    let ended = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/picture"))
        .arg("--check")
        .env("STDFU", env!("CARGO_BIN_EXE_stdfu"))
        .output()
        .expect("python3 is there");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
}

/// Whatever fails, and whether a board is known by then: the program ends with the reason, and not with one of its own.
#[test]
fn the_python_program_for_scripts_survives_a_failure() {
    if !is_there("python3") {
        return;
    }
    let program = blocks(&read("docs/scripts.md"))
        .into_iter()
        .find(|block| block.language == "python")
        .expect("a program");
    let check = |sim: &str, firmware: &[u8], reason: &str| {
        let folder = Folder::new();
        folder.write("program.py", program.text.as_bytes());
        folder.write("firmware.dfu", firmware);
        let ended = folder.shell(&format!("STDFU_SIM='{sim}' python3 program.py"));
        assert_eq!(ended.exit, Some(1), "{sim}: {ended}");
        assert!(!ended.stderr.contains("Traceback"), "{sim}: {ended}");
        // What stdfu says comes first, then the program's own reason, which may have several lines.
        let said = ended.stderr.matches(reason).count();
        assert!(said >= 2, "{reason:?}: {ended}");
    };
    let firmware = sample("blinky.dfu");
    check("f999", &firmware, "there is no simulated board");
    check("l476", &firmware, "there is no board with serial number");
    check("f405,quirk=no-access", &firmware, "permission denied");
    check(
        "f405,quirk=application",
        &firmware,
        "is running its application",
    );
    check("f405", b"DfuSe", "expected");
    check("f405;l476,fault=unplug@30", b"DfuSe", "expected");
    check("f405,fault=unplug@30", &firmware, "the device is gone");
    check("f405,quirk=read-protected", &firmware, "read protection");
}

#[test]
fn every_command_in_the_recipes_works() {
    let count = run_page("RECIPES.md");
    assert!(count >= 36, "only {count} commands were found");
}

#[test]
fn every_example_in_the_help_works() {
    let mut count = 0;
    for (command, examples) in examples() {
        assert!(
            !examples.is_empty(),
            "`stdfu {command} --help` has no example"
        );
        for example in examples {
            count += run_script(&format!("stdfu {command} --help"), &example);
        }
    }
    assert!(count >= 30, "only {count} commands were found");
}

#[test]
fn every_command_that_is_not_run_is_still_shown() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for page in pages() {
        for block in blocks(&read(&page)) {
            let text = if block.language == "yaml" {
                workflow(&block.text)
            } else {
                block.text
            };
            shown.extend(text.lines().map(|line| line.trim().to_owned()));
        }
    }
    shown.extend(examples().into_iter().flat_map(|(_, examples)| examples));
    for (line, reason) in NOT_RUN {
        assert!(shown.contains(line), "{line:?} is nowhere any more");
        assert!(reason == "the same" || reason.len() > 15, "{line}");
    }
    for (line, _) in EXITS {
        assert!(shown.contains(line), "{line:?} is nowhere any more");
    }
}

/// Runs all that a page shows. Returns the number of its commands, those that are not run included.
fn run_page(page: &str) -> usize {
    let run = |block: Block| run_block(&format!("{page}:{}", block.line), &block);
    blocks(&read(page)).into_iter().map(run).sum()
}

/// All pages for users.
fn pages() -> Vec<String> {
    let named = ["README.md", "RECIPES.md"].map(str::to_owned);
    named.into_iter().chain(docs()).collect()
}

fn docs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let entries = fs::read_dir(folder).expect("a folder beside Cargo.toml");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name in UTF-8"));
    let mut pages: Vec<String> = names
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.sort();
    pages
}

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    fs::read_to_string(path).expect("a page beside Cargo.toml")
}

fn run_block(at: &str, block: &Block) -> usize {
    match block.language.as_str() {
        "inline" | "indented" | "sh" => run_script(at, &block.text),
        "console" => run_console(at, &block.text),
        "python" => run_python(at, &block.text),
        "make" => run_make(at, &block.text),
        "cmake" => run_cmake(at, &block.text),
        "toml" => run_script(at, &cargo_runner(&block.text)),
        "json" => run_script(at, &vs_code_task(&block.text)),
        "ini" => run_script(at, &upload_command(&block.text)),
        "yaml" => run_script(at, &workflow(&block.text)),
        other => panic!("{at}: nobody knows how to run {other:?}"),
    }
}

/// Runs a script in a fresh folder, without the lines that can't be run. Returns the number of lines with a command of
/// ours, or one that is not run.
fn run_script(at: &str, script: &str) -> usize {
    let is_left_out = |line: &&str| NOT_RUN.iter().any(|(known, _)| *known == line.trim());
    let (left_out, lines): (Vec<&str>, Vec<&str>) = script.lines().partition(is_left_out);
    let is_command = |line: &&&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let commands: Vec<&&str> = lines.iter().filter(is_command).collect();
    if !commands.is_empty() {
        let exit = EXITS.iter().find(|(line, _)| *line == script.trim());
        let folder = Folder::new();
        // What `convert` is to write is not there yet.
        if let Some((_, output)) = script.split_once(" -o ") {
            folder.remove(output.trim());
        }
        let ended = folder.shell(&lines.join("\n"));
        assert_exit(at, script, &ended, exit.map_or(0, |(_, exit)| *exit));
    }
    let ours = commands.iter().filter(|line| line.contains("stdfu "));
    ours.count() + left_out.len()
}

#[track_caller]
fn assert_exit(at: &str, what: &str, ended: &Ended, exit: i32) {
    assert_eq!(ended.exit, Some(exit), "{at}:\n{what}\n{ended}");
}

/// Runs each command behind a `$`, and compares what it prints with the lines below it.
fn run_console(at: &str, text: &str) -> usize {
    let folder = Folder::new();
    let mut sessions = text.split("$ ");
    assert_eq!(
        sessions.next(),
        Some(""),
        "{at}: a session begins with a command"
    );
    let mut count = 0;
    for session in sessions {
        let (command, printed) = session.split_once('\n').expect("lines");
        let ended = folder.shell(command);
        assert_exit(at, command, &ended, 0);
        assert_eq!(ended.stdout, printed, "{at}: {command}");
        count += 1;
    }
    count
}

fn run_python(at: &str, program: &str) -> usize {
    if is_there("python3") {
        let folder = Folder::new();
        folder.write("program.py", program.as_bytes());
        assert_exit(at, program, &folder.run("python3", &["program.py"]), 0);
    }
    1
}

/// Each command's examples in its long help; that of `stdfu` itself is without a name.
fn examples() -> Vec<(String, Vec<String>)> {
    // Not `dfu-util --help`: that is dfu-util's own.
    let help = |command: &str| stdfu(&format!("help {command}")).run().stdout;
    let all = help("");
    let commands = section(&all, "Commands:");
    let names = commands
        .iter()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let names: Vec<&str> = [""].into_iter().chain(names).collect();
    assert!(names.len() >= 14, "{names:?}");
    let examples = |name: &str| {
        section(&help(name), "Examples:")
            .iter()
            .map(|line| line.trim().to_owned())
            .collect()
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), examples(name)))
        .collect()
}

/// The lines below a heading, up to the next empty one.
fn section(help: &str, heading: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a program is installed. In CI it has to be.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} is missing"
    );
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}
