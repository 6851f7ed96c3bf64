//! Why an edit was refused.

use crate::jobs::Cancelled;

/// Why an edit was refused: what, where, and what to do. The mask stays as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no mask yet, and the edit makes none.
    #[error("there is nothing to edit yet; paint the lesion or draw its longest diameter first")]
    NoMask,
    /// All of the edit lies outside the image.
    #[error("the {what} lies outside the image; draw inside it")]
    Outside {
        /// What was drawn.
        what: &'static str,
    },
    /// A place or a number that cannot be one.
    #[error("the {what} is not a usable number ({value}); draw or enter it again")]
    NotANumber {
        /// What it was for.
        what: &'static str,
        /// What came.
        value: f64,
    },
    /// A stroke without a point.
    #[error("the stroke has no point; draw it again")]
    NoPoint,
    /// A range of values whose lower end lies above its upper end.
    #[error("the range of values runs from {low} down to {high}; enter the smaller one first")]
    Range {
        /// Lower end as given.
        low: f64,
        /// Upper end as given.
        high: f64,
    },
    /// A range of values is asked for, without the image.
    #[error("a range of values needs the image; load it, or edit without a range")]
    NeedsImage,
    /// The image or another lesion does not lie on the mask's own voxels.
    #[error("the {what} lies on another grid than the mask; choose one of the same image")]
    OtherGrid {
        /// What lies elsewhere.
        what: &'static str,
    },
    /// The lesion to join or compare with does not exist.
    #[error("lesion number {with} of {given} was asked for; choose one that exists")]
    NoOther {
        /// Index asked for, from 0.
        with: usize,
        /// How many there are.
        given: usize,
    },
    /// The point lies beside the mask.
    #[error("the point does not lie on the mask; point at the part that is meant")]
    NotOnMask,
    /// Points or a normal that give no plane.
    #[error("the cut gives no plane (its points lie on one line); draw it longer")]
    NoPlane,
    /// The plane leaves the mask whole.
    #[error("the cut does not pass through the mask; draw it across the lesion")]
    NotCut,
    /// The point to keep lies on the cut.
    #[error("the side to keep is not clear (the point lies on the cut); point beside the cut")]
    NoSide,
    /// Nothing of the mask would be left.
    #[error("this would leave nothing of the mask; to do without it, remove the lesion instead")]
    NothingLeft,
    /// More than can be worked on.
    #[error(
        "{what} of {asked:.1} {unit} is too large, the limit is {limit:.1}; choose a smaller one"
    )]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        asked: f64,
        /// The largest that is worked on.
        limit: f64,
        /// Unit of both.
        unit: &'static str,
    },
    /// The mask could not be formed.
    #[error("the mask could not be formed ({0}); report this with the edit that was made")]
    Mask(#[from] crate::volume::MaskError),
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
