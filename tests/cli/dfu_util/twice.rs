//! Runs a tool by its own name and as a command of stdfu, and finds no difference.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::{Run, named, program, stdfu};

/// Two folders with the same files: in one the tool is called by its own name, in the other as a command.
pub struct Twice {
    /// The tool's name.
    tool: &'static str,
    /// The binary, by that name.
    program: PathBuf,
    directory: TempDir,
}

impl Twice {
    pub fn new(tool: &'static str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let twice = Self {
            program: named(tool, directory.path()),
            tool,
            directory,
        };
        for folder in twice.folders() {
            fs::create_dir(folder).expect("a new folder");
        }
        twice
    }

    fn folders(&self) -> [PathBuf; 2] {
        ["called", "command"].map(|name| self.directory.path().join(name))
    }

    /// Puts a file into both folders.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        for folder in self.folders() {
            fs::write(folder.join(name), bytes).expect("writable");
        }
    }

    /// A file's bytes, the same in both folders.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        let [called, command] = self
            .folders()
            .map(|folder| fs::read(folder.join(name)).expect("the file is there"));
        assert!(called == command, "{name} is not the same in both folders");
        called
    }

    /// The names in the folders, the same in both.
    #[track_caller]
    pub fn names(&self) -> Vec<String> {
        let [called, command] = self.folders().map(|folder| {
            let entries = fs::read_dir(folder).expect("the folder is there");
            let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
            let mut names: Vec<String> = entries
                .map(|entry| name(entry.expect("readable")))
                .collect();
            names.sort();
            names
        });
        assert_eq!(called, command);
        called
    }

    /// Runs it both ways with these arguments, which spaces separate, and asserts all that was said after the banner.
    #[track_caller]
    pub fn says(&self, arguments: &str, exit: i32, stdout: &str, stderr: &str) {
        for run in self.run(arguments.split_whitespace()) {
            let banner = format!(
                "{} (dfu-util) 0.11\n(stdfu {})\n\n",
                self.tool,
                env!("CARGO_PKG_VERSION")
            );
            run.says(exit, &(banner + stdout), stderr);
        }
    }

    /// Runs it both ways with these arguments.
    pub fn run<'a>(&self, arguments: impl Iterator<Item = &'a str> + Clone) -> [Run; 2] {
        let [in_called, in_command] = self.folders();
        let called = program(&self.program).in_folder(&in_called);
        let command = stdfu(self.tool).in_folder(&in_command);
        [called, command].map(|command| {
            let arguments = arguments.clone();
            arguments
                .fold(command, |command, argument| command.arg(argument))
                .run()
        })
    }
}
