//! Links between our own documents lead somewhere.

use super::Problem;
use super::tree::Tree;

/// Each relative link of each Markdown file names a file or folder of the tree.
pub(super) fn relative_links_resolve(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.with_extension("md") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for target in targets(&without_code(line)) {
                if !leads_somewhere(tree, folder, target) {
                    problems.push(Problem::new(&file.path, index + 1, format!("link to `{target}` leads nowhere")));
                }
            }
        }
    }
    problems
}

/// The line with what stands between backticks blanked.
fn without_code(line: &str) -> String {
    line.split('`').enumerate().map(|(index, part)| if index % 2 == 0 { part } else { " " }).collect()
}

/// The targets of `[text](target)` and `![text](target "title")`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|inside| inside.split_whitespace().next())
        .map(|target| target.trim_matches(['<', '>']))
}

fn leads_somewhere(tree: &Tree, folder: &str, target: &str) -> bool {
    let outside = target.contains("://") || target.starts_with("mailto:");
    let path = target.split('#').next().unwrap_or_default();
    if outside || path.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    let wanted = parts.join("/");
    let inside = format!("{wanted}/");
    wanted.is_empty() || tree.files.iter().any(|file| file.path == wanted || file.path.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<String> {
        let tree = Tree::of(&[("README.md", ""), ("deploy/README.md", text), ("deploy/setup.sh", "")]);
        relative_links_resolve(&tree).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_link_to_nothing_is_caught_with_its_line() {
        assert_eq!(links("\nsee [it](gone.md)"), ["deploy/README.md:2: link to `gone.md` leads nowhere"]);
        assert_eq!(links("![p](../../out.png)"), ["deploy/README.md:1: link to `../../out.png` leads nowhere"]);
    }

    #[test]
    fn links_to_files_folders_headings_and_the_web_resolve() {
        let text = "[a](setup.sh) [b](../deploy) [c](../README.md#top \"title\") [d](#here) [e](https://example.org/x) [f](<./setup.sh>)";
        assert_eq!(links(text), [""; 0]);
    }

    #[test]
    fn examples_in_code_are_not_links() {
        assert_eq!(links("`[a](gone.md)`\n```\n[b](gone.md)\n```\n"), [""; 0]);
    }
}
