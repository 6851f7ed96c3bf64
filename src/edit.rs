//! Editing masks by hand: brush and eraser, slices filled between others, islands, holes, smoothing,
//! margins, cuts, and arithmetic of masks.
//!
//! An [`Edit`] is plain data in patient space; [`apply`] makes the mask that it asks for and says what
//! changed as a [`Delta`], which takes the change back as well. Masks stay on the image's own voxels:
//! distances are those between true positions, over slices that are uneven, thick or shifted against
//! each other. Where the spacing is unknown, "mm" are the grid's nominal units.
//!
//! No edit marks a voxel of a slice that was never imaged nor, where the image is given, one without
//! a value (padding). [`Edit::Arithmetic`] alone takes over what the other mask holds.

mod between;
mod brush;
mod delta;
mod error;
mod holes;
mod islands;
mod kind;
mod lattice;
mod margin;
mod reach;
mod region;
mod section;
mod smooth;
mod split;
mod work;

pub use delta::{Delta, DeltaError};
pub use error::Error;
pub use kind::{BrushShape, Cut, Edit, Keep, Operation};

use std::sync::Arc;

use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::units::Mm;
use crate::volume::{Mask, Volume};
use work::Work;

/// Largest difference of places at which two grids are taken for one, mm.
const SAME_PLACE: Mm = Mm(0.01);

/// What an edit has made.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The mask after the edit.
    pub mask: Mask,
    /// Voxels that changed; none where the edit found nothing to do.
    ///
    /// Of a [`Edit::Split`] they are the other side: [`Delta::changed`] makes a lesion of them.
    pub delta: Delta,
    /// Slices that [`Edit::FillBetween`] has filled, ascending: unreviewed until seen.
    pub filled_slices: Vec<usize>,
}

/// Applies an edit to a mask.
///
/// `volume` is needed where the edit is limited to a range of values; where it is given, voxels
/// without a value are not marked. `others` are the masks that [`Edit::Arithmetic`] may name. Equal
/// input gives equal masks.
///
/// # Errors
/// When the edit lies outside the image, its numbers cannot be meant, what it needs is missing or
/// lies on another grid, it would leave nothing, or the job is cancelled.
pub fn apply(
    mask: &Mask,
    volume: Option<&Volume>,
    edit: &Edit,
    others: &[&Mask],
    job: &JobContext,
) -> Result<Outcome, Error> {
    job.check()?;
    edit.check()?;
    if mask.is_empty() && !edit.makes() {
        return Err(Error::NoMask);
    }
    if volume.is_some_and(|v| !is_same(mask.grid(), v.grid())) {
        return Err(Error::OtherGrid { what: "image" });
    }
    if edit.within().is_some() && volume.is_none() {
        return Err(Error::NeedsImage);
    }
    let work = Work::new(mask, volume, edit.within(), job);
    let mut filled_slices = Vec::new();
    let made = match edit {
        Edit::Brush {
            points,
            radius,
            shape,
            adds,
            ..
        } => brush::stroke(&work, points, *radius, *shape, *adds)?,
        Edit::FillBetween => {
            let (made, filled) = between::fill(&work)?;
            filled_slices = filled;
            made
        }
        Edit::Islands { keep } => islands::keep(&work, *keep)?,
        Edit::RemoveIsland { at } => islands::remove(&work, *at)?,
        Edit::FillHoles { in_slices } => holes::fill(&work, *in_slices)?,
        Edit::Smooth { mm } => smooth::smooth(&work, *mm)?,
        Edit::Margin { mm, .. } if mm.0 < 0.0 => margin::shrink(&work, Mm(-mm.0))?,
        Edit::Margin { mm, .. } => margin::grow(&work, *mm)?,
        Edit::Split { through, keep } => split::side(&work, through, *keep)?,
        Edit::Arithmetic { with, op } => {
            let other = others.get(*with).ok_or(Error::NoOther {
                with: *with,
                given: others.len(),
            })?;
            if !is_same(mask.grid(), other.grid()) {
                return Err(Error::OtherGrid {
                    what: "other lesion",
                });
            }
            work.combined(other, *op)?
        }
        Edit::Threshold { .. } => work.kept(|at| work.in_range(at))?,
        Edit::ClearSlice { at } => split::clear_slice(&work, *at)?,
    };
    if made.is_empty() {
        return Err(Error::NothingLeft);
    }
    Ok(Outcome {
        delta: Delta::of_same_grid(mask, &made),
        mask: made,
        filled_slices,
    })
}

fn is_same(a: &Arc<Grid>, b: &Arc<Grid>) -> bool {
    Arc::ptr_eq(a, b) || a.matches(b, SAME_PLACE)
}

#[cfg(test)]
mod tests;
