//! The machine underneath: disk, temperature, memory. What cannot be read is left out, never guessed.

use std::path::Path;

use serde::Serialize;

/// How the machine is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostStatus {
    /// Free bytes on the disk of the data folder.
    pub disk_free_bytes: Option<u64>,
    /// Size of that disk in bytes.
    pub disk_bytes: Option<u64>,
    /// The hottest of the machine's sensors, degrees Celsius.
    pub temperature_c: Option<f32>,
    /// Resident memory of this program in bytes.
    pub memory_bytes: Option<u64>,
    /// Time on all processors that this program has used, seconds.
    pub cpu_seconds: f64,
}

impl HostStatus {
    /// Reads it now; `data` is the folder whose disk matters.
    pub fn read(data: &Path) -> Self {
        let disk = rustix::fs::statvfs(data).ok();
        Self {
            disk_free_bytes: disk.as_ref().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            disk_bytes: disk.as_ref().map(|disk| disk.f_blocks.saturating_mul(disk.f_frsize)),
            temperature_c: temperature(Path::new("/sys/class/thermal")),
            memory_bytes: memory(),
            cpu_seconds: crate::eval::process_cpu_seconds(),
        }
    }
}

/// The hottest zone below `folder`; the kernel gives thousandths of a degree.
fn temperature(folder: &Path) -> Option<f32> {
    let zones = std::fs::read_dir(folder).ok()?.flatten();
    let of = |zone: std::fs::DirEntry| -> Option<f32> {
        let milli: f32 = std::fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse().ok()?;
        Some(milli / 1000.0)
    };
    zones.filter_map(of).max_by(f32::total_cmp)
}

fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_sensor_counts_and_a_broken_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (zone, text) in [("thermal_zone0", "41500\n"), ("thermal_zone1", "63250\n"), ("cooling_device0", "")] {
            std::fs::create_dir(folder.path().join(zone)).expect("a folder");
            std::fs::write(folder.path().join(zone).join("temp"), text).expect("written");
        }
        assert_eq!(temperature(folder.path()), Some(63.25));
        assert_eq!(temperature(Path::new("/nowhere")), None);
        let now = HostStatus::read(folder.path());
        assert!(now.memory_bytes.is_some_and(|bytes| bytes > 100_000) && now.disk_bytes >= now.disk_free_bytes);
    }
}
