//! The published forecast benchmark: laws of growth fitted to each lesion alone.
//!
//! The procedure is that of the "model battle" in the documentation of TumorGrowth.jl (A. Blaom,
//! MIT licence; its default settings, re-implemented from its description): time in weeks, volume
//! divided by the largest of the set, zero replaced by the machine epsilon, the last two scans
//! held out. From a guess, 10 000 or 20 000 steps of Adam (Kingma and Ba, arXiv:1412.6980; rate
//! 10⁻⁴) lower the sum of squares, for the laws with a limit v∞ multiplied by
//! ((v0² + v∞²)/(2 v0 v∞))^0.8. The gradient is multiplied by the squared scale of each parameter, so
//! that Adam's ε of 10⁻⁸ slows small lesions down: they hardly leave their guess. This early stop is
//! part of the published result; converged fits forecast worse.

mod law;

use rayon::prelude::*;

use super::cases::HELD_OUT;
use super::count::Count;
use super::data::Lesion;
use crate::jobs::Cancelled;
use law::Law;

/// Rate of Adam.
const RATE: f64 = 1e-4;
/// How fast Adam forgets slopes and their squares.
const DECAY: [f64; 2] = [0.9, 0.999];
/// Exponent of the penalty.
const PENALTY: f64 = 0.8;

/// A row of the published benchmark.
pub(super) struct Published {
    /// Name in its table.
    pub(super) name: &'static str,
    law: Law,
    /// Its mean error in normalised volume over the listed lesions.
    pub(super) mean_error: f64,
}

/// The laws of growth in the published benchmark.
pub(super) const PUBLISHED: [Published; 5] = [
    Published {
        name: "exponential",
        law: Law::Exponential,
        mean_error: 0.003_312_02,
    },
    Published {
        name: "logistic",
        law: Law::Fixed(-1.0),
        mean_error: 0.002_884_91,
    },
    Published {
        name: "classical_bertalanffy",
        law: Law::Fixed(1.0 / 3.0),
        mean_error: 0.002_799_46,
    },
    Published {
        name: "bertalanffy",
        law: Law::General,
        mean_error: 0.002_726_64,
    },
    Published {
        name: "gompertz",
        law: Law::Fixed(0.0),
        mean_error: 0.002_814_9,
    },
];
/// Mean error of the last volume carried forward over the same lesions.
pub(super) const PUBLISHED_LOCF: f64 = 0.002_229_89;

/// Normalised volumes on the scans held out.
pub(super) type Held = [f64; HELD_OUT];

impl Published {
    /// Forecasts of all lesions; `None` where the law cannot be fitted.
    pub(super) fn forecasts(
        &self,
        lesions: &[&Lesion],
        count: &Count<'_>,
    ) -> Result<Vec<Option<Held>>, Cancelled> {
        lesions
            .par_iter()
            .map(|lesion| {
                count.one()?;
                Ok(forecast(self.law, lesion))
            })
            .collect()
    }
}

impl Law {
    /// Steps of the optimiser. That the general law was given twice as many is not written in the
    /// documentation; the published errors of the single lesions show it.
    fn steps(self) -> u32 {
        if self == Self::General {
            20_000
        } else {
            10_000
        }
    }
}

fn forecast(law: Law, lesion: &Lesion) -> Option<Held> {
    let (past, held) = lesion.scans.split_last_chunk::<HELD_OUT>()?;
    let start = past.first()?.week;
    let times: Vec<f64> = past.iter().map(|s| s.week - start).collect();
    let volumes: Vec<f64> = past.iter().map(|s| s.normalised_volume).collect();
    let fitted = calibrate(law, &times, &volumes)?;
    let mut found = [0.0; HELD_OUT];
    for (value, scan) in found.iter_mut().zip(held) {
        (*value, _) = law.value(scan.week - start, &fitted)?;
    }
    Some(found)
}

/// The guess from which the descent starts: first volume, last volume above zero, and the range of
/// logarithms over the range of times; λ = 1/3. For the exponential law the slope of the logarithms.
fn guess(law: Law, times: &[f64], volumes: &[f64]) -> Option<[f64; 4]> {
    let first = *volumes.first()?;
    if law == Law::Exponential {
        return Some([first, -slope(times, volumes), 0.0, 0.0]);
    }
    let positive = || volumes.iter().copied().filter(|v| *v > f64::EPSILON);
    let limit = positive().next_back()?;
    let range = times.last()? - times.first()?;
    let rate = if positive().count() == 1 {
        1.0 / range
    } else {
        let least = positive().fold(f64::INFINITY, f64::min);
        let most = positive().fold(0.0, f64::max);
        (libm::log(most) - libm::log(least)) / range
    };
    Some([first, limit, rate, 1.0 / 3.0])
}

