//! What of a figure is seen in a plane: what lies within reach of it, or how the plane cuts it.

use std::f64::consts::TAU;

use super::figure::Figure;
use crate::geometry::{Grid, Point, Vec3};
use crate::units::Mm;

/// Corners of the polygon that stands for an ellipse or a circle: off by less than 0.1 % of a radius.
const ROUND: usize = 72;

/// Beyond a layer by less than this is rounding, mm.
const TOLERANCE: f64 = 1e-6;

/// A plane with the thickness that it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// A place in the plane.
    pub origin: Point,
    /// Unit normal.
    pub normal: Vec3,
    /// How far it reaches against the normal and along it.
    pub reach: [Mm; 2],
}

impl Layer {
    /// A slice, half-way to each of its neighbours, and half the median gap beyond the first and the
    /// last: every place of the image is in one slice.
    #[must_use]
    pub fn of_slice(grid: &Grid, k: usize) -> Self {
        let gaps = grid.slice_gaps();
        let beyond = grid.median_gap().0;
        let half = |gap: Option<&Mm>| Mm(gap.map_or(beyond, |g| g.0) / 2.0);
        let before = half(k.checked_sub(1).and_then(|b| gaps.get(b)));
        let after = half(gaps.get(k));
        let normal = grid.normal();
        let reach = if grid.slice_step().dot(&normal) < 0.0 {
            [after, before]
        } else {
            [before, after]
        };
        Self {
            origin: grid.slice_origins()[k],
            normal,
            reach,
        }
    }

    /// Signed distance from the plane, mm.
    fn depth(&self, p: Point) -> f64 {
        (p.0 - self.origin.0).dot(&self.normal)
    }

    fn holds(&self, p: Point) -> bool {
        let depth = self.depth(p);
        depth >= -self.reach[0].0 - TOLERANCE && depth <= self.reach[1].0 + TOLERANCE
    }

    /// The part of a straight line within the layer.
    fn clip(&self, [a, b]: [Point; 2]) -> Option<[Point; 2]> {
        let (da, db) = (self.depth(a), self.depth(b));
        let (low, high) = (-self.reach[0].0 - TOLERANCE, self.reach[1].0 + TOLERANCE);
        let (mut from, mut to) = (0.0f64, 1.0f64);
        if da == db {
            return (da >= low && da <= high).then_some([a, b]);
        }
        let [x, y] = [low, high].map(|edge| (edge - da) / (db - da));
        from = from.max(x.min(y));
        to = to.min(x.max(y));
        let at = |t: f64| Point(a.0 + (b.0 - a.0) * t);
        (from <= to).then(|| [at(from), at(to)])
    }

    /// Where the plane cuts a closed outline: the chords within it.
    fn chords(&self, outline: &[Point]) -> Vec<[Point; 2]> {
        let next = outline.iter().cycle().skip(1);
        let mut found: Vec<Point> = Vec::new();
        for (a, b) in outline.iter().zip(next) {
            let (da, db) = (self.depth(*a), self.depth(*b));
            if (da <= 0.0) != (db <= 0.0) {
                found.push(Point(a.0 + (b.0 - a.0) * (da / (da - db))));
            }
        }
        let Some(first) = found.first().copied() else {
            return Vec::new();
        };
        // All lie on one line; along it they leave and enter in turn.
        let far = found
            .iter()
            .copied()
            .max_by(|a, b| a.distance(first).0.total_cmp(&b.distance(first).0));
        let along = far.map_or(Vec3::zeros(), |far| far.0 - first.0);
        found.sort_by(|a, b| {
            let at = |p: &Point| (p.0 - first.0).dot(&along);
            at(a).total_cmp(&at(b))
        });
        found.chunks_exact(2).map(|c| [c[0], c[1]]).collect()
    }

