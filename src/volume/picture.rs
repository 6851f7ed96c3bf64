//! Slices as pictures: which way up a slice is shown, its grey levels, and outlines of masks.

use ndarray::{ArrayView2, Axis};

use super::{Mask, Samples, Volume, WindowLevel};
use crate::geometry::{Grid, Point, Vec3, Voxel};

/// How a slice's voxels are laid out on screen: never resampled, only transposed and mirrored.
///
/// Radiological convention: an axial slice is shown with the patient's left on the right and
/// anterior on top, a coronal one with the head on top, a sagittal one with anterior on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Rows of the picture run along i instead of j.
    transpose: bool,
    /// Columns run against the voxel axis.
    flip_x: bool,
    /// Rows run against the voxel axis.
    flip_y: bool,
    /// Number of voxels along (i, j).
    size: [usize; 2],
}

impl Layout {
    /// The layout for slices of this grid.
    #[must_use]
    pub fn of(grid: &Grid) -> Self {
        let [ni, nj, _] = grid.shape();
        let normal = grid.normal();
        let dominant = |v: Vec3| v.iamax();
        // Directions that the right and the lower edge of the picture should face.
        let (right, down) = match dominant(normal) {
            2 => (Vec3::x(), Vec3::y()),
            1 => (Vec3::x(), -Vec3::z()),
            _ => (Vec3::y(), -Vec3::z()),
        };
        let (i, j) = (grid.i_step().normalize(), grid.j_step().normalize());
        let transpose = i.dot(&right).abs() < j.dot(&right).abs();
        let (x, y) = if transpose { (j, i) } else { (i, j) };
        Self {
            transpose,
            flip_x: x.dot(&right) < 0.0,
            flip_y: y.dot(&down) < 0.0,
            size: [ni, nj],
        }
    }

    /// Picture columns and rows.
    #[must_use]
    pub const fn picture_size(&self) -> [usize; 2] {
        if self.transpose {
            [self.size[1], self.size[0]]
        } else {
            self.size
        }
    }

    /// Picture position (x, y) of an in-plane voxel position (i, j); pixel centres are whole.
    #[must_use]
    pub fn picture_from_voxel(&self, i: f64, j: f64) -> [f64; 2] {
        let [x, y] = if self.transpose { [j, i] } else { [i, j] };
        let [w, h] = self.picture_size();
        let mirror = |flip: bool, v: f64, n: usize| if flip { n as f64 - 1.0 - v } else { v };
        [mirror(self.flip_x, x, w), mirror(self.flip_y, y, h)]
    }

    /// In-plane voxel position (i, j) of a picture position (x, y).
    #[must_use]
    pub fn voxel_from_picture(&self, x: f64, y: f64) -> [f64; 2] {
        let [w, h] = self.picture_size();
        let mirror = |flip: bool, v: f64, n: usize| if flip { n as f64 - 1.0 - v } else { v };
        let (x, y) = (mirror(self.flip_x, x, w), mirror(self.flip_y, y, h));
        if self.transpose { [y, x] } else { [x, y] }
    }

    /// Patient position of pixel (0, 0) of slice `k` and the steps along columns and rows, mm.
    #[must_use]
    pub fn patient_frame(&self, grid: &Grid, k: usize) -> (Point, Vec3, Vec3) {
        let at = |x: f64, y: f64| {
            let [i, j] = self.voxel_from_picture(x, y);
            grid.patient_from_voxel(Voxel::new(i, j, k as f64)).0
        };
        let origin = at(0.0, 0.0);
        (Point(origin), at(1.0, 0.0) - origin, at(0.0, 1.0) - origin)
    }
}

