//! The thresholds.

use super::{
    Assessment, Category, NewLesion, NonTarget, Reason, Target, TargetStatus, TimePointSum,
};
use crate::units::{Length, Mm, Px};

/// A target lesion in whole tenths of a millimetre, or of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tenths {
    pub(super) nodal: bool,
    /// `None` where it was not assessed.
    pub(super) size: Option<i64>,
}

/// Largest tenths that are believed; sums of many stay far from overflow.
const MAX_TENTHS: f64 = 1e9;

/// A length in whole tenths; `None` if it cannot be one.
pub(super) fn tenths(value: f64) -> Option<i64> {
    let tenths = (value * 10.0).round();
    (0.0..=MAX_TENTHS)
        .contains(&tenths)
        .then_some(tenths as i64)
}

fn millimetres(tenths: i64) -> f64 {
    tenths as f64 / 10.0
}

/// R13: PD by the sum, against the nadir.
pub(super) fn is_progression(sum: i64, nadir: i64) -> bool {
    5 * sum >= 6 * nadir && sum - nadir >= 50
}

/// R15: PR by the sum, against baseline.
pub(super) fn is_partial(sum: i64, baseline: i64) -> bool {
    10 * sum <= 7 * baseline
}

/// R14: every target gone, every nodal one below 10 mm.
pub(super) fn is_complete(targets: &[Tenths]) -> bool {
    targets.iter().all(|t| match t.size {
        None => false,
        Some(size) if t.nodal => size < 100,
        Some(size) => size == 0,
    })
}

/// Target response from complete sums.
pub(super) fn category(targets: &[Tenths], sum: i64, baseline: i64, nadir: i64) -> Category {
    if is_progression(sum, nadir) {
        Category::Progression
    } else if is_complete(targets) {
        Category::Complete
    } else if is_partial(sum, baseline) {
        Category::Partial
    } else {
        Category::Stable
    }
}

/// The sum, or `None` when one target was not assessed.
pub(super) fn sum(targets: &[Tenths]) -> Option<i64> {
    targets.iter().map(|t| t.size).sum()
}

/// Unit that the measured targets of all time points share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calibration {
    /// Millimetres.
    Mm,
    /// Pixels only.
    Px,
    /// Some of each: no sum means anything.
    Mixed,
}

pub(super) fn calibration(time_points: &[TimePointSum]) -> Calibration {
    let (mut mm, mut px) = (false, false);
    for target in time_points.iter().flat_map(|t| &t.targets) {
        match target.status {
            TargetStatus::Measured(Length::Mm(_)) => mm = true,
            TargetStatus::Measured(Length::Px(_)) => px = true,
            _ => {}
        }
    }
    match (mm, px) {
        (true, true) => Calibration::Mixed,
        (false, true) => Calibration::Px,
        _ => Calibration::Mm,
    }
}

/// The targets of a time point, in the order of baseline.
pub(super) fn aligned(
    baseline: &[Target],
    time_point: &TimePointSum,
    calibration: Calibration,
) -> Vec<Tenths> {
    baseline
        .iter()
        .map(|target| {
            let mut here = time_point
                .targets
                .iter()
                .filter(|t| t.lesion == target.lesion);
            // A name that occurs twice leaves open which is meant.
            let status = match (here.next(), here.next()) {
                (Some(t), None) => t.status,
                _ => TargetStatus::NotAssessed,
            };
            Tenths {
                nodal: target.nodal,
                size: match status {
                    TargetStatus::Measured(length) => tenths(length.value()),
                    // Five millimetres cannot be said in pixels.
                    TargetStatus::TooSmall if calibration == Calibration::Mm => Some(50),
                    TargetStatus::TooSmall | TargetStatus::NotAssessed => None,
                    TargetStatus::Absent => Some(0),
                },
            }
        })
        .collect()
}

fn reason(rule: &str, text: impl Into<String>) -> Reason {
    Reason {
        rule: rule.to_owned(),
        text: text.into(),
    }
}

/// A sum with the label of its time point.
#[derive(Clone, Copy)]
struct Known<'a> {
    sum: i64,
    label: &'a str,
}

