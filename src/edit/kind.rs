//! The edits, as plain data: stored, replayed and undone like gestures.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::geometry::Point;
use crate::units::{Mm, Mm3};

/// From where on a coordinate or a length, mm, is damage and not a place.
const FARTHEST_MM: f64 = 1e6;
/// Largest number of points of one stroke.
const MOST_POINTS: usize = 100_000;
/// Largest margin, mm.
const LARGEST_MARGIN_MM: f64 = 100.0;
/// Largest scale of smoothing, mm; beyond it a lesion becomes another shape.
const LARGEST_SCALE_MM: f64 = 10.0;

/// One edit of a mask, in patient space (LPS mm).
///
/// `within` limits an edit to voxels whose value lies in a range, both ends included, in the image's
/// own unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Edit {
    /// A stroke of a brush or an eraser.
    Brush {
        /// Its line.
        points: Vec<Point>,
        /// Of the brush, to the centres of voxels. The voxels under the line always belong to it.
        radius: Mm,
        /// In single slices, or in space.
        shape: BrushShape,
        /// Paints; otherwise erases.
        adds: bool,
        /// Changes only voxels with a value in this range.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<[f64; 2]>,
    },
    /// Fills empty slices between marked ones.
    FillBetween,
    /// Keeps some of the parts that are connected over faces of voxels.
    Islands {
        /// Which.
        keep: Keep,
    },
    /// Removes the part at a point.
    RemoveIsland {
        /// A voxel of it.
        at: Point,
    },
    /// Fills what the mask encloses.
    FillHoles {
        /// Enclosed in its slice is enough; otherwise it must be so in space.
        in_slices: bool,
    },
    /// Evens out the surface.
    Smooth {
        /// Standard deviation of the Gaussian. Details smaller than about twice this vanish.
        mm: Mm,
    },
    /// Moves the surface outwards.
    Margin {
        /// How far; inwards where negative.
        mm: Mm,
        /// Changes only voxels with a value in this range.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<[f64; 2]>,
    },
    /// Keeps what lies to one side of a plane.
    Split {
        /// The plane.
        through: Cut,
        /// A point of the side to keep.
        keep: Point,
    },
    /// Joins the mask with another lesion's, or compares it with that.
    Arithmetic {
        /// Index of the other one.
        with: usize,
        /// How.
        op: Operation,
    },
    /// Keeps voxels with a value in a range.
    Threshold {
        /// The range.
        within: [f64; 2],
    },
    /// Empties a slice.
    ClearSlice {
        /// A point in it, or nearest to it.
        at: Point,
    },
}

/// Form of a brush.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrushShape {
    /// In the slice nearest to each point only.
    Disc,
    /// In space.
    Sphere,
}

/// Which parts of a mask stay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The one of the largest volume; of equal ones the first (slice by slice, row by row).
    Largest,
    /// The one at a point.
    At(Point),
    /// All whose volume is more than this.
    LargerThan(Mm3),
}

/// A plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Through three points.
    Points([Point; 3]),
    /// Through a point, across a direction.
    Normal {
        /// A point of it.
        at: Point,
        /// The direction; its length does not matter.
        normal: [f64; 3],
    },
}

/// What becomes of two masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Voxels of either: merges two lesions.
    Union,
    /// Voxels of both.
    Intersect,
    /// Voxels of the mask that are not of the other.
    Subtract,
}

impl Edit {
    /// The range of values it is limited to.
    pub(super) const fn within(&self) -> Option<[f64; 2]> {
        match self {
            Self::Brush { within, .. } | Self::Margin { within, .. } => *within,
            Self::Threshold { within } => Some(*within),
            _ => None,
        }
    }

    /// Whether it can make a mask where there is none.
    pub(super) const fn makes(&self) -> bool {
        matches!(
            self,
            Self::Brush { adds: true, .. }
                | Self::Arithmetic {
                    op: Operation::Union,
                    ..
                }
        )
    }

    /// Its places, to be moved.
    pub fn points_mut(&mut self) -> Vec<&mut Point> {
        match self {
            Self::Brush { points, .. } => points.iter_mut().collect(),
            Self::Islands { keep: Keep::At(at) }
            | Self::RemoveIsland { at }
            | Self::ClearSlice { at } => vec![at],
            Self::Split { through, keep } => match through {
                Cut::Points(points) => points.iter_mut().chain([keep]).collect(),
                Cut::Normal { at, .. } => vec![at, keep],
            },
            Self::FillBetween
            | Self::Islands { .. }
            | Self::FillHoles { .. }
            | Self::Smooth { .. }
            | Self::Margin { .. }
            | Self::Arithmetic { .. }
            | Self::Threshold { .. } => Vec::new(),
        }
    }

    /// Whether its numbers are numbers, and of a size that can be meant.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.check().is_ok()
    }

    /// Why its numbers cannot be meant, where they cannot.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        self.check().err()
    }

    /// That its numbers are numbers, and of a size that can be meant.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some([low, high]) = self.within() {
            for value in [low, high] {
                if !value.is_finite() {
                    return Err(not_a_number("range of values", value));
                }
            }
            if low > high {
                return Err(Error::Range { low, high });
            }
        }
        match self {
            Self::Brush { points, radius, .. } => {
                if points.is_empty() {
                    return Err(Error::NoPoint);
                }
                at_most(
                    "a stroke",
                    points.len() as f64,
                    MOST_POINTS as f64,
                    "points",
                )?;
                let usable = radius.0 > 0.0 && radius.0 <= FARTHEST_MM;
                if !usable {
                    return Err(not_a_number("radius of the brush", radius.0));
                }
                places("stroke", points)
            }
            Self::Islands { keep: Keep::At(at) } | Self::RemoveIsland { at } => {
                places("point", &[*at])
            }
            Self::Islands {
                keep: Keep::LargerThan(mm3),
            } if !mm3.0.is_finite() => Err(not_a_number("smallest volume", mm3.0)),
            Self::Smooth { mm } => {
                if mm.0.is_nan() || mm.0 <= 0.0 {
                    return Err(not_a_number("scale of smoothing", mm.0));
                }
                at_most("smoothing", mm.0, LARGEST_SCALE_MM, "mm")
            }
            Self::Margin { mm, .. } => {
                if mm.0.is_nan() {
                    return Err(not_a_number("margin", mm.0));
                }
                at_most("a margin", mm.0.abs(), LARGEST_MARGIN_MM, "mm")
            }
            Self::Split { through, keep } => {
                places("side to keep", &[*keep])?;
                match through {
                    Cut::Points(points) => places("cut", points),
                    Cut::Normal { at, normal } => {
                        places("cut", &[*at])?;
                        match normal.iter().find(|x| !x.is_finite()) {
                            Some(x) => Err(not_a_number("direction of the cut", *x)),
                            None => Ok(()),
                        }
                    }
                }
            }
            Self::ClearSlice { at } => places("point", &[*at]),
            _ => Ok(()),
        }
    }
}

fn not_a_number(what: &'static str, value: f64) -> Error {
    Error::NotANumber { what, value }
}

fn at_most(what: &'static str, asked: f64, limit: f64, unit: &'static str) -> Result<(), Error> {
    if asked <= limit {
        return Ok(());
    }
    Err(Error::TooLarge {
        what,
        asked,
        limit,
        unit,
    })
}

fn places(what: &'static str, points: &[Point]) -> Result<(), Error> {
    let mut numbers = points.iter().flat_map(|p| p.0.iter().copied());
    match numbers.find(|x| x.is_nan() || x.abs() > FARTHEST_MM) {
        Some(value) => Err(not_a_number(what, value)),
        None => Ok(()),
    }
}
