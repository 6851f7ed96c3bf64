//! How sure a category is, given how well diameters repeat.

use std::f64::consts::PI;

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::rules::{self, Calibration, Tenths};
use super::{Category, TimePointSum};

/// Replications; the standard error of a probability is at most 0.25 percentage points.
const REPLICATIONS: usize = 40_000;
const SEED: u64 = 0x5EC1_5711;
/// Repeatability of one reader, σ² = c² + (δ/d)² on the log scale: c (Oxnard et al., J Clin Oncol
/// 2011; Yoon et al., Eur J Cancer 2016;53:5).
const RELATIVE: f64 = 0.05;
/// δ, in tenths of a millimetre.
const ABSOLUTE_TENTHS: f64 = 8.0;

/// Probabilities of the target response, summing to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probability {
    /// Complete response.
    #[serde(rename = "CR")]
    pub complete: f64,
    /// Partial response.
    #[serde(rename = "PR")]
    pub partial: f64,
    /// Stable disease.
    #[serde(rename = "SD")]
    pub stable: f64,
    /// Progressive disease.
    #[serde(rename = "PD")]
    pub progression: f64,
}

/// Per time point the share of replications in each category, all measured diameters of all time
/// points being perturbed by Gaussian repeatability noise of one reader (on the log scale) and the
/// rules applied to the result, with the nadir found anew in each. `None` at baseline and where a
/// sum is incomplete or uncalibrated.
///
/// Lesions that are gone stay gone, and those too small to measure keep 5 mm.
pub(super) fn propagate(time_points: &[TimePointSum]) -> Vec<Option<Probability>> {
    let none = vec![None; time_points.len()];
    let Some(first) = time_points.first() else {
        return none;
    };
    let calibration = rules::calibration(time_points);
    let measured: Vec<Vec<Tenths>> = time_points
        .iter()
        .map(|t| rules::aligned(&first.targets, t, calibration))
        .collect();
    let complete: Vec<bool> = measured.iter().map(|m| rules::sum(m).is_some()).collect();
    if calibration != Calibration::Mm || first.targets.is_empty() || !complete[0] {
        return none;
    }
    let fixed: Vec<Vec<bool>> = time_points
        .iter()
        .map(|t| {
            first
                .targets
                .iter()
                .map(|target| {
                    !t.targets.iter().any(|here| {
                        here.lesion == target.lesion
                            && matches!(here.status, super::TargetStatus::Measured(_))
                    })
                })
                .collect()
        })
        .collect();
    let mut counts = vec![[0_u32; 4]; time_points.len()];
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut noisy: Vec<Tenths> = Vec::with_capacity(first.targets.len());
    for _ in 0..REPLICATIONS {
        let mut baseline = 0;
        let mut nadir = i64::MAX;
        for (index, targets) in measured.iter().enumerate() {
            if !complete[index] {
                continue;
            }
            noisy.clear();
            noisy.extend(targets.iter().zip(&fixed[index]).map(|(t, fixed)| Tenths {
                nodal: t.nodal,
                size: t.size.map(|size| {
                    if *fixed {
                        size
                    } else {
                        perturb(size, &mut rng)
                    }
                }),
            }));
            let Some(sum) = rules::sum(&noisy) else {
                continue;
            };
            if index == 0 {
                baseline = sum;
            } else {
                let slot = match rules::category(&noisy, sum, baseline, nadir) {
                    Category::Complete => 0,
                    Category::Partial => 1,
                    Category::Progression => 3,
                    _ => 2,
                };
                counts[index][slot] += 1;
            }
            nadir = nadir.min(sum);
        }
    }
    counts
        .iter()
        .enumerate()
        .map(|(index, count)| {
            let share = |slot: usize| f64::from(count[slot]) / REPLICATIONS as f64;
            (index > 0 && complete[index]).then(|| Probability {
                complete: share(0),
                partial: share(1),
                stable: share(2),
                progression: share(3),
            })
        })
        .collect()
}

/// A size as another measurement of the same lesion might have given it.
fn perturb(size: i64, rng: &mut ChaCha8Rng) -> i64 {
    // A measured zero is a lesion that is gone.
    if size == 0 {
        return 0;
    }
    let uniform = |bits: u64| ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    let radius = libm::sqrt(-2.0 * libm::log(uniform(rng.next_u64())));
    let normal = radius * libm::cos(2.0 * PI * uniform(rng.next_u64()));
    let absolute = ABSOLUTE_TENTHS / size as f64;
    let sigma = libm::sqrt(RELATIVE * RELATIVE + absolute * absolute);
    // Sizes of a fraction of a millimetre have a σ that would carry them anywhere.
    let log_change = (sigma * normal).clamp(-3.0, 3.0);
    libm::round(size as f64 * libm::exp(log_change)) as i64
}
