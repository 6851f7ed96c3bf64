//! From all places to the one that is left.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Error;
use super::climb::{Climb, Freedom, Limits, climb};
use super::judge;
use super::likeness::{Comparison, Measure};
use super::params::Metric;
use super::pose::Pose;
use super::residual::{Residual, residual};
use super::samples::{Image, Samples};
use super::scan::{Candidate, LEAST_OVERLAP, Terrain, apart, scan};
use crate::geometry::Vec3;
use crate::jobs::{Cancelled, JobContext};

/// Samples for the scan, and for climbing at the coarse, middle and fine resolution. Where the last climb ends
/// hangs on which samples were drawn, the less the more there are.
const SCANNED: usize = 1500;
const COARSE: usize = 4_000;
const MIDDLE: usize = 16_000;
const FINE: usize = 80_000;
/// Samples for judging the end.
const JUDGED: usize = 40_000;
/// Fewest samples: with fewer the bodies do not meet.
const FEWEST: usize = 300;
/// Samples for looking at blocks.
const LOCAL: usize = 80_000;
/// Bins of histograms: few samples fill few.
const SCAN_BINS: usize = 20;
const BINS: usize = 32;
/// Poses that go on to the middle resolution.
const MIDDLE_POSES: usize = 6;
/// Who ranks this close to the best also goes on to the finest, and how many at most.
const CLOSE: f64 = 0.9;
const FINE_POSES: usize = 3;
/// How often samples that disagree are weighed down.
const ROBUST_ROUNDS: usize = 2;
/// Poses at which chance is measured.
const CHANCES: usize = 32;

/// What is aligned.
pub(super) struct Task<'a> {
    /// The image that is sampled.
    pub(super) own: &'a Image,
    pub(super) other: &'a Image,
    /// What errors call them.
    pub(super) names: [&'static str; 2],
    pub(super) metric: Metric,
    pub(super) seed: u64,
    /// Voxels of the finest resolution, mm.
    pub(super) finest: f64,
}

/// The best pose and what speaks for it.
pub(super) struct Found {
    pub(super) pose: Pose,
    pub(super) value: f64,
    pub(super) overlap: f64,
    pub(super) residual: Option<Residual>,
    /// Angle of the turn, degrees.
    pub(super) turn_deg: f64,
}

pub(super) fn search(task: &Task, near: bool, job: &JobContext) -> Result<Found, Error> {
    let (centre, spread) = task.own.middle();
    let radius = 1.3 * spread;
    job.progress.step("looking for where to begin");
    let begin = coarse(task, near, centre, radius, job)?;
    job.progress.step("aligning");
    job.progress.set(1, 4);
    let middle = middle(task, &begin, radius, job)?;
    job.progress.set(2, 4);
    let (best, others) = fine(task, &middle, radius, job)?;
    job.progress.set(3, 4);
    job.progress.step("checking");
    let level = &task.other.levels[0];
    let everywhere = samples(task, 0, JUDGED, |_| true);
    let comparison = task.comparison(&everywhere, 0, BINS)?;
    let whole = comparison.likeness(&best.pose).ok_or(Error::NoOverlap)?;
    let overlap = comparison.overlap(&whole);
    if overlap < LEAST_OVERLAP {
        return Err(Error::NoOverlap);
    }
    let slope = comparison.slope(&best.pose).ok_or(Error::NoOverlap)?;
    judge::against_sliding(task.metric, &slope, radius, voxel(task, 0))?;
    let chance = chance(&comparison, &best.pose, radius, task.seed);
    judge::against_chance(task.metric, whole.stated, &chance)?;
    judge::against_others(&best, &others, radius, task.finest)?;
    let local = samples(task, 0, LOCAL, |p| {
        let q = best.pose.rotation * (p - best.pose.centre) + best.pose.image;
        !level.value(q).is_nan()
    });
    let comparison = task.comparison(&local, 0, BINS)?;
    let voxel = voxel(task, 0);
    let checked = residual(&comparison, &best.pose, voxel, job)?;
    judge::against_parts(task.metric, &checked, voxel)?;
    job.progress.set(4, 4);
    Ok(Found {
        pose: best.pose,
        value: whole.stated,
        overlap,
        residual: checked.residual,
        turn_deg: best.pose.rotation.angle().to_degrees(),
    })
}