    /// A circle in the plane around the foot of a place.
    fn circle(&self, center: Point, radius: f64) -> Vec<Point> {
        let foot = center.0 - self.normal * self.depth(center);
        let [u, v] = self.axes();
        let at = |n: usize| {
            let t = n as f64 / ROUND as f64 * TAU;
            Point(foot + (u * t.cos() + v * t.sin()) * radius)
        };
        (0..ROUND).map(at).collect()
    }

    /// Two unit vectors at right angles in the plane.
    fn axes(&self) -> [Vec3; 2] {
        let other = Vec3::ith(self.normal.iamin(), 1.0);
        let u = self.normal.cross(&other).normalize();
        [u, self.normal.cross(&u)]
    }
}

/// What of a figure is seen in a plane, LPS mm. Places lie within the layer, not always in the plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Connected lines; closed ones end where they begin.
    pub lines: Vec<Vec<Point>>,
    /// Lone places.
    pub points: Vec<Point>,
    /// Handles within reach, by their number in [`Figure::handles`].
    pub handles: Vec<(usize, Point)>,
    /// All of it is seen, and not a part or a cut.
    pub is_whole: bool,
}

impl Seen {
    /// Whether nothing is seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.points.is_empty()
    }
}

/// What of a figure is seen in a layer.
#[must_use]
pub fn seen(figure: &Figure, layer: &Layer) -> Seen {
    let all = figure.handles();
    let held = all.iter().copied().enumerate();
    let handles: Vec<(usize, Point)> = held.filter(|(_, p)| layer.holds(*p)).collect();
    let is_whole = handles.len() == all.len();
    let clipped = |lines: &[[Point; 2]]| Seen {
        lines: lines
            .iter()
            .filter_map(|line| layer.clip(*line))
            .map(Vec::from)
            .collect(),
        points: Vec::new(),
        handles: handles.clone(),
        is_whole,
    };
    match figure {
        Figure::Length { ends } => clipped(&[*ends]),
        Figure::Bidirectional { long, short } => clipped(&[*long, *short]),
        Figure::Angle { points: [a, b, c] } => clipped(&[[*a, *b], [*b, *c]]),
        Figure::Ellipse { .. } | Figure::Polygon { .. } => {
            let outline = outline(figure);
            if is_whole {
                let closed = outline.iter().chain(outline.first()).copied();
                return Seen {
                    lines: vec![closed.collect()],
                    points: Vec::new(),
                    handles,
                    is_whole,
                };
            }
            // A handle dragged in another plane would leave the slice of the region.
            Seen {
                lines: layer.chords(&outline).into_iter().map(Vec::from).collect(),
                ..Seen::default()
            }
        }
        Figure::Sphere { center, rim } => sphere(*center, *rim, layer),
        Figure::Probe { at } => Seen {
            lines: Vec::new(),
            points: layer.holds(*at).then_some(*at).into_iter().collect(),
            handles,
            is_whole,
        },
    }
}

/// Corners of the outline of a flat region.
fn outline(figure: &Figure) -> Vec<Point> {
    match figure {
        Figure::Ellipse { center, ends } => {
            let [u, v] = ends.map(|e| e.0 - center.0);
            let at = |n: usize| {
                let t = n as f64 / ROUND as f64 * TAU;
                Point(center.0 + u * t.cos() + v * t.sin())
            };
            (0..ROUND).map(at).collect()
        }
        Figure::Polygon { corners } => corners.clone(),
        _ => Vec::new(),
    }
}

