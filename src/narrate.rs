//! From measured numbers to sentences that carry nothing else.
//!
//! [`facts`] lays a case out as a table of typed facts, [`template`](template()) writes sentences
//! whose numbers are facts put into slots, and [`check`](check()) reads sentences back, whoever
//! wrote them, and names every number, unit, date or claim that the cited facts do not bear out.
//! Pure functions: no clock, no randomness.

mod build;
mod check;
mod fact;
mod repeatability;
mod summary;
mod template;
mod tokens;

pub use build::facts;
pub(crate) use build::{lesion_labels, time_point_label};
pub use check::{Violation, ViolationKind, check};
pub use fact::{Fact, FactId, FactKind, FactTable, FactValue, Share, Subject};
pub use summary::{
    CaseSummary, Doubling, FitSummary, ForecasterSummary, LOW_CONSISTENCY, LesionMeasure,
    LesionSummary, ModelWeight, ProgressionSummary, Projection, Quantiles, Response, Role,
    ScenarioProjection, ScenarioSummary, SumSummary, SumVoice, TimePointSummary, TreatmentSummary,
};
pub use template::{Narrative, Sentence, Source, Span, template};
