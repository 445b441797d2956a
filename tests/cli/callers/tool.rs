//! stdfu under dfu-util's, dfu-suffix's and dfu-prefix's names, in a directory where a project's files are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::run::{Run, VARIABLES};

pub struct Tool(TempDir);

impl Tool {
    pub fn new() -> Self {
        let tool = Self(TempDir::new().expect("a temporary directory"));
        fs::create_dir(tool.path("programs")).expect("a new directory");
        for name in ["dfu-util", "dfu-suffix", "dfu-prefix"] {
            link(Path::new(env!("CARGO_BIN_EXE_stdfu")), &tool.program(name));
        }
        tool
    }

    /// Puts a file where the project has it.
    pub fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a new directory");
        fs::write(path, bytes).expect("a new file");
    }

    /// What is in a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// Runs one of them with these arguments, which spaces separate, on these simulated boards.
    pub fn run(&self, name: &str, arguments: &str, boards: &str) -> Run {
        let mut command = Command::new(self.program(name));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command.env("STDFU_SIM", boards);
        Run::from(command.output().expect("the binary starts"))
    }

    fn program(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.path("programs").join(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[cfg(unix)]
fn link(program: &Path, name: &Path) {
    std::os::unix::fs::symlink(program, name).expect("a new link");
}

#[cfg(not(unix))]
fn link(program: &Path, name: &Path) {
    fs::copy(program, name).expect("a copy");
}
