//! What the last readings of one tumour say of its beginning.

use super::{READINGS, Start};
use crate::twin::Error;
use crate::twin::least_squares::{MAX, Point, Problem, cholesky, minimise};
use crate::twin::population::law::{LN_INJECTED, saturation};
use crate::twin::population::{Law, Population, Reading, Tumour, VolumeError};
use crate::units::Days;

/// Shares of the posterior at the ends of the interval and in the middle.
const SHARES: [f64; 3] = [0.025, 0.5, 0.975];

/// The last readings of one tumour.
pub(super) struct Late<'a> {
    name: &'a str,
    readings: &'a [Reading],
    sigma: [f64; READINGS],
    prior: &'a Population,
}

/// a and b of the Gompertz law, and da/db where they are tied.
#[derive(Clone, Copy)]
struct Rates {
    a: f64,
    b: f64,
    tie: f64,
}

impl<'a> Late<'a> {
    pub(super) fn new(
        tumour: &'a Tumour,
        prior: &'a Population,
        error: &VolumeError,
    ) -> Result<Self, Error> {
        let short = || Error::TooFewReadings {
            tumour: tumour.name.clone(),
            needed: READINGS,
        };
        let first = tumour
            .readings
            .len()
            .checked_sub(READINGS)
            .ok_or_else(short)?;
        let readings = &tumour.readings[first..];
        let first = readings[0].volume;
        if first.0 <= 0.0 {
            return Err(Error::BadNumber {
                what: "the third last volume of a tumour",
                value: first.0,
                expected: "above 0 mm³, as its age is counted from there",
            });
        }
        Ok(Self {
            name: &tumour.name,
            readings,
            sigma: std::array::from_fn(|i| prior.scale * error.deviation(readings[i].volume).0),
            prior,
        })
    }

    fn rates(&self, p: &Point) -> Rates {
        match self.prior.law {
            Law::ReducedGompertz { slope, intercept } => Rates {
                a: slope * p[0] + intercept,
                b: p[0],
                tie: slope,
            },
            _ => Rates {
                a: p[0],
                b: p[1],
                tie: 0.0,
            },
        }
    }

    /// t_I + ln(1 − b ln V_I / a)/b; −∞ above the limiting volume.
    fn start(&self, ln_first: f64, rates: &Rates) -> f64 {
        let share = rates.b * (ln_first - LN_INJECTED) / rates.a;
        if rates.a <= 0.0 || share >= 1.0 {
            f64::NEG_INFINITY
        } else if share.abs() < 1e-12 {
            self.readings[0].day.0 - (ln_first - LN_INJECTED) / rates.a
        } else {
            self.readings[0].day.0 + libm::log1p(-share) / rates.b
        }
    }

    fn ln_volume(&self, ln_first: f64, rates: &Rates, day: Days) -> f64 {
        let elapsed = day.0 - self.readings[0].day.0;
        let (phi, _) = saturation(rates.b, elapsed);
        ln_first * libm::exp(-rates.b * elapsed) + rates.a * phi
    }

    fn outcome(&self, day: f64, [low, median, high]: [f64; 3]) -> Start {
        Start {
            first_day: self.readings[0].day,
            day: Days(if day.is_nan() { median } else { day }),
            interval: [Days(low), Days(high)],
        }
    }

