//! The line of a stroke and what it covers.

use super::field::Frame;
use super::{Error, Prompt, middle_of};
use crate::geometry::{Point, Vec3, Voxel};
use crate::jobs::JobContext;
use crate::volume::{Mask, Volume};

/// Radius of a corrective click, pixels.
const CLICK_PIXELS: f64 = 1.5;
/// Longest piece of a stroke that is worked on at once, mm.
const PIECE_MM: f64 = 40.0;
/// Most voxels that one stroke can cover.
const MOST_COVERED: usize = 8_000_000;
/// How far the border of a mask is looked for from a stroke, mm.
const FARTHEST_MM: f64 = 25.0;
/// Places along a stroke from which it is looked for.
const LOOKOUTS: usize = 12;

/// A box of voxels: its first, and its size.
pub(super) type Region = ([usize; 3], [usize; 3]);

/// A stroke: its line and radius, mm.
#[derive(Clone)]
pub(super) struct Brush {
    pub(super) points: Vec<Point>,
    pub(super) radius: f64,
}

impl Brush {
    pub(super) fn new(volume: &Volume, prompt: &Prompt) -> Self {
        let [di, dj, _] = volume.grid().spacing_mm().map(|s| s.0);
        let radius = match prompt {
            Prompt::Scribble { radius, .. } => radius.0.max(0.0),
            _ => CLICK_PIXELS * di.min(dj),
        };
        Self {
            points: prompt.points().to_vec(),
            radius,
        }
    }

    /// Segments of its line; a point is one without length.
    fn segments(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let alone = (self.points.len() == 1).then(|| (self.points[0], self.points[0]));
        let pairs = self.points.windows(2).map(|w| (w[0], w[1]));
        pairs.chain(alone)
    }

    /// The stroke as pieces of at most [`PIECE_MM`], so that a long one asks for no large box.
    pub(super) fn pieces(&self) -> Vec<Self> {
        let mut pieces: Vec<Self> = Vec::new();
        let mut length = f64::INFINITY;
        for (a, b) in self.segments() {
            let n = (a.distance(b).0 / PIECE_MM).ceil().max(1.0);
            for s in 0..n as usize {
                let at = |s: f64| Point(a.0 + (b.0 - a.0) * (s / n));
                let (from, to) = (at(s as f64), at(s as f64 + 1.0));
                let more = from.distance(to).0;
                match pieces.last_mut() {
                    Some(last) if length + more <= PIECE_MM => {
                        length += more;
                        last.points.push(to);
                    }
                    _ => {
                        length = more;
                        let (points, radius) = (vec![from, to], self.radius);
                        pieces.push(Self { points, radius });
                    }
                }
            }
        }
        pieces
    }

