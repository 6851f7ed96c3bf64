//! Expectation and maximisation.

use rayon::prelude::*;

use super::posterior::{Datum, Posterior, Prior, data, posterior};
use super::quadrature::hermite;
use super::{Fit, Model, Population, Shared};
use crate::jobs::JobContext;
use crate::twin::Error;
use crate::twin::least_squares::{MAX, Point, cholesky, inverse};
use crate::twin::population::{Law, Tumour};
use crate::twin::stats::mean;

/// Share of a posterior that is left out of sums.
const NEGLIGIBLE: f64 = 1e-12;

/// How accurate a fit is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Nodes of the quadrature for laws with one parameter per tumour.
    pub nodes_for_one: usize,
    /// Nodes per parameter for laws with two.
    pub nodes_for_two: usize,
    /// Largest number of EM steps.
    pub steps: usize,
    /// Rise of ln likelihood over three steps below which the fit has come to rest.
    pub rise: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes_for_one: 31,
            nodes_for_two: 11,
            steps: 3000,
            rise: 1e-8,
        }
    }
}

pub(super) struct Em<'a> {
    data: Vec<Vec<Datum>>,
    names: Vec<&'a str>,
    rule: Vec<(f64, f64)>,
    readings: usize,
    shared: Shared,
    settings: Settings,
}

/// What one step saw and where it led.
struct Step {
    ln_likelihood: f64,
    next: Population,
}

impl<'a> Em<'a> {
    pub(super) fn new(
        model: &Model,
        tumours: &'a [Tumour],
        settings: &Settings,
    ) -> Result<Self, Error> {
        if let Some(empty) = tumours.iter().find(|t| t.readings.is_empty()) {
            return Err(Error::TooFewReadings {
                tumour: empty.name.clone(),
                needed: 1,
            });
        }
        Ok(Self {
            data: tumours.iter().map(|t| data(t, &model.error)).collect(),
            names: tumours.iter().map(|t| t.name.as_str()).collect(),
            rule: hermite(if model.law.dim() > 1 {
                settings.nodes_for_two
            } else {
                settings.nodes_for_one
            }),
            readings: tumours.iter().map(|t| t.readings.len()).sum(),
            shared: model.shared,
            settings: *settings,
        })
    }

    /// Steps until the likelihood rests.
    pub(super) fn run(&self, start: Population, job: &JobContext) -> Result<Fit, Error> {
        let mut modes = vec![start.mean; self.data.len()];
        let mut here = start;
        let mut steps = 0;
        let mut converged = false;
        while steps < self.settings.steps {
            job.check()?;
            let first = self.step(&here, &mut modes)?;
            let second = self.step(&first.next, &mut modes)?;
            let long = self.extrapolate(&here, &first.next, &second.next);
            steps += 2;
            let next = match long {
                Some(long) => {
                    steps += 1;
                    match self.step(&long, &mut modes) {
                        Ok(third) if third.ln_likelihood >= second.ln_likelihood => third.next,
                        _ => second.next,
                    }
                }
                None => second.next,
            };
            let after = self.step(&next, &mut modes)?;
            steps += 1;
            here = after.next;
            if after.ln_likelihood - first.ln_likelihood < self.settings.rise {
                converged = true;
                break;
            }
        }
        self.finish(here, &mut modes, steps, converged)
    }

    fn expect(&self, at: &Population, modes: &mut [Point]) -> Result<Vec<Posterior>, Error> {
        let unexplained = |i: usize| Error::Unexplained {
            tumour: self.names[i].to_owned(),
        };
        let prior = Prior::new(at).ok_or_else(|| unexplained(0))?;
        let found: Vec<Posterior> = self
            .data
            .par_iter()
            .zip(&*modes)
            .with_min_len(16)
            .enumerate()
            .map(|(i, (data, mode))| {
                posterior(&prior, data, mode, &self.rule).ok_or_else(|| unexplained(i))
            })
            .collect::<Result<_, _>>()?;
        for (mode, f) in modes.iter_mut().zip(&found) {
            *mode = f.mode;
        }
        Ok(found)
    }

    fn step(&self, at: &Population, modes: &mut [Point]) -> Result<Step, Error> {
        let found = self.expect(at, modes)?;
        let n = at.law.dim();
        let m = found.len() as f64;
        let mut next = *at;
        next.mean = std::array::from_fn(|j| found.iter().map(|f| f.mean[j]).sum::<f64>() / m);
        for i in 0..n {
            for j in 0..n {
                let square: f64 = found.iter().map(|f| f.square[i][j]).sum::<f64>() / m;
                next.covariance[i][j] = square - next.mean[i] * next.mean[j];
            }
            // A population without any spread would be a degenerate density.
            next.covariance[i][i] += 1e-10;
        }
        let residual;
        (next.law, residual) = if self.shared == Shared::None {
            (at.law, found.iter().map(|f| f.residual).sum())
        } else {
            self.share(&at.law, &found)
        };
        next.scale = libm::sqrt(residual / self.readings as f64);
        Ok(Step {
            ln_likelihood: found.iter().map(|f| f.ln_evidence).sum(),
            next,
        })
    }

    /// Mean of Σ ((V − y)/σ)² over all tumours under what `law` shares, the posteriors fixed.
    fn residual(&self, law: &Law, found: &[Posterior]) -> f64 {
        let nodes = found
            .iter()
            .zip(&self.data)
            .flat_map(|(f, data)| f.nodes.iter().map(move |node| (node, data)));
        nodes
            .filter(|(node, _)| node.share > NEGLIGIBLE)
            .map(|(node, data)| {
                let (p, _) = law.from_real(&node.z);
                let squares: f64 = data
                    .iter()
                    .map(|d| {
                        let r = (libm::exp(law.ln_volume(d.day, &p).value) - d.volume) / d.sigma;
                        r * r
                    })
                    .sum();
                node.share * squares
            })
            .sum()
    }

