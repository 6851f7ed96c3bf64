//! One series that holds several examinations or weightings on positions of their own, which would
//! otherwise interleave to one plausible volume.

use std::collections::BTreeMap;

use super::Slice;
use crate::open::Item;
use crate::open::dicom::instance::Instance;
use crate::open::dicom::marks::Mark;
use crate::warning::{Warning, WarningCode};

/// A part of at least so many slices is a stack of its own, a smaller one if it is a quarter of all.
const STANDS_ALONE: usize = 5;

/// Whether all parts of `n` slices are large enough to be stacks of their own. Where they are not, a
/// few slices carry other attributes by mistake, and would leave holes.
fn stand_alone(parts: impl Iterator<Item = usize>, n: usize) -> bool {
    let mut parts = parts.peekable();
    parts.peek().is_some() && parts.all(|k| k >= STANDS_ALONE || (k > 1 && k * 4 >= n))
}

/// Patients and studies of a series.
pub(super) struct Examinations<'a> {
    /// Numbered where each stands alone; otherwise all count as one.
    known: BTreeMap<(&'a str, &'a str), usize>,
    apart: bool,
    patients: usize,
}

/// Counts patients and studies.
pub(super) fn examinations<'a>(group: &[&'a Instance]) -> Examinations<'a> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for instance in group {
        *counts.entry(origin(instance)).or_default() += instance.frames.len();
    }
    let n = counts.values().sum();
    let apart = counts.len() > 1 && stand_alone(counts.values().copied(), n);
    let mut patients: Vec<&str> = counts.keys().map(|(patient, _)| *patient).collect();
    patients.dedup();
    Examinations {
        known: counts.keys().copied().zip(0..).collect(),
        apart,
        patients: patients.len(),
    }
}

fn origin(instance: &Instance) -> (&str, &str) {
    (&instance.patient.id, &instance.study_uid)
}

impl Examinations<'_> {
    /// The number of an instance's examination.
    pub(super) fn of(&self, instance: &Instance) -> usize {
        match self.known.get(&origin(instance)) {
            Some(n) if self.apart => *n,
            _ => 0,
        }
    }

    /// Says what is odd about them.
    pub(super) fn warn(&self, items: &mut [Item]) {
        if self.known.len() < 2 {
            return;
        }
        for item in items {
            if self.patients > 1 && !item.warnings.iter().any(|w| w.code == WarningCode::Patient) {
                item.warn(
                    WarningCode::Patient,
                    "one series UID (0020,000E) is used for several patients (0010,0020)",
                );
            }
            if !self.apart && self.patients < self.known.len() {
                item.warn(
                    WarningCode::Split,
                    format!(
                        "slices of one series state {} studies (0020,000D) and were kept together",
                        self.known.len()
                    ),
                );
            }
        }
    }
}

/// What slices on positions of their own are.
pub(super) enum Mixed<'a> {
    /// Of one weighting.
    No,
    /// Stacks of different weighting.
    Parts(Vec<Vec<Slice<'a>>>),
    /// Of one weighting but for some slices.
    Loose(Warning),
}

/// What a scan weights its values by; within one stack these are the same.
const WEIGHTINGS: [Mark; 7] = [
    Mark::BValue,
    Mark::Contrast,
    Mark::Component,
    Mark::Repetition,
    Mark::Inversion,
    Mark::Flip,
    Mark::Voltage,
];

/// Parts slices by weighting. One that some slices do not state is not asked.
pub(super) fn weightings<'a>(slices: &[Slice<'a>]) -> Mixed<'a> {
    let stated = |mark: &Mark| slices.iter().all(|s| s.frame.marks.get(*mark).is_some());
    // Agents are stated only where they were given.
    let asked: Vec<Mark> = WEIGHTINGS
        .into_iter()
        .filter(|mark| *mark == Mark::Contrast || stated(mark))
        .collect();
    let mut parts: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    for slice in slices {
        let marks: Vec<_> = asked.iter().map(|m| slice.frame.marks.get(*m)).collect();
        parts.entry(format!("{marks:?}")).or_default().push(*slice);
    }
    if parts.len() < 2 {
        return Mixed::No;
    }
    if stand_alone(parts.values().map(Vec::len), slices.len()) {
        return Mixed::Parts(parts.into_values().collect());
    }
    Mixed::Loose(kept_together(parts.len(), WarningCode::Split))
}

/// Says that one stack holds slices of so many weightings.
pub(super) fn kept_together(kinds: usize, code: WarningCode) -> Warning {
    Warning::new(
        code,
        format!(
            "slices of one stack differ in weighting, contrast or voltage ({kinds} kinds) and were \
             kept together: values may not compare between them"
        ),
    )
}
