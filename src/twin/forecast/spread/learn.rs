//! The spread learnt from what became of many lesions.
//!
//! The table is fitted to the continuous ranked probability score (Gneiting and Raftery, J Am Stat
//! Assoc 2007;102:359), as quantile regression is to its loss (Koenker and Bassett, Econometrica
//! 1978;46:33).

use std::cmp::Ordering;

use super::{EXPONENT, SIDE, Spread};
use crate::twin::forecast::history::TERMS;
use crate::twin::forecast::score::LEVELS;
use crate::twin::lbfgs;

/// Half width (mm) of the parabola that rounds the corner of the loss.
const ROUNDING_MM: f64 = 0.1;
/// Penalty on the curve, which keeps its steps finite where nothing is known of them.
const CURVE_PENALTY: f64 = 1e-6;
/// Steps of the minimiser, and the relative gain that ends it.
const STEPS: usize = 400;
const TOLERANCE: f64 = 1e-9;

/// A transition from which the spread is learnt: a last reading of a measurable lesion, and a later
/// one of the same lesion.
#[derive(Clone, Copy, Debug)]
pub(in crate::twin::forecast) struct Transition {
    /// Terms of the history up to the last reading, and of the horizon.
    pub(in crate::twin::forecast) terms: [f64; TERMS],
    /// Last diameter, mm, above zero.
    pub(in crate::twin::forecast) last_mm: f64,
    /// Later diameter, mm; 0 where too small to measure.
    pub(in crate::twin::forecast) later_mm: f64,
}

impl Spread {
    /// Fits the first `terms` terms by the mean score over the levels, in mm, rounded at its corners,
    /// plus `ridge`·Σβ² (mm) over all coefficients but the constants. `None` without transitions.
    pub(in crate::twin::forecast) fn learn(
        rows: &[Transition],
        terms: usize,
        ridge: f64,
    ) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let n = terms.clamp(1, TERMS);
        let mut start = vec![0.0; 2 * n + 2 * SIDE];
        start[0] = -2.0;
        start[n] = -2.0;
        start[2 * n..].fill(libm::log(0.3));
        let (best, _) = lbfgs::minimise(|p| objective(rows, n, ridge, p), &start, STEPS, TOLERANCE);
        Some(unpack(&best, n))
    }
}

/// Parameters are β⁻, β⁺, and the logarithms of the distances of z from level to level, outwards.
fn unpack(p: &[f64], n: usize) -> Spread {
    let mut law = Spread {
        shrink: [0.0; TERMS],
        grow: [0.0; TERMS],
        below: [0.0; SIDE],
        above: [0.0; SIDE],
    };
    law.shrink[..n].copy_from_slice(&p[..n]);
    law.grow[..n].copy_from_slice(&p[n..2 * n]);
    let (mut down, mut up) = (0.0, 0.0);
    for i in 0..SIDE {
        down -= libm::exp(p[2 * n + i]);
        up += libm::exp(p[2 * n + SIDE + i]);
        law.below[SIDE - 1 - i] = down;
        law.above[i] = up;
    }
    law
}

