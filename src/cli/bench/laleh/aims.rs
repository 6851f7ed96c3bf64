//! What the forecaster has to reach.

use serde::Serialize;

use super::bootstrap::Interval;
use super::forecasters::Gain;
use super::scores::Scores;

/// Most that the mean error may lie above that of the last reading, mm.
const MAE_MARGIN: f64 = 0.05;
/// Most that the interval score may be.
const INTERVAL_SCORE: f64 = 25.9;
/// What the coverage has to lie between.
const COVERAGE: [f64; 2] = [0.77, 0.83];
/// What is hoped for: score and interval score, mm.
const HOPED: [f64; 2] = [3.01, 24.0];

/// Something to be reached.
#[derive(Serialize)]
pub(super) struct Aim {
    pub(super) quantity: &'static str,
    pub(super) value: f64,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) ok: bool,
}

/// The bounds that were set beforehand, and what is hoped for.
pub(super) fn aims(mae_gap: &Interval, over_published: &Gain, ours: &Scores) -> Vec<Aim> {
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
