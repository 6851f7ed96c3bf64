//! RECIST 1.1 thresholds on the cases that trip implementations up.

use oncotwin::response::{
    Category, NewLesion, NonTarget, Target, TargetStatus, TimePointSum, assess,
};
use oncotwin::units::{Length, Mm, Px};

const NODE: bool = true;
const ORGAN: bool = false;

fn target(name: &str, nodal: bool, status: TargetStatus) -> Target {
    Target {
        lesion: name.into(),
        nodal,
        status,
    }
}

fn mm(value: f64) -> TargetStatus {
    if value == 0.0 {
        TargetStatus::Absent
    } else {
        TargetStatus::Measured(Length::Mm(Mm(value)))
    }
}

fn time_point(label: &str, targets: Vec<Target>) -> TimePointSum {
    TimePointSum {
        label: label.into(),
        targets,
        non_target: NonTarget::None,
        new_lesion: NewLesion::None,
    }
}

/// Time points of lesions A, B, … with these sizes.
fn history(nodal: &[bool], sizes: &[&[f64]]) -> Vec<TimePointSum> {
    sizes
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let targets = row
                .iter()
                .zip(nodal)
                .enumerate()
                .map(|(j, (size, nodal))| {
                    target(&char::from(b'A' + j as u8).to_string(), *nodal, mm(*size))
                })
                .collect();
            time_point(&format!("2024-0{}-02", i + 1), targets)
        })
        .collect()
}

fn last(nodal: &[bool], sizes: &[&[f64]]) -> Category {
    assess(&history(nodal, sizes))
        .pop()
        .unwrap()
        .target
        .unwrap()
}

#[test]
fn trick_cases_on_thresholds() {
    use Category::{Complete, Partial, Progression, Stable};
    // 1, 2: complete response with nodes that remain.
    assert_eq!(last(&[NODE], &[&[20.0], &[8.0]]), Complete);
    let nodes_and_liver = history(
        &[NODE, NODE, ORGAN],
        &[&[16.0, 15.0, 30.0], &[9.0, 9.0, 0.0]],
    );
    let end = assess(&nodes_and_liver).pop().unwrap();
    assert_eq!(end.target, Some(Complete));
    assert_eq!(end.sum, Some(Length::Mm(Mm(18.0))));
    assert_eq!(last(&[NODE], &[&[20.0], &[10.0]]), Partial);
    // 3, 4: relative and absolute increase are both needed.
    assert_eq!(last(&[ORGAN], &[&[12.0], &[10.0], &[13.0]]), Stable);
    assert_eq!(last(&[ORGAN], &[&[25.0], &[20.0], &[25.0]]), Progression);
    // 5, 6: exactly −30 % is enough, −29.96 % is not.
    assert_eq!(last(&[ORGAN], &[&[100.0], &[70.0]]), Partial);
    let almost = history(&[ORGAN, ORGAN], &[&[125.0, 125.0], &[87.6, 87.5]]);
    let end = assess(&almost).pop().unwrap();
    assert_eq!(end.target, Some(Stable));
    assert!(end.why[0].text.contains("-29.96 %"), "{}", end.why[0].text);
    // 7, 8: baseline is a nadir; the bound is inclusive.
    assert_eq!(last(&[ORGAN], &[&[50.0], &[60.0]]), Progression);
    assert_eq!(last(&[ORGAN], &[&[50.0], &[59.9]]), Stable);
    // 9: still PR at +19 % from the nadir.
    assert_eq!(last(&[ORGAN], &[&[100.0], &[54.6], &[65.0]]), Partial);
    // PD outweighs PR.
    assert_eq!(last(&[ORGAN], &[&[100.0], &[50.0], &[65.0]]), Progression);
    // 14: a measured 4 mm counts 4, a lesion seen but too small counts 5.
    assert_eq!(
        assess(&history(&[ORGAN], &[&[20.0], &[4.0]]))[1].sum,
        Some(Length::Mm(Mm(4.0)))
    );
    let mut small = history(&[ORGAN], &[&[20.0], &[4.0]]);
    small[1].targets[0].status = TargetStatus::TooSmall;
    let end = assess(&small).pop().unwrap();
    assert_eq!(end.sum, Some(Length::Mm(Mm(5.0))));
    assert_eq!(end.target, Some(Partial));
}

#[test]
fn a_missing_target_is_not_evaluable_unless_the_rest_decides() {
    // 17.
    let mut points = history(&[ORGAN; 3], &[&[20.0, 20.0, 10.0], &[40.0, 40.0, 10.0]]);
    points[1].targets[2].status = TargetStatus::NotAssessed;
    let end = assess(&points).pop().unwrap();
    assert_eq!(end.target, Some(Category::Progression));
    assert_eq!(end.sum, None);
    assert_eq!(end.probability, None);
    let mut points = history(&[ORGAN; 3], &[&[20.0, 20.0, 10.0], &[20.0, 20.0, 10.0]]);
    points[1].targets.pop();
    let end = assess(&points).pop().unwrap();
    assert_eq!(end.target, Some(Category::NotEvaluable));
    assert_eq!(end.why[0].rule, "R17");
    // An incomplete sum is no nadir.
    let mut points = history(&[ORGAN; 2], &[&[30.0, 30.0], &[10.0, 10.0], &[30.0, 31.0]]);
    points[1].targets[1].status = TargetStatus::NotAssessed;
    let end = assess(&points).pop().unwrap();
    assert_eq!(end.target, Some(Category::Stable));
    assert_eq!(end.nadir_label.as_deref(), Some("2024-01-02"));
}

