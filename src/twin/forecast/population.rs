//! What a population of lesions teaches, as one small table.

use serde::Serialize;

use super::absent::Absent;
use super::history::{History, Readings};
use super::spread::{Moved, Spread, Transition};
use super::{TERMS, laleh};
use crate::twin::{Scale, Size};
use crate::units::{Days, Mm};

/// Later scans that a transition may lead to, counted from its last reading.
const STEPS_AHEAD: usize = 2;
/// Levels that a quantile is asked for at most and at least.
const LEVEL: [f64; 2] = [1e-6, 1.0 - 1e-6];

/// How a table is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Learning {
    /// The first so many terms are used, up to [`TERMS`].
    pub terms: usize,
    /// λ of the penalty λ·Σβ² on their coefficients, mm.
    pub ridge: f64,
    /// Transitions count from this number of scans on.
    pub least_scans: usize,
}

impl Learning {
    /// How the table that comes with the program was learnt.
    pub const LALEH_2022: Self = Self {
        terms: TERMS,
        ridge: 1e-3,
        least_scans: 3,
    };
}

/// The table, by which any lesion is forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Population {
    /// Scans from which on `spread` holds.
    pub(super) least_scans: usize,
    /// Lesions with fewer scans, learnt from the first scan on.
    pub(super) early: Spread,
    /// Lesions that were measurable at the last scan.
    pub(super) spread: Spread,
    /// Lesions that were not.
    pub(super) absent: Absent,
}

/// The distribution of one size in future.
#[derive(Clone, Copy, Debug)]
pub struct Forecast<'a> {
    law: Law<'a>,
    scale: Scale,
}

#[derive(Clone, Copy, Debug)]
enum Law<'a> {
    Moved(Moved<'a>),
    Absent(&'a Absent, f64),
}

impl Population {
    /// The table that comes with the program, learnt from the lesions of Laleh et al. 2022.
    #[must_use]
    pub fn laleh_2022() -> &'static Self {
        const { &laleh::TABLE }
    }

    /// Learns from all readings of the given lesions, from the next scan and the one after next to
    /// each scan. `None` where there is no transition.
    pub fn learn<'a>(
        lesions: impl Iterator<Item = &'a Readings> + Clone,
        learning: Learning,
    ) -> Option<Self> {
        let spread = |least: usize| {
            let rows: Vec<Transition> = lesions
                .clone()
                .flat_map(|readings| transitions(readings, least))
                .collect();
            Spread::learn(&rows, learning.terms, learning.ridge)
        };
        Some(Self {
            least_scans: learning.least_scans,
            early: spread(1)?,
            spread: spread(learning.least_scans)?,
            absent: Absent::learn(lesions.clone().flat_map(steps_from_zero)),
        })
    }

    /// Forecast of a lesion so long after its last scan; less than 7 days count as 7.
    #[must_use]
    pub fn forecast(&self, history: &History<'_>, horizon: Days) -> Forecast<'_> {
        let law = if history.last_mm() > 0.0 {
            let spread = if history.scans() < self.least_scans {
                &self.early
            } else {
                &self.spread
            };
            Law::Moved(spread.forecast(history, horizon.0))
        } else {
            Law::Absent(&self.absent, horizon.0)
        };
        Forecast {
            law,
            scale: history.scale,
        }
    }
}

impl Forecast<'_> {
    /// The size that is not exceeded with probability `level`, on the scale of the readings; a volume
    /// is that of the sphere. Levels outside 10⁻⁶ to 1 − 10⁻⁶ count as these.
    #[must_use]
    pub fn quantile(&self, level: f64) -> Size {
        let level = level.clamp(LEVEL[0], LEVEL[1]);
        let mm = match self.law {
            Law::Moved(moved) => moved.quantile(level),
            Law::Absent(absent, horizon) => absent.quantile(level, horizon),
        };
        if self.scale.is_diameter() {
            return self.scale.size(mm);
        }
        let volume = libm::exp(Scale::DiameterMm.log_volume(libm::log(mm)));
        self.scale.size(volume)
    }

    /// Probability that the diameter (of the sphere, for volumes) is at least so long.
    #[must_use]
    pub fn probability_at_least(&self, diameter: Mm) -> f64 {
        if diameter.0 <= 0.0 {
            return 1.0;
        }
        match self.law {
            Law::Moved(moved) => 1.0 - moved.probability_at_most(diameter.0),
            Law::Absent(absent, horizon) => absent.probability_at_least(diameter.0, horizon),
        }
    }
}

/// Transitions from each scan at which the lesion is measurable, from the scan `least` on (the first
/// is 1), to the next scans.
fn transitions(readings: &Readings, least: usize) -> impl Iterator<Item = Transition> + '_ {
    let n = readings.len();
    (least.max(1)..n)
        .filter(|scans| readings.at(scans - 1).1 > 0.0)
        .flat_map(move |scans| {
            let (day, last_mm) = readings.at(scans - 1);
            (scans..n.min(scans + STEPS_AHEAD)).map(move |later| {
                let (later_day, later_mm) = readings.at(later);
                Transition {
                    terms: readings.first(scans).terms(later_day - day),
                    last_mm,
                    later_mm,
                }
            })
        })
}

