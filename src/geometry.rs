//! Where voxels are: patient space is **LPS** (left, posterior, superior), in millimetres, `f64`.
//!
//! Voxel indices are zero based, `i` along a row (column number), `j` down a column (row number),
//! `k` across slices. An index addresses the *centre* of a voxel. Other conventions (NIfTI's RAS)
//! are converted at the door, in `open` and `report`.

mod grid;
mod orientation;

pub(crate) use grid::is_spacing_mm;
pub use grid::{Grid, GridError, Spacing};
pub use orientation::{Letters, orientation_letters};

use serde::{Deserialize, Serialize};

/// A vector in patient space, mm, LPS.
pub type Vec3 = nalgebra::Vector3<f64>;

/// A point in patient space, mm, LPS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 3]", into = "[f64; 3]")]
pub struct Point(pub nalgebra::Point3<f64>);

impl Point {
    /// A point from its three LPS coordinates in mm.
    #[must_use]
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self(nalgebra::Point3::new(x, y, z))
    }

    /// Straight-line distance between two points in mm.
    #[must_use]
    pub fn distance(self, other: Self) -> crate::units::Mm {
        crate::units::Mm((self.0 - other.0).norm())
    }

    /// The point half-way between two points.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Self {
        Self(nalgebra::center(&self.0, &other.0))
    }
}

impl From<[f64; 3]> for Point {
    fn from(v: [f64; 3]) -> Self {
        Self::new(v[0], v[1], v[2])
    }
}

impl From<Point> for [f64; 3] {
    fn from(p: Point) -> Self {
        [p.0.x, p.0.y, p.0.z]
    }
}

/// A continuous voxel position (i, j, k); whole numbers are voxel centres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 3]", into = "[f64; 3]")]
pub struct Voxel {
    /// Along a row: column number.
    pub i: f64,
    /// Down a column: row number.
    pub j: f64,
    /// Slice number.
    pub k: f64,
}

impl Voxel {
    /// A continuous voxel position.
    #[must_use]
    pub const fn new(i: f64, j: f64, k: f64) -> Self {
        Self { i, j, k }
    }
}

impl From<[f64; 3]> for Voxel {
    fn from(v: [f64; 3]) -> Self {
        Self::new(v[0], v[1], v[2])
    }
}

impl From<Voxel> for [f64; 3] {
    fn from(v: Voxel) -> Self {
        [v.i, v.j, v.k]
    }
}
