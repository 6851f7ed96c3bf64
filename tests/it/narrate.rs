//! The narrative: every number a fact, and every slip caught.

use oncotwin::narrate::{
    CaseSummary, Doubling, FactKind, FactTable, FitSummary, ForecasterSummary, LesionMeasure,
    LesionSummary, ModelWeight, Narrative, ProgressionSummary, Projection, Quantiles, Response,
    Role, ScenarioProjection, ScenarioSummary, Source, Subject, SumSummary, SumVoice,
    TimePointSummary, TreatmentSummary, check, facts, template,
};
use oncotwin::units::{Bulk, Days, Extent, Length, Mm, Mm3, Px};
use oncotwin::warning::{Warning, WarningCode};
use proptest::prelude::*;

use crate::case_fixture;

fn text(narrative: &Narrative) -> String {
    narrative
        .sentences
        .iter()
        .map(|s| s.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_template_reads_well_and_passes_its_own_check() {
    let table = facts(&case_fixture::case());
    let narrative = template(&table);
    eprintln!("{}", text(&narrative));
    assert_eq!(check(&table, &narrative), []);
    let text = text(&narrative);
    for expected in [
        "3 lesions were followed over 4 time points, from baseline (2024-03-04) to follow-up 3 (2024-09-03), an interval of 183 days.",
        "The longest diameter of lesion L1 (right upper lobe) measured 46.3 mm at baseline (2024-03-04) and 37.4 mm at follow-up 3 (2024-09-03); it decreased by 19.2 %, beyond measurement error",
        "The short axis of lesion N1",
        "lies within measurement error",
        "target response at follow-up 3 (2024-09-03) is SD",
        "carrying the last observation forward gives 17.05 mL",
        "If systemic treatment were given again from day 190 on, lesion L1 would, under the model, measure 12.30 mL (90 % interval 6.10 to 22.80 mL) 240 days after baseline",
        "is not identified: all sizes were observed under treatment",
        "Research use only: not for diagnosis or treatment decisions.",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nin:\n{text}");
    }
    assert!(!text.to_lowercase().contains("recommend"));
    assert!(
        narrative
            .sentences
            .iter()
            .all(|s| s.source == Source::Template)
    );
    for s in &narrative.sentences {
        for span in &s.spans {
            let fact = table.get(span.fact).unwrap();
            assert!(fact.text.ends_with(&s.text[span.start..span.end]));
        }
    }
}

#[test]
fn the_sum_ahead_is_told_with_who_says_so() {
    let mut case = case_fixture::case();
    for (voice, start) in [
        (SumVoice::Models, "Under the models, the sum of"),
        (
            SumVoice::LocalLevel,
            "Without a model of growth, the sum of",
        ),
        (
            SumVoice::Both,
            "Under the models for some lesions and without a model for the others, the sum of",
        ),
    ] {
        case.sum = Some(SumSummary {
            next_scan: Days(229.0),
            median: Mm(84.04),
            band: [Mm(71.26), Mm(99.0)],
            probability: 0.344,
            voice,
            prior: "generic".into(),
            seed: 1,
        });
        let table = facts(&case);
        let narrative = template(&table);
        assert_eq!(check(&table, &narrative), []);
        let text = text(&narrative);
        let expected = format!(
            "{start} target diameters would measure 84.0 mm (80 % interval 71.3 to 99.0 mm) at the next \
             scan, 229 days after baseline; the probability that it would count as progressed is 34 %."
        );
        assert!(text.contains(&expected), "missing: {expected}\nin:\n{text}");
    }
}

#[test]
fn an_unidentified_scenario_gets_no_number() {
    let table = facts(&case_fixture::case());
    let narrative = template(&table);
    let sentence = narrative
        .sentences
        .iter()
        .find(|s| s.text.contains("not identified:"))
        .unwrap();
    assert!(!sentence.text.contains("mL"), "{}", sentence.text);
    assert!(sentence.text.contains("lesion L2"));
}

#[test]
fn sizes_without_spacing_are_pixels_and_voxels() {
    let table = facts(&case_fixture::uncalibrated());
    let narrative = template(&table);
    assert_eq!(check(&table, &narrative), []);
    let text = text(&narrative);
    assert!(text.contains("sizes are in pixels and voxels"));
    assert!(
        text.contains("46.3 px") && text.contains("12184 voxels"),
        "{text}"
    );
    for unit in [" mm", " mL", " cm"] {
        assert!(!text.contains(unit), "{unit} in:\n{text}");
    }
}

#[test]
fn an_outline_that_depends_on_the_hand_is_told() {
    let mut case = case_fixture::case();
    assert!(!text(&template(&facts(&case))).contains("consistency"));
    let mut measures = case.lesions[1].measures.iter_mut().flatten();
    let measure = measures.next().expect("a measurement");
    measure.consistency = Some(0.714);
    let table = facts(&case);
    let narrative = template(&table);
    assert_eq!(check(&table, &narrative), []);
    let told = "The outline of lesion L2 at baseline (2024-03-04) has a consistency of only 0.71: \
                it depends on just where the gesture was made.";
    assert!(text(&narrative).contains(told), "{}", text(&narrative));
}

#[test]
fn facts_survive_json_and_keep_to_the_schema() {
    let table = facts(&case_fixture::case());
    let json = serde_json::to_value(&table).unwrap();
    assert_eq!(
        serde_json::from_value::<FactTable>(json.clone()).unwrap(),
        table
    );
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/schemas/facts.schema.json")).unwrap();
    let fact = &schema["$defs"]["fact"];
    let kinds = fact["properties"]["kind"]["enum"].as_array().unwrap();
    let ours: Vec<_> = FactKind::ALL
        .iter()
        .map(|k| serde_json::to_value(k).unwrap())
        .collect();
    assert_eq!(kinds, &ours);
    for f in json["facts"].as_array().unwrap() {
        let f = f.as_object().unwrap();
        for key in fact["required"].as_array().unwrap() {
            assert!(f.contains_key(key.as_str().unwrap()), "{key} in {f:?}");
        }
        for key in f.keys() {
            assert!(fact["properties"].get(key).is_some(), "{key} not in schema");
        }
    }
}

#[test]
fn an_empty_case_has_a_narrative_too() {
    let table = facts(&CaseSummary::default());
    let narrative = template(&table);
    assert_eq!(check(&table, &narrative), []);
    assert!(text(&narrative).contains("0 lesions were followed over 0 time points."));
}

#[test]
fn lesions_that_share_a_label_stay_apart() {
    let mut case = case_fixture::case();
    case.lesions[1].label = " L1\n".into();
    let table = facts(&case);
    assert_eq!(table.lesions(), ["L1", "L1 #2", "N1"]);
    let second = Subject::Lesion("L1 #2".into());
    let d = table
        .find(&second, Some(0), FactKind::LongestDiameter)
        .unwrap();
    assert_eq!(d.text, "21.0 mm");
}

fn size() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.5..250.0f64, 1.0..9.0f64]
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[A-Za-z][A-Za-z0-9 .,<>&-]{0,14}",
        "[0-9]{1,2}",
        Just("5-FU 400 mg".to_owned()),
        Just("S7 \u{2013} \u{e9}\u{4e2d}".to_owned()),
    ]
}

