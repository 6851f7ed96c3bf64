//! Refusing numbers that cannot be.

pub(super) use crate::twin::Error;

/// Refuses a number outside a closed range, and one that is not a number.
pub(super) fn check(
    what: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    expected: &'static str,
) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::BadNumber {
        what,
        value,
        expected,
    })
}

/// Refuses what is not a finite number above zero.
pub(super) fn check_positive(what: &'static str, value: f64) -> Result<(), Error> {
    check(
        what,
        value,
        f64::MIN_POSITIVE..=f64::MAX,
        "a finite number above 0",
    )
}

/// Refuses days that are not finite or absurdly far away (about 270 years).
pub(super) fn check_day(what: &'static str, day: f64) -> Result<(), Error> {
    check(
        what,
        day,
        -1e5..=1e5,
        "a finite number between -100000 and 100000",
    )
}
