//! Means, percentiles and intervals.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::cli::bench::segment::Row;

/// Drawings of a bootstrap.
const DRAWS: usize = 2000;

// Writing to a String cannot fail.
macro_rules! line {
    ($text:expr, $($part:tt)*) => { writeln!($text, $($part)*).unwrap_or_default() };
}
pub(super) use line;

pub(super) fn dice(row: &Row, hand: usize) -> f64 {
    row.drags.get(hand).map_or(0.0, |d| d.score.dice)
}

/// Dice of the drag in a neighbouring slice when the offer of a better one is taken.
pub(super) fn with_offer(row: &Row) -> f64 {
    let off = row.drags.get(2);
    off.and_then(|d| d.offered).unwrap_or_else(|| dice(row, 2))
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The value that a share of all do not exceed.
pub(super) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// Mean over rows with its bootstrap interval: whole patients are drawn, since the lesions of one are
/// not independent.
pub(super) fn interval(rows: &[&Row], value: &dyn Fn(&Row) -> Option<f64>) -> String {
    let mut patients: Vec<(&str, Vec<f64>)> = Vec::new();
    for (row, value) in rows.iter().filter_map(|r| Some((r, value(r)?))) {
        match patients.iter_mut().find(|p| p.0 == row.patient) {
            Some((_, values)) => values.push(value),
            None => patients.push((&row.patient, vec![value])),
        }
    }
    let all: Vec<f64> = patients.iter().flat_map(|p| p.1.iter().copied()).collect();
    if all.is_empty() {
        return "–".to_owned();
    }
    if patients.len() < 3 {
        return format!("{:.3}", mean(&all));
    }
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let (mut sum, mut n) = (0.0, 0usize);
            for _ in 0..patients.len() {
                let (_, values) = &patients[random.random_range(0..patients.len())];
                sum += values.iter().sum::<f64>();
                n += values.len();
            }
            sum / n as f64
        })
        .collect();
    format!(
        "{:.3} ({:.3}–{:.3})",
        mean(&all),
        percentile(&means, 0.025),
        percentile(&means, 0.975)
    )
}

pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.3}"))
}

/// A share as text; a dash where there is nothing to count.
pub(super) fn share(part: usize, of: usize) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    format!("{:.0} %", 100.0 * part as f64 / of as f64)
}
