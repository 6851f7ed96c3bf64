//! Why no transform was found.

use crate::jobs::Cancelled;

/// Why no transform was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Millimetres of an image are not to be believed.
    #[error(
        "the spacing of the {image} image is unknown, and a transform is stated in mm; choose a series \
         whose files state it"
    )]
    Uncalibrated {
        /// Which image.
        image: &'static str,
    },
    /// An image has too few voxels.
    #[error(
        "the {image} image has {} × {} × {} voxels, too few to be aligned; choose a series of more slices",
        shape[0], shape[1], shape[2]
    )]
    TooSmall {
        /// Which image.
        image: &'static str,
        /// Its voxels.
        shape: [usize; 3],
    },
    /// The values of an image are all alike.
    #[error(
        "the values of the {image} image are all alike where the body should be; choose another series"
    )]
    Flat {
        /// Which image.
        image: &'static str,
    },
    /// At no place do enough of the two bodies meet.
    #[error(
        "nowhere does a tenth of the smaller body look like a part of the other image; choose series of the \
         same part of the body"
    )]
    NoOverlap,
    /// The likeness is what unrelated places have too.
    #[error(
        "the best place found is no likelier than chance (likeness {value:.2}, elsewhere up to {chance:.2}); \
         choose series of the same part of the body, or align by hand"
    )]
    Chance {
        /// Likeness at the best place.
        value: f64,
        /// Largest likeness at places taken at random.
        chance: f64,
    },
    /// Two places are about as good.
    #[error(
        "two places {apart_mm:.0} mm apart are about equally likely (likeness {value:.3} and {other:.3}); \
         choose series that show more, or align by hand"
    )]
    Ambiguous {
        /// Largest distance between where the two put a point of the body, mm.
        apart_mm: f64,
        /// Likeness at the better one.
        value: f64,
        /// Likeness at the other one.
        other: f64,
    },
    /// A motion changes nothing that can be seen.
    #[error(
        "the images can slide or turn against each other without looking less alike; choose series that show \
         more than a smooth tube"
    )]
    Sliding,
    /// Parts of the images do not lie where the transform puts them.
    #[error(
        "{lost} of {blocks} parts of the images are not found where the whole puts them; no rigid motion \
         explains the difference: choose series of the same part of the body, or align by hand"
    )]
    Disagreement {
        /// Parts that were not found.
        lost: usize,
        /// Parts looked for.
        blocks: usize,
    },
    /// Parts of the images lie too far from where the transform puts them.
    #[error(
        "half of the parts of the images lie more than {median:.0} mm from where the whole puts them; no \
         rigid motion explains the difference: choose series of the same part of the body, or align by hand"
    )]
    Scattered {
        /// Median distance, mm.
        median: f64,
    },
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
