//! `bench sbc`: whether posteriors hold the truth as often as they say, under every model, of a truth that
//! no fitted model knows, and how long they take beside SciPy and emcee.

mod cohort;
mod document;
mod figures;
mod peers;
mod ranks;
mod speed;

use std::path::Path;

use crate::cli::bench::figure::Row;
use crate::cli::bench::measured::{Measured, failure};
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::twin::Model;
use crate::twin::calibration::Case;

use cohort::Cohort;
use ranks::Ranks;
use speed::Timed;

/// What to measure.
pub(super) struct Settings<'a> {
    pub(super) scratch: &'a Path,
    pub(super) peers: &'a Path,
    /// Lesions made up for each case; other parts are in proportion.
    pub(super) draws: usize,
    /// Two, both fixed before anything was run with them.
    pub(super) seeds: [u64; 2],
    /// Models to look at; empty for all.
    pub(super) models: Vec<Model>,
    /// Whether models that need a solver get all draws, too.
    pub(super) all_draws: bool,
}

impl Settings<'_> {
    /// Cases asked for, each with its place among all, on which its random numbers depend.
    fn cases(&self) -> Vec<(u64, Case)> {
        let wanted = |case: &Case| self.models.is_empty() || self.models.contains(&case.model);
        (0..)
            .zip(Case::all())
            .filter(|(_, case)| wanted(case))
            .collect()
    }

    /// So many, or a tenth of them where a posterior may take seconds.
    fn share(&self, case: &Case, count: usize) -> usize {
        if self.is_spared(case) {
            (count / 10).max(1)
        } else {
            count
        }
    }

    fn is_spared(&self, case: &Case) -> bool {
        is_slow(case.model) && !self.all_draws
    }
}

/// Whether every draw is integrated step by step at a price: four equations, some of them stiff.
const fn is_slow(model: Model) -> bool {
    matches!(model, Model::Simeoni)
}

/// Everything that was found.
struct Findings {
    ranks: [Ranks; 2],
    cohort: Cohort,
    timed: Vec<Timed>,
    /// What the peers found, or why they found nothing.
    peers: Result<peers::Beside, String>,
}

pub(super) fn run(settings: &Settings, job: &JobContext) -> Result<Measured, Failure> {
    // Times first: a machine that has computed for minutes may have slowed down.
    let timed = speed::measure(settings, job)?;
    let peers = peers::measure(settings, job)?;
    let cohort = cohort::measure(settings, job).map_err(|e| failure(&e))?;
    let [first, second] = settings.seeds;
    let ranks = [
        ranks::measure(settings, first, job).map_err(|e| failure(&e))?,
        ranks::measure(settings, second, job).map_err(|e| failure(&e))?,
    ];
    let findings = Findings {
        ranks,
        cohort,
        timed,
        peers,
    };
    let figures = figures::figures(&findings);
    let mut rows = figures::ranked(&findings);
    rows.extend(figures.iter().map(Row::json));
    Ok(document::pages(&findings, &figures).with(rows))
}
