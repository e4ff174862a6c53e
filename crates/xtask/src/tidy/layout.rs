//! Where files lie, how they are called and how big they may be.

use super::Problem;
use super::tree::{File, Tree};

/// What may lie at the top level besides dotfiles.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "models",
    "pipelines",
    "deploy",
    "benches",
    "tests",
    "README.md",
    "Makefile",
    "ARCHITECTURE.md",
    "LICENSE",
    "CHANGELOG.md",
    "rustfmt.toml",
    "deny.toml",
    "clippy.toml",
];

/// Code longer than this is split: a reader does not hold more in the head.
const LINES_MAX: usize = 500;
const LINES_COUNTED_IN: &[&str] = &["rs", "ts", "js", "css", "sh"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "manager", "managers", "helper", "helpers", "misc"];

/// Larger files bloat every clone for ever.
const BYTES_MAX: usize = 400 * 1024;
const PICTURES: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "svg"];

/// The top level holds only what was agreed.
pub(super) fn top_level_is_agreed(tree: &Tree) -> Vec<Problem> {
    let mut names: Vec<_> = tree.files.iter().map(|file| file.path.split('/').next().unwrap_or(&file.path)).collect();
    names.dedup();
    names
        .into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .map(|name| Problem::new(name, 1, format!("does not belong at the top level: {}", TOP_LEVEL.join(", "))))
        .collect()
}

/// No code file is longer than [`LINES_MAX`].
pub(super) fn files_are_short(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| LINES_COUNTED_IN.contains(&file.extension())) {
        let lines = file.text().map_or(0, |text| text.lines().count());
        if lines > LINES_MAX {
            let message = format!("has {lines} lines, at most {LINES_MAX} are allowed: split it");
            problems.push(Problem::new(&file.path, LINES_MAX + 1, message));
        }
    }
    problems
}

/// Modules are `name.rs` beside `name/`.
pub(super) fn no_mod_rs(tree: &Tree) -> Vec<Problem> {
    tree.files
        .iter()
        .filter(|file| file.name() == "mod.rs")
        .map(|file| Problem::new(&file.path, 1, "is called mod.rs: name the file after its folder, beside it"))
        .collect()
}

/// No crate, folder or module bears a name that says nothing.
pub(super) fn names_say_something(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| matches!(file.extension(), "rs" | "ts" | "js")) {
        let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
        if let Some(name) = stem.split('/').find(|part| EMPTY_NAMES.contains(part)) {
            problems.push(Problem::new(&file.path, 1, empty_name(name)));
        }
        let Some(text) = file.text().filter(|_| file.extension() == "rs") else { continue };
        for (index, line) in text.lines().enumerate() {
            if let Some(name) = inline_module(line).filter(|name| EMPTY_NAMES.contains(name)) {
                problems.push(Problem::new(&file.path, index + 1, empty_name(name)));
            }
        }
    }
    problems
}

fn empty_name(name: &str) -> String {
    format!("the name `{name}` says nothing about what is inside")
}

/// The name of the module whose body opens on this line.
fn inline_module(line: &str) -> Option<&str> {
    let (before, name) = line.trim().strip_suffix('{')?.split_once("mod ")?;
    (before.is_empty() || before.starts_with("pub")).then(|| name.trim())
}

/// Nothing big is committed, except models that the manifest names and the pictures of the README.
pub(super) fn no_large_files(tree: &Tree) -> Vec<Problem> {
    let readme = tree.find("README.md").and_then(File::text).unwrap_or_default();
    tree.files
        .iter()
        .filter(|file| file.bytes.len() > BYTES_MAX)
        .filter(|file| !(PICTURES.contains(&file.extension()) && readme.contains(&format!("({})", file.path))))
        .filter(|file| !is_listed_model(tree, file))
        .map(|file| {
            let message = format!(
                "has {} KB, at most {} are allowed outside models/ with a manifest entry and the README's pictures",
                file.bytes.len() / 1024,
                BYTES_MAX / 1024
            );
            Problem::new(&file.path, 1, message)
        })
        .collect()
}

fn is_listed_model(tree: &Tree, file: &File) -> bool {
    file.path.starts_with("models/")
        && tree.with_extension("toml").any(|(manifest, text)| {
            manifest.path.starts_with("models/") && text.contains(&format!("\"{}\"", file.name()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_stranger_at_the_top_level_is_caught_once() {
        let tree = Tree::of(&[
            (".gitignore", ""),
            ("Cargo.toml", ""),
            ("crates/a/src/lib.rs", ""),
            ("scripts/a.sh", ""),
            ("scripts/b.sh", ""),
        ]);

        let found = shown(&top_level_is_agreed(&tree));

        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("scripts:1: does not belong"), "{found:?}");
    }

    #[test]
    fn the_line_after_the_limit_is_caught_and_the_limit_itself_is_not() {
        let full = "x\n".repeat(LINES_MAX);
        let over = "x\n".repeat(LINES_MAX + 1);
        let tree = Tree::of(&[("a.rs", &full), ("b.css", &over), ("c.sql", &over)]);

        assert_eq!(shown(&files_are_short(&tree)), ["b.css:501: has 501 lines, at most 500 are allowed: split it"]);
    }

    #[test]
    fn a_mod_rs_is_caught() {
        let tree = Tree::of(&[("crates/a/src/b.rs", ""), ("crates/a/src/c/mod.rs", "")]);

        assert_eq!(no_mod_rs(&tree).len(), 1);
    }

    #[test]
    fn empty_names_are_caught_as_files_folders_and_modules() {
        let tree = Tree::of(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/common/src/lib.rs", ""),
            ("crates/a/src/lib.rs", "pub(crate) mod helper {\n}\nmod misc {\n}\nmod commonplace {\n}\n"),
            ("crates/a/src/track.rs", "let manager = 1;\n"),
        ]);

        let places: Vec<_> =
            names_say_something(&tree).iter().map(|problem| format!("{}:{}", problem.path, problem.line)).collect();

        assert_eq!(
            places,
            ["crates/a/src/utils.rs:1", "crates/common/src/lib.rs:1", "crates/a/src/lib.rs:1", "crates/a/src/lib.rs:3"]
        );
    }

    #[test]
    fn a_large_file_is_caught_unless_it_is_a_listed_model_or_a_picture_of_the_readme() {
        let large = "x".repeat(BYTES_MAX + 1);
        let tree = Tree::of(&[
            ("README.md", "![page](deploy/page.png)"),
            ("deploy/page.png", &large),
            ("deploy/other.png", &large),
            ("models/manifest.toml", "file = \"listed.onnx\""),
            ("models/listed.onnx", &large),
            ("models/stray.onnx", &large),
        ]);

        let found: Vec<_> = no_large_files(&tree).into_iter().map(|problem| problem.path).collect();

        assert_eq!(found, ["deploy/other.png", "models/stray.onnx"]);
    }
}
