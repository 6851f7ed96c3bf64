//! A realistic case: four visits, three lesions (one of them a node), treatment and a scenario.

use jiff::civil::{Date, date};
use oncotwin::narrate::{
    CaseSummary, Doubling, FitSummary, ForecasterSummary, LesionMeasure, LesionSummary,
    ModelWeight, ProgressionSummary, Projection, Quantiles, Response, Role, ScenarioProjection,
    ScenarioSummary, SumSummary, SumVoice, TimePointSummary, TreatmentSummary,
};
use oncotwin::units::{Bulk, Days, Extent, Length, Mm, Mm3, Px};
use oncotwin::warning::{Warning, WarningCode};

pub(crate) const DAYS: [f64; 4] = [0.0, 57.0, 121.0, 183.0];

fn dates() -> [Date; 4] {
    [
        date(2024, 3, 4),
        date(2024, 4, 30),
        date(2024, 7, 3),
        date(2024, 9, 3),
    ]
}

fn measure(seed: usize, long: f64, short: f64, ml: f64, confidence: f64) -> LesionMeasure {
    LesionMeasure {
        counted: Some(Length::Mm(Mm(long))),
        source: "mask".into(),
        partial_volume: None,
        drawn: Some(Length::Mm(Mm(long + 0.7))),
        long_axis: Some(Length::Mm(Mm(long))),
        short_axis: Some(Length::Mm(Mm(short))),
        volume: Some(Bulk::Mm3(Mm3(ml * 1000.0))),
        confidence: Some(confidence),
        consistency: Some(0.97),
        engine: "growcut/1".into(),
        mask_sha256: format!("{:064x}", 0x9e37_79b9_7f4a_7c15_u128 * (seed as u128 + 1)),
        warnings: Vec::new(),
    }
}

/// The same of a node, whose short axis counts.
fn node(measure: LesionMeasure) -> LesionMeasure {
    LesionMeasure {
        counted: measure.short_axis,
        ..measure
    }
}

fn q(q05: f64, q50: f64, q95: f64) -> Quantiles<Extent> {
    let ml = |v: f64| Extent::Bulk(Bulk::Mm3(Mm3(v * 1000.0)));
    Quantiles {
        q05: ml(q05),
        q50: ml(q50),
        q95: ml(q95),
    }
}

fn days(q05: f64, q50: f64, q95: f64) -> Quantiles<Days> {
    Quantiles {
        q05: Days(q05),
        q50: Days(q50),
        q95: Days(q95),
    }
}

fn fit(
    doubling: Doubling,
    factual: Quantiles<Extent>,
    scenario: (Quantiles<Extent>, Quantiles<Extent>),
    identified: bool,
    locf: f64,
) -> FitSummary {
    FitSummary {
        prior: "generic".into(),
        models: vec![
            ModelWeight {
                model: "exponential".into(),
                weight: 0.38,
            },
            ModelWeight {
                model: "Gompertz".into(),
                weight: 0.62,
            },
        ],
        doubling: Some(doubling),
        projections: vec![Projection {
            day: Days(240.0),
            factual,
            scenario: Some(ScenarioProjection {
                size: scenario.0,
                difference: scenario.1,
                identified,
                why: if identified {
                    "sizes were observed with and without treatment".into()
                } else {
                    "all sizes were observed under treatment, and the band moves with the prior"
                        .into()
                },
                ladder: if identified { "C2" } else { "C3" }.into(),
            }),
        }],
        locf: Some(Extent::Bulk(Bulk::Mm3(Mm3(locf * 1000.0)))),
        forecaster: Some(ForecasterSummary {
            local_level: false,
            why: "on past scans they scored clearly better than the last value".into(),
        }),
        progression: Some(ProgressionSummary {
            next_scan: Days(240.0),
            probability: 0.31,
            local_level: false,
        }),
        horizon: Some(Days(247.0)),
        seed: 1,
        warnings: if identified {
            Vec::new()
        } else {
            vec![Warning::new(
                WarningCode::NotIdentified,
                "Growth and treatment effect cannot be told apart; their posterior is the prior.",
            )]
        },
    }
}