    /// A Gauss–Newton step on slope and intercept of the reduced Gompertz law, the posteriors fixed,
    /// halved until it lowers the expected squares. Returns the law and these.
    fn share(&self, law: &Law, found: &[Posterior]) -> (Law, f64) {
        let before = self.residual(law, found);
        let Law::ReducedGompertz { slope, intercept } = *law else {
            return (*law, before);
        };
        let count = self.shared.count();
        let mut normal = [[0.0; MAX]; MAX];
        let mut gradient = [0.0; MAX];
        for (f, data) in found.iter().zip(&self.data) {
            for node in f.nodes.iter().filter(|n| n.share > NEGLIGIBLE) {
                let (p, _) = law.from_real(&node.z);
                for d in data {
                    let (x, by) = law.by_shared(d.day, &p);
                    let volume = libm::exp(x);
                    let r = (volume - d.volume) / d.sigma;
                    let by = by.map(|b| b * volume / d.sigma);
                    for i in 0..count {
                        gradient[i] += node.share * by[i] * r;
                        for j in 0..count {
                            normal[i][j] += node.share * by[i] * by[j];
                        }
                    }
                }
            }
        }
        let Some(inverse) = inverse(&normal, count) else {
            return (*law, before);
        };
        let change =
            |i: usize| -> f64 { (0..count).map(|j| inverse[i][j] * gradient[j]).sum::<f64>() };
        let change = [change(0), if count > 1 { change(1) } else { 0.0 }];
        (0..20)
            .map(|halvings| {
                let share = libm::ldexp(1.0, -halvings);
                let law = Law::ReducedGompertz {
                    slope: slope - share * change[0],
                    intercept: intercept - share * change[1],
                };
                (law, self.residual(&law, found))
            })
            .find(|(_, after)| *after <= before)
            .unwrap_or((*law, before))
    }

    /// The long step through three points of the path, on scales without bounds.
    fn extrapolate(&self, a: &Population, b: &Population, c: &Population) -> Option<Population> {
        let (a, b, last) = (pack(a)?, pack(b)?, pack(c)?);
        let (mut rr, mut vv) = (0.0, 0.0);
        for ((a, b), c) in a.iter().zip(&b).zip(&last) {
            let (r, v) = (b - a, c - 2.0 * b + a);
            rr += r * r;
            vv += v * v;
        }
        let alpha = libm::sqrt(rr / vv);
        if !alpha.is_finite() || alpha <= 1.0 {
            return None;
        }
        let alpha = alpha.min(200.0);
        let packed: Vec<f64> = a
            .iter()
            .zip(&b)
            .zip(&last)
            .map(|((a, b), c)| a + 2.0 * alpha * (b - a) + alpha * alpha * (c - 2.0 * b + a))
            .collect();
        Some(unpack(c, &packed))
    }

    fn finish(
        &self,
        population: Population,
        modes: &mut [Point],
        steps: usize,
        converged: bool,
    ) -> Result<Fit, Error> {
        let found = self.expect(&population, modes)?;
        let n = population.law.dim();
        let deviance = -2.0 * found.iter().map(|f| f.ln_evidence).sum::<f64>();
        let estimated = (n + n * (n + 1) / 2 + 1 + self.shared.count()) as f64;
        let per_reading: Vec<f64> = found
            .iter()
            .zip(&self.data)
            .map(|(f, d)| f.squares / d.len() as f64)
            .collect();
        Ok(Fit {
            population,
            minus_two_ln_likelihood: deviance,
            aic: deviance + 2.0 * estimated,
            bic: deviance + libm::log(found.len() as f64) * estimated,
            modes: found
                .iter()
                .map(|f| population.law.from_real(&f.mode).0[..n].to_vec())
                .collect(),
            squares_per_reading: mean(&per_reading),
            steps,
            converged,
        })
    }
}

/// Mean, logarithms of the diagonal of the root of the covariance and the rest of it, ln of the
/// factor, and what is shared.
fn pack(p: &Population) -> Option<Vec<f64>> {
    let n = p.law.dim();
    let root = cholesky(&p.covariance, n)?;
    let mut out = p.mean[..n].to_vec();
    for (i, row) in root.iter().enumerate().take(n) {
        out.extend_from_slice(&row[..i]);
        out.push(libm::log(row[i]));
    }
    out.push(libm::log(p.scale));
    if let Law::ReducedGompertz { slope, intercept } = p.law {
        out.extend([slope, intercept]);
    }
    Some(out)
}

fn unpack(like: &Population, packed: &[f64]) -> Population {
    let mut rest = packed.iter().copied();
    let mut next = || rest.next().unwrap_or(f64::NAN);
    let n = like.law.dim();
    let mut out = *like;
    for value in out.mean.iter_mut().take(n) {
        *value = next();
    }
    let mut root = [[0.0; MAX]; MAX];
    for (i, row) in root.iter_mut().enumerate().take(n) {
        for value in row.iter_mut().take(i) {
            *value = next();
        }
        row[i] = libm::exp(next());
    }
    for i in 0..n {
        for j in 0..n {
            out.covariance[i][j] = (0..n).map(|k| root[i][k] * root[j][k]).sum();
        }
    }
    out.scale = libm::exp(next());
    if let Law::ReducedGompertz { slope, intercept } = &mut out.law {
        *slope = next();
        *intercept = next();
    }
    out
}
