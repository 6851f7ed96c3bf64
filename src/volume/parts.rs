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

/// Keeps the largest connected part; of equal parts the first.
pub fn keep_largest(marked: &mut Array3<bool>, touch: Touch) {
    let mut left = Padded::of(marked, touch);
    let (mut part, mut largest) = (Vec::new(), Vec::new());
    for n in 0..left.bits.len() {
        if !left.bits[n] {
            continue;
        }
        left.take(n as u32, &mut part);
        if part.len() > largest.len() {
            std::mem::swap(&mut part, &mut largest);
        }
        part.clear();
    }
    left.keep(&largest, marked);
}

/// Keeps what is connected with one of some places; false when none of them is marked.
pub fn keep_seeded(marked: &mut Array3<bool>, seeds: &[[usize; 3]], touch: Touch) -> bool {
    let mut left = Padded::of(marked, touch);
    let mut kept = Vec::new();
    for seed in seeds {
        left.take(left.number(*seed), &mut kept);
    }
    left.keep(&kept, marked);
    !kept.is_empty()
}

/// A box of bits with an unmarked margin of one voxel, so that each has all its neighbours.
struct Padded {
    bits: Vec<bool>,
    /// Steps to the next along (i, j, k).
    steps: [usize; 3],
    /// From a voxel to those that touch it: how far on, or back.
    neighbours: Vec<usize>,
}

impl Padded {
    fn of(bits: &Array3<bool>, touch: Touch) -> Self {
        let (nk, nj, ni) = bits.dim();
        let steps = [1, ni + 2, (ni + 2) * (nj + 2)];
        let mut made = Self {
            bits: vec![false; steps[2] * (nk + 2)],
            steps,
            neighbours: Vec::new(),
        };
        for (k, plane) in bits.outer_iter().enumerate() {
            for (j, row) in plane.outer_iter().enumerate() {
                let first = made.number([k, j, 0]) as usize;
                let to = made.bits.iter_mut().skip(first);
                to.zip(row).for_each(|(to, bit)| *to = *bit);
            }
        }
        // Forward ones; each has its like backward.
        for way in 14..27usize {
            let [di, dj, dk] = [way % 3, way / 3 % 3, way / 9].map(|d| d as isize - 1);
            if touch == Touch::Corners || di.abs() + dj.abs() + dk.abs() == 1 {
                let ahead = di + dj * steps[1] as isize + dk * steps[2] as isize;
                made.neighbours.push(ahead.unsigned_abs());
            }
        }
        made
    }

    /// Number of the voxel at `[k, j, i]`.
    const fn number(&self, [k, j, i]: [usize; 3]) -> u32 {
        ((k + 1) * self.steps[2] + (j + 1) * self.steps[1] + i + 1) as u32
    }

    /// Takes out the part that holds a voxel and adds it to a list.
    fn take(&mut self, first: u32, part: &mut Vec<u32>) {
        let mut next = part.len();
        if let Some(bit) = self.bits.get_mut(first as usize)
            && *bit
        {
            *bit = false;
            part.push(first);
        }
        while let Some(&at) = part.get(next) {
            next += 1;
            for step in &self.neighbours {
                for n in [at as usize - step, at as usize + step] {
                    if self.bits[n] {
                        self.bits[n] = false;
                        part.push(n as u32);
                    }
                }
            }
        }
    }

    /// Marks just the listed voxels.
    fn keep(mut self, listed: &[u32], marked: &mut Array3<bool>) {
        self.bits.fill(false);
        for n in listed {
            self.bits[*n as usize] = true;
        }
        let (_, nj, _) = marked.dim();
        for (n, mut row) in marked.rows_mut().into_iter().enumerate() {
            let first = self.number([n / nj, n % nj, 0]) as usize;
            let from = self.bits[first..].iter();
            row.iter_mut().zip(from).for_each(|(to, bit)| *to = *bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Parts by joining labels until nothing changes.
    fn labels(bits: &Array3<bool>, touch: Touch) -> Array3<usize> {
        let (nk, nj, ni) = bits.dim();
        let mut made = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| (k * nj + j) * ni + i);
        loop {
            let before = made.clone();
            for ((k, j, i), _) in bits.indexed_iter().filter(|(_, b)| **b) {
                for ((c, b, a), _) in bits.indexed_iter().filter(|(_, b)| **b) {
                    let apart = [c.abs_diff(k), b.abs_diff(j), a.abs_diff(i)];
                    let touches = match touch {
                        Touch::Faces => apart.iter().sum::<usize>() == 1,
                        Touch::Corners => apart.iter().all(|d| *d <= 1),
                    };
                    if touches {
                        let least = made[[k, j, i]].min(made[[c, b, a]]);
                        made[[k, j, i]] = least;
                    }
                }
            }
            if made == before {
                return made;
            }
        }
    }

    proptest! {
        #[test]
        fn parts_are_those_of_labels_that_spread(
            bits in proptest::collection::vec(proptest::bool::weighted(0.4), 60),
            corners: bool,
            seed in (0usize..3, 0usize..4, 0usize..5),
        ) {
            let bits = Array3::from_shape_vec((3, 4, 5), bits).expect("60 voxels");
            let touch = if corners { Touch::Corners } else { Touch::Faces };
            let labels = labels(&bits, touch);
            let size = |l: usize| {
                bits.iter().zip(&labels).filter(|(b, x)| **b && **x == l).count()
            };
            let seed: [usize; 3] = seed.into();
            let mut seeded = bits.clone();
            let any = keep_seeded(&mut seeded, &[seed], touch);
            prop_assert_eq!(any, bits[seed]);
            for (at, bit) in seeded.indexed_iter() {
                prop_assert_eq!(*bit, any && bits[at] && labels[at] == labels[seed]);
            }
            let mut largest = bits.clone();
            keep_largest(&mut largest, touch);
            let most = labels.iter().map(|l| size(*l)).max().unwrap_or(0);
            let kept: Vec<usize> = largest.indexed_iter().filter(|(_, b)| **b)
                .map(|(at, _)| labels[at]).collect();
            prop_assert_eq!(kept.len(), most);
            prop_assert!(kept.windows(2).all(|w| w[0] == w[1]));
        }
    }
}
