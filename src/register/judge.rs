//! Whether a transform can be trusted, and what to say of one that can.

use super::Error;
use super::params::Metric;
use super::residual::Checked;
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
/// A runner-up with this share of the best rank is as good.
const AS_GOOD: f64 = 0.985;
/// Poses further apart than this many of the finest voxels are different.
const APART_VOXELS: f64 = 5.0;
/// Largest share of parts that are not found.
const MOST_LOST: f64 = 0.6;
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
    let least = match metric {
        Metric::Ncc => LEAST_NCC,
        Metric::Mi => LEAST_MI,
    };
    if value < least || value <= largest || value < mean + SPREADS * sd {
        return Err(Error::Chance {
            value,
            chance: largest,
        });
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
                value: best.rank,
                other: other.rank,
            });
        }
    }
    Ok(())
}

pub(super) fn against_parts(checked: &Checked) -> Result<(), Error> {
    let blocks = checked.found + checked.lost;
    if blocks > 0 && checked.lost as f64 > MOST_LOST * blocks as f64 {
        return Err(Error::Disagreement {
            lost: checked.lost,
            blocks,
        });
    }
    Ok(())
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
            "Too few parts of the images could be found again to say how far anatomy lies off".to_owned(),
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
