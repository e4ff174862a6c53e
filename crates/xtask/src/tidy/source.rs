//! What may stand in the code itself.

use super::Problem;
use super::dependencies::is_pure_source;
use super::mask::mask;
use super::tree::Tree;

/// A pattern and what to say where it is found.
type Pattern = (&'static str, &'static str);

const UNFINISHED_CODE: &[Pattern] = &[
    ("todo!", "is unfinished: write it or leave it out"),
    ("unimplemented!", "is unfinished: write it or leave it out"),
    ("#[ignore", "a test that never runs proves nothing: make it run or remove it"),
];

/// Marks of unfinished work in comments and in files that are not Rust.
const UNFINISHED_WORDS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
const WORDS_LOOKED_FOR_IN: &[&str] = &["ts", "js", "css", "sh", "sql", "toml", "yml", "yaml", "html"];

/// The outside world by the names through which code reaches it.
const OUTSIDE: &[Pattern] = &[
    ("Instant::now", "reads a clock: take the time as an argument"),
    ("SystemTime::now", "reads a clock: take the time as an argument"),
    ("Utc::now", "reads a clock: take the time as an argument"),
    ("Local::now", "reads a clock: take the time as an argument"),
    ("std::env", "reads the environment: take the value as an argument"),
    ("env::var", "reads the environment: take the value as an argument"),
    ("std::fs", "touches the disk: take the data as an argument"),
    ("std::net", "touches the network"),
    ("std::process", "starts or ends a process"),
    ("std::thread", "starts a thread"),
    ("rand::", "draws random numbers: take them as an argument"),
    ("getrandom", "draws random numbers: take them as an argument"),
    ("OsRng", "draws random numbers: take them as an argument"),
    ("::new_v4(", "draws random numbers: take the identifier as an argument"),
    ("::now_v7(", "reads a clock: take the identifier as an argument"),
];

const SLEEPS: &[&str] = &["thread::sleep(", "time::sleep(", "time::sleep_until("];
/// A comment with these words, on the line or the one above, says why a test may sleep there.
const SLEEP_EXCUSE: &str = "tidy: sleep is";

/// Every module of a crate says at its top what it is for; a module of tests is for its parent.
pub(super) fn modules_have_docs(tree: &Tree) -> Vec<Problem> {
    tree.with_extension("rs")
        .filter(|(file, _)| file.path.contains("/src/") && file.name() != "tests.rs")
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(file, _)| Problem::new(&file.path, 1, "does not start with a `//!` line that says what it owns"))
        .collect()
}

/// No placeholder and no test that is switched off.
pub(super) fn nothing_is_unfinished(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.with_extension("rs") {
        let masked = mask(text);
        find(&file.path, &masked.code, UNFINISHED_CODE, &mut problems);
        find_words(&file.path, &masked.comments, &mut problems);
    }
    for extension in WORDS_LOOKED_FOR_IN {
        for (file, text) in tree.with_extension(extension) {
            find_words(&file.path, text, &mut problems);
        }
    }
    problems
}

/// Shipped code of the pure crates never reaches outside; their tests may.
pub(super) fn pure_crates_stay_pure(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.with_extension("rs").filter(|(file, _)| is_pure_source(&file.path)) {
        if !is_test_file(&file.path) {
            let masked = mask(text);
            let shipped: String =
                masked.code.lines().take(test_start(&masked.code)).map(|line| format!("{line}\n")).collect();
            find(&file.path, &shipped, OUTSIDE, &mut problems);
        }
    }
    problems
}

/// Tests wait for a condition with a deadline instead of sleeping and hoping.
pub(super) fn tests_do_not_sleep(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.with_extension("rs") {
        let masked = mask(text);
        let first = if is_test_file(&file.path) { 0 } else { test_start(&masked.code) };
        let comments: Vec<_> = masked.comments.lines().collect();
        for (index, line) in masked.code.lines().enumerate().skip(first) {
            let excused = [index.checked_sub(1), Some(index)]
                .into_iter()
                .flatten()
                .any(|at| comments.get(at).is_some_and(|comment| comment.contains(SLEEP_EXCUSE)));
            if !excused && SLEEPS.iter().any(|sleep| contains(line, sleep)) {
                let message = format!(
                    "a test sleeps: wait for a condition with a deadline, or say why in a comment `{SLEEP_EXCUSE} …`"
                );
                problems.push(Problem::new(&file.path, index + 1, message));
            }
        }
    }
    problems
}

/// True for files that hold nothing but tests: the `tests` folders at the root and in crates, and `tests.rs` modules.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// The index of the line from which a file holds its tests; past the end where it holds none.
fn test_start(code: &str) -> usize {
    let is_start = |line: &str| line.trim_start().starts_with("#[cfg(test)]");
    let lines: Vec<_> = code.lines().collect();
    let module_follows = |index: usize| {
        lines[index..].iter().take(4).any(|line| line.contains("mod ") && line.trim_end().ends_with('{'))
    };
    (0..lines.len()).find(|index| is_start(lines[*index]) && module_follows(*index)).unwrap_or(lines.len())
}