fn response(
    t: usize,
    sum: f64,
    base: f64,
    nadir: f64,
    category: &str,
    p: &[(&str, f64)],
    rule: &str,
) -> Option<Response> {
    let later = t > 0;
    Some(Response {
        sum: Length::Mm(Mm(sum)),
        change_from_baseline_pct: later.then_some(100.0 * (sum / base - 1.0)),
        change_from_nadir_pct: later.then_some(100.0 * (sum / nadir - 1.0)),
        change_from_nadir: later.then_some(Length::Mm(Mm(sum - nadir))),
        category: later.then(|| category.to_owned()),
        probability: p.iter().map(|(c, p)| ((*c).to_owned(), *p)).collect(),
        rule: rule.into(),
    })
}

/// The case.
pub(crate) fn case() -> CaseSummary {
    let dates = dates();
    let visit = |t: usize, thickness: f64, warnings: Vec<Warning>| TimePointSummary {
        id: format!("0190a000-0000-7000-8000-00000000000{t}"),
        date: Some(dates[t]),
        day: Some(Days(DAYS[t])),
        modality: "CT".into(),
        slice_thickness: Some(Mm(thickness)),
        warnings,
    };
    let mut doubtful = measure(6, 15.1, 10.9, 1.18, 0.58);
    doubtful.warnings = vec![Warning::new(
        WarningCode::Doubtful,
        "Low contrast at the border: look at the outline before using the volume.",
    )];
    CaseSummary {
        patient: "OT-0417".into(),
        time_points: vec![
            visit(0, 2.5, vec![]),
            visit(1, 2.5, vec![]),
            visit(
                2,
                5.0,
                vec![Warning::new(
                    WarningCode::Gap,
                    "2 slices are missing between 112.5 mm and 120.0 mm; volumes crossing the gap are interpolated by slice extent.",
                )],
            ),
            visit(3, 2.5, vec![]),
        ],
        lesions: vec![
            LesionSummary {
                id: "0190b000-0000-7000-8000-000000000001".into(),
                label: "L1".into(),
                organ: "right upper lobe".into(),
                role: Role::Target,
                nodal: false,
                measures: vec![
                    Some(measure(0, 46.3, 33.8, 30.46, 0.95)),
                    Some(measure(1, 34.2, 25.1, 12.72, 0.94)),
                    Some(measure(2, 29.6, 21.4, 8.21, 0.93)),
                    Some(measure(3, 37.4, 28.0, 17.05, 0.94)),
                ],
                fit: Some(fit(
                    Doubling::Growing(days(41.0, 58.0, 96.0)),
                    q(17.9, 31.9, 52.6),
                    (q(6.1, 12.3, 22.8), q(-33.5, -19.6, -6.9)),
                    true,
                    17.05,
                )),
            },
            LesionSummary {
                id: "0190b000-0000-7000-8000-000000000002".into(),
                label: "L2".into(),
                organ: "liver, segment 7".into(),
                role: Role::Target,
                nodal: false,
                measures: vec![
                    Some(measure(4, 21.0, 17.2, 3.41, 0.91)),
                    Some(measure(5, 17.6, 13.1, 1.83, 0.88)),
                    Some(doubtful),
                    Some(measure(7, 17.9, 13.4, 1.86, 0.86)),
                ],
                fit: Some(fit(
                    Doubling::Undetermined,
                    q(0.81, 2.02, 4.44),
                    (q(0.18, 1.02, 4.90), q(-1.61, -0.42, 2.93)),
                    false,
                    1.86,
                )),
            },
            LesionSummary {
                id: "0190b000-0000-7000-8000-000000000003".into(),
                label: "N1".into(),
                organ: "subcarinal node".into(),
                role: Role::Target,
                nodal: true,
                measures: vec![
                    Some(node(measure(8, 27.1, 18.6, 5.12, 0.90))),
                    Some(node(measure(9, 20.4, 13.0, 2.05, 0.89))),
                    Some(node(measure(10, 16.9, 11.2, 1.30, 0.87))),
                    Some(node(measure(11, 17.3, 11.5, 1.38, 0.88))),
                ],
                fit: Some(fit(
                    Doubling::Shrinking(days(66.0, 121.0, 402.0)),
                    q(0.52, 1.11, 2.21),
                    (q(0.31, 0.82, 1.80), q(-0.84, -0.27, 0.11)),
                    true,
                    1.38,
                )),
            },
        ],
        responses: vec![
            response(0, 85.9, 85.9, 85.9, "", &[], ""),
            response(
                1,
                64.8,
                85.9,
                85.9,
                "SD",
                &[("SD", 0.86), ("PR", 0.14)],
                "SD: \u{2212}24.6 % from baseline, short of \u{2212}30 %.",
            ),
            response(
                2,
                55.9,
                85.9,
                64.8,
                "PR",
                &[("PR", 0.91), ("SD", 0.09)],
                "PR: \u{2212}34.9 % from baseline 85.9 mm.",
            ),
            response(
                3,
                66.8,
                85.9,
                55.9,
                "SD",
                &[("SD", 0.52), ("PD", 0.46), ("PR", 0.02)],
                "SD: +19.5 % and +10.9 mm from nadir 55.9 mm, short of +20 %.",
            ),
        ],
        treatments: vec![
            TreatmentSummary {
                date: date(2024, 3, 11),
                day: Some(Days(7.0)),
                kind: "systemic".into(),
                name: "carboplatin + pemetrexed".into(),
                dose: Some(500.0),
                unit: "mg/m2".into(),
                duration: Days(98.0),
                lasting: Some(Days(98.0)),
                given: String::new(),
            },
            TreatmentSummary {
                date: date(2024, 8, 5),
                day: Some(Days(154.0)),
                kind: "radiotherapy".into(),
                name: "SBRT L1".into(),
                dose: Some(48.0),
                unit: "Gy".into(),
                duration: Days(8.0),
                lasting: Some(Days(8.0)),
                given: "in 6 fractions".into(),
            },
        ],
        scenario: Some(ScenarioSummary {
            label: "Systemic treatment resumed on day 190".into(),
            condition: "systemic treatment were given again from day 190 on".into(),
            assumptions: vec![
                "Treatment acts as it did while it was given before.".into(),
                "The same posterior draws carry both arms, so that their difference is paired."
                    .into(),
            ],
        }),
        sum: Some(SumSummary {
            next_scan: Days(229.0),
            median: Mm(84.0),
            band: [Mm(71.3), Mm(99.0)],
            probability: 0.34,
            voice: SumVoice::LocalLevel,
            prior: "generic".into(),
            seed: 1,
        }),
    }
}

