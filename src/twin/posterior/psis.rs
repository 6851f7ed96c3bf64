//! Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao, Gabry, JMLR 2024;25:72), with
//! the generalised Pareto fit of Zhang and Stephens (Technometrics 2009;51:316).

use crate::twin::stats::log_sum_exp;

/// Shape k̂ above which smoothed weights are not to be used.
pub(super) const MAX_K_HAT: f64 = 0.7;

/// Smoothed, normalised log weights and the shape k̂ of their tail.
pub(super) fn smooth(log_ratios: &[f64]) -> (Vec<f64>, f64) {
    let n = log_ratios.len();
    let tail = (0.2 * n as f64).min(3.0 * libm::sqrt(n as f64)) as usize;
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<f64> = log_ratios.iter().map(|l| l - top).collect();
    let mut k_hat = f64::INFINITY;
    if tail >= 5 && top.is_finite() {
        let mut order: Vec<usize> = (0..n).collect();
        let by_weight = |a: &usize, b: &usize| weights[*a].total_cmp(&weights[*b]).then(a.cmp(b));
        // The tail alone is needed in order.
        order.select_nth_unstable_by(n - tail - 1, by_weight);
        order[n - tail..].sort_unstable_by(by_weight);
        let cut = libm::exp(weights[order[n - tail - 1]]);
        let excesses: Vec<f64> = order[n - tail..]
            .iter()
            .map(|i| libm::exp(weights[*i]) - cut)
            .collect();
        // Weights all but equal have no tail to smooth.
        if excesses[tail - 1] <= 1e-12 {
            k_hat = 0.0;
        } else if excesses[0] > 0.0 || excesses[tail / 4] > 0.0 {
            let (k, sigma) = fit_pareto(&excesses);
            k_hat = k;
            if k.is_finite() {
                for (rank, i) in order[n - tail..].iter().enumerate() {
                    let p = (rank as f64 + 0.5) / tail as f64;
                    let quantile = if k.abs() < 1e-12 {
                        -sigma * libm::log1p(-p)
                    } else {
                        sigma * libm::expm1(-k * libm::log1p(-p)) / k
                    };
                    weights[*i] = libm::log(cut + quantile).min(0.0);
                }
            }
        }
    }
    let total = log_sum_exp(&weights);
    for w in &mut weights {
        *w -= total;
    }
    (weights, k_hat)
}

/// Shape and scale of a generalised Pareto distribution from sorted excesses. The shape is drawn
/// towards 0.5 with the weight of ten observations, as in the paper on smoothing.
fn fit_pareto(x: &[f64]) -> (f64, f64) {
    let n = x.len();
    let quartile = x[((n as f64 / 4.0 + 0.5) as usize).max(1) - 1].max(f64::MIN_POSITIVE);
    let largest = x[n - 1];
    let m = 30 + libm::sqrt(n as f64) as usize;
    // A logarithm for eight at a time.
    let shape = |theta: f64| {
        let eights = x
            .chunks(8)
            .map(|v| v.iter().map(|v| 1.0 - theta * v).product::<f64>());
        eights.map(libm::log).sum::<f64>() / n as f64
    };
    let thetas: Vec<f64> = (1..=m)
        .map(|j| 1.0 / largest + (1.0 - libm::sqrt(m as f64 / (j as f64 - 0.5))) / (3.0 * quartile))
        .collect();
    let profile: Vec<f64> = thetas
        .iter()
        .map(|t| {
            let k = shape(*t);
            n as f64 * (libm::log(-t / k) - k - 1.0)
        })
        .collect();
    let total = log_sum_exp(&profile);
    let theta: f64 = thetas
        .iter()
        .zip(&profile)
        .map(|(t, l)| t * libm::exp(l - total))
        .sum();
    let k = shape(theta);
    let sigma = -k / theta;
    let k = (k * n as f64 + 5.0) / (n as f64 + 10.0);
    (k, sigma)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pareto weights w = u^(−k) have tail shape k.
    #[test]
    fn finds_the_tail_of_pareto_weights() {
        let n = 4000;
        for k in [0.2, 0.5, 0.9] {
            let ratios: Vec<f64> = (0..n)
                .map(|i| {
                    let u = ((i * 1597 % n) as f64 + 0.5) / n as f64;
                    -k * u.ln()
                })
                .collect();
            let (weights, k_hat) = smooth(&ratios);
            assert!((k_hat - k).abs() < 0.12, "k {k} k̂ {k_hat}");
            let sum: f64 = weights.iter().map(|w| w.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn equal_weights_stay_equal() {
        let (weights, k_hat) = smooth(&[2.5; 500]);
        assert!(k_hat < MAX_K_HAT);
        assert!((weights[17].exp() * 500.0 - 1.0).abs() < 1e-12);
    }
}