fn measure() -> impl Strategy<Value = Option<LesionMeasure>> {
    prop::option::weighted(
        0.8,
        (
            size(),
            size(),
            size(),
            any::<bool>(),
            0.0..1.0f64,
            0.0..1.0f64,
            any::<u8>(),
        )
            .prop_map(|(a, b, v, calibrated, c, consistency, gaps)| {
                let length = |x: f64| {
                    if calibrated {
                        Length::Mm(Mm(x))
                    } else {
                        Length::Px(Px(x))
                    }
                };
                LesionMeasure {
                    drawn: (gaps & 1 == 0).then(|| length(a * 1.1)),
                    long_axis: (gaps & 6 != 0).then(|| length(a)),
                    short_axis: (gaps & 24 != 0).then(|| length(b)),
                    counted: (gaps & 6 != 0).then(|| length(a)),
                    volume: (gaps & 96 != 0).then(|| {
                        if calibrated {
                            Bulk::Mm3(Mm3(v * 997.0))
                        } else {
                            Bulk::Voxels(v.round())
                        }
                    }),
                    confidence: Some(c),
                    consistency: Some(consistency),
                    ..LesionMeasure::default()
                }
            }),
    )
}

fn quantiles() -> impl Strategy<Value = Quantiles<f64>> {
    (-80.0..80.0f64, 0.0..30.0f64, 0.0..30.0f64).prop_map(|(m, a, b)| Quantiles {
        q05: m - a,
        q50: m,
        q95: m + b,
    })
}

