//! What a camera's gates have counted since midnight in Vietnam, for whoever stands at the gate: a gate without a network
//! knows its own day. The hub's counts are the ones that are kept, corrected and reported.

use std::io;
use std::path::{Path, PathBuf};

use domain::{CameraId, CountGroup, Direction, GateId, LineId, Occupancy, Passage, UtcTime, ZoneId};
use serde::{Deserialize, Serialize};
use wire::{Event, Payload};

use crate::health::reference::replace;

/// Most lines and zones of one camera's gates that are kept: more than its gates may have.
const ROWS_MAX: usize = 4096;

/// What went over one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineToday {
    /// The gate.
    pub gate: GateId,
    /// The line.
    pub line: LineId,
    /// Who or what.
    pub group: CountGroup,
    /// Into the site.
    pub r#in: u64,
    /// Out of it.
    pub out: u64,
}

/// Who is in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneNow {
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// Who or what.
    pub group: CountGroup,
    /// How many.
    pub count: u32,
}

/// One camera's day so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Today {
    /// Year, month and day in Vietnam; nothing before the first passage.
    day: Option<(i32, u32, u32)>,
    lines: Vec<LineToday>,
    /// Not kept over a restart: nobody knows who left meanwhile.
    #[serde(skip)]
    zones: Vec<ZoneNow>,
}

/// Where a camera's day lies.
pub fn today_file(data: &Path, camera: &CameraId) -> PathBuf {
    data.join("health").join(format!("{camera}.today.json"))
}

impl Today {
    /// What was kept; nothing where there is no such file, or it is damaged: the day then begins anew.
    pub fn load(path: &Path) -> Self {
        let read = std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Self>(&text).ok());
        read.filter(|today| today.lines.len() <= ROWS_MAX).unwrap_or_default()
    }

    /// Keeps it.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        replace(path, &serde_json::to_string(self).expect("names and numbers"))
    }

    /// An event is safe.
    pub fn add(&mut self, event: &Event) {
        match &event.payload {
            Payload::Passed(passage) => self.passed(&passage.what),
            Payload::OccupancyChanged(now) => self.occupied(now),
            Payload::NodeStarted(_) => self.zones.clear(),
            Payload::Stayed(_)
            | Payload::PlateRead(_)
            | Payload::CameraChanged(_)
            | Payload::ClockJumped(_)
            | Payload::PolicyChanged(_)
            | Payload::EvidenceAdded(_)
            | Payload::AccessDecided(_)
            | Payload::LaneChanged(_)
            | Payload::IncidentSeen(_) => {}
        }
    }

    fn occupied(&mut self, now: &Occupancy) {
        let is_row = |row: &ZoneNow| (&row.gate, &row.zone, row.group) == (&now.gate, &now.zone, now.group);
        if let Some(place) = self.zones.iter().position(is_row) {
            self.zones[place].count = now.count;
        } else if self.zones.len() < ROWS_MAX {
            let (gate, zone) = (now.gate.clone(), now.zone.clone());
            self.zones.push(ZoneNow { gate, zone, group: now.group, count: now.count });
        }
    }

    fn passed(&mut self, passage: &Passage) {
        let day = Some(passage.at.day_in_vietnam());
        // A clock that was set back does not bring yesterday back; one that was ahead is forgiven with the next day.
        if day > self.day {
            self.day = day;
            self.lines.clear();
        } else if day < self.day {
            return;
        }
        let group = passage.class.group();
        let is_row = |row: &LineToday| (&row.gate, &row.line, row.group) == (&passage.gate, &passage.line, group);
        let place = match self.lines.iter().position(is_row) {
            Some(place) => place,
            None if self.lines.len() >= ROWS_MAX => return,
            None => {
                let (gate, line) = (passage.gate.clone(), passage.line.clone());
                self.lines.push(LineToday { gate, line, group, r#in: 0, out: 0 });
                self.lines.len() - 1
            }
        };
        let row = &mut self.lines[place];
        match passage.direction {
            Direction::In => row.r#in += 1,
            Direction::Out => row.out += 1,
        }
    }

    /// What went over each line today, if `now` is still that day.
    pub fn lines(&self, now: UtcTime) -> &[LineToday] {
        if self.day == Some(now.day_in_vietnam()) { &self.lines } else { &[] }
    }

    /// Who is in each zone.
    pub fn zones(&self) -> &[ZoneNow] {
        &self.zones
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(line: &str, direction: &str, at: &str) -> Event {
        let text = serde_json::json!({
            "id": "0190b5c0-0000-7000-8000-000000000001",
            "at": at,
            "clock": {"source": "synchronised", "offset_ms": 0},
            "kind": "passed",
            "payload": {
                "gate": "main", "line": line, "camera": "cam-1", "direction": direction, "class": "person",
                "confidence": 0.9, "track": 1, "media": 1000, "at": at, "bbox": [0.1, 0.1, 0.2, 0.3],
                "shot": {"media": 1000, "bbox": [0.1, 0.1, 0.2, 0.3]}, "evidence": []
            }
        });
        serde_json::from_value(text).expect("an event")
    }

    fn at(text: &str) -> UtcTime {
        serde_json::from_value(serde_json::Value::from(text)).expect("a time")
    }

    #[test]
    fn a_day_counts_each_line_and_direction_and_begins_anew_at_midnight_in_vietnam() {
        let mut today = Today::default();
        // 16:59 UTC is 23:59 in Vietnam.
        today.add(&passed("door", "in", "2026-03-01T16:59:00Z"));
        assert_eq!(today.lines(at("2026-03-01T16:59:30Z")).len(), 1);
        assert!(today.lines(at("2026-03-01T17:00:00Z")).is_empty(), "midnight is past");
        for (line, direction) in [("door", "in"), ("door", "out"), ("door", "in"), ("yard", "out")] {
            today.add(&passed(line, direction, "2026-03-01T17:30:00Z"));
        }
        today.add(&passed("door", "in", "2026-03-01T16:00:00Z"));
        let rows: Vec<_> = today.lines(at("2026-03-02T01:00:00Z")).iter().map(|row| (row.r#in, row.out)).collect();
        assert_eq!(rows, [(2, 1), (0, 1)], "what is of yesterday changes nothing");
    }

    #[test]
    fn a_day_is_kept_over_a_restart_and_a_damaged_file_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = today_file(folder.path(), &"cam-1".parse().expect("a camera"));
        let mut today = Today::default();
        today.add(&passed("door", "in", "2026-03-01T03:00:00Z"));
        today.save(&path).expect("saved");
        assert_eq!(Today::load(&path), today);
        std::fs::write(&path, "{\"day\":").expect("written");
        assert_eq!(Today::load(&path), Today::default());
    }
}
