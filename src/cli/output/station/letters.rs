//! Words that can be read from two metres.

use std::array;

/// Lines of a letter.
pub const HEIGHT: usize = 5;
/// Columns of a letter.
const WIDTH: usize = 7;
/// What stands between two.
const GAP: &str = "  ";

/// The lines of a word of few letters, each as long as the others.
pub fn large(word: &str) -> [String; HEIGHT] {
    array::from_fn(|line| {
        let letters: Vec<&str> = word.chars().map(|letter| glyph(letter)[line]).collect();
        letters.join(GAP)
    })
}

/// How many columns such a word takes.
pub fn width(word: &str) -> usize {
    let letters = word.chars().count();
    letters * WIDTH + letters.saturating_sub(1) * GAP.len()
}

/// The letters of the words that there are.
fn glyph(letter: char) -> [&'static str; HEIGHT] {
    match letter {
        'A' => [" ##### ", "##   ##", "#######", "##   ##", "##   ##"],
        'E' => ["#######", "##     ", "#####  ", "##     ", "#######"],
        'F' => ["#######", "##     ", "#####  ", "##     ", "##     "],
        'H' => ["##   ##", "##   ##", "#######", "##   ##", "##   ##"],
        'I' => ["#######", "  ###  ", "  ###  ", "  ###  ", "#######"],
        'K' => ["##   ##", "##  ## ", "#####  ", "##  ## ", "##   ##"],
        'L' => ["##     ", "##     ", "##     ", "##     ", "#######"],
        'O' => [" ##### ", "##   ##", "##   ##", "##   ##", " ##### "],
        'P' => ["###### ", "##   ##", "###### ", "##     ", "##     "],
        'S' => [" ######", "##     ", " ##### ", "     ##", "###### "],
        'T' => ["#######", "  ###  ", "  ###  ", "  ###  ", "  ###  "],
        'W' => ["##   ##", "##   ##", "## # ##", "### ###", "##   ##"],
        _ => [""; HEIGHT],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_word_is_as_long_as_is_said() {
        for word in ["PASS", "FAIL", "SKIP", "WAIT", "HELP", "STOP"] {
            for line in large(word) {
                assert_eq!(line.len(), width(word), "{word}: {line}");
            }
        }
    }
}