fn find(path: &str, code: &str, patterns: &[Pattern], problems: &mut Vec<Problem>) {
    for (index, line) in code.lines().enumerate() {
        for (pattern, message) in patterns.iter().filter(|(pattern, _)| contains(line, pattern)) {
            problems.push(Problem::new(path, index + 1, format!("`{pattern}` {message}")));
        }
    }
}

fn find_words(path: &str, text: &str, problems: &mut Vec<Problem>) {
    for (index, line) in text.lines().enumerate() {
        for word in UNFINISHED_WORDS {
            if line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == *word) {
                problems.push(Problem::new(path, index + 1, format!("`{word}` is unfinished: do it or leave it out")));
            }
        }
    }
}

/// Whether the pattern stands in the line and is not the tail of a longer name.
fn contains(line: &str, pattern: &str) -> bool {
    line.match_indices(pattern).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        pattern.starts_with([':', '#']) || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|problem| format!("{}:{}", problem.path, problem.line)).collect()
    }

    #[test]
    fn a_module_without_docs_is_caught() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! Owns a.\n"),
            ("crates/a/src/b.rs", "use std::fmt;\n//! late\n"),
            ("crates/a/src/b/tests.rs", "use super::*;\n"),
            ("crates/a/build.rs", "fn main() {}\n"),
        ]);

        assert_eq!(places(&modules_have_docs(&tree)), ["crates/a/src/b.rs:1"]);
    }

    #[test]
    fn unfinished_code_is_caught_and_talk_about_it_is_not() {
        let tree = Tree::of(&[
            ("a.rs", "fn a() { todo!() }\n#[ignore = \"slow\"]\nfn b() { unimplemented!(\"x\") }\n"),
            ("b.rs", "// `todo!()` is refused\nlet message = \"todo!(\"; my_todo!();\n"),
        ]);

        assert_eq!(places(&nothing_is_unfinished(&tree)), ["a.rs:1", "a.rs:2", "a.rs:3"]);
    }

    #[test]
    fn marks_of_unfinished_work_are_caught_in_comments_of_any_language() {
        let mark = UNFINISHED_WORDS[0];
        let tree = Tree::of(&[
            ("a.rs", &format!("// {mark}: later\nlet x = \"{mark}\";\n")),
            ("b.sh", &format!("true # {mark}\n")),
            ("c.sh", &format!("MY_{mark}S=1\n")),
        ]);

        assert_eq!(places(&nothing_is_unfinished(&tree)), ["a.rs:1", "b.sh:1"]);
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_caught_and_in_an_io_crate_is_not() {
        let text = "//! x\nfn f() { let now = std::time::Instant::now(); }\n";
        let tree = Tree::of(&[("crates/gate/src/lib.rs", text), ("crates/capture/src/lib.rs", text)]);

        assert_eq!(places(&pure_crates_stay_pure(&tree)), ["crates/gate/src/lib.rs:2"]);
    }

    #[test]
    fn the_environment_and_random_numbers_in_a_pure_crate_are_caught() {
        let text = "use std::env;\nuse rand::Rng;\nlet id = Uuid::new_v4();\nlet v = env!(\"CARGO_PKG_VERSION\");\nlet operand::x;\n";
        let tree = Tree::of(&[("crates/wire/src/a.rs", text)]);

        let lines: Vec<_> = pure_crates_stay_pure(&tree).iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3]);
    }

    #[test]
    fn the_tests_of_a_pure_crate_may_reach_outside() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        let tree = Tree::of(&[("crates/wire/src/a.rs", text), ("crates/wire/tests/golden.rs", "use std::fs;\n")]);

        assert_eq!(pure_crates_stay_pure(&tree), []);
    }

    #[test]
    fn a_test_only_item_does_not_end_the_shipped_code() {
        let text = "#[cfg(test)]\nuse a::b;\nfn f() {\n    std::fs::read(x)\n}\n";
        let tree = Tree::of(&[("crates/wire/src/a.rs", text)]);

        assert_eq!(places(&pure_crates_stay_pure(&tree)), ["crates/wire/src/a.rs:4"]);
    }

    #[test]
    fn a_sleep_in_a_test_is_caught_unless_a_comment_says_why() {
        let tree = Tree::of(&[
            (
                "tests/src/broker.rs",
                "std::thread::sleep(d);\n// tidy: sleep is the poll between two looks\ntokio::time::sleep(d).await;\n",
            ),
            (
                "crates/edge/src/a.rs",
                "thread::sleep(d);\n#[cfg(test)]\nmod tests {\n    fn a() { thread::sleep(d) }\n}\n",
            ),
        ]);

        assert_eq!(places(&tests_do_not_sleep(&tree)), ["tests/src/broker.rs:1", "crates/edge/src/a.rs:4"]);
    }
}
