//! Text in lines that a terminal has room for: between words, never in one.

use console::{Term, measure_text_width};

/// Columns below which nothing is wrapped: a line would hold hardly a word.
const NARROWEST: usize = 20;

/// How much further right than its entry the next line of a list's entry stands.
const LIST_INDENT: usize = 4;

/// How wide the terminal at stdout is, in columns; `None` where there is none.
pub fn stdout_columns() -> Option<usize> {
    columns(&Term::stdout())
}

/// How wide the terminal at stderr is, in columns; `None` where there is none.
pub fn stderr_columns() -> Option<usize> {
    columns(&Term::stderr())
}

fn columns(terminal: &Term) -> Option<usize> {
    let is_known = terminal.is_term().then(|| terminal.size_checked());
    is_known.flatten().map(|(_, columns)| columns.into())
}

/// Breaks lines that are longer than this many columns; what goes on in the next line stands `indent` columns to the
/// right. Without columns, the text is as it was.
///
/// What is there to be copied stays in one piece: a line that begins with a blank or comes after a colon at the end of the
/// last one, and what stands between two backquotes.
pub fn wrap(text: &str, columns: Option<usize>, indent: usize) -> String {
    let mut is_announced = false;
    wrap_by(text, columns, |line| {
        let is_to_copy = is_announced || line.starts_with(' ');
        is_announced = line.ends_with(':');
        (!is_to_copy).then_some(indent)
    })
}

/// Breaks the lines of a list, which may be indented: what goes on in the next line stands further right than its entry.
/// What comes after a colon at the end of the last line is there to be copied, and stays in one piece.
pub fn wrap_list(text: &str, columns: Option<usize>) -> String {
    let mut is_announced = false;
    wrap_by(text, columns, |line| {
        let is_to_copy = is_announced;
        is_announced = line.ends_with(':');
        let indent = line.len() - line.trim_start().len();
        (!is_to_copy).then_some(indent + LIST_INDENT)
    })
}

/// Breaks the lines that are longer than this many columns and may be: `indent` says how far right they go on, and `None` of
/// one that stays whole.
fn wrap_by(
    text: &str,
    columns: Option<usize>,
    mut indent: impl FnMut(&str) -> Option<usize>,
) -> String {
    let Some(columns) = columns.filter(|columns| *columns >= NARROWEST) else {
        return text.to_owned();
    };
    let lines = text.split('\n').map(|line| {
        let fits = measure_text_width(line) <= columns;
        match indent(line).filter(|_| !fits) {
            Some(indent) => wrap_line(line, columns, indent),
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, columns: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in words(line) {
        let width = measure_text_width(word);
        // Blanks before it don't count where it begins a line.
        let begins = width - measure_text_width(word.trim_start());
        if column > indent && column + width > columns {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            wrapped.push_str(word.trim_start());
            column = indent + width - begins;
        } else {
            wrapped.push_str(word);
            column += width;
        }
    }
    wrapped
}

/// The words of a line, each with the blanks before it. What stands between two backquotes is one, and so is a number with
/// what it counts.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut is_quoted, mut in_word) = (0, false, false);
    for (place, character) in line.char_indices() {
        match character {
            ' ' if in_word && !is_quoted && !is_number(&line[start..place]) => {
                words.push(&line[start..place]);
                (start, in_word) = (place, false);
            }
            ' ' => {}
            '`' => (is_quoted, in_word) = (!is_quoted, true),
            _ => in_word = true,
        }
    }
    words.push(&line[start..]);
    words
}

fn is_number(word: &str) -> bool {
    let is_digit = |character: char| character.is_ascii_digit() || character == '.';
    let word = word.trim_start();
    word.starts_with(|first: char| first.is_ascii_digit()) && word.chars().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, indent: usize, expected: &str) {
        assert_eq!(wrap(text, Some(columns), indent), expected);
    }

    #[test]
    fn a_line_that_fits_stays_as_it_is() {
        check("a line  with blanks", 20, 4, "a line  with blanks");
        check("exactly twenty chars", 20, 4, "exactly twenty chars");
    }

    #[test]
    fn a_line_that_does_not_fit_is_broken_between_words() {
        check(
            "OK  336133663433 at 1-1  300 KiB written, verified, started",
            40,
            4,
            "OK  336133663433 at 1-1  300 KiB\n    written, verified, started",
        );
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        check(
            "the file /a/path/that/is/far/too/long/for/it is gone",
            20,
            2,
            "the file\n  /a/path/that/is/far/too/long/for/it\n  is gone",
        );
    }

    #[test]
    fn what_is_to_be_copied_stays_in_one_piece() {
        check(
            "Repeat `stdfu flash firmware.dfu --every` then.",
            30,
            2,
            "Repeat\n  `stdfu flash firmware.dfu --every`\n  then.",
        );
        let command = "  stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules";
        check(command, 20, 2, command);
        let announced =
            "Install the udev rule:\nstdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules";
        check(announced, 24, 2, announced);
    }

    #[test]
    fn a_line_of_a_list_goes_on_further_right_unless_it_is_to_be_copied() {
        let list =
            "  1-2  can't be opened: permission denied\n    Then:\n    stdfu udev | sudo tee rules";
        let wrapped = "  1-2  can't be opened:\n      permission denied\n    Then:\n    stdfu udev | sudo tee rules";
        assert_eq!(wrap_list(list, Some(24)), wrapped);
    }

    #[test]
    fn a_number_stays_with_its_unit() {
        check(
            "300 KiB written, started  2.5 s (117 KiB/s)",
            29,
            4,
            "300 KiB written, started\n    2.5 s (117 KiB/s)",
        );
    }

    #[test]
    fn letters_of_two_columns_count_as_two() {
        check(
            "日本語 日本語 日本語 日本語",
            20,
            0,
            "日本語 日本語 日本語\n日本語",
        );
    }

    #[test]
    fn without_a_width_nothing_is_broken() {
        let text = "words ".repeat(100);
        assert_eq!(wrap(&text, None, 2), text);
        check(&text, 8, 2, &text);
    }
}
