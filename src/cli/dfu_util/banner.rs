//! What each of the tools begins with.

/// The version of dfu-util whose options, output and exit codes these are.
const THEIRS: &str = "0.11";

/// What the tool with this name begins with, in two lines: some programs take all of the first for the version
/// (Meadow.CLI).
pub fn of(tool: &str) -> String {
    let package = match tool {
        "dfu-util" => "",
        _ => " (dfu-util)",
    };
    let ours = env!("CARGO_PKG_VERSION");
    format!("{tool}{package} {THEIRS}\n(stdfu {ours})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_where_it_is_looked_for() {
        let ours = env!("CARGO_PKG_VERSION");
        let expected = |line: &str| format!("{line}\n(stdfu {ours})");
        assert_eq!(of("dfu-util"), expected("dfu-util 0.11"));
        assert_eq!(of("dfu-suffix"), expected("dfu-suffix (dfu-util) 0.11"));
        assert_eq!(of("dfu-prefix"), expected("dfu-prefix (dfu-util) 0.11"));
    }
}
