//! A simulated reader: where the drag and the corrections go, and how good the mask then is.

use ndarray::Array3;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::geometry::{Point, Voxel};
use crate::measure;
use crate::segment::Prompt;
use crate::units::Mm;
use crate::volume::parts::{self, Touch};
use crate::volume::{Mask, Places, squared_distance};

/// How far the gesture is from the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    /// The reference's own longest axis.
    Exact,
    /// Each end up to two pixels off along both axes.
    TwoPixels,
    /// The exact line in a neighbouring slice.
    OneSlice,
}

impl Hand {
    pub(super) const ALL: [Self; 3] = [Self::Exact, Self::TwoPixels, Self::OneSlice];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::TwoPixels => "±2 px",
            Self::OneSlice => "one slice off",
        }
    }
}

/// Ends of the drag along the reference's longest axis.
pub(super) fn line(reference: &Mask, hand: Hand, random: &mut ChaCha8Rng) -> Option<[Point; 2]> {
    let axis = measure::measure(reference, None).ok()?.long_axis;
    let grid = reference.grid();
    let shape = grid.shape();
    let up = random.random_bool(0.5);
    let n_slices = shape[2] as f64;
    Some(axis.ends.map(|end| {
        let v = grid.voxel_from_patient(end);
        let mut off = |x: f64, n: usize| {
            let x = match hand {
                Hand::TwoPixels => x + random.random_range(-2.0..=2.0),
                Hand::Exact | Hand::OneSlice => x,
            };
            x.clamp(-0.49, n as f64 - 0.51)
        };
        let (i, j) = (off(v.i, shape[0]), off(v.j, shape[1]));
        let k = match hand {
            Hand::OneSlice if up == (v.k + 1.0 < n_slices) || v.k < 1.0 => v.k + 1.0,
            Hand::OneSlice => v.k - 1.0,
            Hand::Exact | Hand::TwoPixels => v.k,
        };
        grid.patient_from_voxel(Voxel::new(i, j, k.clamp(0.0, n_slices - 1.0)))
    }))
}

/// A place inside the reference to click on: at least half as deep as its deepest, up to `n`.
pub(super) fn clicks(reference: &Mask, n: usize, random: &mut ChaCha8Rng) -> Vec<Point> {
    let (origin, depth) = depths(reference);
    let deepest = depth.iter().copied().fold(0.0f32, f32::max);
    let deep: Vec<[usize; 3]> = depth
        .indexed_iter()
        .filter(|(_, d)| **d >= 0.5 * deepest)
        .map(|((k, j, i), _)| [origin[0] + i, origin[1] + j, origin[2] + k])
        .collect();
    let place = |v: &[usize; 3]| {
        let [i, j, k] = v.map(|x| x as f64);
        reference.grid().patient_from_voxel(Voxel::new(i, j, k))
    };
    (0..n)
        .filter_map(|_| deep.get(random.random_range(0..deep.len().max(1))))
        .map(place)
        .collect()
}

/// Depth of each voxel of a mask's box (with a margin of one) below its surface, mm.
fn depths(mask: &Mask) -> ([usize; 3], Array3<f32>) {
    let (low, size) = mask.bounds();
    let bits = Array3::from_shape_fn((size[2], size[1], size[0]), |(k, j, i)| {
        mask.contains(low[0] + i, low[1] + j, low[2] + k)
    });
    (low, depth_of(mask, low, &bits))
}

/// Depth of each marked voxel; what lies beyond the box counts as outside.
fn depth_of(mask: &Mask, low: [usize; 3], bits: &Array3<bool>) -> Array3<f32> {
    let (nk, nj, ni) = bits.dim();
    let outside = Array3::from_shape_fn((nk + 2, nj + 2, ni + 2), |(k, j, i)| {
        let at = [k.wrapping_sub(1), j.wrapping_sub(1), i.wrapping_sub(1)];
        !bits.get(at).copied().unwrap_or(false)
    });
    let within = Places::of_box(mask.grid(), low, [ni, nj, nk]).padded();
    let far = squared_distance(&outside, &within);
    Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| far[[k + 1, j + 1, i + 1]].sqrt())
}

