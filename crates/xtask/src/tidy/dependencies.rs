//! Who may depend on whom: the crate table of ARCHITECTURE.md, as a check.

use std::collections::BTreeSet;

use super::Problem;
use super::manifests::{Dependency, Kind, Package, Workspace};

/// What a crate of ours is, which decides what else it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Takes data and time and returns data.
    Pure,
    /// Owns one outside thing.
    Io,
    /// Composes the others into a program.
    Binary,
    /// Developer task, test or bench: never ships.
    Workshop,
}

/// One row: the crate, its role, and which of ours it may depend on.
type Row = (&'static str, Role, &'static [&'static str]);

/// Every crate of ours. A crate that is not here is a problem, so a new one is placed on purpose.
const TABLE: &[Row] = &[
    ("domain", Role::Pure, &[]),
    ("vnplate", Role::Pure, &[]),
    ("perception", Role::Pure, &["domain", "vnplate"]),
    ("gate", Role::Pure, &["domain", "vnplate"]),
    ("access", Role::Pure, &["domain", "vnplate"]),
    ("wire", Role::Pure, &["domain", "vnplate"]),
    ("projections", Role::Pure, &["domain", "vnplate", "wire"]),
    ("capture", Role::Io, &["domain"]),
    ("inference", Role::Io, &["domain", "vnplate", "perception"]),
    ("uplink", Role::Io, &["domain", "wire"]),
    ("actuate", Role::Io, &["domain"]),
    ("store", Role::Io, &["domain", "vnplate", "wire", "projections"]),
    ("report", Role::Io, &["domain", "projections"]),
    (
        "edge",
        Role::Binary,
        &["domain", "vnplate", "perception", "gate", "access", "wire", "capture", "inference", "uplink", "actuate"],
    ),
    ("console", Role::Io, &[]),
    (
        "hub",
        Role::Binary,
        &["domain", "vnplate", "gate", "access", "wire", "projections", "store", "report", "console"],
    ),
    ("gatehouse", Role::Binary, &["domain", "gate", "wire", "inference", "store", "edge", "hub"]),
    ("xtask", Role::Workshop, &[]),
    ("gatehouse-tests", Role::Workshop, EVERYTHING),
    ("gatehouse-benches", Role::Workshop, EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "domain",
    "vnplate",
    "perception",
    "gate",
    "access",
    "wire",
    "projections",
    "capture",
    "inference",
    "uplink",
    "actuate",
    "store",
    "report",
    "console",
    "edge",
    "hub",
    "gatehouse",
];

/// What a pure crate may name: values, their text forms, hashes and signatures. Nothing here reads a clock, a random
/// source, the environment or a device by itself.
const PURE_MAY_NAME: &[&str] = &[
    "base64",
    "chrono",
    "csv",
    "curve25519-dalek",
    "ed25519-dalek",
    "hex",
    "hmac",
    "ryu-js",
    "schemars",
    "serde",
    "serde_json",
    "serde_json_canonicalizer",
    "sha2",
    "thiserror",
    "toml",
    "uuid",
    "zeroize",
];

/// What must not lie anywhere below a pure crate, by exact name.
const PURE_NEVER_SEES: &[&str] = &[
    "async-std",
    "axum",
    "fastrand",
    "getrandom",
    "hyper",
    "iana-time-zone",
    "mio",
    "opencv",
    "ort",
    "ort-sys",
    "rand",
    "reqwest",
    "rumqttc",
    "rumqttd",
    "rustls",
    "socket2",
    "tokio",
    "ureq",
];

/// The same by the start of the name: whole families.
const PURE_NEVER_SEES_FAMILY: &[&str] = &["gstreamer", "sqlx", "glib"];

/// Native and network dependencies (a family is written with `*`) and the crates of ours that own them.
const OWNERS: &[(&str, &[&str])] = &[
    ("gstreamer*", &["capture"]),
    ("ort", &["inference"]),
    ("opencv", &["inference"]),
    ("rxing", &["inference"]),
    ("rumqttc", &["uplink", "hub"]),
    ("sqlx", &["uplink", "store"]),
    ("object_store", &["store"]),
    ("reqwest", &["store"]),
    ("axum", &["hub", "edge"]),
    ("tokio-modbus", &["actuate"]),
    ("gpiocdev", &["actuate"]),
];

fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|(crate_name, _, _)| *crate_name == name)
}

fn role(name: &str) -> Option<Role> {
    row(name).map(|(_, role, _)| *role)
}

fn at(package: &Package, dependency: &Dependency, message: String) -> Problem {
    Problem::new(&package.manifest, dependency.line, message)
}

/// The names of the pure crates, as far as they exist.
pub(super) fn pure_crates(workspace: &Workspace) -> Vec<&'static str> {
    TABLE
        .iter()
        .filter(|(name, role, _)| *role == Role::Pure && workspace.find(name).is_some())
        .map(|(name, _, _)| *name)
        .collect()
}

