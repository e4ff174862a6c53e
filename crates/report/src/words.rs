//! The words of the reports, in Vietnamese and English.

use std::fmt;
use std::str::FromStr;

use domain::{CountGroup, Direction, ObjectClass};
use projections::AlertKind;
use thiserror::Error;

use crate::period::ReportKind;

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

/// A text that names no language of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a language of the reports: vi or en is accepted")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        match text {
            "vi" => Ok(Self::Vi),
            "en" => Ok(Self::En),
            other => Err(UnknownLanguage(other.chars().take(20).collect())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Language {
    /// Its code, as in `lang` of a page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    pub(crate) const fn thousands(self) -> char {
        match self {
            Self::Vi => '.',
            Self::En => ',',
        }
    }

    pub(crate) const fn decimal_point(self) -> char {
        match self {
            Self::Vi => ',',
            Self::En => '.',
        }
    }

    pub(crate) const fn units(self) -> [&'static str; 4] {
        match self {
            Self::Vi => ["ngày", "giờ", "phút", "giây"],
            Self::En => ["d", "h", "min", "s"],
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::Vi => &VI,
            Self::En => &EN,
        }
    }

    pub(crate) const fn title(self, kind: ReportKind) -> &'static str {
        match (self, kind) {
            (Self::Vi, ReportKind::Day) => "Báo cáo ngày",
            (Self::Vi, ReportKind::Week) => "Báo cáo tuần",
            (Self::Vi, ReportKind::Month) => "Báo cáo tháng",
            (Self::Vi, ReportKind::HalfYear) => "Báo cáo 6 tháng",
            (Self::Vi, ReportKind::Year) => "Báo cáo năm",
            (Self::En, ReportKind::Day) => "Daily report",
            (Self::En, ReportKind::Week) => "Weekly report",
            (Self::En, ReportKind::Month) => "Monthly report",
            (Self::En, ReportKind::HalfYear) => "Half-year report",
            (Self::En, ReportKind::Year) => "Annual report",
        }
    }

    pub(crate) const fn class(self, class: ObjectClass) -> &'static str {
        match (self, class) {
            (Self::Vi, ObjectClass::Person) => "Người đi bộ",
            (Self::Vi, ObjectClass::Bike) => "Xe hai bánh",
            (Self::Vi, ObjectClass::Bicycle) => "Xe đạp",
            (Self::Vi, ObjectClass::Motorbike) => "Xe máy",
            (Self::Vi, ObjectClass::Vehicle) => "Ô tô (chưa rõ loại)",
            (Self::Vi, ObjectClass::Car) => "Ô tô con",
            (Self::Vi, ObjectClass::Bus) => "Xe khách",
            (Self::Vi, ObjectClass::Truck) => "Xe tải",
            (Self::En, ObjectClass::Person) => "Pedestrians",
            (Self::En, ObjectClass::Bike) => "Two-wheelers",
            (Self::En, ObjectClass::Bicycle) => "Bicycles",
            (Self::En, ObjectClass::Motorbike) => "Motorbikes",
            (Self::En, ObjectClass::Vehicle) => "Vehicles (kind unknown)",
            (Self::En, ObjectClass::Car) => "Cars",
            (Self::En, ObjectClass::Bus) => "Buses and coaches",
            (Self::En, ObjectClass::Truck) => "Lorries",
        }
    }

    pub(crate) const fn alert(self, kind: AlertKind) -> &'static str {
        match (self, kind) {
            (Self::Vi, AlertKind::WatchlistHit) => "Biển số trong danh sách theo dõi",
            (Self::Vi, AlertKind::Crowding) => "Tập trung đông người",
            (Self::Vi, AlertKind::WrongDirection) => "Đi ngược chiều",
            (Self::Vi, AlertKind::Tailgating) => "Bám đuôi qua cổng",
            (Self::Vi, AlertKind::PassedUnpermitted) => "Qua làn khi chưa được phép",
            (Self::Vi, AlertKind::LaneAlarm) => "Sự cố thanh chắn, cửa",
            (Self::Vi, AlertKind::CameraLost) => "Mất tín hiệu camera",
            (Self::Vi, AlertKind::NodeSilent) => "Thiết bị biên mất liên lạc",
            (Self::Vi, AlertKind::HelpWanted) => "Bảo vệ gọi hỗ trợ",
            (Self::En, AlertKind::WatchlistHit) => "Plate on a watch list",
            (Self::En, AlertKind::Crowding) => "Crowding",
            (Self::En, AlertKind::WrongDirection) => "Wrong direction",
            (Self::En, AlertKind::Tailgating) => "Tailgating",
            (Self::En, AlertKind::PassedUnpermitted) => "Passed without a permit",
            (Self::En, AlertKind::LaneAlarm) => "Barrier or door alarm",
            (Self::En, AlertKind::CameraLost) => "Camera lost",
            (Self::En, AlertKind::NodeSilent) => "Edge node silent",
            (Self::En, AlertKind::HelpWanted) => "Guard called for help",
        }
    }

    pub(crate) const fn group(self, group: CountGroup) -> &'static str {
        match (self, group) {
            (Self::Vi, CountGroup::Person) => "Người",
            (Self::Vi, CountGroup::Vehicle) => "Phương tiện",
            (Self::En, CountGroup::Person) => "Persons",
            (Self::En, CountGroup::Vehicle) => "Vehicles",
        }
    }

    pub(crate) const fn direction(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::Vi, Direction::In) => "Vào",
            (Self::Vi, Direction::Out) => "Ra",
            (Self::En, Direction::In) => "In",
            (Self::En, Direction::Out) => "Out",
        }
    }
}