fn bulk(q: Quantiles<f64>) -> Quantiles<Extent> {
    let b = |v: f64| Extent::Bulk(Bulk::Mm3(Mm3(v * 1000.0)));
    Quantiles {
        q05: b(q.q05),
        q50: b(q.q50),
        q95: b(q.q95),
    }
}

fn fit() -> impl Strategy<Value = Option<FitSummary>> {
    let parts = (
        quantiles(),
        quantiles(),
        quantiles(),
        0..4u8,
        0.0..1.0f64,
        any::<bool>(),
        10.0..400.0f64,
        words(),
    );
    prop::option::of(
        parts.prop_map(|(size, other, diff, way, w, identified, day, why)| {
            let positive = |q: Quantiles<f64>| Quantiles {
                q05: q.q05 + 120.0,
                q50: q.q50 + 120.0,
                q95: q.q95 + 120.0,
            };
            let days = |q: Quantiles<f64>| {
                let q = positive(q);
                Quantiles {
                    q05: Days(q.q05),
                    q50: Days(q.q50.round()),
                    q95: Days(q.q95),
                }
            };
            FitSummary {
                prior: String::new(),
                models: vec![
                    ModelWeight {
                        model: "exponential".into(),
                        weight: w,
                    },
                    ModelWeight {
                        model: "Gompertz".into(),
                        weight: 1.0 - w,
                    },
                ],
                doubling: match way {
                    0 => None,
                    1 => Some(Doubling::Undetermined),
                    2 => Some(Doubling::Growing(days(other))),
                    _ => Some(Doubling::Shrinking(days(other))),
                },
                projections: vec![Projection {
                    day: Days(day.round()),
                    factual: bulk(positive(size)),
                    scenario: Some(ScenarioProjection {
                        size: bulk(positive(other)),
                        difference: bulk(diff),
                        identified,
                        why,
                        ladder: "C2".into(),
                    }),
                }],
                locf: Some(Extent::Bulk(Bulk::Mm3(Mm3(size.q50.abs() * 1000.0)))),
                forecaster: Some(ForecasterSummary {
                    local_level: !identified,
                    why: "fewer than five scans".into(),
                }),
                progression: Some(ProgressionSummary {
                    next_scan: Days(day.round()),
                    probability: w,
                    local_level: !identified,
                }),
                horizon: Some(Days(200.0)),
                seed: 1,
                warnings: vec![Warning::new(
                    WarningCode::NotIdentified,
                    "Rate 0.5 is the prior.",
                )],
            }
        }),
    )
}

fn lesion(visits: usize) -> impl Strategy<Value = LesionSummary> {
    (
        words(),
        words(),
        any::<bool>(),
        prop::collection::vec(measure(), visits),
        fit(),
    )
        .prop_map(|(label, organ, nodal, measures, fit)| LesionSummary {
            id: String::new(),
            label,
            organ,
            role: Role::Target,
            nodal,
            measures,
            fit,
        })
}

