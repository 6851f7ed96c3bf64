//! How far local anatomy lies off after a rigid registration.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::climb::{Freedom, Limits, climb};
use super::likeness::{Comparison, Measure};
use super::params::Metric;
use super::pose::Pose;
use super::samples::Samples;
use crate::jobs::{Cancelled, JobContext};
use crate::units::Mm;

/// Blocks along the longest side of the overlap.
const BLOCKS: f64 = 5.0;
/// Fewest samples of a block.
const FEWEST: usize = 200;
/// A block takes part when its own place is known to this many voxels (standard error)…
const KNOWN_VOXELS: f64 = 0.5;
/// …and looks alike at all.
const LEAST_NCC: f64 = 0.4;
const LEAST_POINTWISE: f64 = 0.05;
/// Neighbouring samples repeat each other: of so many one is new.
pub(super) const REPEATED: f64 = 8.0;
/// Blocks look no further than this, in voxels.
const REACH_VOXELS: f64 = 8.0;
/// Fewest blocks from which anything is said.
const LEAST_BLOCKS: usize = 5;

/// How far the best place of single blocks of the image lies from where the rigid transform puts them.
///
/// Each block is registered anew, by shifts alone and without regard to the others. Blocks without
/// structure, whose own place would not be known, take no part. What is measured holds the error of the
/// transform, the motion and change of the body, and the error of finding a block again; so it is nearer
/// to too large than to too small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// Half of the blocks lie within this distance.
    pub median: Mm,
    /// 95 of 100 blocks lie within this distance.
    pub p95: Mm,
    /// Blocks that were found again; the distances are theirs.
    pub blocks: usize,
    /// Blocks with structure that were not found again.
    pub lost: usize,
}

/// What came of the blocks.
pub(super) struct Checked {
    /// `None` where too few were found again.
    pub(super) residual: Option<Residual>,
    pub(super) found: usize,
    pub(super) lost: usize,
}

impl Checked {
    const NOTHING: Self = Self {
        residual: None,
        found: 0,
        lost: 0,
    };
}

/// What came of one block.
enum Block {
    /// Its own place would not be known.
    Plain,
    /// It lies this far off, mm.
    Found(f64),
    Lost,
}

/// Looks for blocks of the image around a pose. The samples should be many.
pub(super) fn residual(
    comparison: &Comparison,
    pose: &Pose,
    voxel: f64,
    job: &JobContext,
) -> Result<Checked, Cancelled> {
    let samples = comparison.samples;
    let logs = match &comparison.measure {
        Measure::Correlation(_) => None,
        Measure::Mutual(m) => match m.frozen(samples, comparison.level, pose) {
            Some(logs) => Some(logs),
            None => return Ok(Checked::NOTHING),
        },
    };
    let blocks = blocks(samples);
    let limits = Limits {
        steps: 30,
        tolerance: 0.02 * voxel,
        least_gain: 1e-5,
        longest: 2.0 * voxel,
        radius: 1.0,
    };
    let look = |chosen: &Vec<usize>| -> Result<Block, Cancelled> {
        let part = Samples {
            points: chosen.iter().map(|n| samples.points[*n]).collect(),
            values: chosen.iter().map(|n| samples.values[*n]).collect(),
        };
        let (measure, least, variance) = match (&comparison.measure, &logs) {
            (Measure::Mutual(m), Some(logs)) => (
                Measure::Mutual(m.part(chosen, logs.clone())),
                LEAST_POINTWISE,
                1.0,
            ),
            _ => match Measure::new(Metric::Ncc, &part, &[], 0) {
                // Twice what is missing to one is the variance of the difference.
                Some(own) => (own, LEAST_NCC, 2.0 * (1.0 - LEAST_NCC)),
                None => return Ok(Block::Plain),
            },
        };
        let own = Comparison {
            samples: &part,
            level: comparison.level,
            measure,
        };
        let Some(end) = climb(&own, pose, Freedom::Shift, limits, job)? else {
            return Ok(Block::Plain);
        };
        // Whether a block has structure is asked at the least likeness that counts as found, so that a
        // block is not let off for being unlike.
        let independent = end.slope.likeness.n as f64 / REPEATED;
        let information = end.slope.bend.fixed_view::<3, 3>(3, 3) * (independent / variance);
        let error = information.try_inverse().map(|v| v.trace().max(0.0).sqrt());
        if error.is_none_or(|e| e > KNOWN_VOXELS * voxel) {
            return Ok(Block::Plain);
        }
        let shift = (end.pose.image - pose.image).norm();
        let is_found = end.slope.likeness.value >= least && shift <= REACH_VOXELS * voxel;
        Ok(if is_found {
            Block::Found(shift)
        } else {
            Block::Lost
        })
    };
    let looked: Vec<Block> = blocks
        .par_iter()
        .map(look)
        .collect::<Result<_, Cancelled>>()?;
    let lost = looked.iter().filter(|b| matches!(b, Block::Lost)).count();
    let mut shifts: Vec<f64> = looked
        .iter()
        .filter_map(|b| match b {
            Block::Found(shift) => Some(*shift),
            Block::Plain | Block::Lost => None,
        })
        .collect();
    shifts.sort_by(f64::total_cmp);
    let n = shifts.len();
    let residual = (n >= LEAST_BLOCKS).then(|| Residual {
        median: Mm(shifts[n / 2]),
        p95: Mm(shifts[((n - 1) as f64 * 0.95).round() as usize]),
        blocks: n,
        lost,
    });
    Ok(Checked {
        residual,
        found: n,
        lost,
    })
}

/// Samples by cubes of space.
fn blocks(samples: &Samples) -> Vec<Vec<usize>> {
    let Some(first) = samples.points.first() else {
        return Vec::new();
    };
    let (low, high) = samples
        .points
        .iter()
        .fold((*first, *first), |(low, high), p| (low.inf(p), high.sup(p)));
    let side = (high - low).max() / BLOCKS;
    if side <= 0.0 {
        return Vec::new();
    }
    let count = ((high - low) / side).map(|n| n.ceil().max(1.0) as usize);
    let mut blocks = vec![Vec::new(); count.x * count.y * count.z];
    for (n, p) in samples.points.iter().enumerate() {
        let at = (p - low) / side;
        let index = |a: f64, n: usize| (a as usize).min(n - 1);
        let block = (index(at.z, count.z) * count.y + index(at.y, count.y)) * count.x
            + index(at.x, count.x);
        blocks[block].push(n);
    }
    blocks.retain(|b| b.len() >= FEWEST);
    blocks
}
