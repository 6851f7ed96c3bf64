//! Whether a transform can be trusted, and what to say of one that can.

use super::Error;
use super::likeness::Slope;
use super::params::Metric;
use super::residual::{Checked, REPEATED};
use super::scan::Candidate;
use super::search::Found;
use crate::volume::Volume;
use crate::warning::{Warning, WarningCode};

/// Least likeness.
const LEAST_NCC: f64 = 0.25;
const LEAST_MI: f64 = 0.02;
/// A likeness is chance unless it stands above those at random places by this many of their standard
/// deviations.
const SPREADS: f64 = 2.0;
/// It also has to be this many times the largest of them. Correlation is judged more strictly by its parts.
const ABOVE_NCC: f64 = 1.2;
const ABOVE_MI: f64 = 1.5;
/// A runner-up with this share of the best rank is as good.
const AS_GOOD: f64 = 0.995;
/// Largest standard error of the least determined motion, in voxels.
const MOST_SLIDING_VOXELS: f64 = 0.5;
/// Poses further apart than this many of the finest voxels are different.
const APART_VOXELS: f64 = 5.0;
/// Largest share of parts that are not found.
const MOST_LOST: f64 = 0.6;
/// Half of the parts that are found again may lie this far off, in voxels and at least in mm: beyond that
/// they were found by chance. A body that bent or breathed can lie further off, which correlation tells
/// from chance by itself.
const MOST_OFF_VOXELS: f64 = 2.0;
const MOST_OFF_MM: f64 = 3.0;
const MOST_OFF_NCC_MM: f64 = 12.0;
/// From these on a warning is due.
const SMALL_OVERLAP: f64 = 0.3;
const LARGE_TURN_DEG: f64 = 25.0;
const LARGE_RESIDUAL_MM: f64 = 3.0;
const MANY_LOST: f64 = 0.3;

pub(super) fn against_chance(metric: Metric, value: f64, chances: &[f64]) -> Result<(), Error> {
    let n = chances.len().max(1) as f64;
    let mean = chances.iter().sum::<f64>() / n;
    let sd = (chances.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n).sqrt();
    let largest = chances.iter().copied().fold(0.0, f64::max);
    let (least, above) = match metric {
        Metric::Ncc => (LEAST_NCC, ABOVE_NCC),
        Metric::Mi => (LEAST_MI, ABOVE_MI),
    };
    let is_above = metric.spread(value) > above * metric.spread(largest);
    if value < least || !is_above || value < mean + SPREADS * sd {
        return Err(Error::Chance {
            value,
            chance: largest,
        });
    }
    Ok(())
}

/// Refuses where a motion changes so little that the place along it is not known: a smooth tube slides and
/// turns.
pub(super) fn against_sliding(
    metric: Metric,
    slope: &Slope,
    radius: f64,
    voxel: f64,
) -> Result<(), Error> {
    // Turns are counted in mm at the radius, so that the six directions compare.
    let mut bend = slope.bend;
    for a in 0..3 {
        bend.row_mut(a).scale_mut(1.0 / radius);
        bend.column_mut(a).scale_mut(1.0 / radius);
    }
    let least = bend.symmetric_eigenvalues().min().max(0.0);
    let variance = match metric {
        // That of the difference of two standardised images; the floor stands for interpolation.
        Metric::Ncc => (2.0 * (1.0 - slope.likeness.value)).max(0.02),
        Metric::Mi => 1.0,
    };
    let independent = slope.likeness.n as f64 / REPEATED;
    let error = (variance / (independent * least)).sqrt();
    if error > MOST_SLIDING_VOXELS * voxel {
        return Err(Error::Sliding);
    }
    Ok(())
}

pub(super) fn against_others(
    best: &Candidate,
    others: &[Candidate],
    radius: f64,
    voxel: f64,
) -> Result<(), Error> {
    for other in others {
        let apart_mm = best.pose.distance(&other.pose, radius);
        if apart_mm > APART_VOXELS * voxel && other.rank >= AS_GOOD * best.rank {
            return Err(Error::Ambiguous {
                apart_mm,
                value: best.stated,
                other: other.stated,
            });
        }
    }
    Ok(())
}

pub(super) fn against_parts(metric: Metric, checked: &Checked, voxel: f64) -> Result<(), Error> {
    let blocks = checked.found + checked.lost;
    if checked.lost as f64 > MOST_LOST * blocks as f64 {
        return Err(Error::Disagreement {
            lost: checked.lost,
            blocks,
        });
    }
    let most = match metric {
        Metric::Ncc => MOST_OFF_NCC_MM.max(MOST_OFF_VOXELS * voxel),
        Metric::Mi => MOST_OFF_MM.max(MOST_OFF_VOXELS * voxel),
    };
    match checked.residual {
        Some(r) if r.median.0 > most => Err(Error::Scattered { median: r.median.0 }),
        _ => Ok(()),
    }
}

pub(super) fn warnings(found: &Found, images: [&Volume; 2]) -> Vec<Warning> {
    let mut said = Vec::new();
    if found.overlap < SMALL_OVERLAP {
        said.push(format!(
            "Only {:.0} % of the smaller body lies on the other image",
            100.0 * found.overlap
        ));
    }
    if found.turn_deg > LARGE_TURN_DEG {
        said.push(format!(
            "The images are turned by {:.0}° against each other, more than is searched for",
            found.turn_deg
        ));
    }
    match &found.residual {
        None => said.push(
            "Too few parts of the images could be found again to say how far anatomy lies off"
                .to_owned(),
        ),
        Some(r) => {
            if r.median.0 > LARGE_RESIDUAL_MM {
                said.push(format!(
                    "Half of the anatomy lies more than {:.1} mm off: the body is not rigid between the \
                     images",
                    r.median.0
                ));
            }
            let share = r.lost as f64 / (r.blocks + r.lost).max(1) as f64;
            if share > MANY_LOST {
                said.push(format!(
                    "{} of {} parts of the images were not found again",
                    r.lost,
                    r.blocks + r.lost
                ));
            }
        }
    }
    let mut warnings: Vec<Warning> = said
        .into_iter()
        .map(|text| Warning::new(WarningCode::Registration, text))
        .collect();
    if images.iter().any(|v| !v.grid().is_orientation_known()) {
        warnings.push(Warning::new(
            WarningCode::OrientationUnknown,
            "Left and right of an image are unknown: a mirrored body is not found by turning it",
        ));
    }
    warnings
}
