//! The star-shaped surface around a point that best follows the edges in sight of it.

use std::f64::consts::{PI, TAU};

use rayon::prelude::*;

use super::field::Field;
use super::model::{median, spread};
use crate::geometry::{Point, Vec3};

/// Rays from pole to pole, and half as many as around the axis.
#[derive(Clone, Copy)]
struct Rays(usize);

/// Those of a surface, and of one that is only compared.
const FINE: Rays = Rays(24);
const COARSE: Rays = Rays(12);
/// Step along a ray, mm.
const STEP: f64 = 0.5;
/// Penalties for radii of neighbouring rays that differ by one step, and by more.
const ONE_STEP: f32 = 0.25;
const MORE_STEPS: f32 = 1.2;

/// An image part and where its voxels are.
pub(super) struct Surroundings<'a> {
    pub(super) field: &'a Field<'a>,
    pub(super) places: Vec<Point>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(field: &'a Field<'a>) -> Self {
        Self {
            field,
            places: field.places(),
        }
    }
}

/// What values around a point are like.
pub(super) struct Tissue {
    /// Spread within the inner ball.
    pub(super) spread: f32,
    /// Of each voxel, how much its value belongs to it: 1 in its middle, ½ half-way to the nearest
    /// other tissue.
    members: Vec<f32>,
}

/// Radius of the ball that shows what the lesion is like, mm.
const BALL_MM: f64 = 1.5;
/// Its spread at most, in units of the noise: in a small lesion the ball holds the border too.
const MOST_SPREAD: f32 = 2.0;
/// Of so many voxels one enters the histogram of other tissues.
const THINNED: usize = 3;

impl Tissue {
    /// Of the ball around a place; other tissues by a histogram in which near voxels count more.
    pub(super) fn at(around: &Surroundings<'_>, center: Point, noise: f32) -> Option<Self> {
        let field = around.field;
        // Joined pixels may be wider than the ball.
        let radius = field.steps.into_iter().fold(BALL_MM, |r, s| r.max(1.3 * s));
        let mut ball = Vec::new();
        let mut all: Vec<(f32, f64)> = Vec::new();
        for n in (0..field.len()).filter(|n| field.values[*n].is_finite()) {
            let d = around.places[n].distance(center).0;
            if d <= radius {
                ball.push(field.values[n]);
            }
            if n.is_multiple_of(THINNED) {
                all.push((field.values[n], 1.0 / d.max(1.0).powi(2)));
            }
        }
        if ball.len() < 5 {
            return None;
        }
        let middle = median(&ball)?;
        let spread = spread(&ball)?.clamp(noise, MOST_SPREAD * noise);
        let band = [-1.0f32, 1.0].map(|side| {
            other_tissue(&all, middle, spread, side)
                .map_or(middle + side * 4.0 * spread, |other| (middle + other) / 2.0)
        });
        let membership = |value: &f32| {
            if !value.is_finite() {
                return 0.0;
            }
            let limit = band[usize::from(*value > middle)];
            let d = (value - middle) / (limit - middle);
            (-std::f32::consts::LN_2 * d * d).exp()
        };
        Some(Self {
            spread,
            members: field.values.par_iter().map(membership).collect(),
        })
    }

    /// How much the value of a voxel belongs to the tissue.
    pub(super) fn member(&self, n: usize) -> f32 {
        self.members[n]
    }
}

/// The nearest mode on one side that is apart by more than 2.5 spreads, holds at least 6 % of the
/// weight, and is parted from the tissue by a valley of at most half its height: the tail of the
/// tissue's own values is no other tissue.
fn other_tissue(values: &[(f32, f64)], middle: f32, spread: f32, side: f32) -> Option<f32> {
    const BINS: usize = 80;
    const FIRST: usize = 3;
    let mut weights = [0.0f64; BINS];
    let mut total = 0.0;
    for (value, weight) in values {
        total += weight;
        let d = side * (value - middle) / spread;
        if d > 0.0 {
            weights[(d as usize).min(BINS - 1)] += weight;
        }
    }
    let near = |b: usize| weights.get(b).copied().unwrap_or(0.0);
    let mut valley = near(0).min(near(1)).min(near(2));
    for b in FIRST..BINS {
        let mass = near(b - 1) + near(b) + near(b + 1);
        let is_top = near(b) >= near(b + 1) && near(b) >= near(b - 1);
        if is_top && mass >= 0.06 * total && near(b) >= 2.0 * valley {
            return Some(middle + side * spread * (b as f32 + 0.5));
        }
        valley = valley.min(near(b));
    }
    None
}