impl Task<'_> {
    fn comparison<'s>(
        &'s self,
        samples: &'s Samples,
        level: usize,
        bins: usize,
    ) -> Result<Comparison<'s>, Error> {
        if samples.points.len() < FEWEST {
            return Err(Error::NoOverlap);
        }
        let own = Measure::new(Metric::Ncc, samples, &[], 0);
        if own.is_none() {
            return Err(Error::Flat {
                image: self.names[0],
            });
        }
        let theirs = self.other.samples(level, 4000, self.seed, |_| true);
        if Measure::new(Metric::Ncc, &theirs, &[], 0).is_none() {
            return Err(Error::Flat {
                image: self.names[1],
            });
        }
        let measure = Measure::new(self.metric, samples, &theirs.values, bins);
        Ok(Comparison {
            samples,
            level: &self.other.levels[level],
            measure: measure.ok_or(Error::Flat {
                image: self.names[0],
            })?,
        })
    }
}

fn samples(task: &Task, level: usize, n: usize, keep: impl Fn(Vec3) -> bool) -> Samples {
    task.own.samples(level, n, task.seed, keep)
}

/// Mean voxel of the two images at a level, mm.
fn voxel(task: &Task, level: usize) -> f64 {
    let size = |image: &Image| image.levels[level].spacing().iter().product::<f64>().cbrt();
    size(task.own).max(size(task.other))
}

fn limits(task: &Task, level: usize, steps: usize, radius: f64) -> Limits {
    let voxel = voxel(task, level);
    Limits {
        steps,
        tolerance: 0.01 * voxel,
        // The next resolution does the rest.
        least_gain: [1e-6, 1e-5, 1e-4][level],
        longest: 1.5 * voxel,
        radius,
    }
}

fn middle_of(corners: &[Vec3; 8]) -> Vec3 {
    corners.iter().sum::<Vec3>() / 8.0
}

/// Climbs from several poses, in parallel; those that lose their way are left out.
fn climbed(
    comparison: &Comparison,
    metric: Metric,
    from: &[Candidate],
    limits: Limits,
    job: &JobContext,
) -> Result<Vec<Candidate>, Cancelled> {
    let ends: Vec<Option<Climb>> = from
        .par_iter()
        .map(|c| climb(comparison, &c.pose, Freedom::Rigid, limits, job))
        .collect::<Result<_, _>>()?;
    Ok(ends
        .into_iter()
        .flatten()
        .map(|end| {
            let likeness = &end.slope.likeness;
            Candidate::new(metric, end.pose, likeness, comparison.overlap(likeness))
        })
        .collect())
}

fn coarse(
    task: &Task,
    near: bool,
    centre: Vec3,
    radius: f64,
    job: &JobContext,
) -> Result<Vec<Candidate>, Error> {
    let corners = [task.own.corners(), task.other.corners()];
    let step = 8.0 * task.finest;
    let terrain = Terrain {
        middles: [centre, task.other.middle().0],
        field_middles: corners.each_ref().map(middle_of),
        corners,
        step,
        sideways: 2.0 * step,
        only_near_identity: near,
    };
    let few = samples(task, 2, SCANNED, |_| true);
    let comparison = task.comparison(&few, 2, SCAN_BINS)?;
    let begin = scan(&comparison, task.metric, &terrain, job)?;
    let more = samples(task, 2, COARSE, |_| true);
    let comparison = task.comparison(&more, 2, SCAN_BINS)?;
    let limits = limits(task, 2, 25, radius);
    let ends = climbed(&comparison, task.metric, &begin, limits, job)?;
    let found = apart(ends, task.finest, radius, MIDDLE_POSES);
    if found.is_empty() {
        return Err(Error::NoOverlap);
    }
    Ok(found)
}