    pub(super) fn bayesian(&self, first_twice: bool) -> Result<Start, Error> {
        // Standard normal places, ±4.5 for the parameters and ±6 errors for V_I.
        const PLACES: i32 = 61;
        const REACH: f64 = 4.5;
        const ERRORS: f64 = 6.0;
        let unexplained = || Error::Unexplained {
            tumour: self.name.to_owned(),
        };
        let law = self.prior.law;
        let n = law.dim();
        let root = cholesky(&self.prior.covariance, n).ok_or_else(unexplained)?;
        let place = |i: i32| f64::from(2 * i + 1 - PLACES) / f64::from(PLACES);
        let mut weighted = Vec::new();
        let others = if n > 1 { PLACES } else { 1 };
        for i in 0..PLACES {
            for j in 0..others {
                let unit = [
                    REACH * place(i),
                    if n > 1 { REACH * place(j) } else { 0.0 },
                    0.0,
                ];
                let z: Point = std::array::from_fn(|r| {
                    let shift: f64 = (0..=r.min(n - 1)).map(|k| root[r][k] * unit[k]).sum();
                    self.prior.mean[r] + shift
                });
                let rates = self.rates(&law.from_real(&z).0);
                let ln_prior = -0.5 * (unit[0] * unit[0] + unit[1] * unit[1]);
                for k in 0..PLACES {
                    let first = self.readings[0].volume.0 + ERRORS * place(k) * self.sigma[0];
                    if first <= 0.0 {
                        continue;
                    }
                    let ln_first = libm::log(first);
                    let mut squares: f64 = self
                        .readings
                        .iter()
                        .zip(&self.sigma)
                        .map(|(read, sigma)| {
                            let volume = libm::exp(self.ln_volume(ln_first, &rates, read.day));
                            let r = (volume - read.volume.0) / sigma;
                            r * r
                        })
                        .sum();
                    if first_twice {
                        let r = (first - self.readings[0].volume.0) / self.sigma[0];
                        squares += r * r;
                    }
                    weighted.push((self.start(ln_first, &rates), ln_prior - 0.5 * squares));
                }
            }
        }
        let top = weighted
            .iter()
            .map(|w| w.1)
            .fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            return Err(unexplained());
        }
        weighted.retain_mut(|w| {
            w.1 = libm::exp(w.1 - top);
            w.1 > 1e-9
        });
        Ok(self.outcome(f64::NAN, weighted_quantiles(&mut weighted, SHARES)))
    }

    pub(super) fn likelihood(&self) -> Result<Start, Error> {
        const PLACES: i32 = 81;
        const REACH: f64 = 4.0;
        let law = self.prior.law;
        let n = law.dim();
        let ln_first = libm::log(self.readings[0].volume.0);
        let (start, _) = law.from_real(&self.prior.mean);
        let bounds = law.bounds();
        let found = minimise(self, start, &bounds);
        // A fit that would leave the bounds says nothing of the beginning.
        if (0..n).any(|j| found.point[j] <= bounds.lower[j] || found.point[j] >= bounds.upper[j]) {
            let all = [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY];
            return Ok(self.outcome(f64::NEG_INFINITY, all));
        }
        let best = self.start(ln_first, &self.rates(&found.point));
        let Some(root) = found.inverse.and_then(|inverse| cholesky(&inverse, n)) else {
            return Ok(self.outcome(best, [f64::NEG_INFINITY, best, f64::INFINITY]));
        };
        let place = |i: i32| REACH * f64::from(2 * i + 1 - PLACES) / f64::from(PLACES);
        let others = if n > 1 { PLACES } else { 1 };
        let mut weighted = Vec::new();
        for i in 0..PLACES {
            for j in 0..others {
                let unit = [place(i), if n > 1 { place(j) } else { 0.0 }];
                let p: Point = std::array::from_fn(|r| {
                    let shift: f64 = (0..n.min(r + 1)).map(|k| root[r][k] * unit[k]).sum();
                    found.point[r] + shift
                });
                let weight = libm::exp(-0.5 * (unit[0] * unit[0] + unit[1] * unit[1]));
                weighted.push((self.start(ln_first, &self.rates(&p)), weight));
            }
        }
        Ok(self.outcome(best, weighted_quantiles(&mut weighted, SHARES)))
    }
}

/// The likelihood with V_I at the first measurement.
impl Problem for Late<'_> {
    fn dim(&self) -> usize {
        self.prior.law.dim()
    }

    fn residuals(&self, at: &Point, each: &mut dyn FnMut(f64, &Point)) {
        let rates = self.rates(at);
        let ln_first = libm::log(self.readings[0].volume.0);
        for (read, sigma) in self.readings.iter().zip(&self.sigma) {
            let elapsed = read.day.0 - self.readings[0].day.0;
            let (phi, by_b) = saturation(rates.b, elapsed);
            let volume = libm::exp(self.ln_volume(ln_first, &rates, read.day));
            let by_b = rates.a * by_b - elapsed * ln_first * libm::exp(-rates.b * elapsed);
            let mut gradient = [0.0; MAX];
            if self.dim() == 1 {
                gradient[0] = by_b + rates.tie * phi;
            } else {
                gradient[0] = phi;
                gradient[1] = by_b;
            }
            each(
                (volume - read.volume.0) / sigma,
                &gradient.map(|g| g * volume / sigma),
            );
        }
    }
}

/// The smallest values at which the share of the weight reaches each of `shares`. NaN without weight.
fn weighted_quantiles<const N: usize>(weighted: &mut [(f64, f64)], shares: [f64; N]) -> [f64; N] {
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = weighted.iter().map(|w| w.1).sum();
    shares.map(|share| {
        let mut sum = 0.0;
        weighted
            .iter()
            .find(|w| {
                sum += w.1;
                sum > 0.0 && sum >= share * total
            })
            .map_or(f64::NAN, |w| w.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_move_quantiles() {
        let mut w = [(3.0, 0.1), (1.0, 0.8), (2.0, 0.1)];
        assert_eq!(weighted_quantiles(&mut w, [0.5, 0.85]), [1.0, 2.0]);
    }
}