fn response() -> impl Strategy<Value = Option<Response>> {
    prop::option::weighted(
        0.8,
        (size(), -100.0..150.0f64, 0.0..1.0f64, words()).prop_map(|(sum, pct, p, rule)| Response {
            sum: Length::Mm(Mm(sum)),
            change_from_baseline_pct: Some(pct),
            change_from_nadir_pct: Some(pct / 2.0),
            change_from_nadir: Some(Length::Mm(Mm(pct / 10.0))),
            category: Some("PR".into()),
            probability: vec![("PR".into(), p), ("SD".into(), 1.0 - p)],
            rule,
        }),
    )
}

fn case() -> impl Strategy<Value = CaseSummary> {
    (1..4usize).prop_flat_map(|visits| {
        (
            prop::collection::vec(lesion(visits), 0..3),
            prop::collection::vec(response(), visits),
            words(),
            any::<bool>(),
            1..120i32,
            words(),
        )
            .prop_map(move |(lesions, responses, name, dated, step, message)| {
                let first = jiff::civil::date(2023, 11, 30);
                let at = |t: usize| first + jiff::Span::new().days(step * t as i32);
                CaseSummary {
                    patient: "P".into(),
                    time_points: (0..visits)
                        .map(|t| TimePointSummary {
                            date: dated.then(|| at(t)),
                            day: dated.then(|| Days(f64::from(step) * t as f64)),
                            modality: "CT".into(),
                            slice_thickness: Some(Mm(2.5)),
                            warnings: vec![Warning::new(WarningCode::Gap, message.clone())],
                            ..TimePointSummary::default()
                        })
                        .collect(),
                    lesions,
                    responses,
                    treatments: vec![TreatmentSummary {
                        date: first,
                        day: None,
                        kind: "systemic".into(),
                        name,
                        dose: Some(0.25),
                        unit: "mg".into(),
                        duration: Days(14.0),
                        lasting: Some(Days(14.0)),
                        given: "once".into(),
                    }],
                    scenario: Some(ScenarioSummary {
                        label: "stop".into(),
                        condition: "all treatment had stopped on day 60".into(),
                        assumptions: Vec::new(),
                    }),
                    sum: dated.then_some(SumSummary {
                        next_scan: Days(f64::from(step)),
                        median: Mm(f64::from(step) / 7.0),
                        band: [Mm(f64::from(step) / 9.0), Mm(f64::from(step) / 3.0)],
                        probability: f64::from(step) / 120.0,
                        voice: SumVoice::Both,
                        prior: "generic".into(),
                        seed: 1,
                    }),
                }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_template_never_violates(case in case()) {
        let table = facts(&case);
        let narrative = template(&table);
        let violations = check(&table, &narrative);
        prop_assert!(violations.is_empty(), "{violations:?}\n{}", text(&narrative));
    }

    #[test]
    fn every_changed_digit_is_caught(case in case(), pick in any::<prop::sample::Index>(), shift in 1..10u8) {
        let table = facts(&case);
        let mut narrative = template(&table);
        let places: Vec<(usize, usize)> = narrative
            .sentences
            .iter()
            .enumerate()
            .flat_map(|(s, sentence)| {
                sentence
                    .text
                    .bytes()
                    .enumerate()
                    .filter(|(_, b)| b.is_ascii_digit())
                    .map(move |(at, _)| (s, at))
                    .collect::<Vec<_>>()
            })
            .collect();
        let (s, at) = *pick.get(&places);
        let sentence = &mut narrative.sentences[s].text;
        let digit = char::from(b'0' + (sentence.as_bytes()[at] - b'0' + shift) % 10);
        sentence.replace_range(at..=at, &digit.to_string());
        let changed = sentence.clone();
        prop_assert!(!check(&table, &narrative).is_empty(), "not caught: {changed}");
    }

    #[test]
    fn any_text_can_be_checked(noise in "\\PC{0,60}", case in case()) {
        let table = facts(&case);
        let mut narrative = template(&table);
        for s in &mut narrative.sentences {
            s.text.push_str(&noise);
            s.spans.clear();
        }
        let violations = check(&table, &narrative);
        prop_assert!(violations.iter().all(|v| v.sentence < narrative.sentences.len()));
    }
}
