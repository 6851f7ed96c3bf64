//! Each trial forecast by the others: how to learn is chosen among these, too.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::cases::{Case, Predicted, WIDE, last_scans};
use super::count::Count;
use super::data::Lesion;
use super::scores::crps;
use crate::jobs::{Cancelled, JobContext};
use crate::twin::forecast::score::LEVELS;
use crate::twin::forecast::{Learning, Population, TERMS};
use crate::units::{Days, Mm};

/// Penalty of the coefficients, fixed on scans outside the benchmark, mm.
const RIDGE: f64 = 1e-3;

/// How a trial was forecast.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fold {
    /// The trial left out.
    pub(super) study: u8,
    /// Mean score (mm) of each candidate within the other trials, each of these left out in turn.
    pub(super) inner_crps: Vec<f64>,
    /// The candidate with the least of them.
    pub(super) chosen: Learning,
}

/// Forecasts of a table.
pub(super) fn forecast(table: &Population, lesions: &[Lesion], case: &Case) -> Predicted {
    let history = lesions[case.lesion].readings.first(case.scans);
    let found = table.forecast(&history, Days(case.horizon));
    let at = |level: f64| found.quantile(level).value();
    Predicted {
        at: LEVELS.map(at),
        wide: WIDE.map(at),
        progression: found.probability_at_least(Mm(case.progression_mm)),
    }
}

/// The ways of learning between which the training trials choose: 5, 7 or 8 terms, from the second
/// or the third scan on.
pub(super) fn candidates() -> Vec<Learning> {
    let terms = [5, 7, TERMS].into_iter();
    terms
        .flat_map(|terms| {
            [2, 3].map(|least_scans| Learning {
                terms,
                ridge: RIDGE,
                least_scans,
            })
        })
        .collect()
}

/// Chooses for each trial how to learn, by the other trials alone: each of these is forecast by the
/// rest of them. No reading of the trial itself is used.
pub(super) fn choose(
    lesions: &[Lesion],
    candidates: &[Learning],
    job: &JobContext,
) -> Result<Vec<Fold>, Cancelled> {
    let mut studies: Vec<u8> = lesions.iter().map(|l| l.study).collect();
    studies.sort_unstable();
    studies.dedup();
    let cases = last_scans(lesions);
    let mut tasks = Vec::new();
    for (i, a) in studies.iter().enumerate() {
        for b in &studies[i + 1..] {
            tasks.extend((0..candidates.len()).map(|c| (*a, *b, c)));
        }
    }
    let count = Count::new(job, "choosing how to learn", tasks.len());
    // Total score and number of cases of one of two trials, learnt without both.
    let totals: Result<Vec<_>, Cancelled> = tasks
        .par_iter()
        .map(|(a, b, c)| {
            count.one()?;
            let others = lesions.iter().filter(|l| l.study != *a && l.study != *b);
            let table = Population::learn(others.map(|l| &l.readings), candidates[*c]);
            Ok([(*a, *b), (*b, *a)].map(|(outer, inner)| {
                let held = cases.iter().filter(|k| k.study == inner);
                let score = |k: &Case| match &table {
                    Some(table) => crps(k, &forecast(table, lesions, k)),
                    None => f64::INFINITY,
                };
                let (sum, n) = held.fold((0.0, 0), |(sum, n), k| (sum + score(k), n + 1));
                ((outer, inner, *c), (sum, n))
            }))
        })
        .collect();
    let totals: BTreeMap<(u8, u8, usize), (f64, usize)> = totals?.into_iter().flatten().collect();
    let folds = studies.iter().filter_map(|outer| {
        let mean = |c: usize| {
            let inner = studies
                .iter()
                .filter_map(|inner| totals.get(&(*outer, *inner, c)));
            let (sum, n) = inner.fold((0.0, 0), |(s, n), (total, cases)| (s + total, n + cases));
            sum / n as f64
        };
        let inner_crps: Vec<f64> = (0..candidates.len()).map(mean).collect();
        Some(Fold {
            study: *outer,
            chosen: candidates[least(&inner_crps)?],
            inner_crps,
        })
    });
    Ok(folds.collect())
}

