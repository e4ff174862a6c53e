//! `cargo xtask tidy`: the house rules, each a function from the tree to the problems it finds.
//!
//! Every rule lists all of its problems; nothing stops at the first. A rule that needs the outside (git, cargo)
//! gets what they said as data from [`tree`] and [`manifests`], so each rule is tested on small made-up trees.

mod dependencies;
mod layout;
mod links;
mod manifests;
mod mask;
mod source;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use self::manifests::Workspace;
use self::tree::Tree;

/// One breach of a rule, at a place a person can open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    path: String,
    line: usize,
    message: String,
}

impl Problem {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks the tree at `root` and prints what it found; fails when it found anything.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let tree = Tree::read(root)?;
    let (workspace, mut problems) = Workspace::read(&tree);
    problems.extend(check(&tree, &workspace));
    for name in dependencies::pure_crates(&workspace) {
        let packages = manifests::packages_below(root, name)?;
        problems.extend(dependencies::pure_tree_is_clean(&workspace, name, &packages));
    }
    problems.sort();
    problems.dedup();
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        eprintln!("tidy: {} files, {} crates, no problems", tree.files.len(), workspace.packages.len());
        Ok(ExitCode::SUCCESS)
    } else {
        eprintln!("tidy: {} problems", problems.len());
        Ok(ExitCode::FAILURE)
    }
}

fn check(tree: &Tree, workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(dependencies::ours_follow_the_table(workspace));
    problems.extend(dependencies::pure_crates_name_only_allowed(workspace));
    problems.extend(dependencies::native_has_one_owner(workspace));
    problems.extend(dependencies::lints_are_the_workspaces(workspace));
    problems.extend(layout::top_level_is_agreed(tree));
    problems.extend(layout::files_are_short(tree));
    problems.extend(layout::no_mod_rs(tree));
    problems.extend(layout::names_say_something(tree));
    problems.extend(layout::no_large_files(tree));
    problems.extend(source::modules_have_docs(tree));
    problems.extend(source::nothing_is_unfinished(tree));
    problems.extend(source::pure_crates_stay_pure(tree));
    problems.extend(source::tests_do_not_sleep(tree));
    problems.extend(links::relative_links_resolve(tree));
    problems
}