impl Rays {
    const fn down(self) -> usize {
        self.0
    }

    const fn around(self) -> usize {
        2 * self.0
    }

    const fn count(self) -> usize {
        self.down() * self.around()
    }

    /// Direction of a ray; rays are numbered around the axis, then from pole to pole.
    fn direction(self, ray: usize) -> Vec3 {
        let polar = PI * ((ray / self.around()) as f64 + 0.5) / self.down() as f64;
        let turn = TAU * (ray % self.around()) as f64 / self.around() as f64;
        Vec3::new(
            polar.sin() * turn.cos(),
            polar.sin() * turn.sin(),
            polar.cos(),
        )
    }
}

/// A star-shaped surface.
pub(super) struct Star {
    pub(super) center: Point,
    rays: Rays,
    /// Radius of each ray, mm.
    radii: Vec<f64>,
    /// Part of the rays that end at the limit.
    pub(super) at_limit: f64,
}

impl Star {
    /// Around a place of the field's frame, no farther than `limit` mm; twice moved half-way to its
    /// own centroid.
    pub(super) fn around(field: &Field<'_>, tissue: &Tissue, center: Point, limit: f64) -> Self {
        let mut star = Self::once(field, tissue, center, limit, FINE);
        for _ in 0..2 {
            star = Self::once(field, tissue, star.half_way(), limit, FINE);
        }
        star
    }

    /// The same with fewer rays and moved once: to compare with.
    pub(super) fn nearby(field: &Field<'_>, tissue: &Tissue, center: Point, limit: f64) -> Self {
        let star = Self::once(field, tissue, center, limit, COARSE);
        Self::once(field, tissue, star.half_way(), limit, COARSE)
    }

    fn once(field: &Field<'_>, tissue: &Tissue, center: Point, limit: f64, rays: Rays) -> Self {
        let n_steps = ((limit / STEP) as usize).max(4);
        let costs: Vec<Vec<f32>> = (0..rays.count())
            .into_par_iter()
            .map(|n| ray(field, tissue, center, rays.direction(n), n_steps))
            .collect();
        let steps = smoothest(&costs, rays, n_steps);
        let last = n_steps - 1;
        Self {
            center,
            rays,
            at_limit: steps.iter().filter(|s| **s >= last).count() as f64 / steps.len() as f64,
            radii: steps.into_iter().map(|s| (s as f64 + 1.0) * STEP).collect(),
        }
    }

    /// Half-way from its centre to its centroid.
    fn half_way(&self) -> Point {
        let (mut sum, mut total) = (Vec3::zeros(), 0.0);
        for (n, r) in self.radii.iter().enumerate() {
            let u = self.rays.direction(n);
            // Volume of the ray's cone, and its centroid at ¾ of its length.
            let share = (1.0 - u.z * u.z).sqrt() * r.powi(3);
            sum += u * (0.75 * r * share);
            total += share;
        }
        Point(self.center.0 + sum / total / 2.0)
    }

    /// Distance from the centre in units of the surface's.
    pub(super) fn reach(&self, p: Point) -> f32 {
        let d = p.0 - self.center.0;
        let r = d.norm();
        if r < 1e-9 {
            return 0.0;
        }
        let (n_down, n_around) = (self.rays.down(), self.rays.around());
        let down = ((d.z / r).acos() / PI * n_down as f64 - 0.5).clamp(0.0, n_down as f64 - 1.0);
        let around = (d.y.atan2(d.x) / TAU).rem_euclid(1.0) * n_around as f64;
        let (d0, a0) = (down as usize, around as usize % n_around);
        let (d1, a1) = ((d0 + 1).min(n_down - 1), (a0 + 1) % n_around);
        let (u, w) = (down - d0 as f64, around - (around as usize) as f64);
        let radius = |d: usize, a: usize| self.radii[d * n_around + a];
        let row = |d: usize| radius(d, a0) * (1.0 - w) + radius(d, a1) * w;
        (r / (row(d0) * (1.0 - u) + row(d1) * u)) as f32
    }

