//! Probability forecasts of the scans held out, beside what is counted around the last reading.

use serde::Serialize;

use super::baseline::{self, Pool};
use super::bootstrap::{self, Interval};
use super::cases::{Case, Predicted, every_scan, last_scans};
use super::count::Count;
use super::data::{Lesion, Set, normalised_volume};
use super::folds::{self, Fold};
use super::scores::{Scores, absolute_error, brier, by_lesion, crps, interval_score, scores};
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
/// Most that the mean error may lie above that of the last reading, mm.
const MAE_MARGIN: f64 = 0.05;
/// Most that the interval score may be.
const INTERVAL_SCORE: f64 = 25.9;
/// What the coverage has to lie between.
const COVERAGE: [f64; 2] = [0.77, 0.83];
/// What is hoped for: score and interval score, mm.
const HOPED: [f64; 2] = [3.01, 24.0];

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

/// Something to be reached.
#[derive(Serialize)]
pub(super) struct Aim {
    pub(super) quantity: &'static str,
    pub(super) value: f64,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) ok: bool,
}

/// Scores of some of the cases, of the published baseline and of ours.
#[derive(Serialize)]
pub(super) struct Part {
    pub(super) by: &'static str,
    pub(super) part: String,
    pub(super) locf: Scores,
    pub(super) oncotwin: Scores,
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
    let stopped = |_| Failure::new("E-CANCELLED", "the benchmark was stopped");
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

fn forecaster(
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

fn gain(
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

fn aims(mae_gap: &Interval, over_published: &Gain, ours: &Scores) -> Vec<Aim> {
    let aim = |quantity, value: f64, least: Option<f64>, most: Option<f64>| Aim {
        quantity,
        value,
        least,
        most,
        ok: least.is_none_or(|l| value >= l) && most.is_none_or(|m| value <= m),
    };
    let mut gained = aim(
        "CRPS gained over the published baseline, lower 95 % bound, mm",
        over_published.crps_mm.low,
        Some(0.0),
        None,
    );
    // An interval that excludes 0, not one that touches it.
    gained.ok = gained.value > 0.0;
    vec![
        aim(
            "mean absolute error less that of LOCF, upper 95 % bound, mm",
            mae_gap.high,
            None,
            Some(MAE_MARGIN),
        ),
        gained,
        aim(
            "interval score, mm",
            ours.interval_score,
            None,
            Some(INTERVAL_SCORE),
        ),
        aim(
            "coverage of 80 %",
            ours.coverage80,
            Some(COVERAGE[0]),
            Some(COVERAGE[1]),
        ),
        aim("CRPS hoped for, mm", ours.crps_mm, None, Some(HOPED[0])),
        aim(
            "interval score hoped for, mm",
            ours.interval_score,
            None,
            Some(HOPED[1]),
        ),
    ]
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

fn parts(cases: &[Case], locf: &[Predicted], ours: &[Predicted]) -> Vec<Part> {
    let part = |(by, part, which): &(&'static str, &str, Which)| Part {
        by,
        part: (*part).to_owned(),
        locf: scores(cases, locf, which),
        oncotwin: scores(cases, ours, which),
    };
    PARTS.iter().map(part).collect()
}

/// Every scan as a last one: by scans before, and from four on by horizon.
fn rolling(cases: &[Case], counted: &[Predicted], ours: &[Predicted]) -> Vec<Part> {
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
