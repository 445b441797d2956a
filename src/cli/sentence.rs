//! Sentences, of what stands in a clause elsewhere.

/// The same with a capital, where it begins with a letter.
pub fn capitalized(clause: &str) -> String {
    let mut characters = clause.chars();
    let first = characters.next();
    let first = first.into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// The same with a capital and a full stop.
pub fn sentence(clause: &str) -> String {
    let end = match clause.ends_with(['.', '!', '?']) {
        true => "",
        false => ".",
    };
    capitalized(clause) + end
}
