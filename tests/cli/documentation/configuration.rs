//! What the configuration of other programs makes them run, as a script.

use serde_json::Value;

/// cargo's: the runner of a target, to which `cargo run` adds the path of what it has built.
pub fn cargo_runner(text: &str) -> String {
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix("runner = \""));
    let runner = values.next().and_then(|value| value.strip_suffix('"'));
    let runner = runner.expect("a runner on one line");
    format!("{runner} target/thumbv7em-none-eabihf/release/firmware")
}

/// VS Code's: each task's command with its arguments.
pub fn vs_code_task(text: &str) -> String {
    let document: Value = serde_json::from_str(text).expect("JSON");
    let word = |value: &Value| value.as_str().expect("a text").to_owned();
    let script = |task: &Value| {
        let arguments = task["args"].as_array().expect("a list");
        let words: Vec<String> = [&task["command"]]
            .into_iter()
            .chain(arguments)
            .map(word)
            .collect();
        words.join(" ")
    };
    let tasks = document["tasks"].as_array().expect("a list");
    let scripts: Vec<String> = tasks.iter().map(script).collect();
    scripts.join("\n")
}

/// PlatformIO's, which puts the firmware in the place of `$SOURCE`.
pub fn upload_command(text: &str) -> String {
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix("upload_command = "));
    let command = values.next().expect("an upload_command");
    command.replace("$SOURCE", "firmware.bin")
}

/// What a workflow's job runs, as one script: its `env:` and the `run:` of each step.
pub fn workflow(text: &str) -> String {
    let mut script = String::new();
    let mut lines = text.lines().peekable();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    while let Some(line) = lines.next() {
        let (key, value) = line.trim().split_once(':').unwrap_or_default();
        let is_block = key == "env" || key == "run" && value.trim() == "|";
        if key == "run" && !is_block {
            script += &format!("{}\n", value.trim());
        }
        while let Some(inner) =
            lines.next_if(|inner| is_block && indentation(inner) > indentation(line))
        {
            match inner.trim().split_once(": ") {
                Some((name, value)) if key == "env" => {
                    script += &format!("export {name}='{value}'\n")
                }
                _ => script += &format!("{}\n", inner.trim()),
            }
        }
    }
    script
}