#[test]
fn progression_says_why() {
    let points = history(&[ORGAN], &[&[40.0], &[29.0], &[36.0]]);
    let end = assess(&points).pop().unwrap();
    assert_eq!(
        end.why[0].text,
        "PD: +24 % and +7.0 mm from the nadir 29.0 mm on 2024-02-02."
    );
    assert_eq!(end.why[0].rule, "R13");
    assert_eq!(end.from_nadir, Some(Mm(7.0)));
    assert_eq!(end.from_baseline_percent, Some(-10.0));
}

#[test]
fn without_millimetres_there_are_ratios_but_no_category() {
    let px = |v| TargetStatus::Measured(Length::Px(Px(v)));
    let points = [
        time_point("a", vec![target("A", ORGAN, px(40.0))]),
        time_point("b", vec![target("A", ORGAN, px(60.0))]),
    ];
    let end = assess(&points).pop().unwrap();
    assert_eq!(end.target, Some(Category::NotEvaluable));
    assert_eq!(end.from_baseline_percent, Some(50.0));
    assert_eq!(end.from_nadir, None);
    assert_eq!(end.sum, Some(Length::Px(Px(60.0))));
    let mixed = [points[0].clone(), history(&[ORGAN], &[&[20.0]]).remove(0)];
    let end = assess(&mixed).pop().unwrap();
    assert_eq!((end.target, end.sum), (Some(Category::NotEvaluable), None));
}

#[test]
fn new_and_non_target_lesions_decide_the_overall_response() {
    let mut points = history(&[ORGAN], &[&[40.0], &[20.0], &[0.0]]);
    points[1].new_lesion = NewLesion::Unequivocal;
    points[2].non_target = NonTarget::Present;
    let all = assess(&points);
    assert_eq!(all[0].overall, None);
    assert_eq!(all[1].target, Some(Category::Partial));
    assert_eq!(all[1].overall, Some(Category::Progression));
    assert_eq!(all[2].target, Some(Category::Complete));
    assert_eq!(all[2].overall, Some(Category::Partial));
    // 20: no targets, non-target lesions gone.
    let mut points = vec![time_point("a", vec![]), time_point("b", vec![])];
    points[1].non_target = NonTarget::Complete;
    assert_eq!(assess(&points)[1].overall, Some(Category::Complete));
}

#[test]
fn probabilities_follow_the_noise() {
    // A true +20 % is a coin flip (the nadir and the sum both carry noise).
    let end = assess(&history(&[ORGAN], &[&[50.0], &[60.0]]))
        .pop()
        .unwrap();
    let p = end.probability.unwrap();
    assert!((p.progression - 0.5).abs() < 0.03, "{p:?}");
    let sum = p.complete + p.partial + p.stable + p.progression;
    assert!((sum - 1.0).abs() < 1e-12);
    // Against normal quadrature: ln(60/50·…) with σ² = 2·0.05² + (0.8/50)² + (0.8/45)².
    let end = assess(&history(&[ORGAN], &[&[50.0], &[45.0]]))
        .pop()
        .unwrap();
    let p = end.probability.unwrap();
    let sigma = (2.0 * 0.0025 + (0.8_f64 / 50.0).powi(2) + (0.8_f64 / 45.0).powi(2)).sqrt();
    let partial = 0.5 * libm::erfc(((45.0_f64 / 50.0).ln() - 0.7_f64.ln()) / sigma / 2_f64.sqrt());
    assert!((p.partial - partial).abs() < 0.005, "{p:?} {partial}");
    // Gone stays gone.
    let end = assess(&history(&[ORGAN], &[&[50.0], &[0.0]]))
        .pop()
        .unwrap();
    assert_eq!(end.probability.unwrap().complete, 1.0);
    // Same bits every time.
    let points = history(
        &[ORGAN, NODE],
        &[&[31.0, 15.0], &[25.0, 11.0], &[33.0, 12.0]],
    );
    assert_eq!(assess(&points), assess(&points));
}

mod random {
    use proptest::prelude::*;

    use super::*;

    fn status() -> impl Strategy<Value = TargetStatus> {
        prop_oneof![
            any::<f64>().prop_map(|v| TargetStatus::Measured(Length::Mm(Mm(v)))),
            (0.0..200.0).prop_map(|v| TargetStatus::Measured(Length::Mm(Mm(v)))),
            (0.0..200.0).prop_map(|v| TargetStatus::Measured(Length::Px(Px(v)))),
            Just(TargetStatus::TooSmall),
            Just(TargetStatus::Absent),
            Just(TargetStatus::NotAssessed),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_history_panics(rows in proptest::collection::vec(
            proptest::collection::vec((0..4_u8, any::<bool>(), status()), 0..4), 0..4)) {
            let points: Vec<_> = rows
                .into_iter()
                .enumerate()
                .map(|(i, row)| {
                    let targets = row
                        .into_iter()
                        .map(|(name, nodal, status)| target(&name.to_string(), nodal, status))
                        .collect();
                    time_point(&i.to_string(), targets)
                })
                .collect();
            prop_assert_eq!(assess(&points).len(), points.len());
        }

        #[test]
        fn the_order_of_lesions_is_of_no_account(a in 10.0..90.0_f64, b in 10.0..90.0_f64,
                                                 c in 0.0..120.0_f64, d in 0.0..120.0_f64) {
            let one = assess(&history(&[ORGAN, ORGAN], &[&[a, b], &[c, d]]));
            let other = assess(&history(&[ORGAN, ORGAN], &[&[b, a], &[d, c]]));
            prop_assert_eq!(one[1].target, other[1].target);
            prop_assert_eq!(one[1].sum, other[1].sum);
        }
    }
}
