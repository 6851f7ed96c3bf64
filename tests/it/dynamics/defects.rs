//! Defects of other systems, one test each, under the names that the reference sheet gives them.
//! T1 and T8 are of spatial models and of inference, D5 of what is shown; none of them can be in a
//! forward model.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic anywhere")]

use oncotwin::twin::dynamics::dose::Dose;
use oncotwin::twin::dynamics::exposure::{Drug, Effect, Kinetics, Response};
use oncotwin::twin::dynamics::growth::{Growth, Transition};
use oncotwin::twin::dynamics::lesion::{Burden, Lesion, Start};
use oncotwin::twin::dynamics::ode::Tolerance;
use oncotwin::twin::dynamics::plan::{DrugId, Event, Plan};
use oncotwin::twin::dynamics::radiotherapy::Radiosensitivity;
use oncotwin::twin::dynamics::simeoni::{Simeoni, Stages};
use oncotwin::units::{Days, Gray, Mm3};

const DRUG: DrugId = DrugId(1);

/// Every growth law on volumes.
fn laws() -> Vec<Growth<Mm3>> {
    vec![
        Growth::Exponential { rate: 0.01 },
        Growth::Logistic {
            rate: 0.02,
            capacity: Mm3(5e4),
        },
        Growth::Gompertz {
            rate: 0.08,
            decline: 0.007,
            reference: Mm3(1.0),
        },
        Growth::ReducedGompertz {
            decline: 0.007,
            slope: 9.0,
            intercept: 0.01,
            reference: Mm3(1.0),
        },
        Growth::Bertalanffy {
            uptake: 0.5,
            loss: 0.01,
        },
        Growth::GeneralBertalanffy {
            rate: 0.02,
            exponent: 0.2,
            limit: Mm3(5e4),
        },
        Growth::GeneralGompertz {
            rate: 0.3,
            decline: 0.025,
            exponent: 0.85,
            reference: Mm3(1.0),
        },
        Growth::PowerLaw {
            rate: 0.08,
            exponent: 0.79,
        },
        Growth::ExponentialLinear {
            rate: 0.03,
            linear: 60.0,
            transition: Transition::Sharp,
        },
        Growth::ExponentialLinear {
            rate: 0.03,
            linear: 60.0,
            transition: Transition::Smooth { sharpness: 20.0 },
        },
    ]
}

fn kpd(rate: f64, half_life: f64) -> Drug {
    Drug::new(
        DRUG,
        Dose::mg(100.0),
        Effect::Exposure {
            kinetics: Kinetics::kpd(Days(half_life)),
            response: Response::Linear { rate },
        },
    )
}

fn curve(lesion: &Lesion<Mm3>, plan: &Plan, start: f64, days: &[f64]) -> Vec<Burden<Mm3>> {
    let start = Start {
        day: Days(start),
        living: Mm3(1000.0),
        dead: Mm3(0.0),
    };
    let days: Vec<Days> = days.iter().map(|d| Days(*d)).collect();
    lesion
        .simulate(plan, &start, &days, &Tolerance::default())
        .unwrap()
}

fn ln_living(lesion: &Lesion<Mm3>, plan: &Plan, start: f64, days: &[f64]) -> Vec<f64> {
    curve(lesion, plan, start, days)
        .iter()
        .map(|b| b.ln_living)
        .collect()
}

/// Cells that neither grow nor shrink, so that what happens is log-kill alone.
fn still() -> Lesion<Mm3> {
    Lesion::untreated(Growth::Exponential { rate: 0.0 })
}

/// α = 0.3, α/β = 10: 2 Gy leave 0.4868.
fn irradiated(growth: Growth<Mm3>) -> Lesion<Mm3> {
    Lesion {
        radiosensitivity: Some(Radiosensitivity::lq(0.3, Gray(10.0))),
        ..Lesion::untreated(growth)
    }
}

#[test]
fn t2_two_fractions_on_one_day_both_count() {
    let lesion = irradiated(Growth::Exponential { rate: 0.0 });
    let plan = Plan::new([
        Event::fraction(Days(5.375), Gray(2.0)),
        Event::fraction(Days(5.625), Gray(2.0)),
    ])
    .unwrap();
    let survival = (ln_living(&lesion, &plan, 0.0, &[10.0])[0] - 1000.0_f64.ln()).exp();
    assert!((survival - 0.2369).abs() < 5e-5, "{survival}");
    assert!((survival - (-1.44_f64).exp()).abs() < 1e-12);
}

