//! From probabilities to a mask on the image's own voxels.

use std::sync::Arc;

use ndarray::Array3;
use rayon::prelude::*;

use super::field::Field;
use super::relax::{Joins, Problem};
use super::{Error, Params, shape};
use crate::jobs::JobContext;
use crate::volume::parts::{self, Touch};
use crate::volume::{Mask, Volume};

/// Sweeps in which joined pixels are told apart.
const SWEEPS: usize = 8;
/// What is known of joined pixels settles voxels whose probability lies outside this.
const BORDER: std::ops::Range<f32> = 0.1..0.9;
/// Voxels around the lesion's box that are looked at, joined pixels.
const MARGIN: usize = 2;

/// A lesion as bits of a box of the image's own voxels.
pub(super) struct Lesion {
    pub(super) origin: [usize; 3],
    pub(super) bits: Array3<bool>,
    /// Part of the voxels with a probability above 0.3 that have one above 0.7.
    pub(super) sharpness: f64,
}

impl Lesion {
    pub(super) fn mask(&self, volume: &Volume) -> Result<Mask, Error> {
        let mut bits = self.bits.clone();
        let [oi, oj, ok] = self.origin;
        let (_, nj, ni) = bits.dim();
        let mut values = vec![0.0f32; ni];
        for (n, mut row) in bits.rows_mut().into_iter().enumerate() {
            if row.iter().any(|bit| *bit) {
                // Filling and bridging know neither padding nor missing slices.
                volume.row_into([oi, oj + n % nj, ok + n / nj], &mut values);
                let valued = row.iter_mut().zip(&values);
                valued.for_each(|(bit, value)| *bit &= !value.is_nan());
            }
        }
        let grid = volume.grid();
        let mask = Mask::from_box(Arc::clone(grid), self.origin, &bits)
            .map_err(|e| Error::Mask(e.to_string()))?;
        if mask.is_empty() {
            return Err(Error::NothingFound);
        }
        Ok(mask)
    }
}

/// The lesion in a division: more likely than not, in one piece with the seeds, without holes.
pub(super) fn lesion(
    volume: &Volume,
    field: &Field<'_>,
    free: &[bool],
    probability: &[f32],
    seeds: &[usize],
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    let count = |least: f32| probability.iter().filter(|p| **p > least).count() as f64;
    let sharpness = count(0.7) / count(0.3).max(1.0);
    let is_lesion = |n: usize| free[n] && probability[n] > params.cut;
    let inside = in_one_piece(field, is_lesion, seeds)?;
    if field.stride == 1 {
        return Ok(Lesion {
            origin: field.origin,
            bits: inside,
            sharpness,
        });
    }
    let (origin, mut bits) = told_apart(volume, field, probability, &inside, params, job)?;
    shape::fill_holes(&mut bits);
    parts::keep_largest(&mut bits, Touch::Faces);
    Ok(Lesion {
        origin,
        bits,
        sharpness,
    })
}

/// The lesion's (joined) voxels of a field `[[k, j, i]]`, without holes, in one piece with the seeds.
pub(super) fn in_one_piece(
    field: &Field<'_>,
    is_lesion: impl Fn(usize) -> bool,
    seeds: &[usize],
) -> Result<Array3<bool>, Error> {
    let [ni, nj, nk] = field.size;
    let mut inside =
        Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| is_lesion((k * nj + j) * ni + i));
    shape::fill_holes(&mut inside);
    let seeds: Vec<[usize; 3]> = seeds.iter().map(|n| field.kji(*n)).collect();
    if !parts::keep_seeded(&mut inside, &seeds, Touch::Faces) {
        return Err(Error::NothingFound);
    }
    Ok(inside)
}