pub(super) fn assess(time_points: &[TimePointSum]) -> Vec<Assessment> {
    let Some(first) = time_points.first() else {
        return Vec::new();
    };
    let calibration = calibration(time_points);
    let mut baseline: Option<Known<'_>> = None;
    let mut nadir: Option<Known<'_>> = None;
    let mut out = Vec::with_capacity(time_points.len());
    for (index, time_point) in time_points.iter().enumerate() {
        let targets = aligned(&first.targets, time_point, calibration);
        let total = sum(&targets).filter(|_| calibration != Calibration::Mixed);
        let mut why = Vec::new();
        let target = if index == 0 {
            why.push(reason(
                "R12",
                "Baseline: the reference of all later changes.",
            ));
            None
        } else if first.targets.is_empty() {
            None
        } else {
            Some(target_response(
                &targets,
                total,
                baseline,
                nadir,
                calibration,
                &mut why,
            ))
        };
        note_oddities(first, time_point, index, calibration, &mut why);
        let overall = (index > 0).then(|| overall(target, time_point, &mut why));
        let percent = |reference: Option<Known<'_>>| match (total, reference) {
            (Some(sum), Some(r)) if r.sum > 0 => Some(100.0 * (sum - r.sum) as f64 / r.sum as f64),
            _ => None,
        };
        let from_nadir = match (total, nadir) {
            (Some(sum), Some(n)) if calibration == Calibration::Mm => {
                Some(Mm(millimetres(sum - n.sum)))
            }
            _ => None,
        };
        out.push(Assessment {
            label: time_point.label.clone(),
            sum: total.map(|s| match calibration {
                Calibration::Px => Length::Px(Px(millimetres(s))),
                _ => Length::Mm(Mm(millimetres(s))),
            }),
            from_baseline_percent: percent(baseline),
            from_nadir_percent: percent(nadir),
            from_nadir,
            nadir_label: nadir.map(|n| n.label.to_owned()),
            target,
            overall,
            probability: None,
            why,
        });
        if let Some(sum) = total.filter(|_| !first.targets.is_empty()) {
            let known = Known {
                sum,
                label: &time_point.label,
            };
            if index == 0 {
                baseline = Some(known);
            }
            // Without a baseline no later sum is a nadir to compare with.
            if baseline.is_some() && nadir.is_none_or(|n| sum < n.sum) {
                nadir = Some(known);
            }
        }
    }
    out
}

fn target_response(
    targets: &[Tenths],
    total: Option<i64>,
    baseline: Option<Known<'_>>,
    nadir: Option<Known<'_>>,
    calibration: Calibration,
    why: &mut Vec<Reason>,
) -> Category {
    match calibration {
        Calibration::Mm => {}
        Calibration::Px => {
            why.push(reason(
                "R17",
                "NE: the spacing of the images is unknown; the thresholds need millimetres. \
                 Ratios stay valid only between images of one scale.",
            ));
            return Category::NotEvaluable;
        }
        Calibration::Mixed => {
            why.push(reason(
                "R17",
                "NE: some diameters are in millimetres and some in pixels; they have no sum.",
            ));
            return Category::NotEvaluable;
        }
    }
    let (Some(baseline), Some(nadir)) = (baseline, nadir) else {
        why.push(reason(
            "R17",
            "NE: a target lesion was not assessed at baseline, so there is no sum to compare with.",
        ));
        return Category::NotEvaluable;
    };
    let Some(sum) = total else {
        let missing = targets.iter().filter(|t| t.size.is_none()).count();
        let known: i64 = targets.iter().filter_map(|t| t.size).sum();
        if is_progression(known, nadir.sum) {
            why.push(reason(
                "R13",
                format!(
                    "PD: {}, even without {missing} target lesion(s) not assessed.",
                    against_nadir(known, nadir)
                ),
            ));
            return Category::Progression;
        }
        why.push(reason(
            "R17",
            format!(
                "NE: {missing} target lesion(s) not assessed, and the others ({:.1} mm) do not \
                 decide.",
                millimetres(known)
            ),
        ));
        return Category::NotEvaluable;
    };
    let category = category(targets, sum, baseline.sum, nadir.sum);
    let (rule, text) = match category {
        Category::Progression => ("R13", format!("PD: {}.", against_nadir(sum, nadir))),
        Category::Complete => (
            "R14",
            if sum == 0 {
                "CR: all target lesions are gone.".to_owned()
            } else {
                format!(
                    "CR: all target lesions are gone or are nodes below 10 mm; their short axes \
                     still sum to {:.1} mm.",
                    millimetres(sum)
                )
            },
        ),
        Category::Partial => ("R15", format!("PR: {}.", against_baseline(sum, baseline))),
        _ => (
            "R16",
            format!(
                "SD: {}; {}.",
                against_baseline(sum, baseline),
                against_nadir(sum, nadir)
            ),
        ),
    };
    why.push(reason(rule, text));
    // What stands against the category is said too, where the two references disagree.
    if category == Category::Progression && is_partial(sum, baseline.sum) {
        why.push(reason(
            "R13",
            format!("PD outweighs the {}.", against_baseline(sum, baseline)),
        ));
    }
    if nadir.sum == 0 && sum > 0 && category != Category::Progression {
        why.push(reason(
            "R19",
            "Target lesions had been gone and are measured again; a reader must judge whether \
             they came back unequivocally, which is PD.",
        ));
    }
    category
}

