//! What is wrong with a configuration, all at once.

use std::fmt;

/// One mistake: where it is, what is wrong and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `gate[0].line[1].points`.
    pub path: String,
    /// What is wrong and what is accepted.
    pub message: String,
}

/// Every mistake found in one document; never empty when it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one mistake.
    pub fn note(&mut self, path: impl Into<String>, message: impl fmt::Display) {
        self.0.push(Problem { path: path.into(), message: message.to_string() });
    }

    /// Keeps the value of `result`, or notes its error under `path`.
    pub fn check<T, E: fmt::Display>(&mut self, path: impl Into<String>, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.note(path, error)).ok()
    }

    /// Takes over what was found in a part, putting `prefix` before each path.
    pub fn extend_under(&mut self, prefix: &str, other: Self) {
        self.0.extend(other.0.into_iter().map(|p| Problem { path: format!("{prefix}.{}", p.path), ..p }));
    }

    /// `value` where nothing was wrong.
    pub fn into_result<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            Some(_) | None => Err(self),
        }
    }

    /// The mistakes in the order found.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} problem{}", if count == 1 { "" } else { "s" })?;
        for problem in &self.0 {
            write!(f, "\n  {}: {}", problem.path, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
