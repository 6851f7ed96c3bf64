//! Whether ranks are uniform: simultaneous bands of their empirical distribution function.
//!
//! Säilynoja, Bürkner, Vehtari, Stat Comput 2022;32:32: the count of ranks up to each value is
//! binomial; the smallest two-sided binomial tail over all values is compared with what it is in
//! uniform samples, which gives one p-value for the whole curve.

use super::uniform::binomial_cdf;
use crate::twin::posterior::Random;

/// The null distribution for N ranks from 0 to L.
#[derive(Clone, Debug)]
pub struct Bands {
    draws: usize,
    ranks: usize,
    /// Cumulative binomial probabilities by rank.
    tables: Vec<Vec<f64>>,
    /// Smallest tails in uniform samples, sorted.
    null: Vec<f64>,
}

impl Bands {
    /// Simulates `simulations` uniform samples of `draws` ranks from 0 to `largest`.
    #[must_use]
    pub fn new(draws: usize, largest: usize, simulations: usize) -> Self {
        let ranks = largest + 1;
        let tables = (1..ranks)
            .map(|k| binomial_cdf(draws, k as f64 / ranks as f64))
            .collect();
        let mut bands = Self {
            draws,
            ranks,
            tables,
            null: Vec::new(),
        };
        let mut random = Random::new(0xECDF, 0);
        let mut null: Vec<f64> = (0..simulations)
            .map(|_| {
                let mut counts = vec![0_usize; ranks];
                for _ in 0..draws {
                    let u = random.uniform() * ranks as f64;
                    counts[(u as usize).min(ranks - 1)] += 1;
                }
                bands.smallest_tail(&counts)
            })
            .collect();
        null.sort_by(f64::total_cmp);
        bands.null = null;
        bands
    }

    fn smallest_tail(&self, counts: &[usize]) -> f64 {
        let mut below = 0;
        let mut smallest: f64 = 1.0;
        for (count, table) in counts.iter().zip(&self.tables) {
            below += count;
            let low = table[below.min(self.draws)];
            let high = if below == 0 {
                1.0
            } else {
                1.0 - table[below - 1]
            };
            smallest = smallest.min(2.0 * low.min(high));
        }
        smallest
    }

    /// P-value of the curve of these ranks.
    #[must_use]
    pub fn p_value(&self, ranks: &[usize]) -> f64 {
        let mut counts = vec![0_usize; self.ranks];
        for rank in ranks {
            counts[(*rank).min(self.ranks - 1)] += 1;
        }
        // The sums of tables and of samples differ in the last digits.
        let observed = self.smallest_tail(&counts) * (1.0 + 1e-9);
        let reached = self.null.partition_point(|n| *n <= observed);
        (reached + 1) as f64 / (self.null.len() + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::calibration::chi_square;

    #[test]
    fn uniform_ranks_pass_and_others_do_not() {
        let bands = Bands::new(500, 99, 2000);
        let mut random = Random::new(9, 0);
        let uniform: Vec<usize> = (0..500)
            .map(|_| (random.uniform() * 99.99) as usize)
            .collect();
        assert!(bands.p_value(&uniform) > 0.01);
        assert!(chi_square(&uniform, 99, 20) > 0.001);
        let narrow: Vec<usize> = uniform.iter().map(|r| 10 + r * 8 / 10).collect();
        assert!(bands.p_value(&narrow) < 0.002);
        let shifted: Vec<usize> = uniform.iter().map(|r| (r + 8).min(99)).collect();
        assert!(bands.p_value(&shifted) < 0.002);
    }
}
