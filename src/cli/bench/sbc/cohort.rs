//! Lesions whose truth no fitted model knows.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Settings;
use crate::jobs::JobContext;
use crate::twin::calibration::{Inside, inside};
use crate::twin::{DISCREPANCY, Error, Model};

/// Log-kill models of one population (T11), as fitted.
pub(super) const MODELS: [Model; 5] = [
    Model::Exponential,
    Model::Gompertz,
    Model::ExponentialClearance,
    Model::GompertzClearance,
    Model::FadingEffect,
];
/// Without straying beyond the last scan, and as the program has it.
pub(super) const DISCREPANCIES: [f64; 2] = [0.0, DISCREPANCY];

/// Where measurements 60 days ahead lay.
pub(super) struct Cohort {
    pub(super) lesions: usize,
    pub(super) rows: Vec<Fitted>,
}

/// Against the bands of one model, or of the average of all.
pub(super) struct Fitted {
    pub(super) name: &'static str,
    /// Lesions below, inside and above, for each of [`DISCREPANCIES`].
    pub(super) counts: [[usize; 3]; 2],
}

pub(super) fn measure(settings: &Settings, job: &JobContext) -> Result<Cohort, Error> {
    let lesions = (settings.draws / 2).max(1);
    job.progress.step("misspecified cohort");
    let done = AtomicUsize::new(0);
    let found: Vec<Vec<Vec<Inside>>> = (0..lesions)
        .into_par_iter()
        .map(|i| {
            job.check()?;
            let found = inside(&MODELS, &DISCREPANCIES, settings.seeds[0], i as u64)?;
            job.progress
                .set(done.fetch_add(1, Ordering::Relaxed) + 1, lesions);
            Ok(found)
        })
        .collect::<Result<_, Error>>()?;
    let names = MODELS.iter().map(|m| m.name()).chain(["average"]);
    let rows = names.enumerate().map(|(j, name)| Fitted {
        name,
        counts: [0, 1].map(|d| {
            [Inside::Below, Inside::Inside, Inside::Above]
                .map(|place| found.iter().filter(|lesion| lesion[j][d] == place).count())
        }),
    });
    Ok(Cohort {
        lesions,
        rows: rows.collect(),
    })
}
