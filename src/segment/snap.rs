//! Where a click was meant: near by, where values are most like those around it.

use std::collections::VecDeque;

use super::model::median;
use super::star::Surroundings;
use crate::geometry::Point;

/// How far a click is moved at most, mm.
const FARTHEST_MM: f64 = 3.0;
/// Radius of the ball whose median says what the click was meant for, mm.
const BALL_MM: f64 = 2.5;
/// Standard deviation with which deviations from that median are smoothed, mm.
const SMOOTH_MM: f64 = 1.0;
/// Difference of neighbours, in units of the noise of one voxel, that no way leads across.
const EDGE: f32 = 3.0;

/// The place at most [`FARTHEST_MM`] from a click where values differ least from the median m of the
/// ball of [`BALL_MM`] around it: where |I − m|, smoothed by [`SMOOTH_MM`], is least; of equal ones the
/// nearest. The click itself where nothing is better.
///
/// The way there leads over faces of voxels and across no edge, so that a click beside a wall stays on
/// its side. Places are those of the field's frame; `noise` is that of one voxel, in units of values.
pub(super) fn snapped(around: &Surroundings<'_>, click: Point, noise: f32) -> Point {
    let field = around.field;
    let Some(start) = field.holds(field.frame.patient(click)) else {
        return click;
    };
    let far = |n: usize| around.places[n].distance(click).0;
    let ball: Vec<f32> = (0..field.len())
        .filter(|n| field.values[*n].is_finite() && far(*n) <= BALL_MM)
        .map(|n| field.values[n])
        .collect();
    let Some(middle) = median(&ball) else {
        return click;
    };
    let off: Vec<f32> = field.values.iter().map(|v| (v - middle).abs()).collect();
    let off = field.smoothed(&off, SMOOTH_MM);
    let [ni, nj, nk] = field.size;
    let mut is_reached = vec![false; field.len()];
    is_reached[start] = true;
    let mut queue = VecDeque::from([start]);
    let mut best = (off[start], 0.0, click);
    while let Some(n) = queue.pop_front() {
        let far_off = far(n);
        if n != start && (off[n], far_off) < (best.0, best.1) {
            best = (off[n], far_off, around.places[n]);
        }
        let [i, j, k] = field.at(n);
        let ways = [
            (i > 0).then(|| n - 1),
            (i + 1 < ni).then_some(n + 1),
            (j > 0).then(|| n - ni),
            (j + 1 < nj).then_some(n + ni),
            (k > 0).then(|| n - ni * nj),
            (k + 1 < nk).then_some(n + ni * nj),
        ];
        for to in ways.into_iter().flatten() {
            let step = (field.values[to] - field.values[n]).abs();
            // Not so where a value is missing.
            if !is_reached[to] && step <= EDGE * noise && far(to) <= FARTHEST_MM {
                is_reached[to] = true;
                queue.push_back(to);
            }
        }
    }
    best.2
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array3;

    use super::*;
    use crate::geometry::{Grid, Vec3};
    use crate::jobs::JobContext;
    use crate::segment::field::{Field, Frame};
    use crate::volume::{IntensityUnit, Modality, Rescale, Samples, Volume};

    const SIDE: usize = 30;

    /// Where a click ends in an image of voxels of 1 mm that are 60 here and 0 elsewhere.
    fn snapped_in(is_bright: impl Fn([f64; 3]) -> bool, click: [f64; 3]) -> Point {
        let origins = (0..SIDE).map(|k| Point::new(0.0, 0.0, k as f64)).collect();
        let grid = Grid::new([SIDE; 3], Vec3::x(), Vec3::y(), origins, Some(Vec3::z()));
        let samples = Array3::from_shape_fn((SIDE, SIDE, SIDE), |(k, j, i)| {
            if is_bright([i, j, k].map(|x| x as f64)) {
                60.0
            } else {
                0.0
            }
        });
        let volume = Volume::new(
            Arc::new(grid.expect("valid")),
            Samples::F32(samples),
            vec![Rescale::IDENTITY; SIDE],
            IntensityUnit::Arbitrary,
            Modality::MR,
        )
        .expect("shapes agree");
        let (frame, job) = (Frame::new(&volume), JobContext::default());
        let click = frame.of_patient(Point::from(click));
        let field = Field::around(&volume, frame, click, 12.0, 0.0, usize::MAX, &job);
        let field = field.expect("a part of the image");
        let found = snapped(&Surroundings::of(&field), click, 1.0);
        assert!(found.distance(click).0 <= FARTHEST_MM);
        field.frame.patient(found)
    }

    #[test]
    fn a_click_on_the_rim_moves_into_the_lesion() {
        let middle = Point::new(15.0, 15.0, 15.0);
        let ball = |p: [f64; 3]| Point::from(p).distance(middle).0 <= 8.0;
        let found = snapped_in(ball, [8.0, 15.0, 15.0]);
        assert!(found.distance(middle).0 < 5.5, "{found:?}");
    }

    #[test]
    fn a_click_stays_on_its_side_of_an_edge() {
        // More of the same beyond a gap of one voxel would be the better place.
        let layers = |[x, _, _]: [f64; 3]| (10.0..=11.0).contains(&x) || x >= 13.0;
        let found = snapped_in(layers, [11.0, 15.0, 15.0]);
        assert!((10.0..=11.0).contains(&found.0.x), "{found:?}");
    }
}
