//! Forecasts of one lesion by what other lesions did: no law of growth, a distribution at any horizon.
//!
//! [`Population`] is a table of few numbers, learnt from lesions with several scans; one comes with the
//! program ([`Population::laleh_2022`]). By it [`Readings`] of a lesion become a [`Forecast`], whose
//! quantiles and probabilities are closed forms:
//!
//! - **measurable on the last scan** (`spread`): the lesion stays as it was on the last scan, and how
//!   far it may stray is learnt from lesions of its size, restlessness and follow-up,
//!   Q(τ) = d·exp(s(τ)·z(τ));
//! - **too small to measure on the last scan** (`absent`): it returns at a constant rate.
//!
//! Days and millimetres throughout; a volume V stands for the diameter of its sphere, V = π d³/6.
//! `oncotwin bench laleh` measures all of this on trials that were not learnt from, and
//! `docs/forecast.md` has the figures and what is doubtful about them.

mod absent;
mod history;
mod laleh;
mod population;
pub mod score;
mod spread;

pub use history::{History, Readings, TERMS};
pub use population::{Forecast, Learning, Population};