    /// Radius of a ball of the same volume, mm.
    pub(super) fn radius(&self) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (n, r) in self.radii.iter().enumerate() {
            let u = self.rays.direction(n);
            let share = (1.0 - u.z * u.z).sqrt();
            sum += share * r.powi(3);
            total += share;
        }
        (sum / total).cbrt()
    }
}

/// Cost of ending a ray after each step: dear beyond what does not belong, cheap at an edge outward.
fn ray(field: &Field<'_>, tissue: &Tissue, center: Point, u: Vec3, n_steps: usize) -> Vec<f32> {
    // Straight in voxels too, but for uneven slices, where the nearest place on the line is taken.
    let grid = field.frame.grid;
    let cell = |p: Point| field.cell(grid.voxel_from_patient(field.frame.patient(p)).into());
    let reach = n_steps as f64 * STEP;
    let (from, to) = (cell(center), cell(Point(center.0 + u * reach)));
    let step = [0, 1, 2].map(|a| (to[a] - from[a]) / n_steps as f64);
    let mut at = from;
    let mut members = vec![0.0f32; n_steps + 3];
    for member in &mut members {
        *member = field.in_cell(at).map_or(0.0, |n| tissue.members[n]);
        for (x, step) in at.iter_mut().zip(step) {
            *x += step;
        }
    }
    let mut foreign = 0.0;
    (0..n_steps)
        .map(|s| {
            let inner = members[s].max(members[s.saturating_sub(1)]);
            let edge = (inner - members[s + 2]).clamp(0.0, 1.0);
            let cost = 0.25 * foreign - 1.5 * edge;
            // 0 where membership is a half, up to 1.5 where there is none.
            foreign += (1.5 - 3.0 * members[s + 1]).clamp(0.0, 1.5);
            cost
        })
        .collect()
}

/// The lesser of two numbers, either of them where one is none: a single instruction.
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Semi-global matching (Hirschmüller 2008, doi 10.1109/TPAMI.2007.1166) over rays: along the circles
/// of latitude and the meridians, both ways.
fn smoothest(costs: &[Vec<f32>], rays: Rays, n_steps: usize) -> Vec<usize> {
    let (n_down, n_around) = (rays.down(), rays.around());
    let mut sums: Vec<Vec<f32>> = vec![vec![0.0; n_steps]; costs.len()];
    let (mut before, mut here) = (vec![0.0f32; n_steps + 2], vec![0.0f32; n_steps + 2]);
    let mut path = |rays: &mut dyn Iterator<Item = usize>| {
        // Steps have one that is never taken on either side.
        before.fill(0.0);
        let mut is_first = true;
        for ray in rays {
            let best = if is_first {
                0.0
            } else {
                before[1..=n_steps]
                    .iter()
                    .copied()
                    .fold(f32::INFINITY, f32::min)
            };
            let most = if is_first { 0.0 } else { best + MORE_STEPS };
            let last = before.windows(3).zip(&costs[ray]);
            for (here, (last, cost)) in here[1..].iter_mut().zip(last) {
                let near = least(last[0], last[2]) + ONE_STEP;
                *here = cost + least(least(last[1], near), most) - best;
            }
            (here[0], here[n_steps + 1]) = (f32::INFINITY, f32::INFINITY);
            let sum = sums[ray].iter_mut().zip(&here[1..]);
            sum.for_each(|(sum, c)| *sum += c);
            std::mem::swap(&mut before, &mut here);
            is_first = false;
        }
    };
    for down in 0..n_down {
        // Twice around, so that the circle has no seam that matters.
        path(&mut (0..n_around).map(|a| down * n_around + a));
        path(&mut (0..n_around).rev().map(|a| down * n_around + a));
        path(&mut (0..n_around).map(|a| down * n_around + (a + n_around / 2) % n_around));
        path(
            &mut (0..n_around)
                .rev()
                .map(|a| down * n_around + (a + n_around / 2) % n_around),
        );
    }
    for around in 0..n_around / 2 {
        // From pole to pole and back on the other side.
        let there = (0..n_down).map(|d| d * n_around + around);
        let back = (0..n_down)
            .rev()
            .map(|d| d * n_around + around + n_around / 2);
        let circle: Vec<usize> = there.chain(back).collect();
        path(&mut circle.iter().copied());
        path(&mut circle.iter().rev().copied());
    }
    sums.iter()
        .map(|c| {
            let best = c.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
            best.map_or(0, |(s, _)| s)
        })
        .collect()
}