/// The candidate with the least mean of the inner scores over all folds: how the table is learnt that
/// is used beyond the benchmark. `None` without folds.
pub(super) fn overall(folds: &[Fold], candidates: &[Learning]) -> Option<Learning> {
    let total = |c: usize| folds.iter().map(|f| f.inner_crps[c]).sum::<f64>();
    let totals: Vec<f64> = (0..candidates.len()).map(total).collect();
    (!folds.is_empty()).then_some(candidates[least(&totals)?])
}

fn least(scores: &[f64]) -> Option<usize> {
    (0..scores.len()).min_by(|a, b| scores[*a].total_cmp(&scores[*b]))
}

/// The tables by which the trials are forecast, each learnt from the others.
pub(super) fn learn(
    lesions: &[Lesion],
    folds: &[Fold],
    job: &JobContext,
) -> Result<BTreeMap<u8, Population>, Cancelled> {
    let count = Count::new(job, "learning", folds.len());
    let tables: Result<Vec<_>, Cancelled> = folds
        .par_iter()
        .map(|fold| {
            count.one()?;
            let others = lesions.iter().filter(|l| l.study != fold.study);
            let table = Population::learn(others.map(|l| &l.readings), fold.chosen);
            Ok(table.map(|table| (fold.study, table)))
        })
        .collect();
    Ok(tables?.into_iter().flatten().collect())
}

/// Forecasts each case by the table that was learnt without its trial. `None` where one is missing.
pub(super) fn forecasts(
    tables: &BTreeMap<u8, Population>,
    lesions: &[Lesion],
    cases: &[Case],
) -> Option<Vec<Predicted>> {
    cases
        .iter()
        .map(|case| Some(forecast(tables.get(&case.study)?, lesions, case)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::data::tests::lesion;

    #[test]
    fn the_trial_forecast_does_not_change_its_table() {
        let noisy = |study: u8, phase: usize, factor: f64| {
            let d: Vec<f64> = (0..7)
                .map(|i| factor * (20.0 + ((i * 7 + phase * 5) % 11) as f64))
                .collect();
            lesion(study, &d)
        };
        let lesions = |factor: f64| -> Vec<Lesion> {
            (0..24)
                .map(|i| {
                    let study = 1 + (i % 3) as u8;
                    noisy(study, i, if study == 1 { factor } else { 1.0 })
                })
                .collect()
        };
        let candidates = [Learning {
            terms: 3,
            ridge: RIDGE,
            least_scans: 2,
        }];
        let learnt = |lesions: &[Lesion]| {
            let job = JobContext::default();
            let folds = choose(lesions, &candidates, &job).unwrap();
            let tables = learn(lesions, &folds, &job).unwrap();
            (folds, tables)
        };
        let (before, after) = (learnt(&lesions(1.0)), learnt(&lesions(3.0)));
        assert_eq!(before.0[0].inner_crps, after.0[0].inner_crps);
        assert_eq!(before.1[&1], after.1[&1]);
        assert_ne!(before.1[&2], after.1[&2]);
        assert_eq!(overall(&before.0, &candidates), Some(candidates[0]));
        assert_eq!(overall(&[], &candidates), None);
    }

    #[test]
    fn learning_can_be_stopped() {
        let job = JobContext::default();
        job.cancel.cancel();
        let lesions = [lesion(1, &[9.0; 6]), lesion(2, &[9.0; 6])];
        assert_eq!(choose(&lesions, &candidates(), &job).err(), Some(Cancelled));
    }

    #[test]
    fn the_table_of_the_program_is_one_of_the_candidates() {
        assert!(candidates().contains(&Learning::LALEH_2022));
    }
}
