//! Rates of regression and regrowth, chosen and summed up as tumgr does.

use std::time::Instant;

use super::published::Run;
use crate::twin::gd::{self, Case, Course, Summary};

/// What was found at one level of significance.
pub(super) struct Rates {
    pub(super) run: &'static Run,
    pub(super) cases: Vec<Case>,
    pub(super) summary: Summary,
    pub(super) seconds: f64,
}

pub(super) fn measure(run: &'static Run, courses: &[Course]) -> Rates {
    let start = Instant::now();
    let cases: Vec<Case> = courses
        .iter()
        .map(|course| gd::judge(course, run.significance))
        .collect();
    let summary = gd::summarise(&cases);
    Rates {
        run,
        cases,
        summary,
        seconds: start.elapsed().as_secs_f64(),
    }
}