macro_rules! words {
    ($($name:ident: $vi:literal, $en:literal;)*) => {
        /// Every fixed text of a report.
        #[derive(Debug)]
        pub(crate) struct Words { $(pub(crate) $name: &'static str,)* }
        const VI: Words = Words { $($name: $vi,)* };
        const EN: Words = Words { $($name: $en,)* };
    };
}

words! {
    product: "Hệ thống camera AI kiểm soát ra vào", "AI camera access control";
    all_sites: "Tất cả các điểm", "All sites";
    site: "Điểm", "Site";
    province: "Tỉnh", "Province";
    period: "Kỳ báo cáo", "Period";
    from_to: "Từ {} đến {}", "From {} to {}";
    data_until: "Số liệu tính đến", "Data as of";
    is_running: "Kỳ báo cáo chưa kết thúc: số liệu còn thay đổi.", "The period is not over: the figures will still change.";
    persons_in: "Lượt người vào", "Persons in";
    persons_out: "Lượt người ra", "Persons out";
    vehicles_in: "Lượt xe vào", "Vehicles in";
    vehicles_out: "Lượt xe ra", "Vehicles out";
    against_before: "so với kỳ trước", "vs previous period";
    busiest_hour: "Giờ cao điểm", "Busiest hour";
    fullest: "Đông nhất", "Most inside";
    nobody: "Không có", "None";
    persons_over_time: "Lượt người theo thời gian", "Persons over time";
    vehicles_over_time: "Lượt phương tiện theo thời gian", "Vehicles over time";
    incoming: "Vào", "In";
    outgoing: "Ra", "Out";
    total: "Tổng", "Total";
    classes: "Theo loại phương tiện", "By class";
    class: "Loại", "Class";
    origins: "Phương tiện theo tỉnh của biển số", "Vehicles by province of the plate";
    origin: "Tỉnh", "Province";
    other_origins: "Tỉnh khác, không rõ", "Others, unknown";
    origins_note: "Chỉ nêu tên tỉnh có từ 10 lượt trở lên để không nhận ra cá nhân.", "Provinces of fewer than 10 vehicles are not named, so that nobody can be recognised.";
    gates: "Theo cổng", "By gate";
    gate: "Cổng", "Gate";
    more_gates: "và {} cổng khác, xem tệp XLSX", "and {} more gates, see the XLSX file";
    visits: "Lượt đến của phương tiện (theo biển số)", "Visits of vehicles (by plate)";
    visits_text: "{} lượt vào đọc được biển số, {} lượt có lượt ra khớp; một nửa ở lại không quá {}, chín phần mười không quá {}.", "{} entries with a read plate, {} with a matching exit; half stayed no longer than {}, nine of ten no longer than {}.";
    dwell: "Thời gian lưu lại trong khu vực", "Time spent in zones";
    zone: "Khu vực", "Zone";
    stays: "Lượt", "Stays";
    half: "Trung vị", "Median";
    nine_of_ten: "90%", "90%";
    alerts: "Cảnh báo và kết quả xử lý", "Alerts and their outcome";
    alert: "Cảnh báo", "Alert";
    raised: "Phát sinh", "Raised";
    acknowledged: "Tiếp nhận", "Acknowledged";
    confirmed: "Đúng", "Confirmed";
    false_alarms: "Sai", "False";
    open: "Chưa đóng", "Not closed";
    after: "Tiếp nhận sau", "After";
    no_alerts: "Không có cảnh báo nào trong kỳ.", "No alerts in this period.";
    uptime: "Hoạt động của thiết bị và camera", "Uptime of nodes and cameras";
    device: "Thiết bị", "Node";
    camera: "Camera", "Camera";
    working: "Hoạt động", "Working";
    outages: "Số lần mất", "Outages";
    longest: "Lâu nhất", "Longest";
    itself: "thiết bị", "node";
    accuracy: "Sai số của số đếm", "Error of the counts";
    audited: "Giờ kiểm đếm", "Audited hours";
    bias: "Sai số", "Error";
    interval: "Khoảng tin cậy 95%", "95% interval";
    too_few: "chưa đủ giờ kiểm đếm", "too few audited hours";
    not_audited: "Chưa có giờ nào được kiểm đếm thủ công trong 90 ngày trước khi hết kỳ: chưa biết sai số.", "No hour was counted by hand in the 90 days before the period's end: the error is not known.";
    group: "Đối tượng", "What";
    direction: "Hướng", "Way";
    time: "Thời gian", "Time";
    value: "Giá trị", "Value";
    notes: "Cách tính", "How it is counted";
    note_counts: "Lượt qua do camera AI đếm tại vạch; một người qua hai lần là hai lượt. Người không được nhận dạng.", "Passages are counted by AI cameras at lines; whoever passes twice counts twice. Persons are not identified.";
    note_inside: "Số người hiện có tính từ lượt vào và ra, bắt đầu lại mỗi ngày; nêu giá trị cuối mỗi giờ.", "How many are inside follows from passages in and out, begins anew each day, and is taken at the end of each hour.";
    note_uptime: "Thiết bị ngoài liên lạc vẫn đếm; số liệu đến sau được cộng vào kỳ đã qua nếu lập lại báo cáo.", "A node that is out of reach counts on; what arrives later is in a report that is made again.";
    page: "Trang {}/{}", "Page {} of {}";
    figures_sheet: "Tổng hợp", "Summary";
    time_sheet: "Thời gian", "Over time";
    gates_sheet: "Cổng", "Gates";
    classes_sheet: "Loại xe", "Classes";
    origins_sheet: "Tỉnh biển số", "Origins";
    dwell_sheet: "Lưu lại", "Dwell";
    alerts_sheet: "Cảnh báo", "Alerts";
    uptime_sheet: "Hoạt động", "Uptime";
    accuracy_sheet: "Sai số", "Accuracy";
}

/// `pattern` with each `{}` replaced by the next of `values`.
pub(crate) fn fill(pattern: &str, values: &[&str]) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut values = values.iter();
    for (place, part) in pattern.split("{}").enumerate() {
        if place > 0 {
            text.push_str(values.next().copied().unwrap_or_default());
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_a_pattern_in_their_order() {
        assert_eq!(fill(VI.from_to, &["a", "b"]), "Từ a đến b");
        assert_eq!(fill("{}{}", &["x"]), "x");
    }

    #[test]
    fn languages_are_read_by_their_codes() {
        assert_eq!(("vi".parse(), "en".parse()), (Ok(Language::Vi), Ok(Language::En)));
        assert!("fr".parse::<Language>().expect_err("none").to_string().contains("vi or en"));
    }
}
