//! The figures for people.

mod aims;
mod peers;
mod rates;
mod text;
mod tumours;

use super::Findings;
use super::figure::Row;

/// All tables without what is said about them.
pub(super) fn tables(findings: &Findings, figures: &[Row]) -> String {
    let mut out = String::new();
    for set in &findings.sets {
        out.push_str(&tumours::tables(set));
    }
    for found in &findings.rates {
        out.push_str(&rates::table(found));
    }
    out.push_str(&peers::table(&findings.peers));
    out.push_str(&aims::table(figures));
    out
}

/// The tables with what is to be known about them.
pub(super) fn document(findings: &Findings, figures: &[Row]) -> String {
    let mut out = text::HEAD.to_owned();
    out.push_str(text::AIMS);
    out.push_str(&aims::table(figures));
    out.push_str(text::TUMOURS);
    for set in &findings.sets {
        out.push_str(&tumours::tables(set));
    }
    out.push_str(text::RATES);
    for found in &findings.rates {
        out.push_str(&rates::table(found));
    }
    out.push_str(text::PEERS);
    out.push_str(&peers::table(&findings.peers));
    out.push_str(text::TAIL);
    out
}

/// Four significant digits.
fn short(value: f64) -> String {
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
fn joined(values: impl IntoIterator<Item = f64>) -> String {
    let values: Vec<String> = values.into_iter().map(short).collect();
    values.join(" / ")
}

fn milliseconds(seconds: f64) -> String {
    format!("{} ms", short(1e3 * seconds))
}

fn yes(is_so: bool) -> &'static str {
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
