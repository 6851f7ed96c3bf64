//! The last reading carried forward, with the changes of other lesions around it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cases::{Case, HELD_OUT, LEAST_SCANS, Predicted, WIDE};
use super::data::Lesion;
use crate::twin::forecast::score::LEVELS;
use crate::twin::quantile;

/// From which transitions the quantiles around the last reading are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pool {
    /// All with at least this many scans before.
    From(usize),
    /// The last two of lesions with at least six, as in the benchmark itself.
    LastTwo,
}

impl Pool {
    /// Numbers of scans after which changes of a lesion with `n` scans are counted.
    fn scans(self, n: usize) -> Range<usize> {
        match self {
            Self::From(scans) => scans..n,
            Self::LastTwo if n >= LEAST_SCANS => n - HELD_OUT..n - HELD_OUT + 1,
            Self::LastTwo => 0..0,
        }
    }
}

/// The last reading times the empirical quantiles of relative change, counted in the other trials for
/// horizons below 50, below 100 and from 100 days. Readings below 1 mm count as 1 mm; a zero stays
/// zero.
///
/// The source of the published figure describes it as “LOCF + empirical log-change quantiles by
/// horizon, leave-one-study-out”. With the pool `From(2)` this has its scores; details are inferred.
pub(super) fn forecasts(lesions: &[Lesion], cases: &[Case], pool: Pool) -> Vec<Predicted> {
    let changes = changes(lesions, pool);
    let mut pools: BTreeMap<(u8, usize), Vec<f64>> = BTreeMap::new();
    cases
        .iter()
        .map(|case| {
            let key = (case.study, class(case.horizon));
            let sorted = pools.entry(key).or_insert_with(|| {
                let mut all: Vec<f64> = changes
                    .iter()
                    .filter(|((study, class), _)| *study != key.0 && *class == key.1)
                    .flat_map(|(_, v)| v.iter().copied())
                    .collect();
                all.sort_by(f64::total_cmp);
                all
            });
            let at = |tau: f64| case.last_mm * libm::exp(quantile(sorted, tau));
            let below = sorted
                .partition_point(|change| case.last_mm * libm::exp(*change) < case.progression_mm);
            Predicted {
                at: LEVELS.map(at),
                wide: WIDE.map(at),
                progression: 1.0 - below as f64 / sorted.len().max(1) as f64,
            }
        })
        .collect()
}

/// Changes of ln d by trial and class of horizon.
fn changes(lesions: &[Lesion], pool: Pool) -> BTreeMap<(u8, usize), Vec<f64>> {
    let mut changes: BTreeMap<(u8, usize), Vec<f64>> = BTreeMap::new();
    for lesion in lesions {
        let n = lesion.scans.len();
        for scans in pool.scans(n) {
            let last = &lesion.scans[scans - 1];
            for later in &lesion.scans[scans..n.min(scans + HELD_OUT)] {
                let class = class(later.day.0 - last.day.0);
                let ratio = later.diameter.0.max(1.0) / last.diameter.0.max(1.0);
                let pool = changes.entry((lesion.study, class)).or_default();
                pool.push(libm::log(ratio));
            }
        }
    }
    changes
}

fn class(days: f64) -> usize {
    usize::from(days >= 50.0) + usize::from(days >= 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::cases::last_scans;
    use crate::cli::bench::laleh::data::tests::lesion;
    use crate::cli::bench::laleh::scores::scores;
    use crate::twin::forecast::score::MIDDLE;

    #[test]
    fn changes_are_counted_in_other_trials_only() {
        // Trial 1 doubles at each scan, trial 2 stays: each is forecast as the other behaves.
        let lesions = [
            lesion(1, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
            lesion(2, &[7.0; 6]),
        ];
        let cases = last_scans(&lesions);
        let found = forecasts(&lesions, &cases, Pool::From(2));
        assert_eq!(found[0].at, [8.0; 11]);
        assert!((found[2].at[MIDDLE] - 14.0).abs() < 1e-9);
        assert!((found[3].at[MIDDLE] - 28.0).abs() < 1e-9);
        let s = scores(&cases, &found, |c| c.study == 1 && c.ahead == 1);
        assert_eq!((s.cases, s.mae_mm, s.coverage80), (1, 8.0, 0.0));
        assert!((s.crps_mm - 8.0).abs() < 1e-12);
        assert!((s.interval_score - 80.0).abs() < 1e-12);
    }

    #[test]
    fn pools_are_ranges_of_scans() {
        assert_eq!(Pool::From(4).scans(7), 4..7);
        assert_eq!(Pool::LastTwo.scans(7), 5..6);
        assert!(Pool::LastTwo.scans(5).is_empty());
    }
}
