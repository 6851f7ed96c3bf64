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
    let mut stack: Vec<u32> = Vec::new();
    for (n, is_inside) in inside.iter().enumerate() {
        let (j, i) = (n / ni, n % ni);
        let is_border = j == 0 || i == 0 || j + 1 == nj || i + 1 == ni;
        if is_border && !is_inside {
            outside[n] = true;
            stack.push(n as u32);
        }
    }
    while let Some(n) = stack.pop() {
        let n = n as usize;
        let i = n % ni;
        let next = [
            (i > 0).then(|| n - 1),
            (i + 1 < ni).then_some(n + 1),
            n.checked_sub(ni),
            (n + ni < inside.len()).then_some(n + ni),
        ];
        for n in next.into_iter().flatten() {
            if !inside[n] && !outside[n] {
                outside[n] = true;
                stack.push(n as u32);
            }
        }
    }
    for (inside, outside) in inside.iter_mut().zip(&outside) {
        *inside = !outside;
    }
}
