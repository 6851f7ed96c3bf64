//! Tidying a mask: holes.

use ndarray::Array3;
use rayon::prelude::*;

/// Fills, slice by slice, background that the border of the box cannot reach.
pub(super) fn fill_holes(inside: &mut Array3<bool>) {
    let (_, nj, ni) = inside.dim();
    if let Some(bits) = inside.as_slice_mut() {
        let slices = bits.par_chunks_mut((nj * ni).max(1));
        slices.for_each(|slice| fill_slice(slice, ni));
    }
}

fn fill_slice(inside: &mut [bool], ni: usize) {
    let nj = inside.len() / ni;
    let mut outside = vec![false; inside.len()];
    // Before the first and after the last voxel of a row, all is outside.
    for (row, outside) in inside.chunks(ni).zip(outside.chunks_mut(ni)) {
        let first = row.iter().position(|b| *b).unwrap_or(ni);
        let last = row.iter().rposition(|b| *b).map_or(0, |last| last + 1);
        outside[..first].fill(true);
        outside[last..].fill(true);
    }
    for n in (0..ni).chain((nj - 1) * ni..inside.len()) {
        outside[n] = !inside[n];
    }
    // From there into bays.
    let beside = |n: usize| {
        let i = n % ni;
        [
            (i > 0).then(|| n - 1),
            (i + 1 < ni).then_some(n + 1),
            n.checked_sub(ni),
            (n + ni < ni * nj).then_some(n + ni),
        ]
    };
    let mut stack: Vec<usize> = Vec::new();
    for n in 0..inside.len() {
        let is_hidden = !inside[n] && !outside[n];
        if is_hidden && beside(n).into_iter().flatten().any(|n| outside[n]) {
            outside[n] = true;
            stack.push(n);
        }
    }
    while let Some(n) = stack.pop() {
        for n in beside(n).into_iter().flatten() {
            if !inside[n] && !outside[n] {
                outside[n] = true;
                stack.push(n);
            }
        }
    }
    for (inside, outside) in inside.iter_mut().zip(&outside) {
        *inside = !outside;
    }
}
