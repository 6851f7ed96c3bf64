//! The twin: observations of a lesion → posterior of growth models → projections.
//!
//! [`fit()`] takes the sizes of one lesion over time and the [`Treatments`] of the patient and returns a
//! [`Fit`]: posterior draws of several models of growth and treatment; [`fit_patient`] joins the lesions of
//! a patient. [`project()`] carries these draws forward, as treated and under a changed plan, draw by
//! draw. [`outlook()`] says what is to be expected after the last scan, and whether a model has earned
//! to say so. [`dynamics`] are the forward models, [`calibration`] puts posteriors to the test.
//! [`forecast`] says without a law of growth how far a lesion may stray, as other lesions did.
//! [`table`] reads and writes the forms of the command line.
//!
//! Everything is computed on x = ln V, V being the lesion's volume; a diameter d stands for the
//! sphere V = π d³/6. Elementary functions come from `libm`, so that a seed gives the same bits on
//! every machine.

pub mod calibration;
mod doubling;
pub mod dynamics;
mod ensemble;
mod error;
mod exp;
mod fit;
pub mod forecast;
pub mod gd;
mod joint;
mod lbfgs;
mod least_squares;
mod model;
mod noise;
mod outlook;
mod parameter;
mod patient;
pub mod population;
mod posterior;
mod prior;
mod problem;
mod project;
mod series;
mod skill;
mod stats;
pub mod table;
mod targets;
mod trajectory;
mod treatment;
#[cfg(test)]
mod validation;

pub use doubling::{DoublingTime, SizeChange, doubling_time};
pub use error::Error;
pub use fit::{DISCREPANCY, Diagnostics, Draws, Fit, FitParams, ModelFit, Parameter, VERSION, fit};
pub use model::Model;
pub use noise::{NoiseFamily, NoiseModel, NoiseRow};
pub use outlook::{
    CLEARLY, Ground, LEAST_FORECASTS, LocalDay, Outlook, Progression, Voice, outlook,
};
pub use parameter::ParameterKind;
pub use patient::{BETWEEN_PATIENTS, fit_patient, join};
pub use posterior::Way;
pub use prior::{PriorFamily, PriorSet};
pub use project::{Arm, Difference, Horizon, Ladder, Locf, Projection, measured, project};
pub use series::{LesionSeries, Observation, Scale, Size};
pub use skill::{Skill, skill_vs_locf};
pub use stats::{Quantiles, quantile};
pub use targets::{NoSum, Scan, SumDay, SumOutlook, Target, scans_of, sum_outlook};
pub use treatment::{
    Dosing, EventKind, RT_REFERENCE_DOSE, Regimen, Therapy, TreatmentEvent, Treatments, is_per_day,
};

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
    /// Systemic treatment and radiotherapy are given from this day on at `factor` times the dose,
    /// the effect being taken as proportional to dose.
    ScaleDose {
        /// First day of the changed dose.
        from_day: f64,
        /// Dose relative to the plan; 0 is none.
        factor: f64,
    },
}
