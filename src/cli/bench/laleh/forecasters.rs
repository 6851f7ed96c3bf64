//! Probability forecasts of the scans held out, beside what is counted around the last reading.

use serde::Serialize;

use super::aims::{Aim, aims};
use super::baseline::{self, Pool};
use super::bootstrap::{self, Interval};
use super::cases::{Case, Predicted, every_scan, last_scans};
use super::count::Count;
use super::data::{Lesion, Set, normalised_volume};
use super::folds::{self, Fold};
use super::parts::{Part, parts, rolling};
use super::scores::{Scores, absolute_error, brier, by_lesion, crps, interval_score, scores};
use crate::cli::bench::measured::stopped;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::twin::forecast::score::MIDDLE;
use crate::twin::forecast::{Learning, Population};
use crate::units::Mm;

/// The baselines: name of the row, name for people, and what is counted.
const BASELINES: [(&str, &str, Pool); 3] = [
    (
        "locf",
        "LOCF, empirical quantiles as published",
        Pool::From(2),
    ),
    (
        "locf_from_fourth_scan",
        "the same, counted from the fourth scan on",
        Pool::From(4),
    ),
    (
        "locf_last_two_scans",
        "the same, counted from last two scans only",
        Pool::LastTwo,
    ),
];

/// One way to forecast, scored.
pub(super) struct Forecaster {
    pub(super) model: &'static str,
    pub(super) title: &'static str,
    pub(super) scores: Scores,
    /// Mean error of the median in normalised volume, over the listed lesions and over all.
    pub(super) mae_normvol: [f64; 2],
}

/// What ours gains over a baseline; above zero where ours is better.
#[derive(Serialize)]
pub(super) struct Gain {
    pub(super) over: &'static str,
    #[serde(skip)]
    pub(super) title: &'static str,
    pub(super) crps_mm: Interval,
    pub(super) interval_score: Interval,
    pub(super) brier: Interval,
}

/// All that was found.
pub(super) struct Findings {
    /// Baselines, and last ours.
    pub(super) forecasters: Vec<Forecaster>,
    /// Error of our median less that of the last reading, mm.
    pub(super) mae_gap: Interval,
    /// Over each baseline.
    pub(super) gains: Vec<Gain>,
    pub(super) aims: Vec<Aim>,
    /// Of the benchmark.
    pub(super) parts: Vec<Part>,
    /// Of every scan as a last one.
    pub(super) rolling: Vec<Part>,
    pub(super) folds: Vec<Fold>,
    /// How the table of the program is learnt, and what that gives.
    pub(super) chosen: Learning,
    pub(super) table: Population,
}

/// Forecasts the last scans of each trial by what the others teach.
pub(super) fn measure(set: &Set, job: &JobContext) -> Result<Findings, Failure> {
    let few = || Failure::new("E-DATA", "too few lesions or trials to learn from");
    let lesions = &set.lesions;
    let cases = last_scans(lesions);
    if cases.is_empty() {
        return Err(few());
    }
    let candidates = folds::candidates();
    let folds = folds::choose(lesions, &candidates, job).map_err(stopped)?;
    let tables = folds::learn(lesions, &folds, job).map_err(stopped)?;
    let ours = folds::forecasts(&tables, lesions, &cases).ok_or_else(few)?;
    let chosen = folds::overall(&folds, &candidates).ok_or_else(few)?;
    let table = Population::learn(lesions.iter().map(|l| &l.readings), chosen).ok_or_else(few)?;

    let count = Count::new(job, "scores and intervals", BASELINES.len() + 2);
    let mut forecasters = Vec::new();
    let mut gains = Vec::new();
    let mut published = Vec::new();
    for (model, title, pool) in BASELINES {
        count.one().map_err(stopped)?;
        let theirs = baseline::forecasts(lesions, &cases, pool);
        forecasters.push(forecaster(model, title, set, &cases, &theirs));
        gains.push(gain(model, title, &cases, &theirs, &ours));
        if published.is_empty() {
            published = theirs;
        }
    }
    forecasters.push(forecaster("oncotwin", "**ours**", set, &cases, &ours));
    let mae_gap = bootstrap::paired(&by_lesion(&cases, &ours, |c, f| {
        absolute_error(c, f) - (c.last_mm - c.truth_mm).abs()
    }));
    count.one().map_err(stopped)?;
    let all = every_scan(lesions);
    let rolling = rolling(
        &all,
        &baseline::forecasts(lesions, &all, Pool::From(1)),
        &folds::forecasts(&tables, lesions, &all).ok_or_else(few)?,
    );
    Ok(Findings {
        aims: aims(&mae_gap, &gains[0], &scores(&cases, &ours, |_| true)),
        parts: parts(&cases, &published, &ours),
        forecasters,
        mae_gap,
        gains,
        rolling,
        folds,
        chosen,
        table,
    })
}

/// Forecasts of all cases, scored.
pub(super) fn forecaster(
    model: &'static str,
    title: &'static str,
    set: &Set,
    cases: &[Case],
    forecasts: &[Predicted],
) -> Forecaster {
    let lesion = |case: &Case| -> &Lesion { &set.lesions[case.lesion] };
    let error = |case: &Case, f: &Predicted| {
        let truth = lesion(case).scans[case.scans - 1 + case.ahead].normalised_volume;
        (normalised_volume(Mm(f.at[MIDDLE])) - truth).abs()
    };
    let mean = |is_listed: bool| {
        let chosen = cases.iter().zip(forecasts);
        let errors: Vec<f64> = chosen
            .filter(|(case, _)| !is_listed || set.listed.contains(&lesion(case).name))
            .map(|(case, f)| error(case, f))
            .collect();
        errors.iter().sum::<f64>() / errors.len().max(1) as f64
    };
    Forecaster {
        model,
        title,
        scores: scores(cases, forecasts, |_| true),
        mae_normvol: [mean(true), mean(false)],
    }
}

/// What `ours` gains over `theirs`.
pub(super) fn gain(
    over: &'static str,
    title: &'static str,
    cases: &[Case],
    theirs: &[Predicted],
    ours: &[Predicted],
) -> Gain {
    let gained = |value: fn(&Case, &Predicted) -> f64| {
        let (theirs, ours) = (
            by_lesion(cases, theirs, value),
            by_lesion(cases, ours, value),
        );
        let differences: Vec<f64> = theirs.iter().zip(&ours).map(|(a, b)| a - b).collect();
        bootstrap::paired(&differences)
    };
    Gain {
        over,
        title,
        crps_mm: gained(crps),
        interval_score: gained(interval_score),
        brier: gained(brier),
    }
}
