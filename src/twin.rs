//! The twin: observations of a lesion → posterior of growth models → projections.

use serde::{Deserialize, Serialize};

/// What a scenario changes against the plan that was followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ScenarioChange {
    /// All treatment stops on this day after baseline.
    StopTreatment {
        /// Day of the stop.
        day: f64,
    },
    /// Treatment that had ended is given again from this day on, with the effect seen before.
    StartTreatment {
        /// Day of the start.
        day: f64,
    },
}