/// A sphere is seen in every plane that cuts it; its rim can be dragged in each.
fn sphere(center: Point, rim: Point, layer: &Layer) -> Seen {
    let radius = center.distance(rim).0;
    let depth = layer.depth(center);
    let left = radius * radius - depth * depth;
    if left <= 0.0 {
        return Seen::default();
    }
    let circle = layer.circle(center, left.sqrt());
    let foot = center.0 - layer.normal * depth;
    let towards = rim.0 - center.0;
    let towards = towards - layer.normal * towards.dot(&layer.normal);
    let [u, _] = layer.axes();
    let direction = towards.try_normalize(1e-6 * radius).unwrap_or(u);
    let mut handles = vec![(1, Point(foot + direction * left.sqrt()))];
    if layer.holds(center) {
        handles.insert(0, (0, center));
    }
    Seen {
        lines: vec![circle.iter().chain(circle.first()).copied().collect()],
        points: Vec::new(),
        is_whole: handles.len() == 2,
        handles,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices() -> Grid {
        let origins = [0.0, 2.0, 8.0].map(|z| Point::new(0.3 * z, 0.0, z));
        Grid::new([40, 40, 3], Vec3::x(), Vec3::y(), origins.to_vec(), None).expect("a grid")
    }

    #[test]
    fn a_line_across_slices_is_seen_in_each_by_its_part() {
        let grid = slices();
        let line = Figure::Length {
            ends: [Point::new(5.0, 5.0, 0.0), Point::new(5.0, 5.0, 8.0)],
        };
        let parts: Vec<[f64; 2]> = (0..3)
            .map(|k| {
                let seen = seen(&line, &Layer::of_slice(&grid, k));
                let [part] = &seen.lines[..] else {
                    panic!("one part in slice {k}: {seen:?}");
                };
                assert!(!seen.is_whole);
                [part[0].0.z, part[1].0.z]
            })
            .collect();
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-5;
        assert!(
            near(parts[0], [0.0, 1.0]) && near(parts[1], [1.0, 5.0]),
            "{parts:?}"
        );
        assert!(near(parts[2], [5.0, 8.0]), "{parts:?}");
    }

    #[test]
    fn a_region_is_whole_in_its_slice_and_a_chord_across() {
        let grid = slices();
        let ellipse = Figure::Ellipse {
            center: Point::new(10.0, 12.0, 2.0),
            ends: [Point::new(16.0, 12.0, 2.0), Point::new(10.0, 15.0, 2.0)],
        };
        let own = seen(&ellipse, &Layer::of_slice(&grid, 1));
        assert!(own.is_whole && own.handles.len() == 5);
        assert!(seen(&ellipse, &Layer::of_slice(&grid, 2)).is_empty());
        let across = Layer {
            origin: Point::new(13.0, 0.0, 0.0),
            normal: Vec3::x(),
            reach: [Mm(0.5); 2],
        };
        let cut = seen(&ellipse, &across);
        assert!(cut.handles.is_empty() && !cut.is_whole);
        let [chord] = &cut.lines[..] else {
            panic!("one chord: {cut:?}");
        };
        // Half-way along the long axis the ellipse is √3/2 as wide.
        let expected = 6.0 * 0.75f64.sqrt();
        assert!((chord[0].distance(chord[1]).0 - expected).abs() < 0.02);
    }

    #[test]
    fn a_sphere_is_a_circle_in_every_plane_that_cuts_it() {
        let grid = slices();
        let sphere = Figure::Sphere {
            center: Point::new(10.0, 10.0, 2.0),
            rim: Point::new(17.0, 10.0, 2.0),
        };
        for (k, depth, handles) in [(0, 2.0f64, 1), (1, 0.0, 2), (2, 6.0, 1)] {
            let seen = seen(&sphere, &Layer::of_slice(&grid, k));
            assert_eq!(seen.handles.len(), handles);
            let radius = (49.0 - depth * depth).sqrt();
            let z = grid.slice_origins()[k].0.z;
            for p in &seen.lines[0] {
                assert!((p.distance(Point::new(10.0, 10.0, z)).0 - radius).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_left_handed_stack_reaches_to_the_right_sides() {
        let origins = [8.0, 2.0, 0.0].map(|z| Point::new(0.0, 0.0, z)).to_vec();
        let grid = Grid::new([4, 4, 3], Vec3::x(), Vec3::y(), origins, None).expect("a grid");
        let layer = Layer::of_slice(&grid, 1);
        assert!(layer.holds(Point::new(0.0, 0.0, 4.9)) && !layer.holds(Point::new(0.0, 0.0, 0.9)));
    }
}
