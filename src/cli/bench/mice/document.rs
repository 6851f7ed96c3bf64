//! The figures for people.

mod peers;
mod rates;
mod text;
mod tumours;

use super::Findings;
use crate::cli::bench::aims;
use crate::cli::bench::figure::Row;
use crate::cli::bench::words::short;

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

fn milliseconds(seconds: f64) -> String {
    format!("{} ms", short(1e3 * seconds))
}
