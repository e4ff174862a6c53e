//! What the hub counts about itself, for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of times, in seconds.
const TIME_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Upper bounds of the buckets of delays, from what happened to its being committed, in seconds.
const DELAY_BOUNDS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0, 3_600.0, 86_400.0];

/// Most routes, methods and statuses that are told apart: the routes are a fixed list, so it is never reached.
const SERIES_MAX: usize = 2_000;

/// Counts that go up, shared by everybody who counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    stored: AtomicU64,
    duplicates: AtomicU64,
    last_commit_us: AtomicU64,
    inbox: AtomicU64,
    delivered: AtomicU64,
    refused: AtomicU64,
    given_up: AtomicU64,
    waiting: AtomicU64,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    quarantined: BTreeMap<&'static str, u64>,
    batches: Histogram,
    delays: Histogram,
    requests: BTreeMap<(String, String, u16), (u64, f64)>,
}

/// How often a value fell below each bound.
#[derive(Debug, Default, Clone)]
struct Histogram {
    below: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, value: f64, bounds: &[f64]) {
        self.below.resize(bounds.len(), 0);
        for (held, _) in self.below.iter_mut().zip(bounds).filter(|(_, bound)| value <= **bound) {
            *held += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    fn write(&self, text: &mut String, name: &str, help: &str, bounds: &[f64]) {
        head(text, name, "histogram", help);
        for (place, bound) in bounds.iter().enumerate() {
            let held = self.below.get(place).copied().unwrap_or(0);
            line(text, &format!("{name}_bucket{{le=\"{bound}\"}}"), held);
        }
        line(text, &format!("{name}_bucket{{le=\"+Inf\"}}"), self.count);
        line(text, &format!("{name}_sum"), self.sum);
        line(text, &format!("{name}_count"), self.count);
    }
}

/// What is not counted but is so at the moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Now {
    pub(crate) database_up: bool,
    pub(crate) broker_up: bool,
    pub(crate) streams: usize,
    pub(crate) log_end: u64,
    pub(crate) nodes_backlog: u64,
    pub(crate) nodes_online: u64,
    pub(crate) nodes: u64,
    pub(crate) alarms_open: u64,
    pub(crate) alerts_open: u64,
}

