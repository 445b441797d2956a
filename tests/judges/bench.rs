//! Where the judges work.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory to work in, and the tools in question, all of which are there.
pub struct Bench {
    directory: TempDir,
}

impl Bench {
    /// `None`, and said so, where one of the tools is missing. In CI that is a failure.
    pub fn with(tools: &[&str]) -> Option<Self> {
        let is_missing = |tool: &&&str| match Command::new(tool).arg("--version").output() {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(_) => false,
        };
        if let Some(missing) = tools.iter().find(is_missing) {
            assert!(
                std::env::var_os("CI").is_none(),
                "in CI {missing} has to be there"
            );
            let skipped =
                format!("\nSKIPPED: nothing was judged by {missing}, which is not installed\n");
            // Straight to stderr, because the test harness shows what a test prints only when it fails.
            io::stderr()
                .write_all(skipped.as_bytes())
                .expect("stderr can be written");
            return None;
        }
        let directory = TempDir::new().expect("a temporary directory");
        Some(Self { directory })
    }

    /// Puts a file there.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.directory.path().join(name), bytes).expect("a new file");
    }

    /// A file's bytes.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.directory.path().join(name)).expect("the file was written")
    }

    /// Runs a command line, whose arguments spaces separate, to its good end.
    #[track_caller]
    pub fn run(&self, command: &str) -> Output {
        let output = self.output(command);
        assert!(output.status.success(), "{command}: {output:?}");
        output
    }

    /// Runs one to its good end, and returns what it said on stdout.
    #[track_caller]
    pub fn said(&self, command: &str) -> String {
        String::from_utf8(self.run(command).stdout).expect("UTF-8")
    }

    /// Runs one that must not end well.
    #[track_caller]
    pub fn refused(&self, command: &str) {
        let output = self.output(command);
        assert!(!output.status.success(), "{command}: {output:?}");
    }

    /// Runs one to whatever end.
    pub fn output(&self, command: &str) -> Output {
        let mut words = command.split_whitespace();
        let program = match words.next().expect("a program") {
            "stdfu" => env!("CARGO_BIN_EXE_stdfu"),
            program => program,
        };
        Command::new(program)
            .args(words)
            .current_dir(self.directory.path())
            .output()
            .expect("the program starts")
    }
}

/// A sample file's bytes.
pub fn sample(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path: PathBuf = directory.join(name);
    fs::read(path).expect("a sample")
}

/// Bytes without a pattern.
pub fn noise(length: usize) -> Vec<u8> {
    let mut seed = 0x4A55_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