/// The same case on images whose spacing is not known: pixels and voxels only.
pub(crate) fn uncalibrated() -> CaseSummary {
    let mut case = case();
    case.sum = None;
    let px = |l: Option<Length>| l.map(|l| Length::Px(Px(l.value())));
    let voxels = |b: Bulk| Bulk::Voxels((b.value() / 2.5).round());
    let counted = |e: Extent| match e {
        Extent::Bulk(b) => Extent::Bulk(voxels(b)),
        Extent::Length(l) => Extent::Length(Length::Px(Px(l.value()))),
    };
    let range = |q: Quantiles<Extent>| Quantiles {
        q05: counted(q.q05),
        q50: counted(q.q50),
        q95: counted(q.q95),
    };
    for visit in &mut case.time_points {
        visit.slice_thickness = None;
        visit.warnings = vec![Warning::new(
            WarningCode::SpacingUnknown,
            "The stated spacing is not to be believed.",
        )];
    }
    for lesion in &mut case.lesions {
        for m in lesion.measures.iter_mut().flatten() {
            m.drawn = px(m.drawn);
            m.long_axis = px(m.long_axis);
            m.short_axis = px(m.short_axis);
            m.counted = px(m.counted);
            m.volume = m.volume.map(voxels);
        }
        if let Some(fit) = &mut lesion.fit {
            fit.locf = fit.locf.map(counted);
            fit.progression = None;
            for p in &mut fit.projections {
                p.factual = range(p.factual);
                if let Some(s) = &mut p.scenario {
                    s.size = range(s.size);
                    s.difference = range(s.difference);
                }
            }
        }
    }
    for r in case.responses.iter_mut().flatten() {
        r.sum = Length::Px(Px(r.sum.value()));
        r.change_from_nadir = px(r.change_from_nadir);
        r.rule = String::new();
    }
    case
}