impl Metrics {
    fn counted(&self, change: impl FnOnce(&mut Counted)) {
        change(&mut self.inner.counted.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A batch was committed.
    pub(crate) fn batch(&self, took: Duration, stored: u64, duplicates: u64, now_us: i64) {
        self.inner.stored.fetch_add(stored, Ordering::Relaxed);
        self.inner.duplicates.fetch_add(duplicates, Ordering::Relaxed);
        self.inner.last_commit_us.store(u64::try_from(now_us).unwrap_or(0), Ordering::Relaxed);
        self.counted(|counted| counted.batches.add(took.as_secs_f64(), &TIME_BOUNDS));
    }

    /// An event was committed so long after it happened.
    pub(crate) fn delay(&self, delay: Duration) {
        self.counted(|counted| counted.delays.add(delay.as_secs_f64(), &DELAY_BOUNDS));
    }

    pub(crate) fn quarantined(&self, reason: &'static str) {
        self.counted(|counted| *counted.quarantined.entry(reason).or_default() += 1);
    }

    /// So many messages wait to be taken in.
    pub(crate) fn inbox(&self, waiting: usize) {
        self.inner.inbox.store(waiting as u64, Ordering::Relaxed);
    }

    /// A request was answered.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.counted(|counted| {
            let key = (method.to_owned(), route.to_owned(), status);
            if counted.requests.len() < SERIES_MAX || counted.requests.contains_key(&key) {
                let (count, seconds) = counted.requests.entry(key).or_default();
                *count += 1;
                *seconds += took.as_secs_f64();
            }
        });
    }

    pub(crate) fn webhook_delivered(&self) {
        self.inner.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn webhook_refused(&self) {
        self.inner.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn webhook_given_up(&self) {
        self.inner.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// The hook that is furthest behind is so many events behind.
    pub(crate) fn webhooks_waiting(&self, events: u64) {
        self.inner.waiting.store(events, Ordering::Relaxed);
    }

    /// Everything in the text format of Prometheus, version 0.0.4.
    pub(crate) fn text(&self, now: &Now) -> String {
        let mut text = String::with_capacity(8 * 1024);
        let inner = &self.inner;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = [
            ("gatehouse_hub_events_stored_total", "New events in the log.", read(&inner.stored)),
            ("gatehouse_hub_events_duplicate_total", "Events that were in the log already.", read(&inner.duplicates)),
            ("gatehouse_hub_webhook_deliveries_total", "Events that a webhook took.", read(&inner.delivered)),
            ("gatehouse_hub_webhook_failures_total", "Attempts that a webhook did not take.", read(&inner.refused)),
            ("gatehouse_hub_webhook_dead_letters_total", "Events given up for a webhook.", read(&inner.given_up)),
        ];
        for (name, help, value) in counters {
            head(&mut text, name, "counter", help);
            line(&mut text, name, value);
        }
        let last_commit = read(&inner.last_commit_us) as f64 / 1e6;
        let gauges = [
            (
                "gatehouse_hub_last_commit_timestamp_seconds",
                "When events and what they add up to were last committed.",
                last_commit,
            ),
            ("gatehouse_hub_inbox_messages", "Messages that wait to be taken in.", read(&inner.inbox) as f64),
            (
                "gatehouse_hub_webhook_waiting_events",
                "Events that the slowest webhook is behind.",
                read(&inner.waiting) as f64,
            ),
            ("gatehouse_hub_database_up", "Whether the database works.", f64::from(u8::from(now.database_up))),
            ("gatehouse_hub_broker_up", "Whether the broker is connected.", f64::from(u8::from(now.broker_up))),
            ("gatehouse_hub_stream_clients", "Watchers of the live stream.", now.streams as f64),
            ("gatehouse_hub_log_position", "The end of the log.", now.log_end as f64),
            ("gatehouse_hub_nodes", "Nodes that are believed.", now.nodes as f64),
            ("gatehouse_hub_nodes_online", "Of these, nodes that are there.", now.nodes_online as f64),
            (
                "gatehouse_hub_nodes_backlog_events",
                "Events that nodes keep until they are confirmed.",
                now.nodes_backlog as f64,
            ),
            ("gatehouse_hub_alarms_open", "Alarms about nodes that are not over.", now.alarms_open as f64),
            ("gatehouse_hub_alerts_open", "Alerts that nobody has looked at, 1000 at most.", now.alerts_open as f64),
        ];
        for (name, help, value) in gauges {
            head(&mut text, name, "gauge", help);
            line(&mut text, name, value);
        }
        let counted = inner.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "gatehouse_hub_quarantined_total";
        head(&mut text, name, "counter", "Messages that were kept apart.");
        for (reason, count) in &counted.quarantined {
            line(&mut text, &format!("{name}{{reason=\"{reason}\"}}"), *count);
        }
        let took = "Time to commit a batch with its projections.";
        counted.batches.write(&mut text, "gatehouse_hub_batch_seconds", took, &TIME_BOUNDS);
        let late = "From what happened, by the node's clock, to its commit with all that it adds up to.";
        counted.delays.write(&mut text, "gatehouse_hub_event_delay_seconds", late, &DELAY_BOUNDS);
        let requests = "gatehouse_hub_http_requests_total";
        head(&mut text, requests, "counter", "Requests by method, route and status.");
        for ((method, route, status), (count, _)) in &counted.requests {
            let labels = format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
            line(&mut text, &format!("{requests}{labels}"), *count);
        }
        let seconds = "gatehouse_hub_http_request_seconds_total";
        head(&mut text, seconds, "counter", "Time spent on requests, streams up to their first byte.");
        for ((method, route, status), (_, took)) in &counted.requests {
            let labels = format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
            line(&mut text, &format!("{seconds}{labels}"), *took);
        }
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a string takes all text");
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    writeln!(text, "{name} {value}").expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_the_way_prometheus_reads_it() {
        let metrics = Metrics::default();
        metrics.batch(Duration::from_millis(30), 7, 1, 1_795_138_200_500_000);
        metrics.batch(Duration::from_secs(60), 3, 0, 1_795_138_201_500_000);
        metrics.quarantined("fork");
        metrics.request("GET", "/api/v1/gates", 200, Duration::from_millis(250));
        metrics.delay(Duration::from_secs(30));
        let text = metrics.text(&Now { broker_up: true, ..Now::default() });
        for wanted in [
            "gatehouse_hub_events_stored_total 10\n",
            "gatehouse_hub_batch_seconds_bucket{le=\"0.025\"} 0\n",
            "gatehouse_hub_batch_seconds_bucket{le=\"0.05\"} 1\n",
            "gatehouse_hub_batch_seconds_bucket{le=\"+Inf\"} 2\n",
            "gatehouse_hub_last_commit_timestamp_seconds 1795138201.5\n",
            "gatehouse_hub_quarantined_total{reason=\"fork\"} 1\n",
            "gatehouse_hub_http_requests_total{method=\"GET\",route=\"/api/v1/gates\",status=\"200\"} 1\n",
            "gatehouse_hub_event_delay_seconds_bucket{le=\"60\"} 1\n",
            "gatehouse_hub_broker_up 1\n",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (_, value) = line.rsplit_once(' ').expect("a name and a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
