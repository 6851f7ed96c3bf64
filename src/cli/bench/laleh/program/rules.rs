//! When models should be heard: the program's rule beside others.

use serde::Serialize;

use super::{Told, said};
use crate::cli::bench::laleh::cases::{Case, HELD_OUT, Predicted};
use crate::cli::bench::laleh::scores::{crps, scores};
use crate::twin::{CLEARLY, LEAST_FORECASTS};

/// Least numbers of forecasts that are compared.
const FORECASTS: [usize; 3] = [1, 2, LEAST_FORECASTS];
/// Least gains that are compared; with the first a score as good is enough.
const GAINS: [f64; 6] = [0.0, 0.1, CLEARLY, 0.3, 0.5, 0.6];

/// Models speak for a lesion where they have forecast so many of its scans at least, with a score so much
/// better than that of the local level.
#[derive(Serialize)]
pub(in crate::cli::bench::laleh) struct Rule {
    pub(in crate::cli::bench::laleh) forecasts: usize,
    /// As a share of the score of the local level.
    pub(in crate::cli::bench::laleh) gain: f64,
    /// Share of lesions for which they speak.
    pub(in crate::cli::bench::laleh) share: f64,
    /// Scores of whoever speaks, over all lesions.
    pub(in crate::cli::bench::laleh) crps_mm: f64,
    pub(in crate::cli::bench::laleh) mae_mm: f64,
    /// Score of the models and of the local level where models speak, mm.
    pub(in crate::cli::bench::laleh) spoken: Option<[f64; 2]>,
}

impl Rule {
    /// Whether the program goes by it.
    pub(in crate::cli::bench::laleh) fn is_of_program(&self) -> bool {
        self.forecasts == LEAST_FORECASTS && self.gain.total_cmp(&CLEARLY).is_eq()
    }
}

pub(super) fn rules(cases: &[Case], told: &[Told], local: &[Predicted]) -> Vec<Rule> {
    let pairs = FORECASTS.iter().flat_map(|n| GAINS.map(|gain| (*n, gain)));
    pairs.map(|pair| rule(cases, told, local, pair)).collect()
}

fn rule(
    cases: &[Case],
    told: &[Told],
    local: &[Predicted],
    (forecasts, gain): (usize, f64),
) -> Rule {
    let speak = |told: &Told| {
        told.judged
            .is_some_and(|(made, gained)| made >= forecasts && gained >= gain)
    };
    let found = scores(cases, &said(told, local, speak), |_| true);
    let lesions = told.iter().zip(cases.chunks(HELD_OUT));
    let (mut sums, mut speaking) = ([0.0; 2], 0_usize);
    for ((told, cases), local) in lesions.zip(local.chunks(HELD_OUT)) {
        if !speak(told) {
            continue;
        }
        speaking += 1;
        for ((case, models), local) in cases.iter().zip(&told.models).zip(local) {
            sums[0] += crps(case, models);
            sums[1] += crps(case, local);
        }
    }
    Rule {
        forecasts,
        gain,
        share: speaking as f64 / told.len().max(1) as f64,
        crps_mm: found.crps_mm,
        mae_mm: found.mae_mm,
        spoken: (speaking > 0).then(|| sums.map(|s| s / (speaking * HELD_OUT) as f64)),
    }
}
