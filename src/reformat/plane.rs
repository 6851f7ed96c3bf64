//! A rectangle of pixels in patient space.

use crate::geometry::{Point, Vec3};
use crate::units::Mm;

/// A rectangle of pixels in patient space. `right` and `down` are perpendicular.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// Centre of the pixel at the top left.
    pub origin: Point,
    /// From a pixel to the one on its right, mm.
    pub right: Vec3,
    /// From a pixel to the one below, mm.
    pub down: Vec3,
    /// Columns and rows.
    pub size: [usize; 2],
}

impl Plane {
    /// Patient position of a picture position; whole numbers are centres of pixels.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Point {
        Point(self.origin.0 + self.right * x + self.down * y)
    }

    /// Picture position (x, y) of the foot of the perpendicular from a place to the plane.
    #[must_use]
    pub fn pixel_of(&self, place: Point) -> [f64; 2] {
        let d = place.0 - self.origin.0;
        [self.right, self.down].map(|step| d.dot(&step) / step.norm_squared())
    }

    /// Unit normal, `right × down`: away from who looks at the picture.
    #[must_use]
    pub fn normal(&self) -> Vec3 {
        self.right.cross(&self.down).normalize()
    }

    /// How far a place lies from the plane, along the normal.
    #[must_use]
    pub fn distance(&self, place: Point) -> Mm {
        Mm((place.0 - self.origin.0).dot(&self.normal()))
    }

    /// The plane where a motion without distortion takes it: its corner, and directions turned.
    #[must_use]
    pub fn taken(&self, corner: Point, turn: impl Fn(Vec3) -> Vec3) -> Self {
        Self {
            origin: corner,
            right: turn(self.right),
            down: turn(self.down),
            size: self.size,
        }
    }

    /// The plane moved.
    #[must_use]
    pub fn moved(&self, by: Vec3) -> Self {
        Self {
            origin: Point(self.origin.0 + by),
            ..*self
        }
    }
}