    /// Voxels whose middle it covers, and at least those under its line; within `clip` only.
    pub(super) fn covered(
        &self,
        volume: &Volume,
        clip: Region,
        job: &JobContext,
    ) -> Result<Vec<[usize; 3]>, Error> {
        let grid = volume.grid();
        let (first, size) = clip;
        let [di, dj, dk] = grid.spacing_mm().map(|s| s.0);
        let shortest = di.min(dj).min(dk);
        let (mut found, mut tidied) = (Vec::new(), 0);
        for (a, b) in self.segments() {
            job.check()?;
            let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
            for corner in 0..8usize {
                let sign = |axis: usize| f64::from(u8::from(corner >> axis & 1 == 1));
                let at = [0, 1, 2].map(|x| {
                    let (l, h) = (a.0[x].min(b.0[x]), a.0[x].max(b.0[x]));
                    l - self.radius + (h - l + 2.0 * self.radius) * sign(x)
                });
                let v: [f64; 3] = grid.voxel_from_patient(at.into()).into();
                for x in 0..3 {
                    low[x] = low[x].min(v[x]);
                    high[x] = high[x].max(v[x]);
                }
            }
            let range = |x: usize| {
                let end = first[x] + size[x];
                let from = (low[x].ceil().max(0.0) as usize).clamp(first[x], end);
                from..((high[x] + 1.0).floor().max(0.0) as usize).clamp(from, end)
            };
            let along = b.0 - a.0;
            let squared = along.norm_squared().max(f64::MIN_POSITIVE);
            for k in range(2) {
                for j in range(1) {
                    for i in range(0) {
                        let d = middle_of(volume, [i, j, k]).0 - a.0;
                        let t = (d.dot(&along) / squared).clamp(0.0, 1.0);
                        if (d - along * t).norm_squared() <= self.radius * self.radius {
                            found.push([i, j, k]);
                        }
                    }
                }
            }
            let n = (2.0 * along.norm() / shortest).ceil().max(1.0) as usize;
            for s in 0..=n {
                let p = Point(a.0 + along * (s as f64 / n as f64));
                let v: [f64; 3] = grid.voxel_from_patient(p).into();
                let at = v.map(|x| x.round().max(0.0) as usize);
                if (0..3).all(|x| at[x] >= first[x] && at[x] < first[x] + size[x]) {
                    found.push(at);
                }
            }
            // Segments overlap: what they share is kept once before it grows large.
            if found.len() > 2 * tidied + 100_000 {
                tidy(&mut found);
                tidied = found.len();
                if tidied > MOST_COVERED {
                    return Err(Error::TooLarge {
                        length: 2.0 * self.radius,
                        voxels: tidied,
                        limit: MOST_COVERED,
                    });
                }
            }
        }
        tidy(&mut found);
        Ok(found)
    }

    /// How deep the stroke lies in what it corrects, mm of the frame: from most of its places the
    /// nearest border of the mask is farther than this. Who corrects strokes through the middle of
    /// what is wrong, so that the true border is about as far.
    pub(super) fn depth(&self, frame: &Frame<'_>, mask: &Mask, adds: bool) -> f64 {
        let steps = frame.steps();
        let step = steps[0].min(steps[1]);
        let n_steps = (FARTHEST_MM / step) as usize;
        let places: Vec<Point> = self
            .segments()
            .flat_map(|(a, b)| [0.0, 0.5, 1.0].map(|s| Point(a.0 + (b.0 - a.0) * s)))
            .collect();
        let every = places.len().div_ceil(LOOKOUTS).max(1);
        let mut depths: Vec<f64> = places
            .iter()
            .step_by(every)
            .map(|p| {
                let from = frame.of_patient(*p);
                let is_border = |way: &Vec3, n: usize| {
                    let p = frame.patient(Point(from.0 + way * (n as f64 * step)));
                    let v = frame.grid.voxel_from_patient(p);
                    frame.grid.contains(v) && holds(mask, v) == adds
                };
                let mut nearest = n_steps;
                for way in ways() {
                    nearest = (1..nearest)
                        .find(|n| is_border(&way, *n))
                        .unwrap_or(nearest);
                }
                nearest as f64 * step
            })
            .collect();
        depths.sort_by(f64::total_cmp);
        depths.get(depths.len() / 4).copied().unwrap_or(0.0)
    }
}

fn holds(mask: &Mask, v: Voxel) -> bool {
    let [i, j, k] = [v.i, v.j, v.k].map(|x| x.round().max(0.0) as usize);
    mask.contains(i, j, k)
}

fn tidy(voxels: &mut Vec<[usize; 3]>) {
    voxels.sort_unstable_by_key(|[i, j, k]| [*k, *j, *i]);
    voxels.dedup();
}

/// Directions to the 26 neighbours of a cell.
fn ways() -> impl Iterator<Item = Vec3> {
    let step = |n: usize, by: usize| (n / by % 3) as f64 - 1.0;
    (0..27)
        .filter(|n| *n != 13)
        .map(move |n| Vec3::new(step(n, 1), step(n, 3), step(n, 9)).normalize())
}