/// Days from each scan without a measurable lesion to the next, and the diameter there, mm.
fn steps_from_zero(readings: &Readings) -> impl Iterator<Item = (f64, f64)> + '_ {
    (1..readings.len())
        .map(|scan| (readings.at(scan - 1), readings.at(scan)))
        .filter(|((_, last_mm), _)| *last_mm <= 0.0)
        .map(|((day, _), (later_day, later_mm))| (later_day - day, later_mm))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::twin::LesionSeries;

    const LEVELS: [f64; 7] = [0.001, 0.05, 0.1, 0.5, 0.9, 0.95, 0.999];

    fn readings(points: &[(f64, f64)]) -> Readings {
        Readings::of_diameters(points.iter().map(|(day, d)| (Days(*day), Mm(*d))))
    }

    fn lesions() -> Vec<Readings> {
        let lesion = |i: u32| -> Vec<(f64, f64)> {
            let diameter =
                |k: u32| f64::from(20 + (i * 7 + k * 5) % 13) * f64::from(u8::from(i > 2 || k < 3));
            (0..6).map(|k| (42.0 * f64::from(k), diameter(k))).collect()
        };
        (0..30).map(|i| readings(&lesion(i))).collect()
    }

    #[test]
    fn any_history_is_forecast() {
        let lesions = lesions();
        let table = Population::learn(lesions.iter(), Learning::LALEH_2022).unwrap();
        for scans in 0..=6 {
            for lesion in &lesions {
                for horizon in [0.0, 1.0, 42.0, 365.0, 3650.0, f64::INFINITY] {
                    let found = table.forecast(&lesion.first(scans), Days(horizon));
                    let q = LEVELS.map(|level| found.quantile(level).value());
                    assert!(q.iter().all(|v| v.is_finite() && *v >= 0.0));
                    assert!(q.is_sorted());
                    let p = found.probability_at_least(Mm(q[4].max(1.0)));
                    assert!((0.0..=1.0).contains(&p));
                }
            }
        }
        assert_eq!(Population::learn([].iter(), Learning::LALEH_2022), None);
    }

    #[test]
    fn few_scans_are_forecast_by_the_table_for_few_scans() {
        let table = Population::laleh_2022();
        let lesion = readings(&[(0.0, 30.0), (42.0, 33.0), (84.0, 36.0)]);
        for (scans, law) in [(2, &table.early), (3, &table.spread)] {
            let found = table.forecast(&lesion.first(scans), Days(42.0));
            let known = law.forecast(&lesion.first(scans), 42.0);
            assert_eq!(found.quantile(0.9).value(), known.quantile(0.9));
            let limit = Mm(40.0);
            let p = found.probability_at_least(limit);
            assert_eq!(p, 1.0 - known.probability_at_most(limit.0));
        }
    }

    #[test]
    fn volumes_are_those_of_the_diameters() {
        let series = |scale: Scale, sizes: [f64; 2]| {
            LesionSeries::of(scale, [Days(0.0), Days(42.0)].into_iter().zip(sizes))
        };
        let sphere = |d: f64| std::f64::consts::PI / 6.0 * d * d * d;
        let at = |series: &LesionSeries| {
            let readings = Readings::of(series).unwrap();
            let found = Population::laleh_2022().forecast(&readings.first(2), Days(42.0));
            found.quantile(0.9)
        };
        let d = at(&series(Scale::DiameterMm, [30.0, 33.0]));
        let v = at(&series(Scale::VolumeMm3, [sphere(30.0), sphere(33.0)]));
        assert_eq!(v.scale(), Scale::VolumeMm3);
        assert!((v.value() / sphere(d.value()) - 1.0).abs() < 1e-9);
    }

    proptest! {
        /// Whatever was measured: quantiles in order, probabilities within bounds and falling with the
        /// size, the median where the last reading was, and bands that widen with the horizon.
        #[test]
        fn forecasts_are_distributions_around_the_last_reading(
            steps in prop::collection::vec((1.0..200.0_f64, 0.0..200.0_f64), 1..9),
            last in 0.1..200.0_f64,
            horizon in 7.0..1000.0_f64,
        ) {
            let mut day = 0.0;
            let mut points: Vec<(f64, f64)> = Vec::new();
            for (days, diameter) in steps {
                points.push((day, diameter));
                day += days;
            }
            points.push((day, last));
            let lesion = readings(&points);
            let at = |days: f64| {
                Population::laleh_2022().forecast(&lesion.first(points.len()), Days(days))
            };
            let (near, far) = (at(horizon), at(1.5 * horizon));
            let q = LEVELS.map(|level| near.quantile(level).value());
            prop_assert!(q.is_sorted() && q[0] > 0.0);
            prop_assert_eq!(q[3], last);
            for (level, q) in LEVELS.iter().zip(q) {
                let wide = far.quantile(*level).value();
                let widens = if *level < 0.5 { wide <= q } else { wide >= q };
                prop_assert!(widens, "{level}: {q} mm, later {wide} mm");
            }
            let limits = [0.0, 0.2, 0.9, 1.0, 1.2, 5.0, 1e4].map(|share| Mm(share * last));
            let p = limits.map(|limit| near.probability_at_least(limit));
            prop_assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert!(p.iter().rev().is_sorted());
        }
    }
}