#[test]
fn t3_a_fraction_at_a_fractional_time_is_not_lost_by_any_step() {
    let plan = Plan::new([Event::fraction(Days(5.0 + 9.5 / 24.0), Gray(2.0))]).unwrap();
    for law in laws() {
        let (with, without) = (irradiated(law), Lesion::untreated(law));
        for longest in [0.25, 2.0, 50.0, f64::INFINITY] {
            let tolerance = Tolerance {
                longest,
                ..Tolerance::default()
            };
            let start = Start {
                day: Days(0.0),
                living: Mm3(1000.0),
                dead: Mm3(0.0),
            };
            // Just after the fraction, so that growth has no time to answer.
            let day = [Days(5.0 + 9.5 / 24.0 + 1e-9)];
            let treated = with.simulate(&plan, &start, &day, &tolerance).unwrap();
            let control = without
                .simulate(&Plan::default(), &start, &day, &tolerance)
                .unwrap();
            let kill = control[0].ln_living - treated[0].ln_living;
            assert!((kill - 0.72).abs() < 1e-9, "{law:?} {longest}: {kill}");
        }
    }
}

#[test]
fn t4_a_scan_at_the_instant_of_a_dose_precedes_it() {
    let lesion = irradiated(Growth::Exponential { rate: 0.0 });
    let plan = Plan::new([Event::fraction(Days(5.0), Gray(2.0))]).unwrap();
    let x = ln_living(&lesion, &plan, 0.0, &[5.0, 5.0 + 1e-9]);
    assert!((x[0] - 1000.0_f64.ln()).abs() < 1e-15);
    assert!((x[0] - x[1] - 0.72).abs() < 1e-12);
    // Also where the scan is the start of the curve or its last day.
    let x = ln_living(&lesion, &plan, 5.0, &[5.0, 6.0]);
    assert!((x[0] - x[1] - 0.72).abs() < 1e-12);
}

/// 2-hour half-life, as temozolomide: the case in which a step across the dose went wrong by 63 %.
#[test]
fn t5_drug_kill_does_not_depend_on_the_step() {
    let doses: Vec<f64> = (0..42).map(|d| f64::from(d) + 0.3).collect();
    let plan = Plan::new(
        doses
            .iter()
            .map(|d| Event::bolus(Days(*d), DRUG, Dose::mg(100.0))),
    )
    .unwrap();
    let k = 9.242;
    let response = |response| Lesion {
        drugs: vec![Drug::new(
            DRUG,
            Dose::mg(100.0),
            Effect::Exposure {
                kinetics: Kinetics::one(1.0, k),
                response,
            },
        )],
        ..still()
    };
    let (end, s, half) = (50.0, 0.5, 0.3);
    let x0 = 1000.0_f64.ln();
    let linear: f64 = doses
        .iter()
        .map(|d| s / k * (1.0 - (-k * (end - d)).exp()))
        .sum();
    let mut left = 0.0;
    let mut emax = 0.0;
    for (i, d) in doses.iter().enumerate() {
        let until = doses.get(i + 1).copied().unwrap_or(end);
        let top = left + 1.0;
        left = top * (-k * (until - d)).exp();
        emax += s / k * ((half + top) / (half + left)).ln();
    }
    for longest in [0.01, 0.5, 7.0, f64::INFINITY] {
        let tolerance = Tolerance {
            longest,
            ..Tolerance::default()
        };
        let start = Start {
            day: Days(0.0),
            living: Mm3(1000.0),
            dead: Mm3(0.0),
        };
        for (lesion, expected) in [
            (response(Response::Linear { rate: s }), linear),
            (response(Response::Emax { rate: s, half }), emax),
        ] {
            // With clearance the solver runs beside; the log-kill must not feel it.
            for clearance in [None, Some(Days(20.0))] {
                let lesion = Lesion {
                    clearance,
                    ..lesion.clone()
                };
                let x = lesion
                    .simulate(&plan, &start, &[Days(end)], &tolerance)
                    .unwrap()[0]
                    .ln_living;
                assert!((x0 - x - expected).abs() < 1e-9, "{longest}");
            }
        }
    }
}