/// Grey levels of slice `k`, row by row from the top, the smallest values white where `inverted`;
/// padding is black.
#[must_use]
pub fn gray_slice(
    volume: &Volume,
    k: usize,
    window: WindowLevel,
    inverted: bool,
    layout: Layout,
) -> Vec<u8> {
    let [ni, _, _] = volume.grid().shape();
    let shade = |value: Option<f32>| match value {
        // What was not measured is black, also where black is the highest value.
        None => 0,
        Some(v) if inverted => 255 - window.gray(v),
        Some(v) => window.gray(v),
    };
    let of_stored = |stored: i32| shade(volume.value_of(f64::from(stored), k));
    let native: Vec<u8> = match volume.samples() {
        Samples::I16(a) => by_table(a.index_axis(Axis(0), k), of_stored),
        Samples::U16(a) => by_table(a.index_axis(Axis(0), k), of_stored),
        Samples::F32(_) => volume.slice_values(k).map(shade).collect(),
    };
    if !layout.transpose && !layout.flip_x && !layout.flip_y {
        return native;
    }
    let [w, h] = layout.picture_size();
    let mirrored = |flip: bool, at: usize, n: usize| if flip { n - 1 - at } else { at };
    let mut gray = Vec::with_capacity(native.len());
    for y in 0..h {
        let y = mirrored(layout.flip_y, y, h);
        gray.extend((0..w).map(|x| {
            let x = mirrored(layout.flip_x, x, w);
            let (i, j) = if layout.transpose { (y, x) } else { (x, y) };
            native[j * ni + i]
        }));
    }
    gray
}

/// Grey levels of whole numbers, row by row: each number between the smallest and the largest is
/// looked at once.
fn by_table<T: Copy + Into<i32>>(slice: ArrayView2<'_, T>, shade: impl Fn(i32) -> u8) -> Vec<u8> {
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    for stored in &slice {
        let stored: i32 = (*stored).into();
        low = low.min(stored);
        high = high.max(stored);
    }
    let table: Vec<u8> = (low..=high).map(shade).collect();
    let look_up = |stored: &T| {
        let stored: i32 = (*stored).into();
        table[(stored - low) as usize]
    };
    slice.iter().map(look_up).collect()
}

/// Closed outlines of a mask in slice `k`, along voxel edges, as in-plane voxel positions (i, j).
///
/// Corners lie at half-integer positions; straight runs are joined. Regions that touch only at a
/// corner get outlines of their own; holes have outlines too.
#[must_use]
pub fn outlines(mask: &Mask, k: usize) -> Vec<Vec<[f64; 2]>> {
    let ([oi, oj, _], [ni, nj, _]) = mask.bounds();
    let mut closed = outlines_of([ni, nj], |i, j| mask.contains(oi + i, oj + j, k));
    for point in closed.iter_mut().flatten() {
        *point = [point[0] + oi as f64, point[1] + oj as f64];
    }
    closed
}

