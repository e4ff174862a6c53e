//! What the configuration says of feeds, alerts and reports.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{GateId, SiteId, TableReader};
use report::{Cut, ReportKind};
use wire::ngsi::Location;

/// Where webhooks may go, and how long they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRules {
    /// Whether addresses of this machine and of private networks are allowed, and plain HTTP with them.
    pub reach: Reach,
    /// The wait after a first failure; doubles with each further one.
    pub retry_after: Duration,
    /// The longest wait.
    pub retry_after_max: Duration,
    /// After so many failures an event is given up.
    pub attempts_max: u64,
}

/// Where webhooks may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public addresses by HTTPS: nobody can make the hub ask inside its own network.
    #[default]
    Public,
    /// Any address: for a receiver in the same closed network.
    Anywhere,
}

impl Default for WebhookRules {
    /// About 40 minutes from the first attempt to the last.
    fn default() -> Self {
        Self {
            reach: Reach::Public,
            retry_after: Duration::from_secs(2),
            retry_after_max: Duration::from_secs(600),
            attempts_max: 12,
        }
    }
}

/// Whether counts are published by MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CountTopics {
    /// They are: sums are no personal data.
    #[default]
    Published,
    /// They are not.
    Withheld,
}

/// Where a gate is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The site.
    pub site: SiteId,
    /// The gate; nothing for all of the site that have no place of their own.
    pub gate: Option<GateId>,
    /// The point.
    pub location: Location,
}

/// What of reports is made by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportRules {
    /// The province that the hub is for; empty where it is not said.
    pub province: String,
    /// The day on which months are cut.
    pub cut: Cut,
    /// The kinds that are made when their span is over, for all sites together and for each.
    pub scheduled: Vec<ReportKind>,
    /// Files of a regular and a bold font; those of this machine where nothing is said.
    pub fonts: Option<(PathBuf, PathBuf)>,
}

/// Everything about feeds, alerts and reports.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedsConfig {
    /// Webhooks.
    pub webhooks: WebhookRules,
    /// Counts by MQTT.
    pub count_topics: CountTopics,
    /// What allows to tell plates by NGSI-LD; nothing where nothing does.
    pub ngsi_legal_basis: Option<String>,
    /// Where gates are.
    pub places: Vec<Place>,
    /// A node of which nothing is heard for so long raises an alert.
    pub node_silence: Duration,
    /// Reports.
    pub reports: ReportRules,
}

impl Default for FeedsConfig {
    fn default() -> Self {
        Self {
            webhooks: WebhookRules::default(),
            count_topics: CountTopics::default(),
            ngsi_legal_basis: None,
            places: Vec::new(),
            node_silence: NODE_SILENCE,
            reports: ReportRules::default(),
        }
    }
}

/// Six of a node's statuses in a row.
const NODE_SILENCE: Duration = Duration::from_secs(180);

/// Longest legal basis or name of a province, in characters.
const TEXT_CHARS_MAX: usize = 500;

impl FeedsConfig {
    /// Reads the tables `[webhooks]`, `[ngsi_ld]`, `[[place]]`, `[alerts]` and `[reports]`.
    pub(crate) fn read(table: &mut TableReader<'_>, folder: &Path) -> Self {
        let count_topics = match table.optional::<bool>("publish_counts") {
            Some(false) => CountTopics::Withheld,
            Some(true) | None => CountTopics::Published,
        };
        let webhooks = table.nested("webhooks", webhooks).unwrap_or_default();
        let ngsi_legal_basis = table.nested("ngsi_ld", |table| text(table, "legal_basis")).flatten();
        let places = table.each("place", place).into_iter().flatten().collect();
        let silence = table.nested("alerts", |table| {
            table.ranged("node_silent_after_s", 60..=86_400_u64, "60 to 86400 seconds", NODE_SILENCE.as_secs())
        });
        let node_silence = silence.map_or(NODE_SILENCE, Duration::from_secs);
        let reports = table.nested("reports", |table| reports(table, folder)).unwrap_or_default();
        Self { webhooks, count_topics, ngsi_legal_basis, places, node_silence, reports }
    }

    /// Where a gate is, where that is known.
    pub(crate) fn location(&self, site: &SiteId, gate: &GateId) -> Option<Location> {
        let of = |wanted: Option<&GateId>| {
            self.places.iter().find(|place| place.site == *site && place.gate.as_ref() == wanted)
        };
        of(Some(gate)).or_else(|| of(None)).map(|place| place.location)
    }
}

fn text(table: &mut TableReader<'_>, key: &'static str) -> Option<String> {
    let text = table.optional::<String>(key)?;
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        table.note(key, format!("give 1 to {TEXT_CHARS_MAX} characters in one line"));
        return None;
    }
    Some(text)
}

fn webhooks(table: &mut TableReader<'_>) -> WebhookRules {
    let base = WebhookRules::default();
    let reach = match table.optional::<bool>("private_addresses") {
        Some(true) => Reach::Anywhere,
        Some(false) | None => Reach::Public,
    };
    let attempts_max = table.ranged("attempts", 1..=100_u64, "1 to 100", base.attempts_max);
    WebhookRules { reach, attempts_max, ..base }
}

