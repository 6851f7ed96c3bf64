//! How tables for people write numbers and verdicts.

/// Four significant digits.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", value + 0.0);
    }
    let places = 3 - libm::floor(libm::log10(value.abs())) as i32;
    if places > 8 {
        return format!("{value:.1e}");
    }
    format!("{value:.*}", usize::try_from(places).unwrap_or(0))
}

/// Values in one cell.
pub(super) fn joined(values: impl IntoIterator<Item = f64>) -> String {
    let values: Vec<String> = values.into_iter().map(short).collect();
    values.join(" / ")
}

pub(super) fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "**no**" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            joined([0.073_421, 1533.4, 13.149]),
            "0.07342 / 1533 / 13.15"
        );
        assert_eq!(short(-0.0), "0");
        assert_eq!(short(1.2e-8), "1.2e-8");
        assert_eq!(short(123_456.0), "123456");
    }
}
