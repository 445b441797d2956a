//! What can't be recorded, and files that can't be written: no board is touched, or the work goes on.

use super::*;
use crate::run::FlashFile;

#[test]
fn a_file_that_is_there_stays_and_no_board_is_touched() {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("session.pcapng");
    std::fs::write(&path, b"kept").expect("a new file");
    let flash = FlashFile::full(1 << 20);
    let arguments = format!("--sim {} flash blinky.dfu", flash.board("f405"));
    recorded(folder.path(), &arguments).says(
        1,
        "",
        &format!(
            "error: {} already exists\n\
             hint: A recording takes no other file's place: name a new one. No board was touched.\n",
            path.display()
        ),
    );
    flash.is_untouched();
    assert_eq!(std::fs::read(&path).expect("the file"), b"kept");
    let run = stdfu("--record - --sim f405 list").run();
    run.says(
        2,
        "",
        "error: a recording can't go to stdout, where the answer goes\n\
         hint: Name a file, such as --record session.pcapng.\n",
    );
}

#[test]
fn what_is_left_out_of_no_recording_is_a_mistake() {
    let run = stdfu("--sim f405 list --record-without-data").run();
    run.says(
        2,
        "",
        "error: --record-without-data is about a recording, and none is made\n\
         hint: Name a file, such as --record session.pcapng.\n",
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_can_t_grow_ends_the_recording_and_not_the_flash() {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("session.pcapng");
    let flash = |blocks| {
        let run = stdfu("--sim f405 flash blinky.dfu --record")
            .arg(&path)
            .with_file_limit(blocks)
            .run();
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(run.stdout.starts_with("OK  336133663433"), "{run:?}");
        run.stderr.lines().last().unwrap_or_default().to_owned()
    };
    let (path_name, reason) = (path.display(), "File too large (os error 27)");
    assert_eq!(
        flash(8),
        format!("warning: {path_name} has only the beginning: {reason}")
    );
    // It ends with a whole block, and says how the command has ended.
    assert!(blocks(folder.path()).len() > 10);
    let ended = "exit code: 0, and the recording has only the beginning";
    assert!(section(folder.path()).contains(ended));
    // Whoever gets it has not seen the warning.
    let decode = stdfu("decode --json").arg(&path).run();
    let broken = "the recording ended before the command did";
    assert_eq!(decode.document(0)["broken"], broken);
    assert!(decode.stderr.contains(broken), "{}", decode.stderr);
    std::fs::remove_file(&path).expect("it is there");
    assert_eq!(
        flash(0),
        format!("warning: there is no recording {path_name}: {reason}")
    );
    assert!(!path.exists());
}

/// What takes the place of a full disk elsewhere: an error, nothing half written, and no end by a signal.
#[cfg(unix)]
#[test]
fn no_command_ends_by_a_limit_to_the_size_of_files() {
    for arguments in [
        "--sim f405 read out.bin",
        "convert blinky.dfu -o out.hex",
        "decode f405.pcapng --extract out.hex",
        "--sim f405 station blinky.dfu --log out.csv",
        "--sim f405 dfu-util -a 0 -U out.bin",
    ] {
        let folder = TempDir::new().expect("a temporary directory");
        for name in ["blinky.dfu", "f405.pcapng"] {
            std::fs::write(folder.path().join(name), sample(name)).expect("a new file");
        }
        let command = stdfu(arguments).in_folder(folder.path());
        let run = command.with_file_limit(0).run();
        let exit = if arguments.contains("dfu-util") {
            73
        } else {
            1
        };
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
        let reason = "File too large (os error 27)\n";
        let (said, _) = run.stderr.split_once("hint: ").unwrap_or((&run.stderr, ""));
        assert!(said.ends_with(reason), "{arguments}: {run:?}");
        let there = folder.path().read_dir().expect("ours").flatten();
        let left: Vec<_> = there
            .filter(|entry| entry.metadata().is_ok_and(|file| file.len() > 0))
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left.len(), 2, "{arguments}: {left:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_recording() {
    let folder = TempDir::new().expect("a temporary directory");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    for path in [pipe.as_path(), Path::new("/dev/null")] {
        let run = stdfu("--sim f405 flash blinky.dfu --record")
            .arg(path)
            .run();
        run.says(
            2,
            "",
            &format!(
                "error: a recording has to be a file, and {} is none\n\
                 hint: Name a new file. To watch it while it is made:\n      \
                 tail -c +1 -F session.pcapng | wireshark -k -i -\n",
                path.display()
            ),
        );
    }
}

#[test]
fn no_command_writes_over_its_own_recording_nor_over_what_stands_for_a_board() {
    let same = |arguments: &str, exit: i32, message: &str| {
        let folder = TempDir::new().expect("a temporary directory");
        std::fs::write(folder.path().join("blinky.dfu"), sample("blinky.dfu")).expect("a new file");
        std::fs::write(folder.path().join("kept.bin"), sample("f405.pcapng")).expect("a new file");
        let run = stdfu(arguments).in_folder(folder.path()).run();
        assert_eq!(run.exit, exit, "{arguments}: {run:?}");
        assert_eq!(run.stderr.lines().next(), Some(message), "{arguments}");
        let there = folder.path().read_dir().expect("ours").flatten();
        let there: BTreeSet<_> = there.map(|entry| entry.file_name()).collect();
        assert_eq!(there.len(), 2, "{arguments}: {there:?}");
        let kept = std::fs::read(folder.path().join("kept.bin")).expect("the file");
        assert_eq!(kept, sample("f405.pcapng"), "{arguments}");
    };
    let both = |first: &str, second: &str, path: &str| {
        format!("error: {first} and {second} name the same file: {path}")
    };
    let out = both("--record", "OUT", "./new.bin");
    same("--sim f405 --record new.bin read ./new.bin", 2, &out);
    same(
        "--sim f405 --record new.bin read ./new.bin --force",
        2,
        &out,
    );
    let log = both("--record", "--log", "new.csv");
    let station = "--sim f405 --record new.csv station blinky.dfu --log new.csv";
    same(station, 2, &log);
    let flash = both("flash= of --sim", "--record", "new.bin");
    same(
        "--sim f405,flash=new.bin --record ./new.bin list",
        2,
        &flash.replace("new.bin", "./new.bin"),
    );
    let replay = both("replay= of --sim", "OUT", "kept.bin");
    same("--sim replay=kept.bin read kept.bin --force", 2, &replay);
    let extract = both("RECORDING", "--extract", "./kept.bin");
    same("decode kept.bin --extract ./kept.bin --force", 2, &extract);
    let upload = "dfu-util: --record and -U name the same file: new.bin";
    same(
        "--record new.bin --sim f405 dfu-util -a 0 -U new.bin",
        64,
        upload,
    );
}

#[test]
fn a_command_that_talks_to_no_board_has_nothing_to_record() {
    let refused = |arguments: &str, hint: &str| {
        let folder = TempDir::new().expect("a temporary directory");
        recorded(folder.path(), arguments).says(
            2,
            "",
            &format!(
                "error: this command asks no board for anything, so there is nothing to record\nhint: {hint}\n"
            ),
        );
        assert!(!folder.path().join("session.pcapng").exists());
    };
    for arguments in [
        "convert blinky.dfu -o no-such.hex",
        "decode f405.pcapng",
        "sim f405",
        "sim --list",
        "completions bash",
        "man",
        "udev",
        "dfu-suffix -c blinky.dfu",
        "dfu-prefix -c blinky.dfu",
    ] {
        refused(arguments, "Leave out --record.");
    }
    let choose = "Leave out --record, or choose a board with an option such as --path.";
    refused("info blinky.dfu", choose);
    let folder = TempDir::new().expect("a temporary directory");
    assert_eq!(
        recorded(folder.path(), "--sim f405 info blinky.dfu").exit,
        0
    );
    assert!(headers(folder.path()).len() > 2);
}
