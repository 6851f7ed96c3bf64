//! Tidying a grown region: median, holes, connected part.

use ndarray::Array3;

/// Majority of the 3 × 3 neighbours in each slice; outside the box counts as background.
pub(super) fn median_in_plane(inside: &mut Array3<bool>) {
    let before = inside.clone();
    for ((k, j, i), value) in inside.indexed_iter_mut() {
        let rows = j.saturating_sub(1)..=j + 1;
        let n = rows
            .flat_map(|j| (i.saturating_sub(1)..=i + 1).map(move |i| (j, i)))
            .filter(|(j, i)| before.get([k, *j, *i]).copied().unwrap_or(false))
            .count();
        *value = n >= 5;
    }
}

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
    let (nk, nj, ni) = inside.dim();
    let mut kept = Array3::from_elem(inside.dim(), false);
    let mut stack = Vec::new();
    for seed in seeds {
        if inside[*seed] && !kept[*seed] {
            kept[*seed] = true;
            stack.push(*seed);
        }
    }
    let any = !stack.is_empty();
    while let Some([k, j, i]) = stack.pop() {
        let next = [
            [k.wrapping_sub(1), j, i],
            [k + 1, j, i],
            [k, j.wrapping_sub(1), i],
            [k, j + 1, i],
            [k, j, i.wrapping_sub(1)],
            [k, j, i + 1],
        ];
        for at in next {
            if at[0] < nk && at[1] < nj && at[2] < ni && inside[at] && !kept[at] {
                kept[at] = true;
                stack.push(at);
            }
        }
    }
    *inside = kept;
    any
}
