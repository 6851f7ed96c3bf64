//! Scores of parts of the cases: by horizon, scans before, trial and size.

use serde::Serialize;

use super::cases::{Case, Predicted};
use super::scores::{Scores, scores};

/// Scores of some of the cases, of the published baseline and of ours.
#[derive(Serialize)]
pub(super) struct Part {
    pub(super) by: &'static str,
    pub(super) part: String,
    pub(super) locf: Scores,
    pub(super) oncotwin: Scores,
}

type Which = fn(&Case) -> bool;

/// Cases of the benchmark that are looked at apart.
const PARTS: [(&str, &str, Which); 22] = [
    ("days ahead", "below 50", |c| c.horizon < 50.0),
    ("days ahead", "50 to 99", |c| {
        (50.0..100.0).contains(&c.horizon)
    }),
    ("days ahead", "100 to 149", |c| {
        (100.0..150.0).contains(&c.horizon)
    }),
    ("days ahead", "150 and more", |c| c.horizon >= 150.0),
    ("scan ahead", "next", |c| c.ahead == 1),
    ("scan ahead", "the one after", |c| c.ahead == 2),
    ("scans before", "4", |c| c.scans == 4),
    ("scans before", "5", |c| c.scans == 5),
    ("scans before", "6", |c| c.scans == 6),
    ("scans before", "7", |c| c.scans == 7),
    ("scans before", "8", |c| c.scans == 8),
    ("scans before", "9 and more", |c| c.scans >= 9),
    ("trial", "1", |c| c.study == 1),
    ("trial", "2", |c| c.study == 2),
    ("trial", "3", |c| c.study == 3),
    ("trial", "4", |c| c.study == 4),
    ("trial", "5", |c| c.study == 5),
    ("last reading, mm", "0", |c| c.last_mm <= 0.0),
    ("last reading, mm", "below 15", |c| {
        c.last_mm > 0.0 && c.last_mm < 15.0
    }),
    ("last reading, mm", "15 to 29", |c| {
        (15.0..30.0).contains(&c.last_mm)
    }),
    ("last reading, mm", "30 to 59", |c| {
        (30.0..60.0).contains(&c.last_mm)
    }),
    ("last reading, mm", "60 and more", |c| c.last_mm >= 60.0),
];

/// Parts of the benchmark.
pub(super) fn parts(cases: &[Case], locf: &[Predicted], ours: &[Predicted]) -> Vec<Part> {
    let part = |(by, part, which): &(&'static str, &str, Which)| Part {
        by,
        part: (*part).to_owned(),
        locf: scores(cases, locf, which),
        oncotwin: scores(cases, ours, which),
    };
    PARTS.iter().map(part).collect()
}

/// Every scan as a last one: by scans before, and from four on by horizon.
pub(super) fn rolling(cases: &[Case], counted: &[Predicted], ours: &[Predicted]) -> Vec<Part> {
    let part = |by, part: String, which: &dyn Fn(&Case) -> bool| Part {
        by,
        part,
        locf: scores(cases, counted, which),
        oncotwin: scores(cases, ours, which),
    };
    let mut found: Vec<Part> = (1..=6)
        .map(|n| part("scans before", n.to_string(), &|c| c.scans == n))
        .collect();
    let horizons = PARTS.iter().filter(|(by, ..)| *by == "days ahead");
    found.extend(horizons.map(|(_, name, which)| {
        part("days ahead, from 4 scans on", (*name).to_owned(), &|c| {
            c.scans >= 4 && which(c)
        })
    }));
    found
}
