//! A fresh folder with the firmware files that the documents name, where commands run against the clock.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::run::{VARIABLES, data, sample, stdfu};

/// More than enough for any of them, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Puts simulated boards in the place of USB, as the documents name them, and then is the binary, under whatever name.
const STDFU: &str = r#"#!/bin/sh
case $0 in *dfu-util) set -- dfu-util "$@" ;; esac
four='f405;f405,serial=205A3073484B;f405,serial=3574384B3038;f405,serial=2069377D4D4B'
if [ -z "$STDFU_SIM" ] && [ "$1" = verify ]; then
    # Boards that hold what they are to be compared with.
    shift
    export STDFU_SIM="f405,flash=$HOME/1.bin"
    case " $* " in
        *" --every "*) STDFU_SIM="$STDFU_SIM;l476,flash=$HOME/2.bin" ;;
    esac
    "$STDFU_BINARY" --quiet flash "$@" || exit
    set -- verify "$@"
fi
if [ -z "$STDFU_SIM" ]; then
    case " $* " in
        *" --alt u-boot."* | *" --alt rootfs"*) STDFU_SIM=uboot ;;
        *" --alt firmware.dfu"* | *" --alt uboot-env.dfu"*) STDFU_SIM=pluto ;;
        *" zephyr.signed.bin"*" --enter-dfu"*) STDFU_SIM=zephyr,quirk=application ;;
        *" --enter-dfu=micropython"*) STDFU_SIM=f405,app=micropython ;;
        *" sketch.ino.elf "*) STDFU_SIM=f405,app=arduino ;;
        *" --path 1-2"*" --enter-dfu"*) STDFU_SIM='f405,app=klipper;f405,app=klipper' ;;
        *" --enter-dfu"*) STDFU_SIM=f405,app=klipper ;;
        *" --id 303a:0002"*) STDFU_SIM=esp32s2 ;;
        *" flash hackrf_usb.dfu"*) STDFU_SIM=lpc ;;
        *" detach --path "*) STDFU_SIM='f405,quirk=application;l476,quirk=application' ;;
        *" detach "*) STDFU_SIM=f405,quirk=application ;;
        *" unprotect "*) STDFU_SIM=f405,quirk=read-protected ;;
        *" verify "*)
            # On a board that holds what is to be found there.
            export STDFU_SIM=f405,flash=held.bin
            "$STDFU_BINARY" -q $(echo " $* " | sed 's/ verify / flash /')
            ;;
        *" --every "* | *" --path"[\ =]* | *" --serial"[\ =]*) STDFU_SIM=$four ;;
        *) STDFU_SIM=f405 ;;
    esac
    export STDFU_SIM
fi
if [ "$1" = station ]; then
    # It has no end of its own.
    "$STDFU_BINARY" --timeout 3 "$@" >station.out
    [ $? = 1 ] && grep -q 'PASS\|"result":"pass"' station.out
    exit
fi
exec "$STDFU_BINARY" "$@"
"#;

/// The folder.
pub struct Folder(TempDir);

/// How a command ended and what it said.
pub struct Ended {
    /// `None` where it was ended by a signal.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exit,
            stdout,
            stderr,
        } = self;
        write!(f, "exit {exit:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
    }
}

