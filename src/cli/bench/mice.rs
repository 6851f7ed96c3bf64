//! `bench mice`: untreated tumours of mice fitted one by one, as a population and back to their
//! beginning, and rates of regression and regrowth as tumgr chooses them, beside published figures and
//! SciPy.

mod data;
mod document;
mod figures;
mod names;
mod peers;
mod published;
mod rates;
mod tumours;

use std::path::Path;

use serde_json::Value;

use crate::cli::bench::figure;
use crate::cli::output::Failure;
use crate::jobs::{Cancelled, JobContext};
use crate::twin;

use rates::Rates;
use tumours::Tumours;

/// Where things are and what to leave out.
pub(super) struct Settings<'a> {
    pub(super) scratch: &'a Path,
    pub(super) data: &'a Path,
    pub(super) peers: &'a Path,
    /// Whether to predict the ages of tumours, which takes most of the time.
    pub(super) has_ages: bool,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) rows: Vec<Value>,
    /// Tables for people.
    pub(super) tables: String,
    /// The same with what is to be known about them, to keep.
    pub(super) document: String,
}

/// Everything that was found.
struct Findings {
    sets: Vec<Tumours>,
    rates: Vec<Rates>,
    /// What the peers found, or why they found nothing.
    peers: Result<peers::Beside, String>,
}

/// Everything, from the folder of data sets.
pub(super) fn run(settings: &Settings, job: &JobContext) -> Result<Measured, Failure> {
    let tables: Result<Vec<_>, Failure> = published::SETS
        .iter()
        .map(|set| Ok((set, data::tumours(settings.data, set.file)?)))
        .collect();
    let (tables, courses) = (tables?, data::courses(settings.data)?);
    let mut sets = Vec::new();
    for (set, tumours) in tables {
        let found = tumours::measure(set, tumours, settings.has_ages, job)
            .map_err(|e| failure(&e).at(set.file))?;
        sets.push(found);
    }
    job.progress.step("rates as tumgr");
    let rates: Vec<Rates> = published::TUMGR
        .iter()
        .map(|run| rates::measure(run, &courses))
        .collect();
    job.check().map_err(stopped)?;
    job.progress.step("peers");
    let peers = peers::measure(settings, &sets, &courses, &rates);
    let findings = Findings { sets, rates, peers };
    let figures = figures::figures(&findings);
    Ok(Measured {
        rows: figures.iter().map(figure::Row::json).collect(),
        tables: document::tables(&findings, &figures),
        document: document::document(&findings, &figures),
    })
}

fn stopped(_: Cancelled) -> Failure {
    Failure::new("E-CANCELLED", "the benchmark was stopped")
}

fn failure(error: &twin::Error) -> Failure {
    match error {
        twin::Error::Cancelled(cancelled) => stopped(*cancelled),
        _ => Failure::new("E-TWIN", error.to_string()),
    }
}
