//! Ranks of the truth among draws of its posterior, case by case, and what they say of uniformity.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::Settings;
use crate::jobs::JobContext;
use crate::twin::calibration::{
    Bands, Case, Outcome, RANKED, binomial_cdf, chi_square, holm, outcome,
};
use crate::twin::{Error, Way, quantile};

/// Bins of χ².
const BINS: usize = 20;
/// Uniform samples behind the p-values of curves; the smallest is one in so many, which Holm's factor
/// must leave below what is asked.
const SIMULATIONS: usize = 100_000;
/// Central intervals: their share, and the ranks inside.
pub(super) const CENTRAL: [(f64, usize, usize); 3] = [(0.5, 25, 74), (0.8, 10, 89), (0.9, 5, 94)];
/// Probability that any coverage of a table lies outside its band by chance, at most.
const CHANCE: f64 = 0.01;

/// One parameter, or the size ahead, under one case.
pub(super) struct Ranked {
    pub(super) case: String,
    pub(super) of: &'static str,
    pub(super) draws: usize,
    pub(super) chi_square: f64,
    pub(super) ecdf: f64,
    /// Adjusted by Holm over all rows of the seed.
    pub(super) chi_square_holm: f64,
    pub(super) ecdf_holm: f64,
    /// Truths inside each of [`CENTRAL`].
    pub(super) inside: [usize; 3],
    /// Least and most of them.
    pub(super) band: [[usize; 2]; 3],
}

impl Ranked {
    pub(super) fn coverage(&self) -> [f64; 3] {
        self.inside.map(|n| n as f64 / self.draws as f64)
    }

    /// How many coverages lie outside.
    pub(super) fn outside(&self) -> usize {
        let pairs = self.inside.iter().zip(&self.band);
        pairs
            .filter(|(n, [least, most])| !(least..=most).contains(n))
            .count()
    }
}

/// How the posteriors of one case were made.
pub(super) struct Effort {
    pub(super) case: String,
    pub(super) draws: usize,
    /// By sequential Monte Carlo.
    pub(super) sequential: usize,
    /// Effective draws: median, and what 1 % have less than.
    pub(super) effective: [f64; 2],
    /// All of them, on all threads.
    pub(super) seconds: f64,
}

/// All cases with one seed.
pub(super) struct Ranks {
    pub(super) seed: u64,
    pub(super) rows: Vec<Ranked>,
    pub(super) efforts: Vec<Effort>,
}

impl Ranks {
    pub(super) fn least(&self, p: fn(&Ranked) -> f64) -> f64 {
        self.rows.iter().map(p).fold(1.0, f64::min)
    }

    pub(super) fn outside(&self) -> usize {
        self.rows.iter().map(Ranked::outside).sum()
    }
}

pub(super) fn measure(settings: &Settings, seed: u64, job: &JobContext) -> Result<Ranks, Error> {
    let mut bands: Vec<(usize, Bands)> = Vec::new();
    let (mut rows, mut efforts) = (Vec::new(), Vec::new());
    for (place, case) in settings.cases() {
        let draws = settings.share(&case, settings.draws);
        if bands.iter().all(|(n, _)| *n != draws) {
            bands.push((draws, Bands::new(draws, RANKED, SIMULATIONS)));
        }
        job.progress.step(&format!("seed {seed}: {}", case.name()));
        let start = Instant::now();
        let outcomes = outcomes(case, place, draws, seed, job)?;
        efforts.push(effort(&case, &outcomes, start.elapsed().as_secs_f64()));
        let bands = bands.iter().filter(|(n, _)| *n == draws);
        for (_, bands) in bands {
            rows.extend(of_case(&case, &outcomes, bands));
        }
    }
    adjust(&mut rows);
    Ok(Ranks {
        seed,
        rows,
        efforts,
    })
}

fn outcomes(
    case: Case,
    place: u64,
    draws: usize,
    seed: u64,
    job: &JobContext,
) -> Result<Vec<Outcome>, Error> {
    let done = AtomicUsize::new(0);
    (0..draws)
        .into_par_iter()
        .map(|i| {
            job.check()?;
            // A stream of its own for every lesion of every case.
            let found = outcome(case, 3 + i % 4, seed, (place << 32) | i as u64)?;
            job.progress
                .set(done.fetch_add(1, Ordering::Relaxed) + 1, draws);
            Ok(found)
        })
        .collect()
}

fn effort(case: &Case, outcomes: &[Outcome], seconds: f64) -> Effort {
    let mut effective: Vec<f64> = outcomes.iter().map(|o| o.effective).collect();
    effective.sort_by(f64::total_cmp);
    let sequential = outcomes.iter().filter(|o| o.way == Way::Sequential);
    Effort {
        case: case.name(),
        draws: outcomes.len(),
        sequential: sequential.count(),
        effective: [0.5, 0.01].map(|p| quantile(&effective, p)),
        seconds,
    }
}

fn of_case(case: &Case, outcomes: &[Outcome], bands: &Bands) -> Vec<Ranked> {
    let names = outcomes.first().map_or(&[][..], |o| &o.ranks);
    let ranked = |(j, (of, _)): (usize, &(&'static str, usize))| {
        let ranks: Vec<usize> = outcomes.iter().map(|o| o.ranks[j].1).collect();
        let inside = CENTRAL.map(|(_, low, high)| {
            let within = ranks.iter().filter(|r| (low..=high).contains(*r));
            within.count()
        });
        Ranked {
            case: case.name(),
            of,
            draws: ranks.len(),
            chi_square: chi_square(&ranks, RANKED, BINS),
            ecdf: bands.p_value(&ranks),
            chi_square_holm: 1.0,
            ecdf_holm: 1.0,
            inside,
            band: [[0; 2]; 3],
        }
    };
    names.iter().enumerate().map(ranked).collect()
}

/// What depends on how many rows there are.
fn adjust(rows: &mut [Ranked]) {
    let of = |p: fn(&Ranked) -> f64| holm(&rows.iter().map(p).collect::<Vec<f64>>());
    let (chi_square, ecdf) = (of(|r| r.chi_square), of(|r| r.ecdf));
    let each = CHANCE / (rows.len() * CENTRAL.len()) as f64;
    for ((row, chi_square), ecdf) in rows.iter_mut().zip(chi_square).zip(ecdf) {
        row.chi_square_holm = chi_square;
        row.ecdf_holm = ecdf;
        row.band = CENTRAL.map(|(share, ..)| band(row.draws, share, each));
    }
}

/// Least and most that a binomial count is, but for this chance in two equal tails.
fn band(draws: usize, share: f64, chance: f64) -> [usize; 2] {
    let table = binomial_cdf(draws, share);
    [chance / 2.0, 1.0 - chance / 2.0].map(|p| table.partition_point(|c| *c < p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_of_a_count_leaves_the_chance_outside() {
        let chance = 0.05;
        let [least, most] = band(1000, 0.8, chance);
        let table = binomial_cdf(1000, 0.8);
        assert!(table[least - 1] < chance / 2.0 && table[least] >= chance / 2.0);
        assert!(1.0 - table[most] <= chance / 2.0 && 1.0 - table[most - 1] > chance / 2.0);
        // The textbook interval, np ± 1.96 √(np(1 − p)).
        assert!(least.abs_diff(775) <= 1 && most.abs_diff(825) <= 1);
    }
}
