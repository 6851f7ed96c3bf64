//! The figures for people.

mod cohort;
mod peers;
mod ranks;
mod speed;
mod text;

use super::Findings;
use crate::cli::bench::aims;
use crate::cli::bench::figure::Row;
use crate::cli::bench::measured::Pages;

/// The tables and what is to be known about them.
pub(super) fn pages(findings: &Findings, figures: &[Row]) -> Pages {
    Pages {
        head: text::HEAD,
        aims: (text::AIMS, aims::table(figures)),
        parts: vec![
            (text::RANKS, ranks::efforts(&findings.ranks)),
            (text::ROWS, ranks::table(&findings.ranks)),
            (text::COHORT, cohort::table(&findings.cohort)),
            (text::SPEED, speed::tables(&findings.timed)),
            (text::PEERS, peers::table(&findings.peers)),
        ],
        tail: text::TAIL,
    }
}
