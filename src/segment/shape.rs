//! Tidying a mask: holes, connected parts.

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

/// Keeps what is connected (over faces) with a seed; false when no seed is inside.
pub(super) fn keep_seeded(inside: &mut Array3<bool>, seeds: &[[usize; 3]]) -> bool {
    let mut left = inside.clone();
    let mut any = false;
    inside.fill(false);
    for seed in seeds {
        for at in take_part(&mut left, *seed) {
            inside[at] = true;
            any = true;
        }
    }
    any
}

/// Keeps the largest part that is connected over faces; of equal parts the first.
pub(super) fn keep_largest(inside: &mut Array3<bool>) {
    let mut left = inside.clone();
    let mut largest: Vec<[usize; 3]> = Vec::new();
    for ((k, j, i), _) in inside.indexed_iter().filter(|(_, b)| **b) {
        let part = take_part(&mut left, [k, j, i]);
        if part.len() > largest.len() {
            largest = part;
        }
    }
    inside.fill(false);
    for at in largest {
        inside[at] = true;
    }
}

/// The part that is connected over faces with a voxel, taken out of `left`.
pub(super) fn take_part(left: &mut Array3<bool>, first: [usize; 3]) -> Vec<[usize; 3]> {
    let mut part = Vec::new();
    if std::mem::take(&mut left[first]) {
        part.push(first);
    }
    let mut next = 0;
    while let Some(&[k, j, i]) = part.get(next) {
        next += 1;
        let around = [
            [k.wrapping_sub(1), j, i],
            [k + 1, j, i],
            [k, j.wrapping_sub(1), i],
            [k, j + 1, i],
            [k, j, i.wrapping_sub(1)],
            [k, j, i + 1],
        ];
        for at in around {
            if left.get(at).copied().unwrap_or(false) {
                left[at] = false;
                part.push(at);
            }
        }
    }
    part
}
