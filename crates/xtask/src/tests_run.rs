//! `cargo xtask test`: the whole Rust suite, closed by the list of skipped tests and one line of counts.
//!
//! A test that cannot run on this machine (no broker installed, no models to be had) appends one line
//! `name: reason` to the file that `GATEHOUSE_SKIPPED` names and returns. Test runners swallow the output of a test
//! that passes; the file makes sure that a skip is seen.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

/// The variable that tells tests where to note that they were skipped.
const SKIPPED_VARIABLE: &str = "GATEHOUSE_SKIPPED";

/// What the runner's summary lines add up to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs the suite with cargo-nextest where it is installed, else with `cargo test`.
pub(crate) fn run(root: &Path, runner_arguments: &[String]) -> Result<ExitCode> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    std::fs::create_dir_all(&target).with_context(|| format!("cannot create {}", target.display()))?;
    let skipped = target.join("skipped-tests.txt");
    std::fs::write(&skipped, "").with_context(|| format!("cannot write {}", skipped.display()))?;

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let nextest = Command::new(&cargo)
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    // Tests start our programs as they ship; a test run alone builds only their test harnesses.
    let built = Command::new(&cargo)
        .args(["build", "--locked", "--workspace", "--bins"])
        .current_dir(root)
        .status()
        .context("cannot start cargo build")?;
    if !built.success() {
        bail!("the programs do not build, see above");
    }
    let mut counts = Counts::default();
    let mut all_well = true;
    let suites: &[&[&str]] = if nextest {
        &[&["nextest", "run", "--no-fail-fast"], &["test", "--doc", "--no-fail-fast"]]
    } else {
        &[&["test", "--no-fail-fast"]]
    };
    for suite in suites {
        let mut command = Command::new(&cargo);
        command.args(*suite).args(["--locked", "--workspace"]).args(runner_arguments);
        command.current_dir(root).env(SKIPPED_VARIABLE, &skipped);
        let (status_is_success, counted) = run_counted(&mut command, &mut std::io::stdout())?;
        all_well &= status_is_success;
        counts = Counts { passed: counts.passed + counted.passed, failed: counts.failed + counted.failed };
    }

    let noted = std::fs::read_to_string(&skipped).with_context(|| format!("cannot read {}", skipped.display()))?;
    let (ok, closing) = close(counts, all_well, &noted);
    writeln!(std::io::stdout(), "{closing}").context("cannot write to standard output")?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the command, passes its output on to `shown` as it comes and counts the tests in its summary lines.
fn run_counted(command: &mut Command, shown: &mut dyn Write) -> Result<(bool, Counts)> {
    // nextest sums up on stderr and cargo test on stdout; both go through one pipe so that order is kept.
    let (reader, writer) = std::io::pipe().context("cannot make a pipe to the test runner")?;
    let stderr = writer.try_clone().context("cannot make a pipe to the test runner")?;
    let mut child = command.stdout(writer).stderr(stderr).spawn().context("cannot start the test runner")?;
    // The command keeps its ends of the pipe open until it is told otherwise; without this the reading never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut counts = Counts::default();
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).context("cannot read what the test runner says")? > 0 {
        shown.write_all(&line).context("cannot write to standard output")?;
        if let Some(counted) = summary(&String::from_utf8_lossy(&line)) {
            counts = Counts { passed: counts.passed + counted.passed, failed: counts.failed + counted.failed };
        }
        line.clear();
    }
    let status = child.wait().context("cannot wait for the test runner")?;
    Ok((status.success(), counts))
}

/// The counts of one summary line, of cargo test (`test result: ok. 3 passed; 0 failed; …`) or of nextest
/// (`Summary [ 0.5s] 3 tests run: 2 passed, 1 failed, 0 skipped`).
fn summary(line: &str) -> Option<Counts> {
    let line = line.trim();
    let counted = line.strip_prefix("test result:").or_else(|| {
        let rest = line.strip_prefix("Summary [")?;
        rest.split_once(" run: ").map(|(_, counted)| counted)
    })?;
    let number_before = |word: &str| {
        counted
            .split([',', ';', '.'])
            .filter_map(|part| part.trim().split_once(' '))
            .find(|(_, what)| what.split(' ').next() == Some(word))
            .and_then(|(number, _)| number.parse().ok())
            .unwrap_or(0)
    };
    Some(Counts { passed: number_before("passed"), failed: number_before("failed") })
}

/// Whether the run is good, and the text that closes it: skipped tests by name, then the counts alone on a line.
fn close(counts: Counts, runner_is_content: bool, noted: &str) -> (bool, String) {
    let mut skipped: Vec<_> = noted.lines().filter(|line| !line.trim().is_empty()).collect();
    skipped.sort_unstable();
    skipped.dedup();
    let mut text = String::new();
    for line in &skipped {
        text.push_str(&format!("skipped {line}\n"));
    }
    if counts.passed + counts.failed == 0 {
        text.push_str("no test was run\n");
    } else if !runner_is_content && counts.failed == 0 {
        text.push_str("the test runner failed before or beside the tests, see above\n");
    }
    // A skipped test returns early, so the runner counted it as passed.
    let skips = u64::try_from(skipped.len()).unwrap_or(u64::MAX);
    let passed = counts.passed.saturating_sub(skips);
    text.push_str(&format!("{passed} passed, {} failed, {skips} skipped", counts.failed));
    (runner_is_content && counts.failed == 0 && counts.passed > 0, text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_summaries_of_both_runners_are_understood() {
        let cargo =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";
        assert_eq!(summary(cargo), Some(Counts { passed: 12, failed: 3 }));
        let nextest = "     Summary [   0.512s] 40 tests run: 38 passed (1 slow), 2 failed, 5 skipped\n";
        assert_eq!(summary(nextest), Some(Counts { passed: 38, failed: 2 }));
        assert_eq!(summary("test gate::passed ... ok"), None);
    }

    #[test]
    fn skipped_tests_are_named_and_taken_from_the_passed() {
        let (ok, text) = close(Counts { passed: 10, failed: 0 }, true, "b: no broker\na: no models\na: no models\n");

        assert!(ok);
        assert_eq!(text, "skipped a: no models\nskipped b: no broker\n8 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_run_that_ran_nothing_is_a_failure() {
        let (ok, text) = close(Counts::default(), true, "");

        assert!(!ok);
        assert_eq!(text, "no test was run\n0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn a_runner_that_failed_without_a_failed_test_is_a_failure() {
        let (ok, text) = close(Counts { passed: 4, failed: 0 }, false, "");

        assert!(!ok);
        assert!(text.starts_with("the test runner failed before or beside the tests"), "{text}");
    }

    #[test]
    fn the_output_of_a_runner_on_both_streams_is_counted() {
        let script =
            "echo 'test result: ok. 2 passed; 0 failed;'; echo 'test result: ok. 3 passed; 1 failed;' >&2; exit 5";

        let mut shown = Vec::new();
        let (success, counts) = run_counted(Command::new("sh").args(["-c", script]), &mut shown).unwrap();

        assert!(!success);
        assert_eq!(counts, Counts { passed: 5, failed: 1 });
        assert_eq!(String::from_utf8(shown).unwrap().lines().count(), 2);
    }
}