fn middle(
    task: &Task,
    begin: &[Candidate],
    radius: f64,
    job: &JobContext,
) -> Result<Vec<Candidate>, Error> {
    let samples = samples(task, 1, MIDDLE, |_| true);
    let comparison = task.comparison(&samples, 1, BINS)?;
    let limits = limits(task, 1, 25, radius);
    let ends = climbed(&comparison, task.metric, begin, limits, job)?;
    let found = apart(ends, 2.0 * task.finest, radius, MIDDLE_POSES);
    if found.is_empty() {
        return Err(Error::NoOverlap);
    }
    Ok(found)
}

/// The best pose at the finest resolution, and others that come close.
fn fine(
    task: &Task,
    begin: &[Candidate],
    radius: f64,
    job: &JobContext,
) -> Result<(Candidate, Vec<Candidate>), Error> {
    let everywhere = samples(task, 0, MIDDLE, |_| true);
    let common = task.comparison(&everywhere, 0, BINS)?;
    let ranked = |pose: Pose| {
        let likeness = common.likeness(&pose)?;
        let overlap = common.overlap(&likeness);
        Some(Candidate::new(task.metric, pose, &likeness, overlap))
    };
    let close = begin.iter().filter(|c| c.rank >= CLOSE * begin[0].rank);
    let mut ends = Vec::new();
    for candidate in close.take(FINE_POSES) {
        let pose = refined(task, &candidate.pose, radius, job)?;
        ends.extend(pose.and_then(ranked));
    }
    let mut ends = apart(ends, task.finest, radius, FINE_POSES).into_iter();
    let best = ends.next().ok_or(Error::NoOverlap)?;
    Ok((best, ends.collect()))
}

/// A pose climbed at the finest resolution, with less and less regard to what disagrees.
fn refined(
    task: &Task,
    begin: &Pose,
    radius: f64,
    job: &JobContext,
) -> Result<Option<Pose>, Error> {
    let level = &task.other.levels[0];
    // Where the images overlap little, all samples are spent there.
    let reach = samples(task, 0, FINE, |p| {
        let q = begin.rotation * (p - begin.centre) + begin.image;
        level.nearest(q).is_some()
    });
    let comparison = task.comparison(&reach, 0, BINS)?;
    let limits = limits(task, 0, 20, radius);
    let Some(mut end) = climb(&comparison, begin, Freedom::Rigid, limits, job)? else {
        return Ok(None);
    };
    if let Measure::Correlation(plain) = &comparison.measure {
        for _ in 0..ROBUST_ROUNDS {
            let Some(robust) = plain.robust(&reach, level, &end.pose) else {
                break;
            };
            let weighted = Comparison {
                samples: &reach,
                level,
                measure: Measure::Correlation(robust),
            };
            let Some(next) = climb(&weighted, &end.pose, Freedom::Rigid, limits, job)? else {
                break;
            };
            end = next;
        }
    }
    Ok(Some(end.pose))
}

/// Likeness at places and turns taken at random around the best one.
fn chance(comparison: &Comparison, best: &Pose, radius: f64, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut direction = move || {
        let mut part = || rng.random_range(-1.0..1.0);
        let v = Vec3::new(part(), part(), part());
        v / v.norm().max(1e-3)
    };
    let poses: Vec<Pose> = (0..CHANCES)
        .map(|n| {
            let share = (n as f64 + 0.5) / CHANCES as f64;
            let angle = (25.0 + 35.0 * share).to_radians();
            best.moved(
                direction() * angle,
                direction() * radius * (0.3 + 0.4 * share),
            )
        })
        .collect();
    let found: Vec<Option<f64>> = poses
        .par_iter()
        .map(|pose| {
            let likeness = comparison.likeness(pose)?;
            let is_enough = comparison.overlap(&likeness) >= LEAST_OVERLAP;
            is_enough.then_some(likeness.stated)
        })
        .collect();
    found.into_iter().flatten().collect()
}
