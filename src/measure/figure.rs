//! Figures that a hand draws on an image to measure it, and what dragging their handles makes of them.

use serde::{Deserialize, Serialize};

use crate::geometry::{Point, Vec3};

/// More corners than a hand sets; a record of millions would stop everything.
const MAX_CORNERS: usize = 5000;

/// No coordinate of a patient is further away, mm.
const FAR: f64 = 1e5;

/// A figure in patient space (LPS, mm; nominal where the image is not calibrated). What it measures is
/// worked out on the image that it was drawn on ([`super::gauge()`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Figure {
    /// A straight line.
    Length {
        /// Its ends.
        ends: [Point; 2],
    },
    /// A longest diameter and the one across it.
    Bidirectional {
        /// The longer line.
        long: [Point; 2],
        /// The shorter one, at right angles.
        short: [Point; 2],
    },
    /// An angle.
    Angle {
        /// An end, the vertex, the other end.
        points: [Point; 3],
    },
    /// An ellipse in a slice.
    Ellipse {
        /// Its centre.
        center: Point,
        /// One end of each of two conjugate diameters; of its axes where they are at right angles.
        ends: [Point; 2],
    },
    /// A polygon in a slice.
    Polygon {
        /// Its corners, in order.
        corners: Vec<Point>,
    },
    /// A sphere.
    Sphere {
        /// Its centre.
        center: Point,
        /// A place on its surface.
        rim: Point,
    },
    /// One voxel.
    Probe {
        /// A place in it.
        at: Point,
    },
}

/// Which figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FigureKind {
    /// [`Figure::Length`]
    Length,
    /// [`Figure::Bidirectional`]
    Bidirectional,
    /// [`Figure::Angle`]
    Angle,
    /// [`Figure::Ellipse`]
    Ellipse,
    /// [`Figure::Polygon`]
    Polygon,
    /// [`Figure::Sphere`]
    Sphere,
    /// [`Figure::Probe`]
    Probe,
}

impl FigureKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Length,
        Self::Bidirectional,
        Self::Angle,
        Self::Ellipse,
        Self::Polygon,
        Self::Sphere,
        Self::Probe,
    ];

    /// As the record and scripts name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Bidirectional => "bidirectional",
            Self::Angle => "angle",
            Self::Ellipse => "ellipse",
            Self::Polygon => "polygon",
            Self::Sphere => "sphere",
            Self::Probe => "probe",
        }
    }

    /// With its article, as a step calls it: `an angle`.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Length => "a length",
            Self::Bidirectional => "two diameters",
            Self::Angle => "an angle",
            Self::Ellipse => "an ellipse",
            Self::Polygon => "a polygon",
            Self::Sphere => "a sphere",
            Self::Probe => "a voxel",
        }
    }

    /// Whether it lies in one slice and encloses pixels of it.
    #[must_use]
    pub const fn is_flat_region(self) -> bool {
        matches!(self, Self::Ellipse | Self::Polygon)
    }
}

impl Figure {
    /// Two diameters as a drag of the longest one begins them: the other half as long, across its
    /// middle, in the plane with this normal.
    #[must_use]
    pub fn bidirectional(long: [Point; 2], normal: Vec3) -> Self {
        let across = normal.cross(&(long[1].0 - long[0].0)) / (4.0 * normal.norm());
        let middle = long[0].midpoint(long[1]).0;
        Self::Bidirectional {
            long,
            short: [Point(middle - across), Point(middle + across)],
        }
    }

    /// Which it is.
    #[must_use]
    pub const fn kind(&self) -> FigureKind {
        match self {
            Self::Length { .. } => FigureKind::Length,
            Self::Bidirectional { .. } => FigureKind::Bidirectional,
            Self::Angle { .. } => FigureKind::Angle,
            Self::Ellipse { .. } => FigureKind::Ellipse,
            Self::Polygon { .. } => FigureKind::Polygon,
            Self::Sphere { .. } => FigureKind::Sphere,
            Self::Probe { .. } => FigureKind::Probe,
        }
    }

