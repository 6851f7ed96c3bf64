//! `bench laleh`: forecasts of the last scans of 641 lesions, beside published laws of growth and the
//! last reading carried forward.

mod aims;
mod baseline;
mod bootstrap;
mod cases;
mod count;
mod data;
mod document;
mod folds;
mod forecasters;
mod growth;
mod parts;
mod published;
mod rows;
mod scores;

use std::path::Path;

use serde_json::Value;

use crate::cli::output::Failure;
use crate::jobs::JobContext;

/// What was measured.
pub(super) struct Measured {
    pub(super) rows: Vec<Value>,
    /// Tables for people.
    pub(super) tables: String,
    /// The same with what is to be known about them, to keep.
    pub(super) document: String,
}

/// Everything, from the folder of image sets.
pub(super) fn run(data: &Path, job: &JobContext) -> Result<Measured, Failure> {
    let set = data::read(data)?;
    let growth = growth::measure(&set, job)
        .map_err(|_| Failure::new("E-CANCELLED", "the benchmark was stopped"))?;
    let findings = forecasters::measure(&set, job)?;
    let tables = document::tables(&growth, &findings);
    Ok(Measured {
        rows: rows::rows(&growth, &findings),
        document: document::document(&growth, &findings),
        tables,
    })
}