/// The folder of a pure crate's code, for rules that look inside.
pub(super) fn is_pure_source(path: &str) -> bool {
    let Some((name, rest)) = path.strip_prefix("crates/").and_then(|path| path.split_once('/')) else { return false };
    rest.starts_with("src/") && role(name) == Some(Role::Pure)
}

/// Our crates depend on each other only as the table says: IO crates never on IO crates, only binaries compose.
pub(super) fn ours_follow_the_table(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        let Some((_, _, allowed)) = row(&package.name) else {
            let message = format!(
                "crate `{}` is not in the dependency table: add it to TABLE in crates/xtask/src/tidy/dependencies.rs",
                package.name
            );
            problems.push(Problem::new(&package.manifest, 1, message));
            continue;
        };
        for dependency in &package.dependencies {
            let ours = workspace.find(&dependency.name).is_some();
            if ours && !allowed.contains(&dependency.name.as_str()) {
                let allowed = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
                let message =
                    format!("`{}` must not depend on `{}`: it may use {allowed}", package.name, dependency.name);
                problems.push(at(package, dependency, message));
            }
        }
    }
    problems
}

/// A pure crate's manifest names only value libraries; what its tests use is its own affair.
pub(super) fn pure_crates_name_only_allowed(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in workspace.packages.iter().filter(|package| role(&package.name) == Some(Role::Pure)) {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev) {
            let name = dependency.name.as_str();
            if workspace.find(name).is_none() && !PURE_MAY_NAME.contains(&name) {
                let message = format!(
                    "pure crate `{}` must not depend on `{name}`: allowed are {}",
                    package.name,
                    PURE_MAY_NAME.join(", ")
                );
                problems.push(at(package, dependency, message));
            }
        }
    }
    problems
}

/// Nothing below a pure crate brings a run time, a clock, a random source or a device.
pub(super) fn pure_tree_is_clean(workspace: &Workspace, name: &str, below: &BTreeSet<String>) -> Vec<Problem> {
    let manifest = workspace.find(name).map_or("Cargo.toml", |package| package.manifest.as_str());
    below
        .iter()
        .filter(|below| {
            PURE_NEVER_SEES.contains(&below.as_str())
                || PURE_NEVER_SEES_FAMILY.iter().any(|family| below.starts_with(family))
        })
        .map(|below| {
            let message = format!(
                "pure crate `{name}` has `{below}` below it: `cargo tree --package {name} --invert {below}` says why"
            );
            Problem::new(manifest, 1, message)
        })
        .collect()
}

/// Each native dependency is named by its owner alone; tests and benches may name any.
pub(super) fn native_has_one_owner(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in workspace.packages.iter().filter(|package| role(&package.name) != Some(Role::Workshop)) {
        for dependency in &package.dependencies {
            let owned = OWNERS.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
                Some(family) => dependency.name.starts_with(family),
                None => dependency.name == *pattern,
            });
            if let Some((_, owners)) = owned
                && !owners.contains(&package.name.as_str())
            {
                let message = format!("only {} may depend on `{}`", owners.join(" and "), dependency.name);
                problems.push(at(package, dependency, message));
            }
        }
    }
    problems
}