    /// Places that can be dragged, in the order by which [`Figure::moved`] knows them.
    ///
    /// Of two diameters the ends of the long one, then of the short one; of an ellipse the centre, an
    /// end of each diameter and the ends opposite; of a sphere the centre and a place on its surface.
    #[must_use]
    pub fn handles(&self) -> Vec<Point> {
        match self {
            Self::Length { ends } => ends.to_vec(),
            Self::Bidirectional { long, short } => vec![long[0], long[1], short[0], short[1]],
            Self::Angle { points } => points.to_vec(),
            Self::Ellipse { center, ends } => {
                let opposite = |end: Point| Point(center.0 + (center.0 - end.0));
                let [a, b] = *ends;
                vec![*center, a, b, opposite(a), opposite(b)]
            }
            Self::Polygon { corners } => corners.clone(),
            Self::Sphere { center, rim } => vec![*center, *rim],
            Self::Probe { at } => vec![*at],
        }
    }

    /// The figure with every place of it moved.
    #[must_use]
    pub fn mapped(&self, to: impl Fn(Point) -> Point) -> Self {
        match self {
            Self::Length { ends } => Self::Length { ends: ends.map(to) },
            Self::Bidirectional { long, short } => Self::Bidirectional {
                long: long.map(&to),
                short: short.map(&to),
            },
            Self::Angle { points } => Self::Angle {
                points: points.map(to),
            },
            Self::Ellipse { center, ends } => Self::Ellipse {
                center: to(*center),
                ends: ends.map(&to),
            },
            Self::Polygon { corners } => Self::Polygon {
                corners: corners.iter().copied().map(to).collect(),
            },
            Self::Sphere { center, rim } => Self::Sphere {
                center: to(*center),
                rim: to(*rim),
            },
            Self::Probe { at } => Self::Probe { at: to(*at) },
        }
    }

    /// The place that says where the figure is: its middle, the vertex of an angle.
    #[must_use]
    pub fn place(&self) -> Point {
        match self {
            Self::Length { ends: [a, b] } | Self::Bidirectional { long: [a, b], .. } => {
                a.midpoint(*b)
            }
            Self::Angle { points } => points[1],
            Self::Ellipse { center, .. } | Self::Sphere { center, .. } => *center,
            Self::Polygon { corners } => {
                let sum: Vec3 = corners.iter().map(|c| c.0.coords).sum();
                Point((sum / corners.len().max(1) as f64).into())
            }
            Self::Probe { at } => *at,
        }
    }

    /// Whether its numbers are numbers and it has a size.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let points = self.handles();
        let finite = |p: &Point| p.0.iter().all(|x| x.abs() <= FAR);
        if points.is_empty() || !points.iter().all(finite) {
            return false;
        }
        let apart = |a: Point, b: Point| a.distance(b).0 > 0.0;
        match self {
            Self::Length { ends: [a, b] } => apart(*a, *b),
            Self::Bidirectional { long, short } => {
                apart(long[0], long[1]) && apart(short[0], short[1])
            }
            Self::Angle { points: [a, b, c] } => apart(*a, *b) && apart(*b, *c),
            Self::Ellipse { center, ends } => {
                let [u, v] = ends.map(|e| e.0 - center.0);
                // Two diameters along one line enclose nothing.
                u.cross(&v).norm() > 1e-9 * u.norm() * v.norm() && apart(*center, ends[0])
            }
            Self::Polygon { corners } => {
                (3..=MAX_CORNERS).contains(&corners.len())
                    && corners.iter().any(|c| apart(*c, corners[0]))
            }
            Self::Sphere { center, rim } => apart(*center, *rim),
            Self::Probe { .. } => true,
        }
    }

    /// The figure after one of its handles was dragged to a place; `None` without such a handle, and
    /// where nothing of a size would be left.
    ///
    /// The short diameter stays at right angles to the long one and crosses it; longer than that it
    /// becomes the long one. Axes of an ellipse stay at right angles.
    #[must_use]
    pub fn moved(&self, handle: usize, to: Point) -> Option<Self> {
        if handle >= self.handles().len() {
            return None;
        }
        let moved = match self {
            Self::Length { ends } => Self::Length {
                ends: replaced(*ends, handle, to),
            },
            Self::Bidirectional { long, short } => {
                let (long, short) = pair_moved(*long, *short, handle, to)?;
                Self::Bidirectional { long, short }
            }
            Self::Angle { points } => Self::Angle {
                points: replaced(*points, handle, to),
            },
            Self::Ellipse { center, ends } => ellipse_moved(*center, *ends, handle, to)?,
            Self::Polygon { corners } => {
                let mut corners = corners.clone();
                corners[handle] = to;
                Self::Polygon { corners }
            }
            Self::Sphere { center, rim } if handle == 0 => Self::Sphere {
                center: to,
                rim: Point(rim.0 + (to.0 - center.0)),
            },
            Self::Sphere { center, .. } => Self::Sphere {
                center: *center,
                rim: to,
            },
            Self::Probe { .. } => Self::Probe { at: to },
        };
        moved.is_usable().then_some(moved)
    }
}

