//! What a figure measures on an image.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::length;
use super::region::{self, RegionValues};
use crate::geometry::{Grid, Point, Vec3};
use crate::units::{Area, Bulk, Degrees, Length, Mm2, Mm3};
use crate::volume::Volume;

/// What a figure measures. Sizes follow from the figure alone; values from the voxels within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FigureMeasures {
    /// Zero-based slice of a figure that lies in one.
    pub slice: Option<usize>,
    /// Length of a line; the longer diameter of two lines, of an ellipse, of a sphere.
    pub length: Option<Length>,
    /// The shorter diameter, of two lines and of an ellipse.
    pub short: Option<Length>,
    /// The angle, 0° to 180°. Where the spacing is unknown, as in square pixels.
    pub angle: Option<Degrees>,
    /// Area of an ellipse or polygon.
    pub area: Option<Area>,
    /// Volume of a sphere; where the spacing is unknown, the number of its voxels.
    pub volume: Option<Bulk>,
    /// Values of the voxels whose centre lies in it; `None` for a figure that encloses none, and
    /// where none of them has a value.
    pub values: Option<RegionValues>,
}

/// The slice in whose reach a place lies, zero-based: that with the nearest plane; `None` beyond the
/// first and the last by more than half a gap.
#[must_use]
pub fn slice_of(grid: &Grid, p: Point) -> Option<usize> {
    let k = grid.voxel_from_patient(p).k.round();
    // A hair beyond the edge is rounding.
    (k >= 0.0 && k < grid.shape()[2] as f64).then_some(k as usize)
}

/// Measures a figure on an image; the peak of uptake, which takes longest, only where it is asked for.
#[must_use]
pub fn gauge(figure: &Figure, volume: &Volume, with_peak: bool) -> FigureMeasures {
    let grid = volume.grid();
    let sizes = sizes(figure, grid);
    let runs = region::runs(grid, figure);
    let voxels: usize = runs.iter().map(|r| r.i.len()).sum();
    FigureMeasures {
        values: region::values(volume, &runs, with_peak),
        volume: match sizes.volume {
            // A sphere of nominal steps is counted: it has no other size.
            Some(Bulk::Voxels(_)) => Some(Bulk::Voxels(voxels as f64)),
            size => size,
        },
        ..sizes
    }
}

/// Lengths, angle, area and volume of a figure on a grid.
fn sizes(figure: &Figure, grid: &Grid) -> FigureMeasures {
    let of = |[a, b]: [Point; 2]| Some(length(grid, a.distance(b).0));
    let measures = FigureMeasures {
        slice: slice_of(grid, figure.place()),
        ..FigureMeasures::default()
    };
    match figure {
        Figure::Length { ends } => FigureMeasures {
            slice: None,
            length: of(*ends),
            ..measures
        },
        Figure::Bidirectional { long, short } => FigureMeasures {
            slice: None,
            length: of(*long),
            short: of(*short),
            ..measures
        },
        Figure::Angle { points } => FigureMeasures {
            slice: None,
            angle: angle(*points),
            ..measures
        },
        Figure::Ellipse { center, ends } => {
            let [u, v] = ends.map(|e| e.0 - center.0);
            let [long, short] = semi_axes(u, v);
            FigureMeasures {
                length: Some(length(grid, 2.0 * long)),
                short: Some(length(grid, 2.0 * short)),
                area: Some(area(grid, PI * long * short)),
                ..measures
            }
        }
        Figure::Polygon { corners } => FigureMeasures {
            area: Some(area(grid, polygon_area(corners))),
            ..measures
        },
        Figure::Sphere { center, rim } => {
            let radius = center.distance(*rim).0;
            FigureMeasures {
                length: Some(length(grid, 2.0 * radius)),
                volume: Some(if grid.is_calibrated() {
                    Bulk::Mm3(Mm3(4.0 / 3.0 * PI * radius.powi(3)))
                } else {
                    Bulk::Voxels(0.0)
                }),
                ..measures
            }
        }
        Figure::Probe { .. } => measures,
    }
}

/// The angle at the middle one of three points.
fn angle([a, vertex, b]: [Point; 3]) -> Option<Degrees> {
    let (u, v) = (a.0 - vertex.0, b.0 - vertex.0);
    // Exact for small and for flat angles, unlike the arc cosine.
    let angle = u.cross(&v).norm().atan2(u.dot(&v));
    (u.norm() > 0.0 && v.norm() > 0.0).then(|| Degrees(angle.to_degrees()))
}

/// Lengths of the semi-axes of the ellipse with these conjugate semi-diameters, the longer first: the
/// singular values of the matrix whose columns they are.
fn semi_axes(u: Vec3, v: Vec3) -> [f64; 2] {
    let (uu, uv, vv) = (u.dot(&u), u.dot(&v), v.dot(&v));
    let spread = ((uu - vv) / 2.0).hypot(uv);
    let long = ((uu + vv) / 2.0 + spread).sqrt();
    // By the area rather than by the difference, which cancels for thin ellipses.
    [long, u.cross(&v).norm() / long]
}

fn area(grid: &Grid, mm2: f64) -> Area {
    if grid.is_calibrated() {
        Area::Mm2(Mm2(mm2))
    } else {
        Area::Px2(mm2 / grid.pixel_area().0)
    }
}

/// Area of a flat polygon in space; where its outline crosses itself, parts count by how it runs.
fn polygon_area(corners: &[Point]) -> f64 {
    let Some(first) = corners.first() else {
        return 0.0;
    };
    let fan = corners.windows(2).map(|pair| {
        let [a, b] = [pair[0], pair[1]].map(|p| p.0 - first.0);
        a.cross(&b)
    });
    fan.sum::<Vec3>().norm() / 2.0
}

#[cfg(test)]
mod tests;
