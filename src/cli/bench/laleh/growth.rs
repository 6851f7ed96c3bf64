//! The published laws of growth, and the last reading carried forward, on the scans held out.

use std::time::Instant;

use super::cases::{HELD_OUT, LEAST_SCANS};
use super::count::Count;
use super::data::{Lesion, Set, diameter};
use super::published::{Held, PUBLISHED, PUBLISHED_LOCF};
use crate::jobs::{Cancelled, JobContext};
use crate::twin::quantile;

/// How well a model forecasts with a single number.
pub(super) struct Growth {
    /// Name in the published table.
    pub(super) model: &'static str,
    /// Lesions that were fitted, of all.
    pub(super) fitted: usize,
    /// Mean error in normalised volume over the listed lesions, as published.
    pub(super) published: f64,
    /// The same, found here.
    pub(super) mae_normvol: f64,
    /// The same over all lesions with at least six scans.
    pub(super) mae_normvol_all: f64,
    /// Mean absolute error of diameters over all of them, mm.
    pub(super) mae_mm: f64,
    /// Median absolute error of diameters over all of them, mm.
    pub(super) median_ae_mm: f64,
    /// Of the lesions with published errors, how many have the same error here, and how many there are.
    pub(super) agreeing: [usize; 2],
    /// Time of fitting all of them.
    pub(super) seconds: f64,
}

/// Relative difference up to which two errors are the same.
pub(super) const SAME: f64 = 1e-3;

/// The laws in the order of the published table, and last the reading carried forward.
pub(super) fn measure(set: &Set, job: &JobContext) -> Result<Vec<Growth>, Cancelled> {
    let long: Vec<&Lesion> = set
        .lesions
        .iter()
        .filter(|l| l.scans.len() >= LEAST_SCANS)
        .collect();
    let count = Count::new(
        job,
        "published laws of growth",
        PUBLISHED.len() * long.len(),
    );
    let mut found = Vec::new();
    for law in &PUBLISHED {
        let start = Instant::now();
        let forecasts = law.forecasts(&long, &count)?;
        let seconds = start.elapsed().as_secs_f64();
        found.push(Growth {
            seconds,
            ..score(law.name, law.name, law.mean_error, set, &long, &forecasts)
        });
    }
    let carried: Vec<Option<Held>> = long.iter().map(|lesion| carried(lesion)).collect();
    found.push(score(
        "locf",
        "last_value",
        PUBLISHED_LOCF,
        set,
        &long,
        &carried,
    ));
    Ok(found)
}

fn carried(lesion: &Lesion) -> Option<Held> {
    let (past, _) = lesion.scans.split_last_chunk::<HELD_OUT>()?;
    Some([past.last()?.normalised_volume; HELD_OUT])
}

fn score(
    model: &'static str,
    name_of_answers: &str,
    published: f64,
    set: &Set,
    lesions: &[&Lesion],
    forecasts: &[Option<Held>],
) -> Growth {
    let (mut listed, mut all, mut mm) = (Vec::new(), Vec::new(), Vec::new());
    let mut agreeing = [0; 2];
    for (lesion, forecast) in lesions.iter().zip(forecasts) {
        let (Some(forecast), Some((_, held))) =
            (forecast, lesion.scans.split_last_chunk::<HELD_OUT>())
        else {
            continue;
        };
        let mut sum = 0.0;
        for (v, scan) in forecast.iter().zip(held) {
            sum += (v - scan.normalised_volume).abs();
            mm.push((diameter(*v).0 - scan.diameter.0).abs());
        }
        let error = sum / HELD_OUT as f64;
        all.push(error);
        if set.listed.contains(&lesion.name) {
            listed.push(error);
        }
        let answers = set.answers.get(&lesion.name);
        if let Some(answer) = answers.and_then(|a| a.get(name_of_answers)) {
            agreeing[0] += usize::from((error - answer).abs() <= SAME * answer);
            agreeing[1] += 1;
        }
    }
    mm.sort_by(f64::total_cmp);
    Growth {
        model,
        fitted: all.len(),
        published,
        mae_normvol: mean(&listed),
        mae_normvol_all: mean(&all),
        mae_mm: mean(&mm),
        median_ae_mm: quantile(&mm, 0.5),
        agreeing,
        seconds: 0.0,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