fn replaced<const N: usize>(mut points: [Point; N], handle: usize, to: Point) -> [Point; N] {
    points[handle] = to;
    points
}

/// A place moved along `normal` into the plane through `of`.
fn flattened(p: Point, of: Point, normal: Vec3) -> Point {
    Point(p.0 - normal * (p.0 - of.0).dot(&normal))
}

/// Two diameters of which an end was dragged.
fn pair_moved(
    long: [Point; 2],
    short: [Point; 2],
    handle: usize,
    to: Point,
) -> Option<([Point; 2], [Point; 2])> {
    let along = long[1].0 - long[0].0;
    let normal = along
        .cross(&(short[1].0 - short[0].0))
        .try_normalize(1e-12)?;
    let to = flattened(to, long[0], normal);
    // Where along the long diameter the short one crosses (0 to 1), and how far it reaches to each
    // side.
    let across = normal.cross(&along.normalize());
    let fraction = |p: Point| (p.0 - long[0].0).dot(&along) / along.norm_squared();
    let mut crossing = fraction(short[0].midpoint(short[1])).clamp(0.0, 1.0);
    let mut arms = short.map(|p| (p.0 - long[0].0).dot(&across));
    let mut long = long;
    if handle < 2 {
        long[handle] = to;
    } else {
        let (mine, other) = (handle - 2, 3 - handle);
        crossing = fraction(to).clamp(0.0, 1.0);
        let arm = (to.0 - long[0].0).dot(&across);
        // An end stays on its own side: a short diameter that crosses outside is none.
        arms[mine] = if arms[other] > 0.0 {
            arm.min(0.0)
        } else {
            arm.max(0.0)
        };
    }
    let along = long[1].0 - long[0].0;
    let across = normal.cross(&along.try_normalize(1e-12)?);
    let foot = long[0].0 + along * crossing;
    let short = arms.map(|arm| Point(foot + across * arm));
    if short[0].distance(short[1]).0 > along.norm() {
        Some((short, long))
    } else {
        Some((long, short))
    }
}

