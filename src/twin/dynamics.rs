//! Forward models of a lesion: growth, treatment and what a scan sees.
//!
//! Logarithms of sizes are what is computed on. The scale of a law (volume or diameter) is part of
//! its type, a dose has a unit, a day may be fractional; an event acts at its instant, whatever the
//! days that are asked for, and a scan of the same instant comes before it.
//!
//! - [`growth`]: laws of growth without treatment (exponential to exponential-linear).
//! - [`plan`], [`dose`]: treatment as it was given. [`exposure`], [`radiotherapy`]: from doses to kill.
//! - [`lesion`], [`clones`], [`competition`], [`simeoni`]: growth and treatment together.
//! - [`timeline`]: a plan sorted out once, for any number of parameters.
//! - [`curve`]: descriptive curves that know no dose.

mod check;
pub mod clones;
mod closed;
pub mod competition;
pub mod curve;
pub mod dose;
mod dosing;
pub mod exposure;
mod gauss;
pub mod growth;
mod kill;
mod law;
pub mod law_scale;
pub mod lesion;
pub mod ode;
pub mod plan;
pub mod radiotherapy;
mod runner;
mod schedule;
pub mod simeoni;
mod steps;
pub mod timeline;
