//! Times of posteriors.

use std::fmt::Write as _;

use crate::cli::bench::sbc::speed::{Timed, What};
use crate::cli::bench::words::short;

pub(super) fn tables(found: &[Timed]) -> String {
    [
        (What::Model, "One model, one thread"),
        (What::Average, "Usual models, two threads"),
        (What::Patient, "A patient, one model, all threads"),
        (What::PatientAverage, "A patient, usual models, all threads"),
    ]
    .into_iter()
    .map(|(what, title)| table(title, found.iter().filter(|t| t.what == what)))
    .collect()
}

fn table<'a>(title: &str, found: impl Iterator<Item = &'a Timed>) -> String {
    let mut out = format!(
        "\n| {title} | Scans | Fits | Refused | Median ms | 95 % | Largest |\n|---|---|---|---|---|---|---|\n"
    );
    for t in found {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            t.name,
            t.scans,
            t.milliseconds.len(),
            t.refused,
            short(t.at(0.5)),
            short(t.at(0.95)),
            short(t.at(1.0))
        )
        .ok();
    }
    out
}