impl Folder {
    pub fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary directory"));
        let file = |name: &str, bytes: &[u8]| folder.write(name, bytes);
        for format in ["bin", "dfu", "hex", "elf"] {
            file(
                &format!("firmware.{format}"),
                &sample(&format!("blinky.{format}")),
            );
        }
        file("recording.pcapng", &sample("f405.pcapng"));
        // Side by side: the bootloader ends below 0x08008000.
        file("bootloader.hex", &sample("blinky.hex"));
        let application = moved(sample("blinky.bin"), 0);
        file("out/klipper.bin", &application);
        file("application.elf", &moved_elf());
        file("application.bin", &application);
        file("option-bytes.bin", &[0xAA; 16]);
        for (name, address) in [
            ("application", "0x08008000"),
            ("option-bytes", "0x1FFFC000"),
        ] {
            let run = stdfu("convert")
                .arg(folder.path(&format!("{name}.bin")))
                .args(&format!("--address {address} -o"))
                .arg(folder.path(&format!("{name}.hex")))
                .run();
            assert_eq!(run.exit, 0, "{run:?}");
        }
        file("build/firmware.elf", &sample("blinky.elf"));
        file("build/sketch.ino.elf", &sample("blinky.elf"));
        file(
            "target/thumbv7em-none-eabihf/release/firmware",
            &sample("blinky.elf"),
        );
        for name in [
            "u-boot.img",
            "rootfs.squashfs",
            "zephyr.signed.bin",
            "build/dfu.bin",
        ] {
            file(name, &sample("blinky.bin"));
        }
        file("hackrf_usb.bin", &sample("blinky.bin"));
        // Pluto's files have the ids of the application.
        for (name, ids, prefix) in [
            ("pluto.dfu", "0456:b673", ""),
            ("uboot-env.dfu", "0456:b673", ""),
            ("hackrf_usb.dfu", "1fc9:000c", "--prefix lpc"),
        ] {
            let run = stdfu(&format!("convert --plain --id {ids} {prefix} -o"))
                .arg(folder.path(name))
                .arg(folder.path("hackrf_usb.bin"))
                .run();
            assert_eq!(run.exit, 0, "{run:?}");
        }
        file("build-PYBV11/firmware.dfu", &sample("blinky.dfu"));
        file(".build/planck_rev6_default.bin", &sample("blinky.bin"));
        file("planck_rev6_default.bin", &sample("blinky.bin"));
        for directory in [
            "home/.local/share/bash-completion/completions",
            "home/.zfunc",
            "home/.config/fish/completions",
        ] {
            fs::create_dir_all(folder.path(directory)).expect("a new directory");
        }
        fs::create_dir(folder.path("tests")).expect("a new directory");
        symlink(data(), folder.path("tests/data")).expect("a new link");
        file("home/stdfu.sh", STDFU.as_bytes());
        // Not written by this process: a command that another test starts meanwhile would hold it open, and no file can be
        // run that somebody may write ("Text file busy").
        let (from, to) = (folder.path("home/stdfu.sh"), folder.path("programs/stdfu"));
        let copied = Command::new("install")
            .args(["-D", "-m", "755"])
            .args([from, to])
            .status();
        assert!(copied.expect("install is there").success());
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("in the folder")).expect("a new directory");
        fs::write(path, bytes).expect("a new file");
    }

    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.exists() {
            fs::remove_file(path).expect("a file of ours");
        }
    }

    /// Runs a shell script, which ends with its first command that fails.
    pub fn shell(&self, script: &str) -> Ended {
        self.run("sh", &["-ec", script])
    }

    /// Runs a program with the binary's folder first on the PATH.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let path = std::env::var("PATH").unwrap_or_default();
        let stdout = self.path("home/stdout");
        let stderr = self.path("home/stderr");
        let new = |path: &Path| Stdio::from(File::create(path).expect("a new file"));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env(
                "PATH",
                format!("{}:{path}", self.path("programs").display()),
            )
            .env("HOME", self.path("home"))
            .env("STDFU_BINARY", env!("CARGO_BIN_EXE_stdfu"))
            // For the Python module: what it runs, and where it is itself.
            .env("STDFU", self.path("programs/stdfu"))
            .env(
                "PYTHONPATH",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("python"),
            )
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(new(&stdout))
            .stderr(new(&stderr))
            .process_group(0);
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                break status;
            }
            if start.elapsed() > PATIENCE {
                // The shell, and what it has started.
                let group = format!("-{}", child.id());
                let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
                assert!(killed.is_ok_and(|status| status.success()), "kill is there");
                let _ = child.wait();
                panic!("still running after {PATIENCE:?}: {program} {arguments:?}");
            }
            thread::sleep(Duration::from_millis(10));
        };
        let text = |path: &Path| fs::read_to_string(path).expect("what is said is UTF-8");
        Ended {
            exit: status.code(),
            stdout: text(&stdout),
            stderr: text(&stderr),
        }
    }
}

/// The sample firmware 32 KiB further up: its vectors, from `start`, point there too.
fn moved(mut bytes: Vec<u8>, start: usize) -> Vec<u8> {
    for vector in bytes[start..start + 98 * 4].chunks_exact_mut(4) {
        let address = u32::from_le_bytes(vector.try_into().expect("four bytes"));
        if address >> 16 == 0x0800 {
            vector.copy_from_slice(&(address + 0x8000).to_le_bytes());
        }
    }
    bytes
}

/// The same as ELF: the physical addresses of its three segments (`p_paddr`) stand at 12 in each program header.
fn moved_elf() -> Vec<u8> {
    let mut bytes = moved(sample("blinky.elf"), 0x100);
    for header in 0..3 {
        let at = 52 + header * 32 + 12;
        let field = &mut bytes[at..at + 4];
        let address = u32::from_le_bytes((&*field).try_into().expect("four bytes"));
        field.copy_from_slice(&(address + 0x8000).to_le_bytes());
    }
    bytes
}