/// Every crate takes its lints from the workspace.
pub(super) fn lints_are_the_workspaces(workspace: &Workspace) -> Vec<Problem> {
    workspace
        .packages
        .iter()
        .filter(|package| !package.lints_from_workspace)
        .map(|package| Problem::new(&package.manifest, 1, "has no `[lints] workspace = true`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n{dependencies}")
    }

    fn workspace(crates: &[(&str, &str)]) -> Workspace {
        let texts: Vec<_> = crates
            .iter()
            .map(|(name, dependencies)| (format!("crates/{name}/Cargo.toml"), manifest(name, dependencies)))
            .collect();
        let files: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        Workspace::of(&files)
    }

    fn shown(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_io_crate_that_uses_another_io_crate_is_caught() {
        let workspace = workspace(&[
            ("domain", ""),
            ("uplink", ""),
            ("capture", "[dependencies]\ndomain.workspace = true\nuplink.workspace = true\n"),
        ]);

        assert_eq!(
            shown(&ours_follow_the_table(&workspace)),
            ["crates/capture/Cargo.toml:7: `capture` must not depend on `uplink`: it may use domain"]
        );
    }

    #[test]
    fn a_dev_dependency_on_another_io_crate_is_caught_too() {
        let workspace = workspace(&[("store", ""), ("uplink", "[dev-dependencies]\nstore.workspace = true\n")]);

        assert_eq!(ours_follow_the_table(&workspace).len(), 1);
    }

    #[test]
    fn a_binary_may_compose_what_the_table_says() {
        let workspace = workspace(&[
            ("domain", ""),
            ("capture", "[dependencies]\ndomain.workspace = true\n"),
            ("edge", "[dependencies]\ndomain.workspace = true\ncapture.workspace = true\n"),
        ]);

        assert_eq!(ours_follow_the_table(&workspace), []);
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_caught() {
        let workspace = workspace(&[("novelty", "")]);

        assert_eq!(ours_follow_the_table(&workspace).len(), 1);
    }

    #[test]
    fn every_crate_that_the_table_lets_another_use_has_a_row() {
        for name in TABLE.iter().flat_map(|(_, _, allowed)| allowed.iter()) {
            assert!(row(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_pure_crate_that_names_a_run_time_is_caught_and_its_value_libraries_are_not() {
        let workspace = workspace(&[(
            "gate",
            "[dependencies]\nserde.workspace = true\ntokio.workspace = true\n[dev-dependencies]\nproptest = \"1\"\n",
        )]);

        let found = shown(&pure_crates_name_only_allowed(&workspace));

        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/gate/Cargo.toml:7: pure crate `gate` must not depend on `tokio`"));
    }

    #[test]
    fn a_random_source_deep_below_a_pure_crate_is_caught() {
        let workspace = workspace(&[("wire", "")]);
        let below = ["wire", "serde", "rand_core", "getrandom", "gstreamer-app"].map(str::to_owned).into();

        let found = shown(&pure_tree_is_clean(&workspace, "wire", &below));

        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`getrandom`") && found[1].contains("`gstreamer-app`"), "{found:?}");
    }

    #[test]
    fn a_pure_crate_over_value_libraries_is_clean() {
        let workspace = workspace(&[("wire", "")]);
        let below = ["wire", "domain", "serde", "rand_core", "sha2"].map(str::to_owned).into();

        assert_eq!(pure_tree_is_clean(&workspace, "wire", &below), []);
    }

    #[test]
    fn a_native_library_outside_its_owner_is_caught() {
        let workspace = workspace(&[
            ("capture", "[dependencies]\ngstreamer-app = \"0.25\"\n"),
            ("inference", "[dependencies]\nort = \"2\"\ngstreamer-video = \"0.25\"\n"),
            ("gatehouse-tests", "[dependencies]\nsqlx = \"0.9\"\n"),
        ]);

        assert_eq!(
            shown(&native_has_one_owner(&workspace)),
            ["crates/inference/Cargo.toml:7: only capture may depend on `gstreamer-video`"]
        );
    }

    #[test]
    fn a_crate_with_lints_of_its_own_is_caught() {
        let workspace = Workspace::of(&[
            ("crates/gate/Cargo.toml", "[package]\nname = \"gate\"\n"),
            ("crates/edge/Cargo.toml", "[package]\nname = \"edge\"\n[lints]\nworkspace = true\n"),
        ]);

        assert_eq!(
            shown(&lints_are_the_workspaces(&workspace)),
            ["crates/gate/Cargo.toml:1: has no `[lints] workspace = true`"]
        );
    }
}
