//! The figures for people.

mod peers;
mod rates;
mod text;
mod tumours;

use super::Findings;
use crate::cli::bench::aims;
use crate::cli::bench::figure::Row;
use crate::cli::bench::measured::Pages;
use crate::cli::bench::words::short;

/// The tables and what is to be known about them.
pub(super) fn pages(findings: &Findings, figures: &[Row]) -> Pages {
    Pages {
        head: text::HEAD,
        aims: (text::AIMS, aims::table(figures)),
        parts: vec![
            (
                text::TUMOURS,
                findings.sets.iter().map(tumours::tables).collect(),
            ),
            (
                text::RATES,
                findings.rates.iter().map(rates::table).collect(),
            ),
            (text::PEERS, peers::table(&findings.peers)),
        ],
        tail: text::TAIL,
    }
}

fn milliseconds(seconds: f64) -> String {
    format!("{} ms", short(1e3 * seconds))
}
