//! stdfu under dfu-util's, dfu-suffix's and dfu-prefix's names, in a directory where a project's files are.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::{Run, named, program};

pub struct Tool(TempDir);

impl Tool {
    pub fn new() -> Self {
        let tool = Self(TempDir::new().expect("a temporary directory"));
        fs::create_dir(tool.path("programs")).expect("a new directory");
        for name in ["dfu-util", "dfu-suffix", "dfu-prefix"] {
            named(name, &tool.path("programs"));
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
        program(&self.program(name))
            .args(arguments)
            .in_folder(self.0.path())
            .env("STDFU_SIM", boards)
            .run()
    }

    fn program(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.path("programs").join(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
