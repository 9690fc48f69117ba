//! Moments as text: milliseconds since 1970, and UTC in the form of RFC 3339.

use std::time::Duration;

use crate::base::ids::Millis;

const DAY_MS: i64 = 86_400_000;

/// `2026-11-21T08:45:30.123Z`.
pub(super) fn format(at: Millis) -> String {
    let (days, in_day) = (at.0.div_euclid(DAY_MS), at.0.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let (hour, minute, second, ms) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Reads milliseconds since 1970, `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM[:SS[.mmm]][Z]` (always UTC), or `-SPAN` for that long before
/// `now`, with a span such as `90s`, `15m`, `6h` or `7d`.
pub(super) fn parse(text: &str, now: Millis) -> Option<Millis> {
    if let Some(back) = text.strip_prefix('-') {
        let ms = i64::try_from(span(back)?.as_millis()).ok()?;
        return Some(now.since(Millis(ms)));
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Millis);
    }
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let [year, month, day] = numbers::<3>(date, '-')?;
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] =
        numbers::<3>(clock, ':').or_else(|| numbers::<2>(clock, ':').map(|[h, m]| [h, m, 0]))?;
    if fraction.is_empty() || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let ms: i64 = format!("{fraction:0<3}").parse().ok()?;
    let valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && year < 10_000;
    let days = days(year, month, day);
    (valid && civil(days) == (year, month, day))
        .then_some(Millis(days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms))
}

/// Reads a span such as `500ms`, `90s`, `15m`, `6h` or `7d`.
fn span(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms).map(Duration::from_millis)
}

/// Reads a span as above, or in the form of ISO 8601 as far as it is a fixed time: `P7D`, `PT1H30M`, `P1DT0.5S`.
pub(super) fn any_span(text: &str) -> Result<Millis, String> {
    let found = span(text).and_then(|span| i64::try_from(span.as_millis()).ok()).or_else(|| iso_span(text));
    found.map(Millis).ok_or_else(|| "write a span as 90s, 15m, 6h, 7d or PT1H30M".to_string())
}

fn iso_span(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    let days = parts_ms(date, &[('D', DAY_MS as f64)])?;
    let rest = parts_ms(time, &[('H', 3_600_000.0), ('M', 60_000.0), ('S', 1000.0)])?;
    (!date.is_empty() || !time.is_empty()).then_some(days.checked_add(rest)?)
}

/// Adds up numbers, each before its unit, the units in the order given.
fn parts_ms(mut text: &str, units: &[(char, f64)]) -> Option<i64> {
    let mut sum = 0i64;
    for (unit, unit_ms) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        let whole = number.bytes().all(|b| b.is_ascii_digit());
        let valid = whole || (*unit == 'S' && number.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let ms = number.parse::<f64>().ok().filter(|_| valid)? * unit_ms;
        // Beyond it a float no longer counts every millisecond.
        sum = sum.checked_add((ms < 9e15).then_some(ms as i64)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let all: Vec<i64> = text
        .split(separator)
        .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) && part.len() <= 4 { part.parse().ok() } else { None })
        .collect::<Option<_>>()?;
    all.try_into().ok()
}

/// Days since 1970 of a date of the Gregorian calendar: years are counted from March, so that a leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back() {
        for ms in [0, 951_782_400_000, 1_795_250_730_123, -1, 4_107_542_399_999] {
            assert_eq!(parse(&format(Millis(ms)), Millis(0)), Some(Millis(ms)));
        }
        assert_eq!(format(Millis(951_782_400_000)), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn spans() {
        let ms = |text| any_span(text).ok().map(|span| span.0);
        assert_eq!(["90s", "15m", "7d"].map(ms), [Some(90_000), Some(900_000), Some(7 * DAY_MS)]);
        assert_eq!(["PT1H30M", "P7D", "pt0.5s"].map(ms), [Some(5_400_000), Some(7 * DAY_MS), Some(500)]);
        assert_eq!(ms("P1DT1M"), Some(DAY_MS + 60_000));
        for wrong in ["", "P", "PT", "P1H", "PT1D", "PT-1H", "PT1M1H", "PT1.5H", "1", "P99999999999999999999D", "PTS"] {
            assert_eq!(ms(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn every_form_is_read() {
        let now = Millis(1_000_000_000_000);
        assert_eq!(parse("1700000000000", now), Some(Millis(1_700_000_000_000)));
        assert_eq!(parse("2000-02-29", now), Some(Millis(951_782_400_000)));
        assert_eq!(parse("2000-02-29T12:30Z", now), Some(Millis(951_782_400_000 + 45_000_000)));
        assert_eq!(parse("2000-02-29 00:00:01.5", now), Some(Millis(951_782_401_500)));
        assert_eq!(parse("-1h", now), Some(Millis(now.0 - 3_600_000)));
        for wrong in [
            "",
            "-",
            "-1",
            "-1y",
            "2001-02-29",
            "2000-13-01",
            "2000-01-01T25:00",
            "yesterday",
            "2000-01-01T00:00:00.1234",
        ] {
            assert_eq!(parse(wrong, now), None, "{wrong:?}");
        }
    }
}
