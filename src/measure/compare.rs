//! How far two masks of one image agree.

use super::{Error, length, volume};
use crate::geometry::{Point, Voxel};
use crate::units::{Bulk, Length};
use crate::volume::Mask;

/// Two masks on one grid, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Dice overlap, 0–1.
    pub dice: f64,
    /// Sizes.
    pub volumes: [Bulk; 2],
    /// Voxels of one mask only.
    pub only: [usize; 2],
    /// 95th percentile of surface distances, the larger of both directions.
    pub surface_95: Length,
    /// Largest surface distance (Hausdorff).
    pub surface_max: Length,
}

/// Compares two masks of one image.
///
/// Surface distances run between centres of voxels that have a neighbour (of six) outside the mask,
/// each to the nearest such voxel of the other mask, at true slice positions; where the spacing is
/// unknown they are in pixels. The percentile is the smallest distance that at least 95 % of a
/// surface do not exceed.
///
/// # Errors
/// [`Error::Empty`] for an empty mask, [`Error::OtherGrid`] for masks of images of different shape.
pub fn compare(a: &Mask, b: &Mask) -> Result<Comparison, Error> {
    if a.grid().shape() != b.grid().shape() {
        return Err(Error::OtherGrid {
            mask: a.grid().shape(),
            image: b.grid().shape(),
        });
    }
    if a.is_empty() || b.is_empty() {
        return Err(Error::Empty);
    }
    let shared = a.voxels().filter(|&[i, j, k]| b.contains(i, j, k)).count();
    let surfaces = [surface(a), surface(b)];
    let directed = [
        distances(&surfaces[0], &surfaces[1]),
        distances(&surfaces[1], &surfaces[0]),
    ];
    let larger = |of: fn(&[f64]) -> f64| {
        let both = directed.iter().map(|d| of(d));
        length(a.grid(), both.fold(0.0, f64::max))
    };
    Ok(Comparison {
        dice: 2.0 * shared as f64 / (a.n_voxels() + b.n_voxels()) as f64,
        volumes: [volume(a), volume(b)],
        only: [a.n_voxels() - shared, b.n_voxels() - shared],
        surface_95: larger(percentile_95),
        surface_max: larger(|d| d.last().copied().unwrap_or(0.0)),
    })
}

/// Centres of the voxels that have a neighbour outside, LPS mm.
fn surface(mask: &Mask) -> Vec<Point> {
    let inside = |i: Option<usize>, j: Option<usize>, k: Option<usize>| match (i, j, k) {
        (Some(i), Some(j), Some(k)) => mask.contains(i, j, k),
        _ => false,
    };
    let is_border = |&[i, j, k]: &[usize; 3]| {
        let (some_i, some_j, some_k) = (Some(i), Some(j), Some(k));
        !(inside(i.checked_sub(1), some_j, some_k)
            && inside(Some(i + 1), some_j, some_k)
            && inside(some_i, j.checked_sub(1), some_k)
            && inside(some_i, Some(j + 1), some_k)
            && inside(some_i, some_j, k.checked_sub(1))
            && inside(some_i, some_j, Some(k + 1)))
    };
    mask.voxels()
        .filter(is_border)
        .map(|[i, j, k]| {
            mask.grid().patient_from_voxel(Voxel {
                i: i as f64,
                j: j as f64,
                k: k as f64,
            })
        })
        .collect()
}

/// From each point of `from` to the nearest of `to`, ascending.
fn distances(from: &[Point], to: &[Point]) -> Vec<f64> {
    let mut points: Vec<[f64; 3]> = to.iter().map(|p| (*p).into()).collect();
    split(&mut points, 0);
    let mut distances: Vec<f64> = from
        .iter()
        .map(|p| {
            let mut best = f64::INFINITY;
            nearest(&points, 0, (*p).into(), &mut best);
            best.sqrt()
        })
        .collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances
}

