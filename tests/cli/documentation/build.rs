//! Build files as the recipes show them, run by the programs that they are for.

use super::folder::Folder;
use super::{assert_exit, is_there};

/// Makes each phony target; without any, runs what the variables hold, as the build system that asks for them would.
pub fn run_make(at: &str, text: &str) -> usize {
    let phony = text.lines().filter_map(|line| line.strip_prefix(".PHONY:"));
    let mut targets: Vec<String> = phony
        .flat_map(|names| names.split_whitespace().map(str::to_owned))
        .collect();
    let mut makefile = text.to_owned();
    if targets.is_empty() {
        for (name, _) in text.lines().filter_map(|line| line.split_once(" = ")) {
            makefile += &format!("\nrun-{name}:\n\t$({name})\n");
            targets.push(format!("run-{name}"));
        }
    }
    assert!(!targets.is_empty(), "{at}: nothing to make");
    if is_there("make") {
        let folder = Folder::new();
        folder.write("Makefile", makefile.as_bytes());
        for target in &targets {
            let variables = "BUILD_DIR=.build TARGET=planck_rev6_default";
            let ended = folder.shell(&format!("make {target} {variables}"));
            assert_exit(at, text, &ended, 0);
            assert!(ended.stdout.contains("stdfu flash"), "{at}: {ended}");
        }
    }
    targets.len()
}

/// Builds the target `flash` in a project that has a firmware already.
pub fn run_cmake(at: &str, text: &str) -> usize {
    if is_there("cmake") && is_there("make") {
        let folder = Folder::new();
        let project = "\
            cmake_minimum_required(VERSION 3.18)\n\
            project(recipe NONE)\n\
            add_executable(firmware IMPORTED)\n\
            set_target_properties(firmware PROPERTIES IMPORTED_LOCATION ${CMAKE_SOURCE_DIR}/firmware.elf)\n";
        folder.write("CMakeLists.txt", format!("{project}{text}").as_bytes());
        let build = "cmake -S . -B out -G 'Unix Makefiles' && cmake --build out --target flash";
        let ended = folder.shell(build);
        assert_exit(at, text, &ended, 0);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("5.0 KiB written, verified"), "{at}: {ended}");
    }
    1
}