/// The same where neither growth nor the integral of the kill has a closed form.
#[test]
fn t5_drug_kill_does_not_depend_on_the_step_of_the_solver() {
    let plan =
        Plan::new((0..10).map(|d| Event::bolus(Days(f64::from(d) * 3.5), DRUG, Dose::mg(100.0))))
            .unwrap();
    let lesion = Lesion {
        drugs: vec![Drug {
            loss_of_effect: 0.01,
            ..Drug::new(
                DRUG,
                Dose::mg(100.0),
                Effect::Exposure {
                    kinetics: Kinetics::one(1.0, 9.242),
                    response: Response::Emax {
                        rate: 0.5,
                        half: 0.3,
                    },
                },
            )
        }],
        ..Lesion::untreated(laws()[6])
    };
    let start = Start {
        day: Days(0.0),
        living: Mm3(1000.0),
        dead: Mm3(0.0),
    };
    let at = |longest: f64, relative: f64| {
        let tolerance = Tolerance {
            longest,
            relative,
            ..Tolerance::default()
        };
        lesion
            .simulate(&plan, &start, &[Days(60.0)], &tolerance)
            .unwrap()[0]
            .ln_living
    };
    let fine = at(0.005, 1e-13);
    for longest in [0.1, 1.0, f64::INFINITY] {
        assert!((at(longest, 1e-11) - fine).abs() < 1e-9, "{longest}");
    }
}

#[test]
fn t6_twice_the_dose_is_twice_the_log_kill() {
    let plan = Plan::new([
        Event::bolus(Days(1.0), DRUG, Dose::mg(100.0)),
        Event::bolus(Days(8.0), DRUG, Dose::mg(80.0)),
    ])
    .unwrap();
    let lesion = Lesion {
        drugs: vec![kpd(0.3, 2.0)],
        ..still()
    };
    let kill = |plan: &Plan| 1000.0_f64.ln() - ln_living(&lesion, plan, 0.0, &[60.0])[0];
    let (once, twice) = (kill(&plan), kill(&plan.scaled(Days(0.0), 2.0).unwrap()));
    assert!(once > 0.1 && (twice - 2.0 * once).abs() < 1e-12);

    let model = Simeoni {
        surgery_log_kill: None,
        rate: 0.273,
        linear: 814.0,
        sharpness: 20.0,
        transit: 0.968,
        drugs: vec![kpd(0.5, 1.0)],
        radiosensitivity: None,
    };
    let volume = |plan: &Plan| {
        model
            .simulate(
                plan,
                Days(0.0),
                Stages::undamaged(Mm3(100.0)),
                &[Days(12.0)],
                &Tolerance::default(),
            )
            .unwrap()[0]
            .volume()
            .0
    };
    assert!(volume(&plan.scaled(Days(0.0), 2.0).unwrap()) < 0.9 * volume(&plan));
}

#[test]
fn t7_a_later_start_leaves_treatments_where_they_are() {
    let mut events: Vec<Event> = (21..26)
        .map(|d| Event::fraction(Days(f64::from(d)), Gray(2.0)))
        .collect();
    events.push(Event::bolus(Days(2.0), DRUG, Dose::mg(100.0)));
    let plan = Plan::new(events).unwrap();
    for law in laws() {
        let lesion = Lesion {
            drugs: vec![kpd(0.05, 15.0)],
            clearance: Some(Days(12.0)),
            ..irradiated(law)
        };
        let whole = curve(&lesion, &plan, 0.0, &[20.0, 23.5, 30.0]);
        let start = Start {
            day: Days(20.0),
            living: whole[0].living(),
            dead: whole[0].dead,
        };
        let part = lesion
            .simulate(
                &plan,
                &start,
                &[Days(23.5), Days(30.0)],
                &Tolerance::default(),
            )
            .unwrap();
        for (a, b) in whole[1..].iter().zip(&part) {
            assert!((a.ln_living - b.ln_living).abs() < 1e-10, "{law:?}");
            assert!((a.volume().0 / b.volume().0 - 1.0).abs() < 1e-9, "{law:?}");
        }
        // And ten days without a fraction are not ten days with five.
        let before = curve(&lesion, &plan, 0.0, &[10.0])[0].ln_living;
        let during = part[1].ln_living - part[0].ln_living;
        assert!((before - 1000.0_f64.ln() - during).abs() > 0.1);
    }
}

#[test]
fn d1_the_sensitivity_to_treatment_is_a_parameter() {
    let plan = Plan::new([Event::bolus(Days(1.0), DRUG, Dose::mg(100.0))]).unwrap();
    for law in laws() {
        let at = |rate: f64| {
            let lesion = Lesion {
                drugs: vec![kpd(rate, 5.0)],
                ..Lesion::untreated(law)
            };
            ln_living(&lesion, &plan, 0.0, &[20.0])[0]
        };
        assert!(
            at(0.0) - at(0.05) > 0.1 && at(0.05) - at(0.1) > 0.1,
            "{law:?}"
        );
    }
}

