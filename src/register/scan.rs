//! Where to begin: all shifts under which enough of the two bodies would meet, and modest turns of the
//! best of them.

use nalgebra::UnitQuaternion;
use rayon::prelude::*;

use super::likeness::{Comparison, Likeness};
use super::params::Metric;
use super::pose::Pose;
use crate::geometry::Vec3;
use crate::jobs::{Cancelled, JobContext};

/// Least share of the smaller body that has to lie on the other image.
pub(super) const LEAST_OVERLAP: f64 = 0.1;
/// The overlap counts in the rank of a pose, but far less than in proportion: a neck alone aligned is better
/// than a neck laid on a chest.
const OVERLAP_POWER: f64 = 0.25;
/// Turns about each axis that are tried, degrees.
const TURN_DEG: f64 = 11.0;
/// Shifts that are also tried turned, and poses that are handed on.
const TURNED: usize = 40;
const HANDED_ON: usize = 20;

/// What is known of the two images before the search.
pub(super) struct Terrain {
    /// Middle of the sampled body and of the other.
    pub(super) middles: [Vec3; 2],
    /// Middles of the fields of view.
    pub(super) field_middles: [Vec3; 2],
    /// Corners of the fields of view.
    pub(super) corners: [[Vec3; 8]; 2],
    /// Step between shifts, mm.
    pub(super) step: f64,
    /// How far to look sideways from where middles would be aligned, mm.
    pub(super) sideways: f64,
    /// Whether to look near the identity only.
    pub(super) only_near_identity: bool,
}

/// A pose with its rank: the larger the better.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) pose: Pose,
    pub(super) rank: f64,
    /// The likeness, as it is told.
    pub(super) stated: f64,
}

impl Candidate {
    pub(super) fn new(metric: Metric, pose: Pose, likeness: &Likeness, overlap: f64) -> Self {
        Self {
            pose,
            rank: metric.spread(likeness.stated) * overlap.powf(OVERLAP_POWER),
            stated: likeness.stated,
        }
    }
}

/// The best poses, best first, none within a step of a better one.
pub(super) fn scan(
    comparison: &Comparison,
    metric: Metric,
    terrain: &Terrain,
    job: &JobContext,
) -> Result<Vec<Candidate>, Cancelled> {
    let centre = terrain.middles[0];
    let ranked = |poses: Vec<Pose>| {
        poses
            .into_par_iter()
            .map(|pose| {
                job.check()?;
                let Some(likeness) = comparison.likeness(&pose) else {
                    return Ok(None);
                };
                let overlap = comparison.overlap(&likeness);
                let candidate = Candidate::new(metric, pose, &likeness, overlap);
                let is_enough = overlap >= LEAST_OVERLAP && candidate.rank > 0.0;
                Ok(is_enough.then_some(candidate))
            })
            .collect::<Result<Vec<_>, Cancelled>>()
            .map(|found| found.into_iter().flatten().collect::<Vec<_>>())
    };
    let shifts = shifts(terrain);
    let straight = ranked(
        shifts
            .into_iter()
            .map(|s| Pose::shifted(centre, s))
            .collect(),
    )?;
    let radius = 4.0 * terrain.step;
    let straight = apart(straight, terrain.step, radius, TURNED);
    let turned = straight
        .iter()
        .flat_map(|c| turns().map(|turn| c.pose.moved(turn, Vec3::zeros())))
        .collect();
    let mut all = ranked(turned)?;
    all.extend(straight);
    Ok(apart(all, terrain.step, radius, HANDED_ON))
}

/// Keeps the best of those that lie close together.
pub(super) fn apart(
    mut found: Vec<Candidate>,
    distance: f64,
    radius: f64,
    most: usize,
) -> Vec<Candidate> {
    // A stable sort: equal ranks keep the order in which they were tried.
    found.sort_by(|a, b| b.rank.total_cmp(&a.rank));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        let is_near = |k: &Candidate| k.pose.distance(&candidate.pose, radius) < distance;
        if kept.len() < most && !kept.iter().any(is_near) {
            kept.push(candidate);
        }
    }
    kept
}

/// All turns by −1, 0 or 1 times the angle about each axis, but none about none.
fn turns() -> impl Iterator<Item = Vec3> {
    (0..27).filter(|n| *n != 13).map(|n| {
        let part = |n: i32| f64::from(n % 3 - 1) * TURN_DEG.to_radians();
        let about = |axis: Vec3, n: i32| UnitQuaternion::from_scaled_axis(axis * part(n));
        let turn = about(Vec3::z(), n / 9) * about(Vec3::y(), n / 3) * about(Vec3::x(), n);
        turn.scaled_axis()
    })
}

fn shifts(terrain: &Terrain) -> Vec<Vec3> {
    let step = terrain.step;
    let beside = (terrain.sideways / step).round() as i32;
    let aligned = terrain.middles[1] - terrain.middles[0];
    let fields = terrain.field_middles[1] - terrain.field_middles[0];
    let around = |origin: Vec3, n: [i32; 3]| {
        let [nx, ny, nz] = n;
        (-nz..=nz).flat_map(move |z| {
            (-ny..=ny).flat_map(move |y| {
                (-nx..=nx).map(move |x| origin + Vec3::new(x.into(), y.into(), z.into()) * step)
            })
        })
    };
    let near = [beside; 3];
    let mut shifts: Vec<Vec3> = around(Vec3::zeros(), near).collect();
    if terrain.only_near_identity {
        return shifts;
    }
    shifts.extend(around(aligned, near));
    shifts.extend(around(fields, near));
    // Along the body, as far as the fields of view would touch: across it the bodies' middles agree
    // wherever along it they were scanned.
    let reach = |corners: &[Vec3; 8]| {
        let z = || corners.iter().map(|c| c.z);
        [
            z().fold(f64::INFINITY, f64::min),
            z().fold(f64::NEG_INFINITY, f64::max),
        ]
    };
    let (own, other) = (reach(&terrain.corners[0]), reach(&terrain.corners[1]));
    let (first, last) = (other[0] - own[1], other[1] - own[0]);
    let n = ((last - first) / step).ceil().clamp(0.0, 400.0) as usize;
    for across in [aligned, Vec3::zeros()] {
        for s in 0..=n {
            let z = first + s as f64 * step;
            let line = Vec3::new(across.x, across.y, z);
            shifts.extend(around(line, [beside / 2 + 1, beside / 2 + 1, 0]));
        }
    }
    shifts
}
