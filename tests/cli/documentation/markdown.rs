//! What a Markdown page shows as code: blocks in a language, indented commands, and commands in the middle of a sentence.

/// A piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its first line on the page, from 1.
    pub line: usize,
    /// What stands behind the fence; `indented` and `inline` have none.
    pub language: String,
    /// Without the fence and its indentation.
    pub text: String,
}

/// All of a page's code, in its order; of code in a sentence, only whole stdfu commands.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<usize> = None;
    let mut paragraph = String::new();
    let mut paragraph_line = 0;
    for (index, line) in page.lines().chain([""]).enumerate() {
        let indentation = line.len() - line.trim_start().len();
        let language = line.trim_start().strip_prefix("```");
        if let (Some(outer), Some(block)) = (fence, blocks.last_mut()) {
            if language == Some("") {
                fence = None;
            } else {
                block.text += line.get(outer.min(indentation)..).unwrap_or_default();
                block.text.push('\n');
            }
            continue;
        }
        let is_text = !line.trim().is_empty() && language.is_none() && indentation < 4;
        if is_text && !line.starts_with('|') {
            if paragraph.is_empty() {
                paragraph_line = index + 1;
            }
            paragraph += line.trim();
            paragraph.push(' ');
            continue;
        }
        blocks.extend(spans(&paragraph).map(|text| block(paragraph_line, "inline", text)));
        paragraph.clear();
        if let Some(language) = language {
            blocks.push(block(index + 2, language, ""));
            fence = Some(indentation);
        } else if indentation >= 4 {
            blocks.push(block(index + 1, "indented", line.trim()));
        }
    }
    assert_eq!(fence, None, "a fence is not closed");
    blocks
}

fn block(line: usize, language: &str, text: &str) -> Block {
    Block {
        line,
        language: language.to_owned(),
        text: text.to_owned(),
    }
}

/// The commands in a sentence. One with a placeholder, such as `stdfu COMMAND --help`, is none.
fn spans(paragraph: &str) -> impl Iterator<Item = &str> {
    let is_placeholder = |word: &str| {
        word.contains('…')
            || word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase())
    };
    let code = paragraph.split('`').skip(1).step_by(2);
    code.filter(move |text| text.starts_with("stdfu ") && !text.split(' ').any(is_placeholder))
}

#[test]
fn every_kind_of_code_is_found() {
    let page = "\
Say `stdfu
list`, `make`, or `stdfu COMMAND --help`.

| `stdfu serial` | in a table |
|---|---|

    stdfu --version
    stdfu list

1. In a list:

   ```console
   $ stdfu serial
     336133663433
   ```

```sh
# First this.
export A=b

stdfu list
```
";
    let found = blocks(page);
    let expected = [
        block(1, "inline", "stdfu list"),
        block(7, "indented", "stdfu --version"),
        block(8, "indented", "stdfu list"),
        block(13, "console", "$ stdfu serial\n  336133663433\n"),
        block(18, "sh", "# First this.\nexport A=b\n\nstdfu list\n"),
    ];
    assert_eq!(found, expected);
}
