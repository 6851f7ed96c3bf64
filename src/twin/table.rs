//! Tables of measurements and of treatment events, and the JSON of the verbs `fit` and `project`.

mod csv;
mod json;

pub use csv::{Lesion, PatientEvents, TableError, parse_events, parse_measurements};
pub use json::{FittedLesion, ProjectedLesion, SumOfPatient, fit_json, project_json};
