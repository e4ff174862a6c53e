//! Numbers, shares and moments as people in Vietnam and elsewhere write them.

use std::time::Duration;

use domain::UtcTime;
use projections::day::LOCAL_OFFSET_MINUTES;

use crate::period::civil;
use crate::words::Language;

/// The date 1 June 2000 in Excel counts 36,678 days: day 0 of that count is 30 December 1899, this many days before 1970.
const EXCEL_DAYS_BEFORE_1970: f64 = 25_569.0;

/// A whole number in groups of three: `1.234.567` in Vietnamese, `1,234,567` in English.
pub fn whole(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(language.thousands());
        }
        text.push(digit);
    }
    text
}

/// A number with one decimal: `1.234,5` in Vietnamese.
pub fn decimal(number: f64, language: Language) -> String {
    let tenths = (number.abs() * 10.0).round() as u64;
    let sign = if number < 0.0 && tenths > 0 { "\u{2212}" } else { "" };
    format!("{sign}{}{}{}", whole(tenths / 10, language), language.decimal_point(), tenths % 10)
}

/// A share (1 is all) in per cent with one decimal.
pub fn share(share: f64, language: Language) -> String {
    format!("{}%", decimal(share * 100.0, language))
}

/// A change against before, with its sign; a dash where there was nothing before.
pub fn change(now: u64, before: u64, language: Language) -> String {
    if before == 0 {
        return "\u{2013}".to_owned();
    }
    let change = now as f64 / before as f64 - 1.0;
    let plus = if change > 0.000_5 { "+" } else { "" };
    format!("{plus}{}", share(change, language))
}

/// The date in Asia/Ho_Chi_Minh: `21/11/2026`.
pub fn date(at: UtcTime) -> String {
    let (year, month, day) = civil(local_minute(at).div_euclid(1_440));
    format!("{day:02}/{month:02}/{year:04}")
}

/// The day and month there: `21/11`.
pub fn short_date(at: UtcTime) -> String {
    date(at)[..5].to_owned()
}

/// The time there: `15:00`.
pub fn time(at: UtcTime) -> String {
    let minute = local_minute(at).rem_euclid(1_440);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Time and date there: `15:00 21/11/2026`.
pub fn moment(at: UtcTime) -> String {
    format!("{} {}", time(at), date(at))
}

/// A length of time in the two largest units: `2 giờ 5 phút`.
pub fn length(length: Duration, language: Language) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    let [day, hour, minute, second] = language.units();
    let parts =
        [(seconds / 86_400, day), (seconds / 3_600 % 24, hour), (seconds / 60 % 60, minute), (seconds % 60, second)];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown: Vec<String> = parts[first..]
        .iter()
        .take(2)
        .filter(|(count, _)| *count > 0 || first == 3)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    shown.join(" ")
}

/// A moment as a spreadsheet counts it: days since 1899 in Asia/Ho_Chi_Minh.
pub fn excel(at: UtcTime) -> f64 {
    let micros = at.as_unix_micros() + LOCAL_OFFSET_MINUTES * 60_000_000;
    micros as f64 / 86_400e6 + EXCEL_DAYS_BEFORE_1970
}

fn local_minute(at: UtcTime) -> i64 {
    at.as_unix_minutes() + LOCAL_OFFSET_MINUTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_the_vietnamese_way() {
        let vi = Language::Vi;
        assert_eq!([whole(0, vi), whole(999, vi), whole(1_234_567, vi)], ["0", "999", "1.234.567"]);
        assert_eq!([decimal(1_234.56, vi), decimal(-0.04, vi), decimal(-2.5, vi)], ["1.234,6", "0,0", "\u{2212}2,5"]);
        assert_eq!(share(0.125, vi), "12,5%");
        assert_eq!(
            [change(110, 100, vi), change(90, 100, vi), change(5, 0, vi)],
            ["+10,0%", "\u{2212}10,0%", "\u{2013}"]
        );
        assert_eq!(whole(1_234_567, Language::En), "1,234,567");
    }

    #[test]
    fn moments_are_those_of_vietnam() {
        let at: UtcTime = "2026-11-20T17:05:00Z".parse().expect("a moment");
        assert_eq!((moment(at), short_date(at)), ("00:05 21/11/2026".to_owned(), "21/11".to_owned()));
        let noon: UtcTime = "2000-06-01T05:00:00Z".parse().expect("a moment");
        assert_eq!(excel(noon), 36_678.5);
    }

    #[test]
    fn lengths_are_in_their_two_largest_units() {
        let of = |seconds| length(Duration::from_secs(seconds), Language::Vi);
        assert_eq!(
            [of(0), of(59), of(3_600), of(7_500), of(90_061)],
            ["0 giây", "59 giây", "1 giờ", "2 giờ 5 phút", "1 ngày 1 giờ"]
        );
    }
}