/// Closed outlines of what is inside among `size` pixels, along pixel edges: corners lie at
/// half-integer positions (x, y); straight runs are joined. Otherwise as [`outlines`].
#[must_use]
pub fn outlines_of(
    [ni, nj]: [usize; 2],
    is_inside: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<[f64; 2]>> {
    let inside = |i: isize, j: isize| {
        i >= 0
            && j >= 0
            && (i as usize) < ni
            && (j as usize) < nj
            && is_inside(i as usize, j as usize)
    };
    // Directed edges with the inside on the right hand; corner (i, j) is the corner between
    // voxels (i − 1, j − 1) and (i, j). Directions: 0 → +i, 1 → +j, 2 → −i, 3 → −j.
    let width = ni + 1;
    let mut edges = vec![[false; 4]; width * (nj + 1)];
    for j in 0..=nj as isize {
        for i in 0..=ni as isize {
            let corner = j as usize * width + i as usize;
            let below = inside(i, j);
            if below != inside(i, j - 1) {
                // Horizontal edge from corner (i, j) to (i + 1, j).
                let (at, direction) = if below { (corner, 0) } else { (corner + 1, 2) };
                edges[at][direction] = true;
            }
            if below != inside(i - 1, j) {
                // Vertical edge from corner (i, j) to (i, j + 1).
                let (at, direction) = if below {
                    (corner + width, 3)
                } else {
                    (corner, 1)
                };
                edges[at][direction] = true;
            }
        }
    }
    let step = |at: usize, direction: usize| match direction {
        0 => at + 1,
        1 => at + width,
        2 => at - 1,
        _ => at - width,
    };
    let mut closed = Vec::new();
    for start in 0..edges.len() {
        while let Some(first) = edges[start].iter().position(|&e| e) {
            let (mut at, mut direction, mut points) = (start, first, Vec::new());
            while edges[at][direction] {
                edges[at][direction] = false;
                points.push([(at % width) as f64 - 0.5, (at / width) as f64 - 0.5]);
                at = step(at, direction);
                // Turning right first keeps regions that touch at a corner apart.
                let next = [1, 0, 3].map(|turn| (direction + turn) % 4);
                direction = next
                    .into_iter()
                    .find(|&d| edges[at][d])
                    .unwrap_or(direction);
            }
            closed.push(join_straight_runs(&points));
        }
    }
    closed
}

fn join_straight_runs(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let n = points.len();
    (0..n)
        .filter(|&p| {
            let ([ax, ay], [bx, by], [cx, cy]) =
                (points[(p + n - 1) % n], points[p], points[(p + 1) % n]);
            (bx - ax) * (cy - by) - (by - ay) * (cx - bx) != 0.0
        })
        .map(|p| points[p])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array3;
    use proptest::prelude::*;

    use super::*;

    fn grid(i_step: Vec3, j_step: Vec3, k_step: Vec3) -> Arc<Grid> {
        let origins = (0..2)
            .map(|k| Point((k_step * f64::from(k)).into()))
            .collect();
        Arc::new(Grid::new([6, 5, 2], i_step, j_step, origins, None).expect("valid"))
    }

    #[test]
    fn a_ras_axial_slice_is_turned_to_the_radiological_view() {
        let layout = Layout::of(&grid(-Vec3::x(), -Vec3::y(), Vec3::z()));
        assert_eq!(layout.picture_from_voxel(0.0, 0.0), [5.0, 4.0]);
        let layout = Layout::of(&grid(Vec3::x(), Vec3::y(), Vec3::z()));
        assert_eq!(layout.picture_from_voxel(1.0, 2.0), [1.0, 2.0]);
    }

    #[test]
    fn sagittal_shows_anterior_left_and_head_up() {
        // i runs to the feet, j to the front: transposed and mirrored.
        let grid = grid(-Vec3::z(), -Vec3::y(), Vec3::x());
        let layout = Layout::of(&grid);
        let (_, dx, dy) = layout.patient_frame(&grid, 0);
        assert_eq!((dx, dy), (Vec3::y(), -Vec3::z()));
        assert_eq!(layout.picture_size(), [5, 6]);
    }

    fn area(outline: &[[f64; 2]]) -> f64 {
        let next = outline.iter().cycle().skip(1);
        outline
            .iter()
            .zip(next)
            .map(|(a, b)| (a[0] * b[1] - b[0] * a[1]) / 2.0)
            .sum()
    }

    proptest! {
        #[test]
        fn outlines_enclose_exactly_the_voxels(bits in proptest::collection::vec(any::<bool>(), 30)) {
            let n = bits.iter().filter(|b| **b).count();
            let bits = Array3::from_shape_vec((1, 5, 6), bits).expect("30 voxels");
            let grid = grid(Vec3::x(), Vec3::y(), Vec3::z());
            let mask = Mask::from_box(grid, [0; 3], &bits).expect("fits");
            let total: f64 = outlines(&mask, 0).iter().map(|o| area(o)).sum();
            prop_assert!((total.abs() - n as f64).abs() < 1e-9);
        }

        #[test]
        fn picture_and_voxel_are_inverse(x in 0.0..5.0f64, y in 0.0..4.0f64) {
            for grid in [
                grid(-Vec3::x(), Vec3::y(), Vec3::z()),
                grid(Vec3::z(), Vec3::y(), Vec3::x()),
                grid(Vec3::y(), -Vec3::z(), Vec3::x()),
            ] {
                let layout = Layout::of(&grid);
                let [i, j] = layout.voxel_from_picture(x, y);
                let [bx, by] = layout.picture_from_voxel(i, j);
                prop_assert!((bx - x).abs() < 1e-12 && (by - y).abs() < 1e-12);
            }
        }
    }
}