/// Orders points as a k-d tree: the median along the axis in the middle, the halves likewise.
fn split(points: &mut [[f64; 3]], axis: usize) {
    let middle = points.len() / 2;
    if points.len() > 1 {
        points.select_nth_unstable_by(middle, |a, b| a[axis].total_cmp(&b[axis]));
        let (low, high) = points.split_at_mut(middle);
        split(low, (axis + 1) % 3);
        split(&mut high[1..], (axis + 1) % 3);
    }
}

/// Lowers `best` to the squared distance of the nearest point.
fn nearest(points: &[[f64; 3]], axis: usize, to: [f64; 3], best: &mut f64) {
    let middle = points.len() / 2;
    let Some(here) = points.get(middle) else {
        return;
    };
    let squared: f64 = here.iter().zip(to).map(|(a, b)| (a - b) * (a - b)).sum();
    *best = best.min(squared);
    let beyond = to[axis] - here[axis];
    let (low, high) = (&points[..middle], &points[middle + 1..]);
    let (near, far) = if beyond < 0.0 {
        (low, high)
    } else {
        (high, low)
    };
    nearest(near, (axis + 1) % 3, to, best);
    if beyond * beyond < *best {
        nearest(far, (axis + 1) % 3, to, best);
    }
}

fn percentile_95(ascending: &[f64]) -> f64 {
    let rank = (0.95 * ascending.len() as f64).ceil() as usize;
    ascending
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array3;
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::{Grid, Vec3};
    use crate::units::Mm;

    fn mask(bits: &[bool]) -> Mask {
        let origins = (0..4).map(|k| Point::new(0.0, 0.0, 2.5 * f64::from(k)));
        let (i, j) = (Vec3::new(0.5, 0.0, 0.0), Vec3::new(0.0, 0.7, 0.0));
        let grid = Grid::new([4, 4, 4], i, j, origins.collect(), None).expect("valid");
        let bits = Array3::from_shape_vec((4, 4, 4), bits.to_vec()).expect("64 voxels");
        Mask::from_box(Arc::new(grid), [0; 3], &bits).expect("fits")
    }

    fn one(i: usize, j: usize, k: usize) -> Mask {
        let mut bits = [false; 64];
        bits[(k * 4 + j) * 4 + i] = true;
        mask(&bits)
    }

    #[test]
    fn single_voxels_are_as_far_apart_as_their_centres() {
        let made = compare(&one(0, 0, 0), &one(2, 1, 3)).expect("comparable");
        let far = (1.0f64 + 0.49 + 56.25).sqrt();
        assert!((made.surface_max.value() - far).abs() < 1e-12);
        assert_eq!(made.surface_95, made.surface_max);
        assert_eq!(made.surface_max, Length::Mm(Mm(made.surface_max.value())));
        assert_eq!((made.dice, made.only), (0.0, [1, 1]));
    }

    proptest! {
        #[test]
        fn distances_are_those_of_trying_all(
            a in proptest::collection::vec(any::<bool>(), 64),
            b in proptest::collection::vec(any::<bool>(), 64),
        ) {
            let (a, b) = (mask(&a), mask(&b));
            prop_assume!(!a.is_empty() && !b.is_empty());
            let made = compare(&a, &b).expect("comparable");
            prop_assert!((made.dice - a.dice(&b)).abs() < 1e-12);
            let (from, to) = (surface(&a), surface(&b));
            let directed = |from: &[Point], to: &[Point]| {
                from.iter()
                    .map(|p| to.iter().map(|q| p.distance(*q).0).fold(f64::INFINITY, f64::min))
                    .fold(0.0, f64::max)
            };
            let largest = f64::max(directed(&from, &to), directed(&to, &from));
            prop_assert!((made.surface_max.value() - largest).abs() < 1e-9);
            prop_assert!(made.surface_95.value() <= made.surface_max.value());
            let same = compare(&a, &a).expect("comparable");
            prop_assert_eq!((same.dice, same.surface_max.value()), (1.0, 0.0));
        }
    }
}
