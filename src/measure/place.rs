//! Whether a figure lies where it can be measured.

use super::figure::Figure;
use super::gauge::slice_of;
use crate::geometry::{Grid, Point};

/// Why a figure cannot be measured on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// It has no size, or not every number of it is one.
    #[error("The figure has no size")]
    NoSize,
    /// It lies outside.
    #[error("The figure lies outside the image")]
    Outside,
    /// It is a flat region through several slices.
    #[error("The region leads from one slice to another")]
    Slices,
}

impl Misplaced {
    /// What to do.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NoSize => "Drag from one place to another.",
            Self::Outside => "Draw it on the image.",
            Self::Slices => "Draw it within one slice, or draw a sphere.",
        }
    }
}

/// Whether a figure can be measured on a grid.
///
/// # Errors
/// [`Misplaced`] says why not.
pub fn placed(figure: &Figure, grid: &Grid) -> Result<(), Misplaced> {
    if !figure.is_usable() {
        return Err(Misplaced::NoSize);
    }
    let shape = grid.shape();
    let inside = |p: Point| {
        let v = grid.voxel_from_patient(p);
        // Pictures end at the edges of their pixels; a hair beyond is rounding.
        let holds = |(x, n): (f64, usize)| x >= -0.5 - 1e-6 && x <= n as f64 - 0.5 + 1e-6;
        [v.i, v.j, v.k].into_iter().zip(shape).all(holds)
    };
    if !inside(figure.place()) {
        return Err(Misplaced::Outside);
    }
    let slice = slice_of(grid, figure.place());
    let mut handles = figure.handles().into_iter();
    if figure.kind().is_flat_region() && !handles.all(|p| slice_of(grid, p) == slice) {
        return Err(Misplaced::Slices);
    }
    Ok(())
}