/// The stroke a reader makes next: through the middle of the largest connected error, in the slice
/// where it is thickest, adding or taking away. `None` when nothing is wrong.
pub(super) fn correction(reference: &Mask, made: &Mask) -> Option<Prompt> {
    let grid = reference.grid();
    let bounds = [reference.bounds(), made.bounds()];
    let filled = bounds.iter().filter(|(_, size)| size[0] > 0);
    let low = [0, 1, 2].map(|a| filled.clone().map(|b| b.0[a]).min().unwrap_or(0));
    let high = [0, 1, 2].map(|a| filled.clone().map(|b| b.0[a] + b.1[a]).max().unwrap_or(0));
    let dim = (high[2] - low[2], high[1] - low[1], high[0] - low[0]);
    let wrong = Array3::from_shape_fn(dim, |(k, j, i)| {
        let at = [low[0] + i, low[1] + j, low[2] + k];
        let wanted = reference.contains(at[0], at[1], at[2]);
        if wanted == made.contains(at[0], at[1], at[2]) {
            0u8
        } else {
            1 + u8::from(wanted)
        }
    });
    let (error, adds) = largest_component(&wrong)?;
    let depth = depth_of(reference, low, &error);
    let mut best: Option<(f32, [usize; 3])> = None;
    for ((k, j, i), d) in depth.indexed_iter() {
        if best.is_none_or(|(deepest, _)| *d > deepest) {
            best = Some((*d, [k, j, i]));
        }
    }
    let (deepest, [k, j, i]) = best.filter(|b| b.0 > 0.0)?;
    let enough = 0.5 * deepest;
    let [di, dj, _] = grid.spacing_mm().map(|s| s.0);
    let is_deep = |v: [f64; 2]| {
        let [b, a] = v.map(|x| x.round());
        let at = [k, b.max(0.0) as usize, a.max(0.0) as usize];
        b >= 0.0 && a >= 0.0 && depth.get(at).is_some_and(|d| *d >= enough)
    };
    // The longest straight line through the middle that stays well inside, of eight directions.
    let mut longest = (0.0, [[j as f64, i as f64]; 2]);
    for turn in 0..8 {
        let angle = std::f64::consts::PI * f64::from(turn) / 8.0;
        let step = [0.5 * angle.sin(), 0.5 * angle.cos()];
        let reach = |sign: f64| {
            let far = |n: i32| {
                let n = sign * f64::from(n);
                [j as f64 + n * step[0], i as f64 + n * step[1]]
            };
            let n = (1..60).take_while(|n| is_deep(far(*n))).last().unwrap_or(0);
            far(n)
        };
        let ends = [reach(-1.0), reach(1.0)];
        let across = [
            (ends[1][0] - ends[0][0]) * dj,
            (ends[1][1] - ends[0][1]) * di,
        ];
        let length = across[0].hypot(across[1]);
        if length > longest.0 {
            longest = (length, ends);
        }
    }
    let points = longest.1.map(|[b, a]| {
        grid.patient_from_voxel(Voxel::new(
            low[0] as f64 + a,
            low[1] as f64 + b,
            (low[2] + k) as f64,
        ))
    });
    Some(Prompt::Scribble {
        points: points.to_vec(),
        radius: Mm((0.5 * f64::from(deepest)).clamp(0.5 * di.min(dj), 3.0)),
        adds,
    })
}

/// The largest part (over faces) of one kind of error, and whether it is missing (kind 2).
fn largest_component(wrong: &Array3<u8>) -> Option<(Array3<bool>, bool)> {
    let [surplus, missing] = [1u8, 2].map(|kind| {
        let mut part = wrong.mapv(|w| w == kind);
        parts::keep_largest(&mut part, Touch::Faces);
        let n = part.iter().filter(|b| **b).count();
        (part, n)
    });
    let is_missing = missing.1 > surplus.1;
    let (part, n) = if is_missing { missing } else { surplus };
    (n > 0).then_some((part, is_missing))
}