/// Tells joined pixels apart: near the border, the image's own voxels are divided along its edges,
/// starting from what is known of the joined ones.
fn told_apart(
    volume: &Volume,
    field: &Field<'_>,
    probability: &[f32],
    inside: &Array3<bool>,
    params: &Params,
    job: &JobContext,
) -> Result<([usize; 3], Array3<bool>), Error> {
    let [ni, nj, nk] = field.size;
    let (mut low, mut high) = ([ni, nj, nk], [0usize; 3]);
    for ((k, j, i), _) in inside.indexed_iter().filter(|(_, b)| **b) {
        for (a, v) in [i, j, k].into_iter().enumerate() {
            low[a] = low[a].min(v);
            high[a] = high[a].max(v + 1);
        }
    }
    let low = [
        low[0].saturating_sub(MARGIN),
        low[1].saturating_sub(MARGIN),
        low[2],
    ];
    let high = [
        (high[0] + MARGIN).min(ni),
        (high[1] + MARGIN).min(nj),
        high[2],
    ];
    let s = field.stride;
    let origin = [
        field.origin[0] + low[0] * s,
        field.origin[1] + low[1] * s,
        field.origin[2] + low[2],
    ];
    let size = [
        (high[0] - low[0]) * s,
        (high[1] - low[1]) * s,
        high[2] - low[2],
    ];
    let own = Field::read(volume, field.frame.clone(), origin, size, 1, job)?;
    let known = Known {
        field,
        probability,
        inside,
        cut: params.cut,
    };
    let belief = known.between(low, own.size);
    let noise = super::divide::noise(&own, |n| belief[n] > 0.5);
    let joins = Joins::new(&own, params.edge * noise, params.least_join);
    let is_open = |p: &f32| BORDER.contains(p);
    let weight = |p: &f32| if is_open(p) { 0.3 } else { f32::INFINITY };
    let problem = Problem {
        field: &own,
        joins: &joins,
        weight: belief.iter().map(weight).collect(),
        belief,
    };
    let solved = problem.solve(SWEEPS, job)?;
    let marked = solved.iter().zip(&own.values);
    let marked = marked.map(|(p, value)| *p > 0.5 && value.is_finite());
    let [mi, mj, mk] = own.size;
    let bits = Array3::from_shape_vec((mk, mj, mi), marked.collect());
    Ok((origin, bits.map_err(|e| Error::Mask(e.to_string()))?))
}

/// What is known of joined pixels.
struct Known<'a> {
    field: &'a Field<'a>,
    probability: &'a [f32],
    inside: &'a Array3<bool>,
    cut: f32,
}

impl Known<'_> {
    /// Probability of lesion of a joined pixel. What belongs to other pieces is not part of the
    /// lesion.
    fn at(&self, [i, j, k]: [usize; 3]) -> f32 {
        let [ni, nj, _] = self.field.size;
        let p = self.probability[(k * nj + j) * ni + i];
        // Even odds are where the lesion was cut.
        let p = if p < self.cut {
            0.5 * p / self.cut
        } else {
            0.5 + 0.5 * (p - self.cut) / (1.0 - self.cut)
        };
        if self.inside[[k, j, i]] {
            p.max(0.51)
        } else {
            p.min(0.49)
        }
    }

    /// The same for the image's own voxels in a box from the joined pixel `low` on, linear between
    /// the middles of joined pixels.
    fn between(&self, low: [usize; 3], [mi, mj, mk]: [usize; 3]) -> Vec<f32> {
        let [ni, nj, _] = self.field.size;
        let s = self.field.stride as f32;
        let places = |own: usize, first: usize, count: usize| -> Vec<(usize, usize, f32)> {
            let middle = |v: usize| (v as f32 + 0.5) / s - 0.5 + first as f32;
            (0..own)
                .map(|v| {
                    let x = middle(v).clamp(0.0, count as f32 - 1.0);
                    let a = (x as usize).min(count.saturating_sub(2));
                    (a, (a + 1).min(count - 1), x - a as f32)
                })
                .collect()
        };
        let (along_i, along_j) = (places(mi, low[0], ni), places(mj, low[1], nj));
        let mut belief = vec![0.0f32; mi * mj * mk];
        belief
            .par_chunks_mut((mi * mj).max(1))
            .enumerate()
            .for_each(|(k, slice)| {
                let row = |j: usize| (0..ni).map(move |i| self.at([i, j, low[2] + k]));
                let mut mixed = vec![0.0f32; ni];
                for (to, (j0, j1, w)) in slice.chunks_mut(mi).zip(&along_j) {
                    for (m, (a, b)) in mixed.iter_mut().zip(row(*j0).zip(row(*j1))) {
                        *m = a * (1.0 - w) + b * w;
                    }
                    for (to, (i0, i1, u)) in to.iter_mut().zip(&along_i) {
                        *to = mixed[*i0] * (1.0 - u) + mixed[*i1] * u;
                    }
                }
            });
        belief
    }
}
