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

use crate::cli::bench::figure::Row;
use crate::cli::bench::measured::{Measured, failure, stopped};
use crate::cli::output::Failure;
use crate::jobs::JobContext;

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
    let rows = figures.iter().map(Row::json).collect();
    Ok(document::pages(&findings, &figures).with(rows))
}
