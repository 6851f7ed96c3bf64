//! Cutting off what hangs on a lesion by a narrow bridge, as vessels do.

use std::collections::BinaryHeap;

use ndarray::Array3;

use super::field::Field;
use crate::volume::{Places, squared_distance};

/// Least radius of the opening, in depths of the seeds.
const LEAST: f64 = 0.15;
/// An opening is stable when another step of its radius takes at most this share of what it leaves.
const STABLE: f64 = 0.05;
/// Lesions less deep than this many pixels are left alone: a step of the radius takes much of them.
const FEWEST_PIXELS: f64 = 4.0;

/// The part of a mask `[[k, j, i]]` of a field that the smallest stable opening leaves; the mask
/// itself where none is stable, or the lesion is small (smart opening, Kuhnigk et al. 2006,
/// doi 10.1109/TMI.2006.871547).
///
/// The opening of radius ρ (mm) leaves what lies nearer than ρ to the voxels that a ball of radius ρ
/// reaches from the seeds without leaving the mask: those whose widest path to a seed, the one whose
/// least depth is largest, is at least ρ deep. ρ grows by the shortest step of the field, from a share
/// of the depth of the deepest seed up to that depth. Radii that let the mask touch the limit of its
/// region, which Kuhnigk passes over, are not looked for: a mask near a surface has no such limit.
pub(super) fn opened(field: &Field<'_>, mask: &Array3<bool>, seeds: &[usize]) -> Array3<bool> {
    let places = field.along();
    let [di, dj, dk] = field.steps;
    let depth = depths(mask, &places);
    let seeds: Vec<[usize; 3]> = seeds.iter().map(|n| field.kji(*n)).collect();
    let deepest = f64::from(seeds.iter().map(|s| depth[*s]).fold(0.0, f32::max));
    if deepest < FEWEST_PIXELS * di.min(dj) {
        return mask.clone();
    }
    let width = widest(&depth, &seeds);
    let step = di.min(dj).min(dk);
    let mut radius = (LEAST * deepest).max(step);
    let mut here = left(mask, &width, &places, radius);
    while radius <= deepest {
        let next = left(mask, &width, &places, radius + step);
        let count = |mask: &Array3<bool>| mask.iter().filter(|b| **b).count() as f64;
        if count(&next) >= (1.0 - STABLE) * count(&here) {
            return here;
        }
        radius += step;
        here = next;
    }
    mask.clone()
}

/// Depth of each marked voxel below the surface, mm; beyond the box nothing is marked.
fn depths(mask: &Array3<bool>, places: &Places) -> Array3<f32> {
    let (nk, nj, ni) = mask.dim();
    let outside = Array3::from_shape_fn((nk + 2, nj + 2, ni + 2), |(k, j, i)| {
        let at = [k.wrapping_sub(1), j.wrapping_sub(1), i.wrapping_sub(1)];
        !mask.get(at).copied().unwrap_or(false)
    });
    let far = squared_distance(&outside, &places.padded());
    Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| far[[k + 1, j + 1, i + 1]].sqrt())
}

/// Least depth, mm, on the widest path over faces from any seed to each voxel; 0 where none leads
/// (Dijkstra's algorithm with the lesser of two depths in place of their sum).
fn widest(depth: &Array3<f32>, seeds: &[[usize; 3]]) -> Array3<f32> {
    let mut width = Array3::<f32>::zeros(depth.raw_dim());
    // Positive numbers are ordered as their bits are.
    let mut queue = BinaryHeap::new();
    for seed in seeds {
        if depth[*seed] > width[*seed] {
            width[*seed] = depth[*seed];
            queue.push((depth[*seed].to_bits(), *seed));
        }
    }
    while let Some((bits, at)) = queue.pop() {
        if width[at].to_bits() != bits {
            continue;
        }
        for axis in 0..3 {
            for next in [at[axis].wrapping_sub(1), at[axis] + 1] {
                let mut to = at;
                to[axis] = next;
                let Some(depth) = depth.get(to) else {
                    continue;
                };
                let reached = depth.min(f32::from_bits(bits));
                if reached > width[to] {
                    width[to] = reached;
                    queue.push((reached.to_bits(), to));
                }
            }
        }
    }
    width
}

/// What an opening of a radius (mm) leaves.
fn left(mask: &Array3<bool>, width: &Array3<f32>, places: &Places, radius: f64) -> Array3<bool> {
    let core = width.mapv(|w| f64::from(w) >= radius);
    let far = squared_distance(&core, places);
    let mut left = mask.clone();
    left.zip_mut_with(&far, |marked, d| *marked &= f64::from(*d) < radius * radius);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 30;

    /// A ball of radius 8 in the middle, and what else is marked.
    fn ball_and(also: impl Fn([f64; 3]) -> bool) -> Array3<bool> {
        Array3::from_shape_fn((SIDE, SIDE, SIDE), |(k, j, i)| {
            let p = [i, j, k].map(|x| x as f64 - 14.5);
            p.iter().map(|x| x * x).sum::<f64>() <= 64.0 || also(p)
        })
    }

    fn opened_from(mask: &Array3<bool>, radius: f64) -> Array3<bool> {
        let places = Places::even([SIDE; 3], [1.0; 3]);
        let width = widest(&depths(mask, &places), &[[15, 15, 15]]);
        left(mask, &width, &places, radius)
    }

    #[test]
    fn a_rod_is_cut_off_and_the_ball_stays() {
        let rod = |[x, y, z]: [f64; 3]| x > 0.0 && y.abs() < 2.0 && z.abs() < 2.0;
        let (ball, both) = (ball_and(|_| false), ball_and(rod));
        assert_eq!(opened_from(&both, 1.0), both, "a voxel fits everywhere");
        let without = opened_from(&both, 3.0);
        let of_rod = without.iter().zip(&ball).filter(|(w, b)| **w && !**b);
        assert_eq!(of_rod.count(), 0);
        let count = |mask: &Array3<bool>| mask.iter().filter(|b| **b).count();
        assert!(
            10 * count(&without) > 9 * count(&ball),
            "no more than corners"
        );
    }

    #[test]
    fn a_second_ball_is_reached_only_through_a_bridge_that_is_wide_enough() {
        let second = |[x, y, z]: [f64; 3]| {
            (x - 11.0).powi(2) + y * y + z * z <= 16.0 || (x > 0.0 && y.abs() + z.abs() < 2.0)
        };
        let mask = ball_and(second);
        assert!(opened_from(&mask, 1.0)[[14, 14, 26]]);
        assert!(!opened_from(&mask, 3.0)[[14, 14, 26]], "no path is as deep");
    }
}
