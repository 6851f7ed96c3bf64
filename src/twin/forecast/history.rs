//! What the past of one lesion says about how far it may move: a few numbers without unit.

use crate::twin::{Error, LesionSeries, Scale};
use crate::units::{Days, Mm};

/// Below this diameter (mm) a reading says only that the lesion is smaller (left-censored): the
/// logarithms of such readings are those of 5 mm (RECIST 1.1, Eisenhauer, Eur J Cancer 2009;45:228).
pub(super) const CENSORED_BELOW_MM: f64 = 5.0;

/// Scan interval (days) to which rates refer, the usual one of the trials.
const INTERVAL: f64 = 42.0;
/// Share of its weight that a change keeps with each later scan.
const MEMORY: f64 = 0.65;
/// Mean |change of ln d| per interval that a lesion is taken to have before anything is seen of it.
const PRIOR_CHANGE: f64 = 0.08;
/// The number of changes for which that counts.
const PRIOR_WEIGHT: f64 = 3.0;
/// Least time (days) between scans and to the forecast, and the longest to the forecast.
const DAYS: [f64; 2] = [7.0, 1e5];

/// Number of terms, the horizon included.
pub const TERMS: usize = 8;

/// All readings of one lesion as diameters, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    days: Vec<f64>,
    /// mm; 0 where too small to measure.
    diameters: Vec<f64>,
    /// What was measured, and what is forecast.
    scale: Scale,
}

/// The first readings of a lesion: what a forecast knows.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    days: &'a [f64],
    diameters: &'a [f64],
    pub(super) scale: Scale,
}

impl Readings {
    /// Readings of a series, sorted by day; volumes as diameters of their spheres, V = π d³/6.
    /// Several readings of one day are kept: how far they differ is part of how restless the lesion
    /// looks.
    ///
    /// # Errors
    /// Those of the series; [`Error::NoMillimetres`] for pixels and voxels, since other lesions are
    /// known in millimetres.
    pub fn of(series: &LesionSeries) -> Result<Self, Error> {
        let (observations, scale) = series.ordered()?;
        if !scale.is_calibrated() {
            return Err(Error::NoMillimetres { unit: scale.unit() });
        }
        let diameter = |value: f64| {
            if scale.is_diameter() || value <= 0.0 {
                return value;
            }
            libm::exp(Scale::DiameterMm.log_size(libm::log(value)))
        };
        Ok(Self {
            days: observations.iter().map(|o| o.day.0).collect(),
            diameters: observations
                .iter()
                .map(|o| diameter(o.size.value()))
                .collect(),
            scale,
        })
    }

    /// Diameters as a table lists them, in its order; 0 mm where too small to measure.
    #[must_use]
    pub fn of_diameters(readings: impl IntoIterator<Item = (Days, Mm)>) -> Self {
        let (days, diameters) = readings.into_iter().map(|(day, d)| (day.0, d.0)).unzip();
        Self {
            days,
            diameters,
            scale: Scale::DiameterMm,
        }
    }

    /// Number of readings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The first `scans` readings, or all where there are not so many.
    #[must_use]
    pub fn first(&self, scans: usize) -> History<'_> {
        let scans = scans.min(self.days.len());
        History {
            days: &self.days[..scans],
            diameters: &self.diameters[..scans],
            scale: self.scale,
        }
    }

    /// Day and diameter (mm) of a reading, counted from 0.
    pub(super) fn at(&self, scan: usize) -> (f64, f64) {
        (self.days[scan], self.diameters[scan])
    }
}

