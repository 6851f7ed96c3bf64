//! The figures for people.

mod cohort;
mod peers;
mod ranks;
mod speed;
mod text;

use super::Findings;
use crate::cli::bench::aims;
use crate::cli::bench::figure::Row;

/// All tables without what is said about them.
pub(super) fn tables(findings: &Findings, figures: &[Row]) -> String {
    let mut out = ranks::table(&findings.ranks);
    out.push_str(&ranks::efforts(&findings.ranks));
    out.push_str(&cohort::table(&findings.cohort));
    out.push_str(&speed::tables(&findings.timed));
    out.push_str(&peers::table(&findings.peers));
    out.push_str(&aims::table(figures));
    out
}

/// The tables with what is to be known about them.
pub(super) fn document(findings: &Findings, figures: &[Row]) -> String {
    let mut out = text::HEAD.to_owned();
    out.push_str(text::AIMS);
    out.push_str(&aims::table(figures));
    out.push_str(text::RANKS);
    out.push_str(&ranks::efforts(&findings.ranks));
    out.push_str(text::ROWS);
    out.push_str(&ranks::table(&findings.ranks));
    out.push_str(text::COHORT);
    out.push_str(&cohort::table(&findings.cohort));
    out.push_str(text::SPEED);
    out.push_str(&speed::tables(&findings.timed));
    out.push_str(text::PEERS);
    out.push_str(&peers::table(&findings.peers));
    out.push_str(text::TAIL);
    out
}
