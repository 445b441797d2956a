//! The manual page of dfu-util's command line.

use std::collections::BTreeSet;

use crate::run::stdfu;

/// Those that dfu-util 0.11 has.
const LETTERS: &str = "hVvleEdnpciSatUZDRws";

#[test]
fn the_manual_page_has_every_option_and_none_of_stdfu_s_own() {
    let page = stdfu("man dfu-util").run();
    assert_eq!(page.exit, 0, "{page:?}");
    let text = page.stdout.replace('\\', "");
    let option = |line: &str| line.strip_prefix("  -")?.chars().next();
    let (_, options) = text.split_once("Options of dfu-util:").expect("a list");
    let found: BTreeSet<char> = options.lines().filter_map(option).collect();
    assert_eq!(found, LETTERS.chars().collect());
    for ours in ["--json", "--color", "--progress", "--quiet", "--every"] {
        assert!(!text.contains(ours), "{ours} is in\n{text}");
    }
    for code in [0, 64, 65, 66, 70, 73, 74, 76, 130] {
        let line = format!("\n  {code:<5}");
        assert!(text.contains(&line), "{code} is not in\n{text}");
    }
    // With the margin of a page on 80 columns.
    let longest = options.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(71), "{longest:?}");
}

#[test]
fn the_help_of_the_command_has_the_same() {
    let help = stdfu("help dfu-util").run();
    assert_eq!(help.exit, 0, "{help:?}");
    assert!(
        help.stdout.contains("\n  -s, --dfuse-address ADDRESS"),
        "{help:?}"
    );
    assert!(!help.stdout.contains("--json"), "{help:?}");
}
