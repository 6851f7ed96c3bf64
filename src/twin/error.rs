//! What can be wrong with the input of the twin.

use crate::jobs::Cancelled;

/// Why the twin refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The job was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// No observation to fit.
    #[error("the lesion has no measurement; measure it at one time point at least")]
    NoObservations,
    /// Units differ within one lesion.
    #[error(
        "the lesion's measurements mix {first} and {other}; give all of them in one unit, and as \
         diameters or as volumes"
    )]
    MixedUnits {
        /// Unit of the first measurement.
        first: &'static str,
        /// Another unit that occurs.
        other: &'static str,
    },
    /// A number that no measurement can have.
    #[error("{what} is {value}; it must be {expected}")]
    BadNumber {
        /// What the number is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// Sizes in pixels or voxels, where other lesions are compared with.
    #[error(
        "the lesion is measured in {unit}; a forecast by what other lesions did needs millimetres, so \
         give the image its spacing"
    )]
    NoMillimetres {
        /// The unit.
        unit: &'static str,
    },
    /// A requested day lies before the first measurement.
    #[error(
        "day {day} lies before the lesion's first measurement on day {first}; the twin starts at \
         the first measurement"
    )]
    BeforeFirstObservation {
        /// The day asked for.
        day: f64,
        /// Day of the first measurement.
        first: f64,
    },
    /// No days were asked for.
    #[error("no day to project to; name one at least")]
    NoDays,
    /// A restart was asked for although no systemic treatment is on record.
    #[error(
        "the scenario starts systemic treatment, but none is on record before day {day}: nothing \
         is known of its effect. Enter the treatment that was given"
    )]
    NoTreatmentToRestart {
        /// The day of the intended start.
        day: f64,
    },
    /// Too few tumours to compare.
    #[error("{given} tumours are too few to find what they have in common; {needed} are needed")]
    TooFewTumours {
        /// How many there are.
        given: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A tumour with too few readings for what was asked.
    #[error("tumour {tumour} has fewer than the {needed} readings that this needs")]
    TooFewReadings {
        /// Its name.
        tumour: String,
        /// How many are needed.
        needed: usize,
    },
    /// A tumour that no parameters come near, or a population without spread.
    #[error("no parameters of the law come near the readings of tumour {tumour}")]
    Unexplained {
        /// Its name.
        tumour: String,
    },
    /// The fit holds too few draws to project.
    #[error("the fit holds no posterior draws; fit the lesion again")]
    EmptyFit,
}
