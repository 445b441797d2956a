//! Runs the binary in a clean environment, keeps what it said, and keeps a simulated board's flash in a file.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

/// What can be set in a user's environment and changes what the program does.
pub const VARIABLES: [&str; 7] = [
    "STDFU_SERIAL",
    "STDFU_PATH",
    "STDFU_SIM",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "TERM",
];

/// A command line to be run, in the directory of the sample files.
pub struct Stdfu(Command);

/// `stdfu` with these arguments, which spaces separate.
pub fn stdfu(arguments: &str) -> Stdfu {
    program(Path::new(env!("CARGO_BIN_EXE_stdfu"))).args(arguments)
}

/// The binary, by whatever name it stands under this path.
pub fn program(path: &Path) -> Stdfu {
    let mut command = Command::new(path);
    command.current_dir(data()).stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    Stdfu(command)
}

/// Gives the binary another name, in this folder. Returns its path there.
pub fn named(name: &str, folder: &Path) -> PathBuf {
    let binary = env!("CARGO_BIN_EXE_stdfu");
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    #[cfg(unix)]
    std::os::unix::fs::symlink(binary, &path).expect("a new link");
    #[cfg(not(unix))]
    fs::copy(binary, &path).expect("a copy");
    path
}

/// The directory of the sample files and golden outputs.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join("data")
}

/// A sample file's bytes.
pub fn sample(name: &str) -> Vec<u8> {
    fs::read(data().join(name)).expect("a file in tests/data")
}

impl Stdfu {
    /// More arguments, which spaces separate.
    pub fn args(mut self, arguments: &str) -> Self {
        self.0.args(arguments.split_whitespace());
        self
    }

    /// One more argument, spaces and all.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// In this folder, rather than in that of the sample files.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// A variable in the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// With the shell's limit on the size of files, in blocks of 512 or 1024 bytes: it takes the place of a full disk.
    #[cfg(unix)]
    pub fn with_file_limit(self, blocks: u32) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(self.0.get_program());
        shell.args(self.0.get_args()).stdin(Stdio::null());
        if let Some(folder) = self.0.get_current_dir() {
            shell.current_dir(folder);
        }
        for (name, value) in self.0.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Self(shell)
    }

    /// The command, to be started in another way.
    pub fn into_command(self) -> Command {
        self.0
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Run {
        Run::from(self.0.output().expect("the binary starts"))
    }
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what is said is UTF-8");
        let run = Self {
            exit: output
                .status
                .code()
                .expect("it ends by itself, not by a signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        for panic in ["panicked", "RUST_BACKTRACE"] {
            assert!(!run.stderr.contains(panic), "{}", run.stderr);
        }
        run
    }
}

impl Run {
    /// Asserts all that was said.
    #[track_caller]
    pub fn says(&self, exit: i32, stdout: &str, stderr: &str) {
        assert_text("stderr", &self.stderr, stderr);
        assert_text("stdout", &self.stdout, stdout);
        assert_eq!(self.exit, exit, "the exit code");
    }

    /// Asserts a good end, and nothing on stderr.
    #[track_caller]
    pub fn answers(&self, stdout: &str) {
        self.says(0, stdout, "");
    }

    /// Asserts the one JSON document on stdout, whatever stderr says. What every document has is looked at here: of what
    /// is returned, the version is no part.
    #[track_caller]
    pub fn document(&self, exit: i32) -> Value {
        assert_eq!(self.exit, exit, "{self:?}");
        assert_eq!(self.stdout.lines().count(), 1, "one line: {self:?}");
        let mut document: Value = serde_json::from_str(&self.stdout).expect("one JSON document");
        assert_eq!(document["schema"], 1, "{document}");
        let version = document.as_object_mut().and_then(|all| all.remove("stdfu"));
        assert_eq!(version, Some(env!("CARGO_PKG_VERSION").into()));
        document
    }

    /// Asserts the JSON document of work on boards, and takes the boards out of it.
    #[track_caller]
    pub fn boards(&self, exit: i32) -> Vec<Value> {
        let document = self.document(exit);
        document["boards"].as_array().expect("boards").clone()
    }
}

#[track_caller]
pub fn assert_text(what: &str, found: &str, expected: &str) {
    assert!(
        found == expected,
        "{what} is\n-----\n{found}-----\nand should be\n-----\n{expected}-----"
    );
}

/// The file that keeps a simulated board's main flash: full before, and nowhere blank.
pub struct FlashFile {
    directory: TempDir,
    before: Vec<u8>,
}

impl FlashFile {
    /// For a board with so many bytes of main flash.
    pub fn full(size: usize) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let before = bytes(size, 0x5744);
        let file = Self { directory, before };
        fs::write(file.path(), &file.before).expect("a new file");
        file
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("flash.bin")
    }

    /// The board's description for `--sim`, from its name and options.
    pub fn board(&self, name: &str) -> String {
        format!("{name},flash={}", self.path().display())
    }

    /// What flash held before.
    pub fn before(&self) -> Vec<u8> {
        self.before.clone()
    }

    /// What flash holds now.
    pub fn now(&self) -> Vec<u8> {
        fs::read(self.path()).expect("the file is still there")
    }

    /// When flash was written last.
    pub fn modified(&self) -> SystemTime {
        let metadata = fs::metadata(self.path()).expect("the file is still there");
        metadata.modified().expect("the system knows")
    }

    /// Puts these bytes into flash.
    pub fn put(&self, contents: &[u8]) {
        fs::write(self.path(), contents).expect("the file is still there");
    }

    /// Reads what flash holds now into a buffer, and makes it as long.
    pub fn read_into(&self, contents: &mut Vec<u8>) {
        let mut file = fs::File::open(self.path()).expect("the file is still there");
        contents.clear();
        file.read_to_end(contents).expect("readable");
    }

    /// Puts some bytes into flash.
    pub fn patch(&self, offset: usize, bytes: &[u8]) {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .open(self.path())
            .expect("the file is still there");
        file.seek(SeekFrom::Start(offset as u64))
            .and_then(|_| file.write_all(bytes))
            .expect("writable");
    }

    /// Asserts what flash holds now.
    #[track_caller]
    pub fn holds(&self, expected: &[u8]) {
        let found = self.now();
        assert_eq!(found.len(), expected.len(), "the size of the flash");
        let different = (0..found.len()).find(|index| found[*index] != expected[*index]);
        if let Some(index) = different {
            let (found, expected) = (found[index], expected[index]);
            panic!("flash at offset {index:#x} holds {found:#04x} and should hold {expected:#04x}");
        }
    }

    /// Asserts that nothing has changed.
    #[track_caller]
    pub fn is_untouched(&self) {
        self.holds(&self.before);
    }
}

/// Bytes without a pattern, none of them 0x00 or 0xFF.
pub fn bytes(length: usize, mut seed: u32) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0] % 0xFE + 1
    };
    (0..length).map(|_| next()).collect()
}