#[test]
fn d2_a_kill_is_kept_when_treatment_stops() {
    let drug = Drug::new(
        DRUG,
        Dose::mg(10.0),
        Effect::Direct {
            log_kill: 0.08,
            exponent: 1.0,
        },
    );
    let weeks_18 = 126.0;
    let plan = Plan::new([Event::infusion(
        Days(0.0),
        Some(Days(weeks_18)),
        DRUG,
        Dose::mg(10.0),
    )])
    .unwrap();
    for law in laws() {
        let lesion = Lesion {
            drugs: vec![drug],
            ..Lesion::untreated(law)
        };
        let x = ln_living(
            &lesion,
            &plan,
            0.0,
            &[weeks_18, weeks_18 + 1e-6, weeks_18 + 7.0],
        );
        assert!((x[1] - x[0]).abs() < 1e-5, "{law:?}: no jump back");
        // A week of growth at the law's own rate, and no more.
        let fastest = law.rate(x[0]).max(law.rate(x[2]));
        assert!(x[2] - x[0] <= 7.0 * fastest + 1e-9, "{law:?}");
    }
    let exponential = Lesion {
        drugs: vec![drug],
        ..Lesion::untreated(laws()[0])
    };
    let x = ln_living(&exponential, &plan, 0.0, &[133.0])[0];
    assert!((x - (1000.0_f64.ln() + 0.01 * 133.0 - 0.08 * weeks_18)).abs() < 1e-12);
}

#[test]
fn d3_a_change_of_dose_changes_the_curve_of_every_law() {
    let plan = Plan::new([
        Event::bolus(Days(1.0), DRUG, Dose::mg(100.0)),
        Event::bolus(Days(22.0), DRUG, Dose::mg(100.0)),
        Event::fraction(Days(30.0), Gray(2.0)),
    ])
    .unwrap();
    for law in laws() {
        for loss_of_effect in [0.0, 0.05] {
            let lesion = Lesion {
                drugs: vec![Drug {
                    loss_of_effect,
                    ..kpd(0.05, 5.0)
                }],
                ..irradiated(law)
            };
            let days = [22.0, 30.0, 45.0];
            let given = ln_living(&lesion, &plan, 0.0, &days);
            let more = ln_living(&lesion, &plan.scaled(Days(22.0), 1.5).unwrap(), 0.0, &days);
            assert_eq!(given[0].to_bits(), more[0].to_bits());
            assert!(given[1] - more[1] > 0.01, "{law:?}: escalated drug");
            assert!(given[2] - more[2] > 0.1, "{law:?}: escalated radiotherapy");
        }
        // Resistance is not a change of nothing either.
        let resistant = |loss_of_effect| {
            let lesion = Lesion {
                drugs: vec![Drug {
                    loss_of_effect,
                    ..kpd(0.05, 5.0)
                }],
                ..irradiated(law)
            };
            ln_living(&lesion, &plan, 0.0, &[40.0])[0]
        };
        assert!(resistant(0.05) - resistant(0.0) > 0.05, "{law:?}");
    }
}

/// Time is dates, and starting later only delays the effect.
#[test]
fn d4_a_later_treatment_has_the_same_effect_later() {
    let lesion = Lesion {
        drugs: vec![kpd(0.2, 3.0)],
        ..Lesion::untreated(Growth::Exponential { rate: 0.01 })
    };
    let early =
        Plan::new((0..4).map(|i| Event::bolus(Days(f64::from(i) * 21.0), DRUG, Dose::mg(100.0))))
            .unwrap();
    let late = early.shifted(Days(40.5)).unwrap();
    let x = |plan: &Plan, day: f64| ln_living(&lesion, plan, 0.0, &[day])[0];
    // Both have done all they can by then.
    assert!((x(&early, 400.0) - x(&late, 400.0)).abs() < 1e-12);
    let kill = |plan: &Plan, day: f64| 1000.0_f64.ln() + 0.01 * day - x(plan, day);
    for day in [5.0, 33.3, 70.0] {
        assert!((kill(&early, day) - kill(&late, day + 40.5)).abs() < 1e-12);
    }
}

#[test]
fn d6_a_lesion_may_shrink_without_treatment() {
    let lesion = Lesion::untreated(Growth::Exponential { rate: -0.02 });
    let x = ln_living(&lesion, &Plan::default(), 0.0, &[50.0])[0];
    assert!((x - (1000.0_f64.ln() - 1.0)).abs() < 1e-13);
    let beyond = Lesion::untreated(Growth::Logistic {
        rate: 0.05,
        capacity: Mm3(500.0),
    });
    assert!(ln_living(&beyond, &Plan::default(), 0.0, &[50.0])[0] < 1000.0_f64.ln());
}
