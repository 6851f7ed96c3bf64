//! Rates of regression and regrowth of a tumour burden, chosen and summed up as the R package tumgr
//! does (version 0.0.4, "gdrate"; Wilkerson et al., Lancet Oncol 2017;18:143 uses it).
//!
//! [`judge`] gives a [`Course`] one of four curves, or says why it has none; [`summarise`] counts.
//! `oncotwin bench mice` compares both with the package's own answers, and `docs/mice.md` has the
//! figures.

mod course;
mod curve;
mod select;
mod student;
mod summary;

pub use course::Course;
pub use curve::Curve;
pub use select::{Case, Estimate, Exclusion, Verdict, judge};
pub use summary::{Rate, Summary, summarise};