impl History<'_> {
    /// Number of readings.
    pub(super) fn scans(&self) -> usize {
        self.days.len()
    }

    /// The last diameter, mm; 0 without any.
    pub(super) fn last_mm(&self) -> f64 {
        self.diameters.last().copied().unwrap_or(0.0)
    }

    /// The terms of the logarithm of the spread for a forecast `horizon` days after the last scan:
    ///
    /// 0. 1
    /// 1. size: ln(d/30 mm), of the last diameter
    /// 2. horizon: ln(h/42 days)
    /// 3. volatility: ln of the weighted mean of |Δ ln d|/(Δt/42 days)^¼ over 0.08
    /// 4. scans: ln(k/4), of the number of scans
    /// 5. time: ln(T/126 days), of the time from first to last scan
    /// 6. volatility²
    /// 7. direction: ln of the weighted growths over the weighted shrinkages
    ///
    /// Weights are 0.65 to the power of the number of later changes; 3 changes of 0.08, half of them
    /// up and half down, are added as what is known beforehand, so that few scans are no exception.
    /// The power ¼ stands between independent errors of reading (0) and a random walk (½).
    pub(super) fn terms(&self, horizon: f64) -> [f64; TERMS] {
        let logs: Vec<f64> = self
            .diameters
            .iter()
            .map(|d| libm::log(d.max(CENSORED_BELOW_MM)))
            .collect();
        let (mut up, mut down, mut weights) = (0.0, 0.0, 0.0);
        for i in 1..logs.len() {
            let interval = (self.days[i] - self.days[i - 1]).max(DAYS[0]) / INTERVAL;
            let change = (logs[i] - logs[i - 1]) / libm::sqrt(libm::sqrt(interval));
            up = MEMORY * up + change.max(0.0);
            down = MEMORY * down + (-change).max(0.0);
            weights = MEMORY * weights + 1.0;
        }
        let prior = 0.5 * PRIOR_WEIGHT * PRIOR_CHANGE;
        let mean = (2.0 * prior + up + down) / (PRIOR_WEIGHT + weights);
        let volatility = libm::log(mean / PRIOR_CHANGE);
        let scans = self.diameters.len().max(2) as f64;
        let time = match self.days {
            [first, .., last] => last - first,
            _ => 0.0,
        };
        [
            1.0,
            libm::log(self.last_mm().max(CENSORED_BELOW_MM) / 30.0),
            libm::log(horizon.clamp(DAYS[0], DAYS[1]) / INTERVAL),
            volatility,
            libm::log(scans / 4.0),
            libm::log(time.max(0.5 * INTERVAL) / (3.0 * INTERVAL)),
            volatility * volatility,
            libm::log((prior + up) / (prior + down)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(readings: &[(f64, f64)], horizon: f64) -> [f64; TERMS] {
        let readings = Readings::of_diameters(readings.iter().map(|(t, d)| (Days(*t), Mm(*d))));
        readings.first(readings.len()).terms(horizon)
    }

    fn series(scale: Scale, readings: &[(f64, f64)]) -> LesionSeries {
        LesionSeries::of(scale, readings.iter().map(|(day, d)| (Days(*day), *d)))
    }

    #[test]
    fn one_scan_knows_only_size_and_horizon() {
        let found = terms(&[(0.0, 30.0)], 42.0);
        assert_eq!(found[..4], [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found[6..], [0.0, 0.0]);
    }

    #[test]
    fn one_change_by_hand() {
        // |Δ ln d| = ln 1.2 over 42 days: (0.24 + 0.1823)/4/0.08; direction (0.12 + 0.1823)/0.12.
        let found = terms(&[(0.0, 25.0), (42.0, 30.0)], 84.0);
        let change = 1.2_f64.ln();
        assert!((found[2] - 2.0_f64.ln()).abs() < 1e-15);
        assert!((found[3] - ((0.24 + change) / 4.0 / 0.08).ln()).abs() < 1e-12);
        assert!((found[7] - ((0.12 + change) / 0.12).ln()).abs() < 1e-12);
        let mirrored = terms(&[(0.0, 36.0), (42.0, 30.0)], 84.0);
        assert!((found[3] - mirrored[3]).abs() < 1e-12);
        assert!((found[7] + mirrored[7]).abs() < 1e-12);
    }

    #[test]
    fn censored_readings_do_not_change() {
        let seen = terms(&[(0.0, 0.0), (42.0, 4.0), (84.0, 5.0)], 42.0);
        assert!(seen[3] < 0.0 && seen[7] == 0.0);
        assert!(seen.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn days_that_do_not_increase_are_no_exception() {
        let readings = [(0.0, 10.0), (42.0, 11.0), (42.0, 12.0)];
        for horizon in [-3.0, 0.0, f64::INFINITY] {
            assert!(terms(&readings, horizon).iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn volumes_are_read_as_their_spheres() {
        let points = [(0.0, 20.0), (84.0, 0.0), (42.0, 25.0)];
        let volumes = points.map(|(t, d)| (t, std::f64::consts::PI / 6.0 * d * d * d));
        let a = Readings::of(&series(Scale::DiameterMm, &points)).unwrap();
        let b = Readings::of(&series(Scale::VolumeMm3, &volumes)).unwrap();
        assert_eq!(a.days, [0.0, 42.0, 84.0]);
        assert_eq!((a.at(2), b.at(2)), ((84.0, 0.0), (84.0, 0.0)));
        assert!((a.at(1).1 - b.at(1).1).abs() < 1e-12);
    }

    #[test]
    fn sizes_without_millimetres_are_refused() {
        let found = Readings::of(&series(Scale::DiameterPx, &[(0.0, 20.0)]));
        assert_eq!(found, Err(Error::NoMillimetres { unit: "px" }));
        let none = Readings::of(&LesionSeries::default());
        assert_eq!(none, Err(Error::NoObservations));
    }
}
