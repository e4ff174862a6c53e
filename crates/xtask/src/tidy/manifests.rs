//! The workspace's own `Cargo.toml` files, and what cargo says lies below one crate.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Problem;
use super::tree::{File, Tree};

/// A direct dependency as a manifest writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

/// One member of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// The manifest, relative to the root.
    pub(super) manifest: String,
    pub(super) lints_from_workspace: bool,
    pub(super) dependencies: Vec<Dependency>,
}

/// The members under `crates/`, `tests/` and `benches/`.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) packages: Vec<Package>,
}

impl Workspace {
    /// Reads every member's manifest; one that is not a manifest is a problem, and the others are still read.
    pub(super) fn read(tree: &Tree) -> (Self, Vec<Problem>) {
        let mut workspace = Self::default();
        let mut problems = Vec::new();
        for file in tree.files.iter().filter(|file| file.name() == "Cargo.toml" && file.path.contains('/')) {
            match package(file) {
                Ok(package) => workspace.packages.push(package),
                Err(error) => problems.push(Problem::new(&file.path, 1, format!("{error:#}"))),
            }
        }
        (workspace, problems)
    }

    #[cfg(test)]
    pub(super) fn of(manifests: &[(&str, &str)]) -> Self {
        let (workspace, problems) = Self::read(&Tree::of(manifests));
        assert_eq!(problems, []);
        workspace
    }

    pub(super) fn find(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

fn package(file: &File) -> Result<Package> {
    let text = file.text().context("is not UTF-8")?;
    let manifest: toml::Table = text.parse().context("is not a manifest")?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .context("has no package.name")?
        .to_owned();
    let lints_from_workspace =
        manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true);
    let mut dependencies = Vec::new();
    collect(&manifest, text, &mut dependencies);
    for target in manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values) {
        if let Some(target) = target.as_table() {
            collect(target, text, &mut dependencies);
        }
    }
    Ok(Package { name, manifest: file.path.clone(), lints_from_workspace, dependencies })
}

/// Adds the dependencies of one table that may hold them: the manifest itself or one of its targets.
fn collect(table: &toml::Table, text: &str, found: &mut Vec<Dependency>) {
    let sections =
        [("dependencies", Kind::Normal), ("build-dependencies", Kind::Build), ("dev-dependencies", Kind::Dev)];
    for (section, kind) in sections {
        let Some(entries) = table.get(section).and_then(toml::Value::as_table) else { continue };
        for (key, value) in entries {
            // A renamed dependency is the crate it stands for, whatever it is called here.
            let name = value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned();
            found.push(Dependency { name, kind, line: line_of(text, section, key) });
        }
    }
}

/// The line where `key` stands under a header that names `section`; 1 where the text writes it in another way.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            let header = line.trim_matches(['[', ']']);
            inside = header == section || header.ends_with(&format!(".{section}"));
            if header.ends_with(&format!("{section}.{key}")) {
                return index + 1;
            }
        } else if inside && line.split(['=', '.', ' ']).next() == Some(key) {
            return index + 1;
        }
    }
    1
}

/// The names of all packages that a crate's own code is built from, by cargo's own resolution for that crate alone:
/// features that only other members switch on do not count, nor do packages that only run inside the compiler.
pub(super) fn packages_below(root: &Path, name: &str) -> Result<BTreeSet<String>> {
    let listed = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"])
        .args(["--package", name])
        .current_dir(root)
        .output()
        .context("cannot run cargo tree")?;
    if !listed.status.success() {
        bail!("cargo tree cannot resolve {name}: {}", String::from_utf8_lossy(&listed.stderr).trim());
    }
    Ok(package_names(&String::from_utf8_lossy(&listed.stdout)))
}

/// The first word of each line of `cargo tree --prefix none --format {p}`.
fn package_names(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_every_section_are_found_with_their_lines() {
        let workspace = Workspace::of(&[(
            "crates/gate/Cargo.toml",
            "[package]\nname = \"gate\"\n[lints]\nworkspace = true\n[dependencies]\ndomain.workspace = true\n\
             clock = { package = \"chrono\", version = \"0.4\" }\n[dev-dependencies]\nproptest.workspace = true\n\
             [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n",
        )]);

        let package = &workspace.packages[0];
        assert_eq!(package.name, "gate");
        assert!(package.lints_from_workspace);
        let mut found: Vec<_> = package.dependencies.iter().map(|d| (d.name.as_str(), d.kind, d.line)).collect();
        found.sort_by_key(|(_, _, line)| *line);
        assert_eq!(
            found,
            [
                ("domain", Kind::Normal, 6),
                ("chrono", Kind::Normal, 7),
                ("proptest", Kind::Dev, 9),
                ("libc", Kind::Normal, 11)
            ]
        );
    }

    #[test]
    fn a_broken_manifest_is_a_problem_and_the_others_are_still_read() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", "[package"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("crates/c/Cargo.toml", "[lints]\nworkspace = true\n"),
        ]);

        let (workspace, problems) = Workspace::read(&tree);

        assert_eq!(workspace.packages.len(), 1);
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["crates/a/Cargo.toml", "crates/c/Cargo.toml"]);
    }

    #[test]
    fn the_names_in_a_cargo_tree_listing_are_read_once_each() {
        let listing = "gate v0.1.0 (/x/crates/gate)\nserde v1.0.1\n\nserde v1.0.1 (*)\n";

        assert_eq!(package_names(listing), BTreeSet::from(["gate".to_owned(), "serde".to_owned()]));
    }
}