fn place(table: &mut TableReader<'_>) -> Option<Place> {
    let site = table.required::<SiteId>("site", "the name of a site");
    let gate = table.optional::<GateId>("gate");
    let mut degrees = |key, most: f64| {
        let degrees = table.required::<f64>(key, "degrees by WGS 84, such as 11.94")?;
        let is_good = degrees.is_finite() && degrees.abs() <= most;
        if !is_good {
            table.note(key, format!("{degrees} is out of range: -{most} to {most} is accepted"));
        }
        is_good.then_some(degrees)
    };
    let (latitude, longitude) = (degrees("latitude", 90.0), degrees("longitude", 180.0));
    Some(Place { site: site?, gate, location: Location { latitude: latitude?, longitude: longitude? } })
}

fn reports(table: &mut TableReader<'_>, folder: &Path) -> ReportRules {
    let province = text(table, "province").unwrap_or_default();
    let cut = match table.optional::<i64>("month_cut").map(Cut::new) {
        None => Cut::default(),
        Some(Ok(cut)) => cut,
        Some(Err(error)) => {
            table.note("month_cut", error);
            Cut::default()
        }
    };
    let mut scheduled = Vec::new();
    for name in table.optional::<Vec<String>>("scheduled").unwrap_or_default() {
        match name.parse::<ReportKind>() {
            Ok(kind) => scheduled.push(kind),
            Err(error) => table.note("scheduled", error),
        }
    }
    scheduled.sort();
    scheduled.dedup();
    let mut file = |key| table.optional::<PathBuf>(key).map(|file| folder.join(file));
    let fonts = match (file("font_regular"), file("font_bold")) {
        (None, None) => None,
        (Some(regular), Some(bold)) => Some((regular, bold)),
        (Some(_), None) | (None, Some(_)) => {
            table.note("font_regular", "give font_regular and font_bold together");
            None
        }
    };
    ReportRules { province, cut, scheduled, fonts }
}

#[cfg(test)]
mod tests {
    use domain::Problems;

    use super::*;

    fn read(text: &str) -> (FeedsConfig, Vec<String>) {
        let mut problems = Problems::default();
        let mut table = TableReader::parse(text, &mut problems).expect("it is TOML");
        let config = FeedsConfig::read(&mut table, Path::new("/etc/gatehouse"));
        table.finish();
        let found = problems.as_slice().iter().map(|problem| format!("{}: {}", problem.path, problem.message));
        let found = found.collect();
        (config, found)
    }

    #[test]
    fn everything_may_be_left_out() {
        assert_eq!(read(""), (FeedsConfig::default(), vec![]));
    }

    #[test]
    fn what_is_said_is_taken() {
        let (config, problems) = read(
            "publish_counts = false\n[webhooks]\nprivate_addresses = true\nattempts = 3\n[ngsi_ld]\nlegal_basis = \"QĐ 12\"\n\
             [[place]]\nsite = \"s1\"\nlatitude = 11.94\nlongitude = 108.44\n\
             [[place]]\nsite = \"s1\"\ngate = \"north\"\nlatitude = 12\nlongitude = 108.5\n\
             [alerts]\nnode_silent_after_s = 60\n\
             [reports]\nprovince = \"Lâm Đồng\"\nmonth_cut = 18\nscheduled = [\"week\", \"day\", \"week\"]\n\
             font_regular = \"a.ttf\"\nfont_bold = \"/b.ttf\"\n",
        );
        assert_eq!(problems, [] as [String; 0]);
        assert_eq!((config.webhooks.reach, config.webhooks.attempts_max), (Reach::Anywhere, 3));
        assert_eq!(config.reports.scheduled, [ReportKind::Day, ReportKind::Week]);
        let files = config.reports.fonts.clone().expect("named");
        assert_eq!((files.0.to_str(), config.reports.cut.day()), (Some("/etc/gatehouse/a.ttf"), 18));
        let site = SiteId::new("s1").expect("a slug");
        let at = |gate: &str| config.location(&site, &GateId::new(gate).expect("a slug")).map(|at| at.latitude);
        assert_eq!((at("north"), at("south")), (Some(12.0), Some(11.94)));
    }

    #[test]
    fn mistakes_are_named_with_what_is_accepted() {
        let (_, problems) = read(
            "[[place]]\nsite = \"s1\"\nlatitude = 91.0\nlongitude = 10.0\n[reports]\nmonth_cut = 31\nscheduled = [\"quarter\"]\n\
             font_bold = \"x\"\n[alerts]\nnode_silent_after_s = 5\n[ngsi_ld]\nlegal_basis = \"\"\n",
        );
        for wanted in [
            "place[0].latitude",
            "reports.month_cut",
            "half_year",
            "font_regular and font_bold",
            "60 to 86400",
            "ngsi_ld.legal_basis",
        ] {
            assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:?}");
        }
    }
}
