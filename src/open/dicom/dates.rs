//! DICOM dates and times (PS3.5 6.2, DA, TM, DT), parsed by hand.

use jiff::civil::{Date, DateTime, Time};

fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// `YYYYMMDD`, or the retired `YYYY.MM.DD`.
pub(super) fn date(text: &str) -> Option<Date> {
    let text: String = text.trim().chars().filter(|c| *c != '.').collect();
    if text.len() != 8 || !text.is_ascii() {
        return None;
    }
    Date::new(
        number(&text[..4])?,
        number(&text[4..6])?,
        number(&text[6..])?,
    )
    .ok()
}

/// `HH`, `HHMM`, `HHMMSS` or `HHMMSS.F…`, or the retired form with colons.
pub(super) fn time(text: &str) -> Option<Time> {
    let text: String = text.trim().chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if !whole.is_ascii() || !matches!(whole.len(), 2 | 4 | 6) || fraction.len() > 6 {
        return None;
    }
    let at = |k: usize| whole.get(k..k + 2).map_or(Some(0), number::<i8>);
    let micros: i32 = if fraction.is_empty() {
        0
    } else {
        number(&format!("{fraction:0<6}"))?
    };
    // Second 60 (a leap second) is legal in DICOM.
    Time::new(at(0)?, at(2)?, at(4)?.min(59), micros * 1000).ok()
}

/// The offset from UTC that a `DT` or `(0008,0201)` ends with (`&ZZXX`), s.
pub(super) fn offset_s(text: &str) -> Option<i64> {
    let text = text.trim();
    let (_, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (number(offset.get(1..3)?)?, number(offset.get(3..)?)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// `YYYYMMDDHHMMSS.F…&ZZXX` as it reads; see [`offset_s`] for its zone.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let text = text.split(['+', '-']).next()?;
    let day = date(text.get(..8)?)?;
    let rest = text.get(8..)?;
    let time = if rest.is_empty() {
        Time::midnight()
    } else {
        time(rest)?
    };
    Some(day.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    #[test]
    fn usual_and_truncated_forms() {
        assert_eq!(date("20240301"), Some(civil::date(2024, 3, 1)));
        assert_eq!(date("2024.03.01"), Some(civil::date(2024, 3, 1)));
        assert_eq!(date("20240230"), None);
        assert_eq!(date(""), None);
        assert_eq!(time("161811.00"), Some(civil::time(16, 18, 11, 0)));
        assert_eq!(time("1618"), Some(civil::time(16, 18, 0, 0)));
        assert_eq!(time("0905.5"), Some(civil::time(9, 5, 0, 500_000_000)));
        assert_eq!(time("25"), None);
        assert_eq!(
            date_time("20240301235959.5+0100"),
            Some(civil::date(2024, 3, 1).at(23, 59, 59, 500_000_000))
        );
    }

    #[test]
    fn offsets_have_a_sign() {
        assert_eq!(offset_s("20240301090000+0130"), Some(5400));
        assert_eq!(offset_s("-0500"), Some(-18_000));
        assert_eq!(offset_s("20240301090000"), None);
        assert_eq!(offset_s("+9900"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,24}") {
            let _ = (date(&text), time(&text), date_time(&text), offset_s(&text));
        }
    }
}
