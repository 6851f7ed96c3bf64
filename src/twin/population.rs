//! Untreated tumours with dense series: laws of growth fitted one by one and as a population.
//!
//! - [`Cohort`]: each tumour by itself, and what the parameters have in common;
//! - [`fit`]: nonlinear mixed effects, the tumours as draws from one [`Population`];
//! - [`age`]: when a tumour began, from its last three volumes and the other tumours.
//!
//! Volumes are in mm³ from the injected one, 1 mm³, on day 0; rates are in 1/d. Nothing is drawn at
//! random. `oncotwin bench mice` measures all of this on published series, and `docs/mice.md` has the
//! figures and what is doubtful about them.

pub mod age;
mod cohort;
mod individual;
mod law;
mod line;
mod mixed;
mod noise;
mod tumour;

pub use cohort::{Cohort, Spread};
pub use individual::Individual;
pub use law::{Law, LnVolume};
pub use line::Line;
pub use mixed::{Fit, Model, Population, Settings, Shared, fit, leave_one_out};
pub use noise::VolumeError;
pub use tumour::{Reading, Tumour};
