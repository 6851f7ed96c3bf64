//! What the lesion's data say of what is plotted, day by day: see
//! [`Horizon::kappa`](super::Horizon::kappa).

use rayon::prelude::*;

use super::{Arms, Sizes};
use crate::twin::Error;
use crate::twin::ensemble::Centre;
use crate::twin::problem::data_contraction;
use crate::twin::stats::robust_sd;

/// Data contraction of what is plotted, per day asked for: of the change since the last measurement as
/// planned, or, with a scenario, of that change under it and of the difference to the plan. Averaged
/// over models, each at its posterior median, on one timeline for all days.
pub(super) fn of_data(arms: &Arms<'_>, centres: &[(f64, Centre)]) -> Result<Vec<Vec<f64>>, Error> {
    let plans = arms.plans();
    let later = 1..arms.asked.len();
    let functionals = |curves: &[Vec<f64>]| -> Vec<f64> {
        let mut out = Vec::with_capacity(2 * later.len());
        for day in later.clone() {
            match curves {
                [planned] => out.push(planned[day] - planned[0]),
                [planned, altered, ..] => {
                    out.extend([altered[day] - altered[0], altered[day] - planned[day]]);
                }
                [] => {}
            }
        }
        out
    };
    let each: Vec<Result<Vec<f64>, Error>> = centres
        .par_iter()
        .map(|(_, centre)| {
            let gradients = centre.gradients(arms.fit, &plans, &arms.asked, functionals)?;
            Ok(gradients
                .iter()
                .map(|gradient| data_contraction(&centre.information, gradient))
                .collect())
        })
        .collect();
    let per_day = plans.len().min(2);
    let mut sums = vec![vec![0.0; per_day]; later.len()];
    for ((weight, _), shares) in centres.iter().zip(each) {
        let shares = shares?;
        for (sum, share) in sums.iter_mut().flatten().zip(shares) {
            *sum += weight * share;
        }
    }
    Ok(sums)
}

/// κ of one day (`column` among those asked for), `data` being what the data alone contract.
///
/// Variances are squares of [`robust_sd`], because log-normal priors of effects have tails that
/// would make every posterior look narrow.
pub(super) fn of_day(column: usize, posterior: &Sizes, prior: &Sizes, data: &[f64]) -> Option<f64> {
    let minus =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let samples = |sizes: &Sizes| -> Vec<Vec<f64>> {
        let planned = &sizes.planned;
        match &sizes.altered {
            Some(altered) => vec![
                minus(&altered[column], &altered[0]),
                minus(&altered[column], &planned[column]),
            ],
            None => vec![minus(&planned[column], &planned[0])],
        }
    };
    let mut kappa: Option<f64> = None;
    let mut note = |k: f64| {
        let k = k.clamp(0.0, 1.0);
        kappa = Some(kappa.map_or(k, |old: f64| old.min(k)));
    };
    for ((post, pri), data) in samples(posterior).iter().zip(samples(prior)).zip(data) {
        let before = robust_sd(&pri);
        if before <= 0.0 {
            continue;
        }
        let after = robust_sd(post);
        note(1.0 - (after / before) * (after / before));
        note(*data);
    }
    kappa
}
