//! Words that are meant to be copied into a shell: what it is to take as one word, it takes as one word.
//!
//! The quotes are those of POSIX. What only double quotes are needed for, Windows' shells understand as well.

use crate::printable::is_printable;

/// A word, in quotes where it has to be. One with characters that can't be seen is written as bash, zsh and POSIX.1-2024
/// have it: `$'\033'`.
pub fn word(text: &str) -> String {
    let others = if cfg!(windows) {
        "\\_./+-:=,@%"
    } else {
        "_./+-:=,@%"
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    let plain_or_space = |letter: char| is_plain(letter) || letter == ' ';
    if !text.chars().all(is_printable) {
        let escaped: String = text.chars().map(escaped).collect();
        format!("$'{escaped}'")
    } else if !text.is_empty() && !text.starts_with('=') && text.chars().all(is_plain) {
        text.to_owned()
    } else if text.contains(' ') && text.chars().all(plain_or_space) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// An option with its value, also where the value would be taken for an option.
pub fn option(name: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{separator}{}", word(value))
}

/// A file's name, also where it would be taken for an option.
pub fn file(name: &str) -> String {
    match name.starts_with('-') {
        true => word(&format!("./{name}")),
        false => word(name),
    }
}

/// A character between `$'` and `'`.
fn escaped(character: char) -> String {
    match character {
        '\'' | '\\' => format!("\\{character}"),
        character if is_printable(character) => character.to_string(),
        character => {
            let bytes = character.encode_utf8(&mut [0; 4]).to_owned();
            bytes.bytes().map(|byte| format!("\\{byte:03o}")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_quotes_where_a_shell_would_take_it_apart() {
        let check = |text: &str, expected: &str| assert_eq!(word(text), expected);
        check("firmware.dfu", "firmware.dfu");
        check("0x08000000..0x08020000", "0x08000000..0x08020000");
        check("Option Bytes", "\"Option Bytes\"");
        check("it's.dfu", r"'it'\''s.dfu'");
        check("$(reboot)", "'$(reboot)'");
        check("a `b` $c", "'a `b` $c'");
        check("say \"hi\"", "'say \"hi\"'");
        check("", "''");
        check("=ls", "'=ls'");
        check("~", "'~'");
        check("größe", "'größe'");
        check("a\n'\u{1b}\\\u{202e}", r"$'a\012\'\033\\\342\200\256'");
    }

    #[test]
    fn what_begins_like_an_option_is_taken_for_none() {
        assert_eq!(option("--serial", "-x y"), "--serial=\"-x y\"");
        assert_eq!(option("--serial", "x"), "--serial x");
        assert_eq!(file("-rf"), "./-rf");
        assert_eq!(file("-a b.bin"), "\"./-a b.bin\"");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_gives_each_word_back() {
        use std::process::Command;
        let words: Vec<String> = (' '..='~')
            .map(|letter| letter.to_string())
            .chain((' '..='~').map(|letter| format!("a{letter}b {letter}")))
            .chain([String::new(), "größe".to_owned()])
            .collect();
        let quoted: Vec<String> = words.iter().map(|text| word(text)).collect();
        let script = format!("printf '%s\\n' {}", quoted.join(" "));
        let output = Command::new("sh").args(["-c", &script]).output();
        let output = output.expect("a shell").stdout;
        let found = String::from_utf8(output).expect("UTF-8");
        assert_eq!(found.lines().collect::<Vec<_>>(), words);
    }
}