/// The penalised mean score and its gradient.
fn objective(rows: &[Transition], n: usize, ridge: f64, p: &[f64]) -> (f64, Vec<f64>) {
    let law = unpack(p, n);
    let mut sum = 0.0;
    let mut gradient = vec![0.0; p.len()];
    let (mut by_below, mut by_above) = ([0.0; SIDE], [0.0; SIDE]);
    let each = 2.0 / (LEVELS.len() * rows.len()) as f64;
    for row in rows {
        let moved = law.at(&row.terms, row.last_mm);
        let (mut by_shrink, mut by_grow) = (0.0, 0.0);
        for (k, tau) in LEVELS.iter().enumerate() {
            let (z, s) = match k.cmp(&SIDE) {
                Ordering::Less => (law.below[k], moved.shrink),
                Ordering::Equal => (0.0, 0.0),
                Ordering::Greater => (law.above[k - SIDE - 1], moved.grow),
            };
            let exponent = (s * z).clamp(EXPONENT[0], EXPONENT[1]);
            let q = row.last_mm * libm::exp(exponent);
            let u = row.later_mm - q;
            let (size, sign) = if u.abs() < ROUNDING_MM {
                (0.5 * (u * u / ROUNDING_MM + ROUNDING_MM), u / ROUNDING_MM)
            } else {
                (u.abs(), u.signum())
            };
            sum += each * (0.5 * size + (tau - 0.5) * u);
            if !(EXPONENT[0]..=EXPONENT[1]).contains(&(s * z)) {
                continue;
            }
            let g = -each * (0.5 * sign + (tau - 0.5)) * q * s;
            if k < SIDE {
                by_shrink += g * z;
                by_below[k] += g;
            } else if k > SIDE {
                by_grow += g * z;
                by_above[k - SIDE - 1] += g;
            }
        }
        for i in 0..n {
            gradient[i] += by_shrink * row.terms[i];
            gradient[n + i] += by_grow * row.terms[i];
        }
    }
    for i in 0..SIDE {
        let down: f64 = by_below[..SIDE - i].iter().sum();
        let up: f64 = by_above[i..].iter().sum();
        gradient[2 * n + i] = -down * libm::exp(p[2 * n + i]);
        gradient[2 * n + SIDE + i] = up * libm::exp(p[2 * n + SIDE + i]);
    }
    for (i, (value, slope)) in p.iter().zip(&mut gradient).enumerate() {
        let weight = if i == 0 || i == n {
            0.0
        } else if i < 2 * n {
            ridge
        } else {
            CURVE_PENALTY
        };
        sum += weight * value * value;
        *slope += 2.0 * weight * value;
    }
    (sum, gradient)
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::super::tests::law;
    use super::*;

    #[test]
    fn gradient_agrees_with_differences() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut unit = || random.random::<f64>();
        let rows: Vec<Transition> = (0..40)
            .map(|_| Transition {
                terms: [
                    1.0,
                    unit(),
                    unit(),
                    unit() - 0.5,
                    unit(),
                    unit(),
                    unit(),
                    unit() - 0.5,
                ],
                last_mm: 10.0 + 30.0 * unit(),
                later_mm: 60.0 * unit(),
            })
            .collect();
        let n = TERMS;
        let p: Vec<f64> = (0..2 * n + 2 * SIDE).map(|_| 0.5 * unit() - 1.0).collect();
        let (_, gradient) = objective(&rows, n, 0.01, &p);
        for i in 0..p.len() {
            let at = |s: f64| {
                let mut q = p.clone();
                q[i] += s;
                objective(&rows, n, 0.01, &q).0
            };
            let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!(
                (difference - gradient[i]).abs() < 1e-6 * (1.0 + gradient[i].abs()),
                "{i}: {difference} {}",
                gradient[i]
            );
        }
    }

    #[test]
    fn the_spread_is_recovered() {
        // Moves by s·z(u), with s depending on the horizon: 2 and 1 times below and above.
        let truth = Spread {
            shrink: [-1.5, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0],
            grow: [-2.0, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0],
            ..law()
        };
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let rows: Vec<Transition> = (0..20_000)
            .map(|i| {
                let mut terms = [0.0; TERMS];
                terms[0] = 1.0;
                terms[2] = f64::from(i % 5) * 0.4 - 0.8;
                let tau: f64 = random.random();
                Transition {
                    terms,
                    last_mm: 40.0,
                    later_mm: truth.at(&terms, 40.0).quantile(tau.max(1e-9)),
                }
            })
            .collect();
        let found = Spread::learn(&rows, 3, 1e-6).unwrap();
        assert!((found.shrink[2] - 0.8).abs() < 0.05, "{found:?}");
        assert!((found.grow[2] - 0.4).abs() < 0.05);
        let (a, b) = (
            truth.at(&rows[0].terms, 40.0),
            found.at(&rows[0].terms, 40.0),
        );
        for tau in [0.05, 0.1, 0.3, 0.7, 0.9, 0.95] {
            assert!((a.quantile(tau) - b.quantile(tau)).abs() < 0.5, "{tau}");
        }
        assert_eq!(Some(found), Spread::learn(&rows, 3, 1e-6));
        assert!(Spread::learn(&[], 3, 1e-6).is_none());
    }
}
