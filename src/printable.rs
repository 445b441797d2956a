//! Text that others have written, made so that a terminal does nothing with it but show it.
//!
//! A device, a file or an environment can say whatever it likes: control sequences that clear the screen, marks that
//! turn the direction of what follows, characters without a shape, a new line that looks like one of ours.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::path::Path;

use serde::{Serialize, Serializer};

/// Shows a text in one line: what has no shape of its own is written as `\n`, `\t` or `\u{1b}`.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'t>(pub &'t str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            write_escaped(f, character)?;
        }
        Ok(())
    }
}

/// What a device has said. No text of ours can be made of it but escaped, so that nobody has to think of it; whoever
/// needs it as it is, to compare or to understand it, says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    /// As the device said it.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

/// For programs the value is what the device said.
impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A path in one line. What is no Unicode in it is replaced by U+FFFD.
pub fn path(path: &Path) -> String {
    Printable(&path.to_string_lossy()).to_string()
}

/// A text of ours that may have several lines, and words of others in them.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |text, character| {
        // Memory never runs out of a handful of bytes.
        let _ = write_escaped(text, character);
    })
}

/// A line of JSON that means the same. Its strings need not be escaped any further than RFC 8259 §7 says, which allows
/// U+009B and U+202E.
pub fn json(line: &str) -> Cow<'_, str> {
    escaped(line, |text, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            *text += &format!("\\u{unit:04x}");
        }
    })
}

/// Whether a character has a shape of its own, or is a space, and changes nothing around it.
pub fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ if is_filler(character) => false,
        // As in a string: by itself, an accent would be escaped, and belongs to the letter before it.
        _ => {
            let pair = String::from_iter(['a', character]);
            pair.escape_debug().nth(1) == Some(character)
        }
    }
}

/// Letters and marks that are shown as nothing: Unicode's `Default_Ignorable_Code_Point`, as far as it is not of a
/// category that is never printed (DerivedCoreProperties.txt).
fn is_filler(character: char) -> bool {
    matches!(
        character,
        '\u{34F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

fn write_escaped(to: &mut impl Write, character: char) -> fmt::Result {
    match character {
        character if is_printable(character) => to.write_char(character),
        '\n' => to.write_str("\\n"),
        '\r' => to.write_str("\\r"),
        '\t' => to.write_str("\\t"),
        other => write!(to, "{}", other.escape_unicode()),
    }
}

fn escaped(text: &str, escape: impl Fn(&mut String, char)) -> Cow<'_, str> {
    let is_kept = |character| character == '\n' || is_printable(character);
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    for character in text.chars() {
        match is_kept(character) {
            true => kept.push(character),
            false => escape(&mut kept, character),
        }
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn what_has_a_shape_stays_as_it_is() {
        for text in [
            "STM32  BOOTLOADER",
            "C:\\firmware \"new\" 'it''s'",
            "größe",
            "прошивка",
            "固件",
            "a\u{301}",
            "हिन्दी",
            "⚡😀\u{FFFD}",
        ] {
            assert_eq!(Printable(text).to_string(), text);
            assert_eq!(lines(text), text);
            assert_eq!(json(text), text);
        }
    }

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        let check = |text: &str, expected: &str, in_json: &str| {
            assert_eq!(Printable(text).to_string(), expected);
            assert_eq!(json(text), in_json);
        };
        check("a\u{1b}[2Jb", "a\\u{1b}[2Jb", "a\\u001b[2Jb");
        check("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m", "\\u007f\\u009b31m");
        check("\u{202e}nib", "\\u{202e}nib", "\\u202enib");
        check("\u{e0041}", "\\u{e0041}", "\\udb40\\udc41");
        for character in "\u{80}\u{85}\u{a0}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{2066}\
                          \u{2069}\u{2060}\u{3000}\u{3164}\u{feff}\u{fe0f}\u{e000}\u{fff9}\u{1d173}"
            .chars()
        {
            assert!(!is_printable(character), "{character:?}");
        }
    }

    #[test]
    fn only_lines_of_ours_stay_lines() {
        assert_eq!(Printable("a\r\n\tb").to_string(), "a\\r\\n\\tb");
        assert_eq!(lines("a\r\n\tb\n"), "a\\r\n\\tb\n");
    }

    proptest! {
        #[test]
        fn any_text_is_shown_by_characters_with_a_shape(text in any::<String>()) {
            let shown = Printable(&text).to_string();
            prop_assert!(shown.chars().all(is_printable), "{shown:?}");
            let shown = lines(&text);
            prop_assert!(shown.chars().all(|shown| shown == '\n' || is_printable(shown)), "{shown:?}");
        }

        #[test]
        fn any_json_means_what_it_meant(text in any::<String>()) {
            let line = serde_json::to_string(&text).expect("a string");
            let shown = json(&line);
            prop_assert!(shown.chars().all(is_printable), "{shown:?}");
            let meant: String = serde_json::from_str(&shown).expect("still JSON");
            prop_assert_eq!(meant, text);
        }
    }
}
