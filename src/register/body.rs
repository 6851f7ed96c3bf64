//! Where the body is, so that air and the table are not what is aligned.

use std::collections::VecDeque;

use super::level::Level;
use super::tone::Tone;

/// Hounsfield units above which a voxel of centimetres is body; a table of foam and thin shells averages
/// to less.
const CT_BODY: f32 = -300.0;
/// How far from the darkest value to Otsu's threshold body begins, for other images: Otsu's alone would
/// keep bright organs only.
const OTHER_BODY: f32 = 0.5;
/// Parts smaller than this share of the largest are not body.
const LEAST_PART: f64 = 0.1;
/// A body of less than this share of the real voxels was not found.
const LEAST_SHARE: f64 = 0.02;

/// The voxels of a coarse level that hold body, with a rim of one voxel so that the skin counts.
///
/// Where no body stands out, all real voxels are taken.
pub(super) fn body(level: &Level, tone: Tone) -> Vec<bool> {
    let real: Vec<bool> = level.values.iter().map(|v| !v.is_nan()).collect();
    let threshold = match tone {
        Tone::Hounsfield => CT_BODY,
        Tone::Root | Tone::Plain => match otsu(&level.values) {
            Some((low, otsu)) => low + OTHER_BODY * (otsu - low),
            None => return real,
        },
    };
    let bright: Vec<bool> = level.values.iter().map(|v| *v > threshold).collect();
    let mut found = large_parts(&eroded(&bright, level.shape), level.shape);
    if !found.contains(&true) {
        found = large_parts(&bright, level.shape);
    }
    // Grown back under the threshold, so that what the erosion cut off the body returns and a table it
    // cut loose does not.
    let regrown = dilated(&found, level.shape);
    let mut mask: Vec<bool> = regrown.iter().zip(&bright).map(|(a, b)| *a && *b).collect();
    fill_slices(&mut mask, level.shape);
    let mut mask = dilated(&mask, level.shape);
    for (inside, real) in mask.iter_mut().zip(&real) {
        *inside &= *real;
    }
    let count = |mask: &[bool]| mask.iter().filter(|m| **m).count();
    if (count(&mask) as f64) < LEAST_SHARE * count(&real) as f64 {
        return real;
    }
    mask
}

/// Smallest value and the threshold that parts values best in two (Otsu 1979,
/// doi 10.1109/TSMC.1979.4310076); `None` where all are alike.
fn otsu(values: &[f32]) -> Option<(f32, f32)> {
    const BINS: usize = 128;
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    let low = *sorted.first()?;
    // A few bright voxels must not stretch the scale.
    let high = sorted[(sorted.len() - 1) * 995 / 1000];
    if high <= low {
        return None;
    }
    let mut counts = [0.0f64; BINS];
    for v in &sorted {
        let bin = ((v - low) / (high - low) * BINS as f32) as usize;
        counts[bin.min(BINS - 1)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    let mean: f64 = counts.iter().enumerate().map(|(b, c)| b as f64 * c).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut best_bin) = (-1.0, 0);
    for (bin, count) in counts.iter().enumerate().take(BINS - 1) {
        below += count;
        sum_below += bin as f64 * count;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = sum_below / below - (mean - sum_below) / above;
        let between = below * above * apart * apart;
        if between > best {
            (best, best_bin) = (between, bin);
        }
    }
    let share = (best_bin + 1) as f32 / BINS as f32;
    Some((low, low + share * (high - low)))
}

fn neighbours([ni, nj, nk]: [usize; 3], at: usize) -> impl Iterator<Item = Option<usize>> {
    let (i, j, k) = (at % ni, at / ni % nj, at / (ni * nj));
    let step = |ok: bool, to: isize| ok.then(|| at.wrapping_add_signed(to));
    let (row, slice) = (ni as isize, (ni * nj) as isize);
    [
        step(i > 0, -1),
        step(i + 1 < ni, 1),
        step(j > 0, -row),
        step(j + 1 < nj, row),
        step(k > 0, -slice),
        step(k + 1 < nk, slice),
    ]
    .into_iter()
}

/// Voxels whose neighbours are all set; what lies beyond the image counts as set.
fn eroded(mask: &[bool], shape: [usize; 3]) -> Vec<bool> {
    (0..mask.len())
        .map(|n| mask[n] && neighbours(shape, n).all(|m| m.is_none_or(|m| mask[m])))
        .collect()
}

fn dilated(mask: &[bool], shape: [usize; 3]) -> Vec<bool> {
    (0..mask.len())
        .map(|n| mask[n] || neighbours(shape, n).any(|m| m.is_some_and(|m| mask[m])))
        .collect()
}

/// The largest connected part and those not much smaller (two legs).
fn large_parts(mask: &[bool], shape: [usize; 3]) -> Vec<bool> {
    let mut part_of = vec![0u32; mask.len()];
    let mut sizes = vec![0usize];
    let mut queue = VecDeque::new();
    for seed in 0..mask.len() {
        if !mask[seed] || part_of[seed] != 0 {
            continue;
        }
        let part = sizes.len() as u32;
        sizes.push(0);
        part_of[seed] = part;
        queue.push_back(seed);
        while let Some(n) = queue.pop_front() {
            sizes[part as usize] += 1;
            for m in neighbours(shape, n).flatten() {
                if mask[m] && part_of[m] == 0 {
                    part_of[m] = part;
                    queue.push_back(m);
                }
            }
        }
    }
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let keep: Vec<bool> = sizes
        .iter()
        .map(|s| *s > 0 && *s as f64 >= LEAST_PART * largest as f64)
        .collect();
    part_of.iter().map(|p| keep[*p as usize]).collect()
}

/// Fills what a slice encloses: lungs are body.
fn fill_slices(mask: &mut [bool], [ni, nj, _]: [usize; 3]) {
    for slice in mask.chunks_exact_mut(ni * nj) {
        let mut outside = vec![false; slice.len()];
        let mut queue: VecDeque<usize> = (0..slice.len())
            .filter(|n| {
                let (i, j) = (n % ni, n / ni);
                i == 0 || j == 0 || i + 1 == ni || j + 1 == nj
            })
            .collect();
        while let Some(n) = queue.pop_front() {
            if slice[n] || outside[n] {
                continue;
            }
            outside[n] = true;
            queue.extend(neighbours([ni, nj, 1], n).flatten());
        }
        for (inside, outside) in slice.iter_mut().zip(outside) {
            *inside = !outside;
        }
    }
}
