//! `cargo test`'s part of the guest: a few scenarios through a real kernel. `tests/vm/run` runs them all.

use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;

/// The status by which `tests/vm/run` says that this machine lacks something.
const LACKING: i32 = 77;

#[test]
fn boards_are_listed_and_flashed_through_a_real_kernel() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm/run");
    let output = Command::new(script)
        .args(["list_shows", "flash_puts_a_dfu_file"])
        .env("STDFU", env!("CARGO_BIN_EXE_stdfu"))
        .output()
        .expect("a Unix machine with bash");
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(LACKING) {
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI the guest has to run: {said}"
        );
        // Straight to stderr, because the test harness shows what a test prints only when it fails.
        let skipped = "SKIPPED: nothing was tested through a real kernel, because";
        writeln!(stderr(), "\n{skipped} {said}").expect("stderr can be written");
        return;
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{answer}{said}");
    assert!(answer.contains("2 passed, 0 failed"), "{answer}{said}");
}