fn ellipse_moved(center: Point, ends: [Point; 2], handle: usize, to: Point) -> Option<Figure> {
    let [u, v] = ends.map(|e| e.0 - center.0);
    if handle == 0 {
        let ends = [u, v].map(|d| Point(to.0 + d));
        return Some(Figure::Ellipse { center: to, ends });
    }
    let normal = u.cross(&v).try_normalize(1e-12)?;
    let drawn = flattened(to, center, normal).0 - center.0;
    // The ends opposite count from the other side.
    let drawn = if handle > 2 { -drawn } else { drawn };
    let direction = drawn.try_normalize(1e-12)?;
    let [u, v] = if handle % 2 == 1 {
        [drawn, normal.cross(&direction) * v.norm()]
    } else {
        [direction.cross(&normal) * u.norm(), drawn]
    };
    Some(Figure::Ellipse {
        center,
        ends: [u, v].map(|d| Point(center.0 + d)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn p(x: f64, y: f64) -> Point {
        Point::new(x, y, 7.0)
    }

    fn cross() -> Figure {
        Figure::Bidirectional {
            long: [p(0.0, 0.0), p(40.0, 0.0)],
            short: [p(10.0, -8.0), p(10.0, 12.0)],
        }
    }

    fn lines(figure: &Figure) -> ([Point; 2], [Point; 2]) {
        match figure {
            Figure::Bidirectional { long, short } => (*long, *short),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_turned_long_diameter_takes_the_short_one_along() {
        let (long, short) = lines(&cross().moved(1, p(0.0, 20.0)).expect("a pair"));
        assert_eq!(long, [p(0.0, 0.0), p(0.0, 20.0)]);
        // It crossed a quarter along, and still does; it is as long as it was.
        assert!(short[0].distance(p(8.0, 5.0)).0 < 1e-9, "{short:?}");
        assert!(short[1].distance(p(-12.0, 5.0)).0 < 1e-9, "{short:?}");
    }

    #[test]
    fn a_short_diameter_that_outgrows_the_long_one_becomes_it() {
        let (long, short) = lines(&cross().moved(3, p(10.0, 40.0)).expect("a pair"));
        assert_eq!(long, [p(10.0, -8.0), p(10.0, 40.0)]);
        assert_eq!(short, [p(0.0, 0.0), p(40.0, 0.0)]);
    }

    #[test]
    fn a_short_end_stays_on_its_side_and_on_the_line() {
        let (_, short) = lines(&cross().moved(3, p(90.0, -5.0)).expect("a pair"));
        assert_eq!(short, [p(40.0, -8.0), p(40.0, 0.0)]);
    }

    #[test]
    fn axes_of_an_ellipse_turn_together() {
        let ellipse = Figure::Ellipse {
            center: p(5.0, 5.0),
            ends: [p(15.0, 5.0), p(5.0, 11.0)],
        };
        let Some(Figure::Ellipse { center, ends }) = ellipse.moved(1, p(5.0, 25.0)) else {
            panic!("an ellipse");
        };
        assert_eq!(center, p(5.0, 5.0));
        assert!(ends[0].distance(p(5.0, 25.0)).0 < 1e-9);
        assert!(ends[1].distance(p(-1.0, 5.0)).0 < 1e-9, "{ends:?}");
        // Dragging the end opposite to where it is already changes nothing.
        let same = ellipse.moved(4, p(5.0, -1.0)).expect("an ellipse");
        for (a, b) in same.handles().into_iter().zip(ellipse.handles()) {
            assert!(a.distance(b).0 < 1e-9);
        }
    }

    #[test]
    fn nothing_shrinks_to_nothing_and_no_number_is_infinite() {
        let line = Figure::Length {
            ends: [p(0.0, 0.0), p(1.0, 0.0)],
        };
        assert_eq!(line.moved(1, p(0.0, 0.0)), None);
        assert_eq!(line.moved(2, p(0.0, 0.0)), None);
        assert_eq!(line.moved(0, p(f64::NAN, 0.0)), None);
        let flat = Figure::Ellipse {
            center: p(0.0, 0.0),
            ends: [p(1.0, 0.0), p(2.0, 0.0)],
        };
        assert!(!flat.is_usable());
    }

    proptest! {
        #[test]
        fn a_pair_stays_a_pair_whatever_is_dragged(
            drags in prop::collection::vec((0usize..4, -60.0..60.0f64, -60.0..60.0f64, -9.0..9.0f64), 1..8),
        ) {
            let mut figure = cross();
            for (handle, x, y, z) in drags {
                // Also from outside the plane.
                let Some(next) = figure.moved(handle, Point::new(x, y, z)) else { continue };
                figure = next;
                let (long, short) = lines(&figure);
                let (u, v) = (long[1].0 - long[0].0, short[1].0 - short[0].0);
                prop_assert!(u.norm() >= v.norm() - 1e-9);
                prop_assert!(u.dot(&v).abs() <= 1e-6 * (1.0 + u.norm() * v.norm()));
                for point in figure.handles() {
                    prop_assert!((point.0.z - 7.0).abs() < 1e-6);
                }
                // They cross.
                let t = (short[0].0 - long[0].0).dot(&u) / u.norm_squared();
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&t));
            }
        }
    }
}
