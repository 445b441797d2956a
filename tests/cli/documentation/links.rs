//! Links between pages: each leads to a file, and to a heading in it.

use std::path::{Path, PathBuf};

use super::{pages, read};

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut count = 0;
    for page in pages() {
        for target in links(&read(&page)) {
            count += 1;
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let folder = Path::new(&page).parent().expect("a folder");
            let path = match file {
                "" => PathBuf::from(&page),
                file => folder.join(file),
            };
            let there = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
            assert!(there.exists(), "{page}: there is no {target}");
            if !heading.is_empty() {
                let found = headings(&read(path.to_str().expect("UTF-8")));
                assert!(found.contains(&heading.to_owned()), "{page}: {target}");
            }
        }
    }
    assert!(count >= 12, "only {count} links were found");
}

/// Where links and pictures of a page lead, those into the web left out.
fn links(page: &str) -> Vec<String> {
    let targets = page.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')'));
    targets
        .map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains("://"))
        .collect()
}

/// The names by which links lead to a page's headings, as GitHub makes them.
fn headings(page: &str) -> Vec<String> {
    let lines = page.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    lines.map(name).collect()
}
