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
mod program;
mod published;
mod rows;
mod scores;

use std::path::Path;

use crate::cli::bench::measured::{Measured, stopped};
use crate::cli::output::Failure;
use crate::jobs::JobContext;

/// Everything, from the folder of image sets; how the program itself forecasts only where that is asked
/// for, since it takes minutes.
pub(super) fn run(data: &Path, has_program: bool, job: &JobContext) -> Result<Measured, Failure> {
    let set = data::read(data)?;
    let growth = growth::measure(&set, job).map_err(stopped)?;
    let findings = forecasters::measure(&set, job)?;
    let program = match has_program {
        true => Some(program::measure(&set, job)?),
        false => None,
    };
    let program = program.as_ref();
    Ok(Measured {
        rows: rows::rows(&growth, &findings, program),
        tables: document::tables(&growth, &findings, program),
        document: document::document(&growth, &findings, program),
    })
}
