//! Connected parts of a box of booleans `[[k, j, i]]`.

use ndarray::Array3;

/// When two voxels touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// When they share a face (6 neighbours).
    Faces,
    /// When they share at least a corner (26 neighbours).
    Corners,
}

/// Takes the part that is connected with `first` out of `left` and returns its places.
pub fn take(left: &mut Array3<bool>, first: [usize; 3], touch: Touch) -> Vec<[usize; 3]> {
    let (nk, nj, ni) = left.dim();
    let mut part = Vec::new();
    if left.get(first).copied().unwrap_or(false) {
        left[first] = false;
        part.push(first);
    }
    let mut next = 0;
    while let Some(&[k, j, i]) = part.get(next) {
        next += 1;
        for c in k.saturating_sub(1)..(k + 2).min(nk) {
            for b in j.saturating_sub(1)..(j + 2).min(nj) {
                for a in i.saturating_sub(1)..(i + 2).min(ni) {
                    let moved = usize::from(c != k) + usize::from(b != j) + usize::from(a != i);
                    let touches = touch == Touch::Corners || moved == 1;
                    if touches && left[[c, b, a]] {
                        left[[c, b, a]] = false;
                        part.push([c, b, a]);
                    }
                }
            }
        }
    }
    part
}

/// Keeps the largest connected part; of equal parts the first.
pub fn keep_largest(marked: &mut Array3<bool>, touch: Touch) {
    let mut left = marked.clone();
    let mut largest: Vec<[usize; 3]> = Vec::new();
    for ((k, j, i), _) in marked.indexed_iter().filter(|(_, b)| **b) {
        let part = take(&mut left, [k, j, i], touch);
        if part.len() > largest.len() {
            largest = part;
        }
    }
    marked.fill(false);
    for at in largest {
        marked[at] = true;
    }
}

/// Keeps what is connected with one of some places; false when none of them is marked.
pub fn keep_seeded(marked: &mut Array3<bool>, seeds: &[[usize; 3]], touch: Touch) -> bool {
    let mut left = marked.clone();
    let mut any = false;
    marked.fill(false);
    for seed in seeds {
        for at in take(&mut left, *seed, touch) {
            marked[at] = true;
            any = true;
        }
    }
    any
}
