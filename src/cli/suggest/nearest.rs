//! Which of several names is the nearest to a word.

// How many letters have to be added, left out, changed or swapped with their neighbour to come from one to the other.
use strsim::osa_distance as slips;

/// The names that are nearest to `word`, whatever the case: those with the fewest slips, a third of its letters at most;
/// else those that begin with it, else those that have it in them, or that it has in it. None where none is near.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let word = word.to_lowercase();
    let names: Vec<(&str, String)> = names.map(|name| (name, name.to_lowercase())).collect();
    let letters = word.chars().count();
    let slips = |name: &str| Some(slips(&word, name)).filter(|slips| *slips * 3 <= letters);
    let fewest = names.iter().filter_map(|(_, name)| slips(name)).min();
    let those = |accepts: &dyn Fn(&str) -> bool| -> Vec<&'n str> {
        let accepted = names.iter().filter(|(_, name)| accepts(name));
        accepted.map(|(name, _)| *name).collect()
    };
    if fewest.is_some() {
        return those(&|name| slips(name) == fewest);
    }
    if letters < 2 {
        return Vec::new();
    }
    let begin = those(&|name| name.starts_with(&word));
    if !begin.is_empty() {
        return begin;
    }
    those(&|name| letters > 2 && name.contains(&word) || name.len() > 2 && word.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn slips_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("flash", "flash", 0),
            ("flahs", "flash", 1),
            ("flsh", "flash", 1),
            ("flassh", "flash", 1),
            ("fl4sh", "flash", 1),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(slips(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_names_are_found() {
        let check = |word: &str, expected: &[&str]| {
            let names = [
                "336133663433",
                "205834865852",
                "205834865853",
                "Internal Flash",
            ];
            assert_eq!(nearest(word, names.into_iter()), expected, "{word}");
        };
        check("336133663434", &["336133663433"]);
        check("33613366343", &["336133663433"]);
        check("205834865851", &["205834865852", "205834865853"]);
        check("2058", &["205834865852", "205834865853"]);
        check("internal flash", &["Internal Flash"]);
        check("flash", &["Internal Flash"]);
        check("NOSUCH", &[]);
        check("", &[]);
        check("2", &[]);
    }

    proptest! {
        #[test]
        fn no_word_panics_and_each_is_near_itself(word in ".{1,12}") {
            let names = ["f405", "l476", word.as_str()];
            prop_assert!(nearest(&word, names.into_iter()).contains(&word.as_str()));
        }

        #[test]
        fn slips_are_the_same_in_both_directions(from in "[abc]{0,8}", to in "[abc]{0,8}") {
            prop_assert_eq!(slips(&from, &to), slips(&to, &from));
        }
    }
}
