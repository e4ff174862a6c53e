//! Whether the hub can do its work.

use tokio::sync::watch;

/// What works at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The last transaction went through.
    pub database: bool,
    /// Why the database is out of reach, until it is not.
    pub database_error: Option<String>,
    /// The broker has let the hub in and serves its subscriptions.
    pub broker: bool,
    /// Why the broker is out of reach, until it is not.
    pub broker_error: Option<String>,
}

impl Health {
    /// Whether events are taken in.
    pub const fn is_ready(&self) -> bool {
        self.database && self.broker
    }
}

/// Where the tasks of the hub report what works.
#[derive(Debug, Clone)]
pub(crate) struct HealthBoard(watch::Sender<Health>);

impl HealthBoard {
    pub(crate) fn new(health: Health) -> Self {
        Self(watch::Sender::new(health))
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Health> {
        self.0.subscribe()
    }

    pub(crate) fn get(&self) -> Health {
        self.0.borrow().clone()
    }

    /// Changes what works; says whether it was otherwise before.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Health)) -> bool {
        self.0.send_if_modified(|health| {
            let before = health.clone();
            change(health);
            *health != before
        })
    }
}

/// An error with all its sources on one line, cut off at [`WORDS_CHARS_MAX`] characters.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words.chars().take(WORDS_CHARS_MAX).collect()
}

/// Longest reason that is shown, in characters.
const WORDS_CHARS_MAX: usize = 300;
