//! What can be wrong with the input of the twin.

use super::dynamics::dose::DoseUnit;
use super::dynamics::plan::DrugId;
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
    /// A model with absolute sizes in it, for sizes in pixels or voxels.
    #[error(
        "the model {model} has sizes in millimetres in it, but the lesion is measured in {unit}; give \
         the image its spacing, or choose another model"
    )]
    ModelNeedsMillimetres {
        /// The model.
        model: &'static str,
        /// The unit of the measurements.
        unit: &'static str,
    },
    /// A scenario was asked of a model that knows no doses.
    #[error(
        "the model {model} describes a curve and knows no doses, so it says nothing of another plan; \
         choose another model for a scenario"
    )]
    KnowsNoDoses {
        /// The model.
        model: &'static str,
    },
    /// No parameters were found that give the measurements any probability.
    #[error(
        "the model {model} found no parameters under which these measurements are possible; check \
         them, or choose another model"
    )]
    NoPosterior {
        /// The model.
        model: &'static str,
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
    /// A dose is stated in another unit than the reference dose of its drug.
    #[error(
        "a dose of drug {drug} is in {given}, its reference dose in {reference}; state both in one \
         unit (body surface or weight converts)"
    )]
    DoseUnit {
        /// The drug, by name or number.
        drug: String,
        /// Unit of the dose.
        given: DoseUnit,
        /// Unit of the reference dose.
        reference: DoseUnit,
    },
    /// The plan gives a drug of which the model knows no effect.
    #[error(
        "the plan gives drug {0}, whose effect is not described; describe it or take it out of the \
         plan"
    )]
    UnknownDrug(DrugId),
    /// One drug is described twice.
    #[error("drug {0} is described twice; describe it once")]
    DrugTwice(DrugId),
    /// The plan holds radiotherapy, the model no radiosensitivity.
    #[error(
        "the plan holds radiotherapy, but no radiosensitivity is given; give one or take the \
         fractions out of the plan"
    )]
    NoRadiosensitivity,
    /// The plan holds a course of radiotherapy whose fractions are not known, the model no log-kill
    /// per gray for it.
    #[error(
        "the plan holds a course of radiotherapy without its fractions; state them, or the log-kill \
         per gray of such courses (α_eff)"
    )]
    NoEffectiveAlpha,
    /// The plan holds an operation of unknown extent, the model no log-kill for it.
    #[error(
        "the plan holds an operation without the share that it removed; state that share, or the \
         log-kill of operations"
    )]
    NoSurgeryLogKill,
    /// A day was asked for before the start of a curve.
    #[error("day {day} lies before the start of the curve on day {start}; start it earlier")]
    BeforeStart {
        /// The day asked for.
        day: f64,
        /// First day of the curve.
        start: f64,
    },
    /// The solver met a number that is not finite, or needed too many steps.
    #[error(
        "the solver gave up {elapsed} days after a change of treatment; the parameters are too \
         extreme"
    )]
    Diverged {
        /// Where it gave up: days after the last change of treatment.
        elapsed: f64,
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
