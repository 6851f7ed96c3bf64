//! Tidying a mask: holes.

use ndarray::Array3;

/// Fills, slice by slice, background that the border of the box cannot reach.
pub(super) fn fill_holes(inside: &mut Array3<bool>) {
    let (nk, nj, ni) = inside.dim();
    let mut outside = vec![false; nj * ni];
    let mut stack = Vec::new();
    for k in 0..nk {
        outside.fill(false);
        for j in 0..nj {
            for i in 0..ni {
                let is_border = j == 0 || i == 0 || j + 1 == nj || i + 1 == ni;
                if is_border && !inside[[k, j, i]] && !outside[j * ni + i] {
                    outside[j * ni + i] = true;
                    stack.push((j, i));
                }
            }
        }
        while let Some((j, i)) = stack.pop() {
            let next = [
                (j.wrapping_sub(1), i),
                (j + 1, i),
                (j, i.wrapping_sub(1)),
                (j, i + 1),
            ];
            for (j, i) in next {
                if j < nj && i < ni && !inside[[k, j, i]] && !outside[j * ni + i] {
                    outside[j * ni + i] = true;
                    stack.push((j, i));
                }
            }
        }
        for j in 0..nj {
            for i in 0..ni {
                inside[[k, j, i]] = !outside[j * ni + i];
            }
        }
    }
}
