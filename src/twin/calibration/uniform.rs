//! Whether ranks are uniform, and what that means over many of them.

/// P-value of χ² over `bins` bins of ranks from 0 to `largest`.
#[must_use]
pub fn chi_square(ranks: &[usize], largest: usize, bins: usize) -> f64 {
    let mut counts = vec![0_usize; bins];
    for rank in ranks {
        counts[rank * bins / (largest + 1)] += 1;
    }
    let expected = ranks.len() as f64 / bins as f64;
    let sum: f64 = counts
        .iter()
        .map(|c| (*c as f64 - expected) * (*c as f64 - expected) / expected)
        .sum();
    chi_square_tail(sum, bins as f64 - 1.0)
}

/// Holm's adjustment (Scand J Stat 1979;6:65), in the order given.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, i) in order.into_iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}

/// P(χ² ≥ x) with `k` degrees of freedom: the regularised incomplete gamma function, by its series
/// or its continued fraction.
#[must_use]
fn chi_square_tail(x: f64, k: f64) -> f64 {
    let (a, x) = (k / 2.0, x / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > 1e-17 * sum {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..500 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * h
}

/// P(X ≤ k) for k = 0…n, X binomial of n trials of probability p.
#[must_use]
pub fn binomial_cdf(n: usize, p: f64) -> Vec<f64> {
    let log_factorial = |k: usize| libm::lgamma(k as f64 + 1.0);
    let mut sum = 0.0;
    (0..=n)
        .map(|k| {
            sum += libm::exp(
                log_factorial(n) - log_factorial(k) - log_factorial(n - k)
                    + k as f64 * libm::log(p)
                    + (n - k) as f64 * libm::log1p(-p),
            );
            sum.min(1.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_chi_square_are_those_of_tables() {
        for (x, k, p) in [
            (3.841_458_820_694_124, 1.0, 0.05),
            (27.877_164_871_256_57, 9.0, 0.001),
            (10.117_013_063_859_044, 19.0, 0.95),
        ] {
            assert!((chi_square_tail(x, k) - p).abs() < 1e-10);
        }
    }

    #[test]
    fn holm_steps_down() {
        let adjusted = holm(&[0.01, 0.04, 0.03]);
        for (a, b) in adjusted.iter().zip([0.03, 0.06, 0.06]) {
            assert!((a - b).abs() < 1e-15);
        }
    }

    #[test]
    fn binomial_sums_to_one() {
        let cdf = binomial_cdf(10, 0.3);
        assert!((cdf[10] - 1.0).abs() < 1e-12);
        assert!((cdf[2] - 0.382_782_786_4).abs() < 1e-9);
    }
}
