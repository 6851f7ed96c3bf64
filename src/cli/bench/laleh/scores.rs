//! Scores of forecasts over cases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cases::{Case, Predicted};
use crate::twin::forecast::score::{self, HIGH, LEVELS, LOW, MIDDLE};
use crate::twin::quantile;

/// Mean scores; lengths in mm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Scores {
    /// Number of cases.
    pub(super) cases: usize,
    /// Mean absolute error of the median.
    pub(super) mae_mm: f64,
    /// Median of these errors.
    pub(super) median_ae_mm: f64,
    /// Continuous ranked probability score over 11 quantiles.
    pub(super) crps_mm: f64,
    /// Interval score of the 80 % interval.
    pub(super) interval_score: f64,
    /// Share of readings within the 80 % interval, its ends included.
    pub(super) coverage80: f64,
    /// Share below it.
    pub(super) below80: f64,
    /// Mean width of the 80 % interval.
    pub(super) width80_mm: f64,
    /// Share of readings within the 95 % interval.
    pub(super) coverage95: f64,
    /// Interval score of the 95 % interval.
    pub(super) interval_score95: f64,
    /// Mean squared error of the probability of progression (Brier, Mon Weather Rev 1950;78:1).
    pub(super) brier: f64,
    /// The same where a lesion is said to progress if it did on the last scan.
    pub(super) locf_brier: f64,
}

/// Scores of those cases for which `which` holds.
pub(super) fn scores(
    cases: &[Case],
    forecasts: &[Predicted],
    which: impl Fn(&Case) -> bool,
) -> Scores {
    let mut s = Scores::default();
    let mut errors = Vec::new();
    for (case, f) in cases.iter().zip(forecasts).filter(|(c, _)| which(c)) {
        let y = case.truth_mm;
        let (low, high) = (f.at[LOW], f.at[HIGH]);
        s.cases += 1;
        s.crps_mm += crps(case, f);
        s.interval_score += interval_score(case, f);
        s.coverage80 += share((low..=high).contains(&y));
        s.below80 += share(y < low);
        s.width80_mm += high - low;
        s.coverage95 += share((f.wide[0]..=f.wide[1]).contains(&y));
        s.interval_score95 += score::interval_score(f.wide[0], f.wide[1], y, 0.05);
        s.brier += brier(case, f);
        s.locf_brier += miss(case, share(case.last_mm >= case.progression_mm));
        errors.push(absolute_error(case, f));
    }
    let n = s.cases.max(1) as f64;
    s.mae_mm = errors.iter().sum::<f64>();
    for value in [
        &mut s.mae_mm,
        &mut s.crps_mm,
        &mut s.interval_score,
        &mut s.coverage80,
        &mut s.below80,
        &mut s.width80_mm,
        &mut s.coverage95,
        &mut s.interval_score95,
        &mut s.brier,
        &mut s.locf_brier,
    ] {
        *value /= n;
    }
    errors.sort_by(f64::total_cmp);
    if !errors.is_empty() {
        s.median_ae_mm = quantile(&errors, 0.5);
    }
    s
}

/// Score of one forecast over its quantiles, mm.
pub(super) fn crps(case: &Case, f: &Predicted) -> f64 {
    score::crps(&LEVELS, &f.at, case.truth_mm)
}

/// Score of its 80 % interval, mm.
pub(super) fn interval_score(case: &Case, f: &Predicted) -> f64 {
    score::interval_score(f.at[LOW], f.at[HIGH], case.truth_mm, 0.2)
}

/// Error of its median, mm.
pub(super) fn absolute_error(case: &Case, f: &Predicted) -> f64 {
    (f.at[MIDDLE] - case.truth_mm).abs()
}

/// Squared error of its probability of progression.
pub(super) fn brier(case: &Case, f: &Predicted) -> f64 {
    miss(case, f.progression)
}

fn miss(case: &Case, probability: f64) -> f64 {
    let error = probability - share(case.truth_mm >= case.progression_mm);
    error * error
}

fn share(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Mean of `value` over the cases of each lesion, in the order of the lesions: what the bootstrap
/// draws from.
pub(super) fn by_lesion(
    cases: &[Case],
    forecasts: &[Predicted],
    value: impl Fn(&Case, &Predicted) -> f64,
) -> Vec<f64> {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (case, f) in cases.iter().zip(forecasts) {
        let entry = sums.entry(case.lesion).or_default();
        entry.0 += value(case, f);
        entry.1 += 1.0;
    }
    sums.into_values().map(|(sum, n)| sum / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::cases::last_scans;
    use crate::cli::bench::laleh::data::tests::lesion;

    #[test]
    fn scores_of_a_point_by_hand() {
        let lesions = [lesion(1, &[10.0, 10.0, 10.0, 10.0, 12.0, 15.0])];
        let cases = last_scans(&lesions);
        let point = Predicted {
            at: [10.0; 11],
            wide: [10.0; 2],
            progression: 0.5,
        };
        let found = scores(&cases, &[point; 2], |_| true);
        assert_eq!(
            (found.cases, found.mae_mm, found.median_ae_mm),
            (2, 3.5, 3.5)
        );
        assert!((found.crps_mm - 3.5).abs() < 1e-12);
        // 2/α for each millimetre outside an interval without width.
        assert!((found.interval_score - 35.0).abs() < 1e-12);
        assert!((found.interval_score95 - 140.0).abs() < 1e-12);
        assert_eq!(
            (found.coverage80, found.below80, found.width80_mm),
            (0.0, 0.0, 0.0)
        );
        // 15 mm is progression, 12 mm is not, and the last scan was none.
        assert_eq!((found.brier, found.locf_brier), (0.25, 0.5));
        assert_eq!(by_lesion(&cases, &[point; 2], absolute_error), [3.5]);
        assert_eq!(scores(&cases, &[point; 2], |_| false), Scores::default());
    }
}