/// `+24 % and +7.0 mm from the nadir 29.0 mm on 2024-05-02`.
fn against_nadir(sum: i64, nadir: Known<'_>) -> String {
    let percent = if nadir.sum > 0 {
        format!("{} and ", signed_percent(sum - nadir.sum, nadir.sum))
    } else {
        String::new()
    };
    format!(
        "{percent}{:+.1} mm from the nadir {:.1} mm on {}",
        millimetres(sum - nadir.sum),
        millimetres(nadir.sum),
        nadir.label
    )
}

fn against_baseline(sum: i64, baseline: Known<'_>) -> String {
    if baseline.sum == 0 {
        return format!(
            "{:+.1} mm from the baseline 0.0 mm on {}",
            millimetres(sum),
            baseline.label
        );
    }
    format!(
        "{} from the baseline {:.1} mm on {}",
        signed_percent(sum - baseline.sum, baseline.sum),
        millimetres(baseline.sum),
        baseline.label
    )
}

/// Per cent with as many decimals (at most three) as keep it from reading as a threshold that it
/// does not reach.
fn signed_percent(change: i64, reference: i64) -> String {
    let exact = 100.0 * change as f64 / reference as f64;
    for decimals in 0..3_usize {
        let text = format!("{exact:+.decimals$}");
        let misleads = [20.0, -30.0].iter().any(|threshold| {
            text.parse::<f64>()
                .is_ok_and(|shown| shown == *threshold && (exact - threshold).abs() > 1e-9)
        });
        if !misleads {
            return format!("{text} %");
        }
    }
    format!("{exact:+.3} %")
}

fn note_oddities(
    first: &TimePointSum,
    time_point: &TimePointSum,
    index: usize,
    calibration: Calibration,
    why: &mut Vec<Reason>,
) {
    let unknown = time_point
        .targets
        .iter()
        .filter(|t| !first.targets.iter().any(|b| b.lesion == t.lesion))
        .count();
    if unknown > 0 {
        why.push(reason(
            "R09",
            format!(
                "{unknown} lesion(s) were no target at baseline and are left out of the sum; a \
                 lesion that appeared later is a new lesion."
            ),
        ));
    }
    let small = time_point
        .targets
        .iter()
        .filter(|t| t.status == TargetStatus::TooSmall)
        .count();
    if small > 0 && calibration == Calibration::Mm {
        why.push(reason(
            "R10",
            format!("{small} target lesion(s) seen but too small to measure count 5.0 mm."),
        ));
    }
    let invalid = time_point.targets.iter().any(|t| match t.status {
        TargetStatus::Measured(length) => tenths(length.value()).is_none(),
        _ => false,
    });
    if invalid {
        why.push(reason(
            "R17",
            "A measured diameter is not a length; the lesion counts as not assessed.",
        ));
    }
    if index == 0 && first.targets.is_empty() {
        why.push(reason(
            "R09",
            "No target lesion at baseline; there is no sum.",
        ));
    }
}

/// Overall response of a time point (guideline tables 1 and 2).
fn overall(target: Option<Category>, time_point: &TimePointSum, why: &mut Vec<Reason>) -> Category {
    use Category::{
        Complete, NonCompleteNonProgression, NotEvaluable, Partial, Progression, Stable,
    };
    if time_point.new_lesion == NewLesion::Equivocal {
        why.push(reason(
            "N1",
            "A new finding is equivocal; if it is confirmed later, progression dates from here.",
        ));
    }
    if time_point.new_lesion == NewLesion::Unequivocal {
        why.push(reason("N1", "PD: an unequivocal new lesion."));
        return Progression;
    }
    if time_point.non_target == NonTarget::Progression {
        why.push(reason(
            "N2",
            "PD: unequivocal progression of non-target lesions.",
        ));
        return Progression;
    }
    match (target, time_point.non_target) {
        (Some(Complete), NonTarget::None | NonTarget::Complete) => Complete,
        (Some(Complete), _) => {
            why.push(reason(
                "N2",
                "PR overall: target lesions are gone, non-target lesions are not shown to be.",
            ));
            Partial
        }
        (Some(category @ (Partial | Stable | Progression | NotEvaluable)), _) => category,
        (Some(NonCompleteNonProgression), _) | (None, NonTarget::Present) => {
            NonCompleteNonProgression
        }
        (None, NonTarget::Complete) => Complete,
        (None, NonTarget::NotEvaluated | NonTarget::None | NonTarget::Progression) => NotEvaluable,
    }
}