/// Slope of the least-squares line through the logarithms of the volumes.
fn slope(times: &[f64], volumes: &[f64]) -> f64 {
    let n = times.len() as f64;
    let logs: Vec<f64> = volumes
        .iter()
        .map(|v| libm::log(v.max(f64::EPSILON)))
        .collect();
    let (mt, ml) = (times.iter().sum::<f64>() / n, logs.iter().sum::<f64>() / n);
    let (mut num, mut den) = (0.0, 0.0);
    for (t, l) in times.iter().zip(&logs) {
        num += (t - mt) * (l - ml);
        den += (t - mt) * (t - mt);
    }
    num / den
}

/// The parameters at which the descent ends.
fn calibrate(law: Law, times: &[f64], volumes: &[f64]) -> Option<[f64; 4]> {
    let start = guess(law, times, volumes)?;
    let n = law.parameters();
    let scale = match law {
        Law::Exponential => [start[0], start[1].abs() / std::f64::consts::LN_2, 0.0, 0.0],
        _ => [start[1], start[1], start[2].abs(), 1.0],
    };
    let volumes: Vec<f64> = volumes.iter().map(|v| v.max(f64::EPSILON)).collect();
    let mut x = start;
    x[0] = x[0].max(f64::EPSILON);
    let (mut mean, mut square) = ([0.0; 4], [0.0; 4]);
    let mut left = [1.0; 2];
    let mut before = x;
    for _ in 0..law.steps() {
        let Some(gradient) = gradient(law, times, &volumes, &x) else {
            // Out of bounds: the last value within is the result.
            x = before;
            break;
        };
        left = [left[0] * DECAY[0], left[1] * DECAY[1]];
        before = x;
        for i in 0..n {
            let g = gradient[i] * scale[i] * scale[i];
            mean[i] = DECAY[0] * mean[i] + 0.1 * g;
            square[i] = DECAY[1] * square[i] + 0.001 * g * g;
            let root = libm::sqrt(square[i] / (1.0 - left[1]));
            x[i] -= RATE * (mean[i] / (1.0 - left[0])) / (root + 1e-8);
        }
        // A volume that would leave its bound goes half the way to it.
        let bounded = if law == Law::Exponential { 1 } else { 2 };
        for i in 0..bounded {
            if x[i] <= 0.0 {
                x[i] = 0.5 * before[i];
            }
        }
    }
    Some(x)
}

/// Gradient of the penalised sum of squares; `None` where it has no finite value.
fn gradient(law: Law, times: &[f64], volumes: &[f64], x: &[f64; 4]) -> Option<[f64; 4]> {
    let n = law.parameters();
    let mut sum = 0.0;
    let mut g = [0.0; 4];
    for (t, v) in times.iter().zip(volumes) {
        let (forecast, slopes) = law.value(*t, x)?;
        let residual = forecast - v;
        sum += residual * residual;
        for i in 0..n {
            g[i] += 2.0 * residual * forecast * slopes[i];
        }
    }
    if law != Law::Exponential {
        let (a, b) = (x[0], x[1]);
        let both = a * a + b * b;
        let factor = libm::pow(both / (2.0 * a * b), PENALTY);
        let by_a = PENALTY * (2.0 * a / both - 1.0 / a);
        let by_b = PENALTY * (2.0 * b / both - 1.0 / b);
        for value in &mut g[..n] {
            *value *= factor;
        }
        g[0] += sum * factor * by_a;
        g[1] += sum * factor * by_b;
    }
    g[..n].iter().all(|v| v.is_finite()).then_some(g)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::data::tests::lesion;

    #[test]
    fn a_lesion_that_stays_is_forecast_to_stay() {
        let still = lesion(1, &[60.0; 6]);
        for published in &PUBLISHED {
            let found = forecast(published.law, &still).unwrap();
            for (found, scan) in found.iter().zip(&still.scans[4..]) {
                assert!(
                    (found / scan.normalised_volume - 1.0).abs() < 0.01,
                    "{}",
                    published.name
                );
            }
        }
    }

    #[test]
    fn the_guess_is_first_and_last_volume_and_the_range_between() {
        let [first, limit, rate, lambda] =
            guess(Law::General, &[0.0, 6.0, 10.0], &[0.1, 0.0, 0.2]).unwrap();
        assert_eq!((first, limit, lambda), (0.1, 0.2, 1.0 / 3.0));
        assert!((rate - 2.0_f64.ln() / 10.0).abs() < 1e-15);
        // A volume that doubles every 7 weeks.
        let found = guess(Law::Exponential, &[0.0, 7.0, 14.0], &[0.1, 0.2, 0.4]).unwrap();
        assert!((found[1] + 2.0_f64.ln() / 7.0).abs() < 1e-15);
    }

    #[test]
    fn too_few_scans_or_none_above_zero_are_not_forecast() {
        assert_eq!(forecast(Law::General, &lesion(1, &[9.0; 2])), None);
        assert_eq!(forecast(Law::General, &lesion(1, &[0.0; 6])), None);
    }
}
