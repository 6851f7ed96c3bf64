//! One timeline for many lesions, and what it holds besides dated doses.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic anywhere")]

use oncotwin::twin::Error;
use oncotwin::twin::dynamics::clones::{Populations, TwoPopulations};
use oncotwin::twin::dynamics::dose::Dose;
use oncotwin::twin::dynamics::exposure::{Drug, Effect, Kinetics, Response};
use oncotwin::twin::dynamics::growth::Growth;
use oncotwin::twin::dynamics::lesion::{Burden, Lesion, Start};
use oncotwin::twin::dynamics::ode::Tolerance;
use oncotwin::twin::dynamics::plan::{DrugId, Event, Plan, weekday_course};
use oncotwin::twin::dynamics::radiotherapy::{Radiosensitivity, Repopulation};
use oncotwin::twin::dynamics::timeline::{Timeline, Workspace};
use oncotwin::units::{Days, Gray, Mm3};

const DRUG: DrugId = DrugId(0);
const DAYS: [Days; 6] = [
    Days(41.25),
    Days(0.0),
    Days(12.0),
    Days(70.0),
    Days(55.0),
    Days(200.0),
];

fn kpd(lag: f64, half_life: f64) -> Drug {
    Drug {
        lag: Days(lag),
        ..Drug::new(
            DRUG,
            Dose::mg(100.0),
            Effect::Exposure {
                kinetics: Kinetics::kpd(Days(half_life)),
                response: Response::Linear { rate: 0.05 },
            },
        )
    }
}

fn plan() -> Plan {
    let mut events = weekday_course(Days(20.0), 0, 20, Gray(2.0), &[9.0]);
    events.push(Event::bolus(Days(-4.0), DRUG, Dose::mg(80.0)));
    events.push(Event::bolus(Days(12.0), DRUG, Dose::mg(100.0)));
    events.push(Event::infusion(
        Days(40.0),
        Some(Days(55.0)),
        DRUG,
        Dose::mg(20.0),
    ));
    events.push(Event::surgery(Days(70.0), 0.8));
    Plan::new(events).unwrap()
}

/// Lesions that go through each of the ways: closed, quadrature, solver.
fn lesions() -> Vec<Lesion<Mm3>> {
    let laws = [
        Growth::Exponential { rate: 0.01 },
        Growth::Gompertz {
            rate: 0.01,
            decline: 0.002,
            reference: Mm3(2000.0),
        },
        Growth::Logistic {
            rate: 0.02,
            capacity: Mm3(2e4),
        },
        Growth::GeneralGompertz {
            rate: 0.15,
            decline: 0.015,
            exponent: 0.9,
            reference: Mm3(1.0),
        },
    ];
    let mut lesions = Vec::new();
    for growth in laws {
        for clearance in [None, Some(Days(15.0))] {
            for (lag, half_life, kick_off) in [(0.0, 5.0, None), (11.0, 14.0, Some(Days(25.0)))] {
                lesions.push(Lesion {
                    drugs: vec![kpd(lag, half_life)],
                    radiosensitivity: Some(Radiosensitivity {
                        repopulation: kick_off.map(|kick_off| Repopulation {
                            kick_off,
                            course_gap: Days(30.0),
                        }),
                        ..Radiosensitivity::lq(0.04, Gray(10.0))
                    }),
                    clearance,
                    ..Lesion::untreated(growth)
                });
            }
        }
    }
    lesions
}

fn simulate(lesion: &Lesion<Mm3>, plan: &Plan, days: &[Days]) -> Result<Vec<Burden<Mm3>>, Error> {
    let start = Start {
        day: Days(0.0),
        living: Mm3(3000.0),
        dead: Mm3(50.0),
    };
    lesion.simulate(plan, &start, days, &Tolerance::default())
}

#[test]
fn a_workspace_remembers_nothing() {
    let timeline = Timeline::new(&plan(), Days(0.0), &DAYS).unwrap();
    let mut workspace = Workspace::new(Tolerance::default());
    let mut out = Vec::new();
    for lesion in lesions().iter().chain(lesions().iter().rev()) {
        lesion
            .run(&timeline, Mm3(3000.0), Mm3(50.0), &mut workspace, &mut out)
            .unwrap();
        assert_eq!(out, simulate(lesion, &plan(), &DAYS).unwrap());
    }
}

#[test]
fn a_value_does_not_depend_on_the_other_days() {
    for lesion in lesions() {
        let all = simulate(&lesion, &plan(), &DAYS).unwrap();
        for (day, among_all) in DAYS.iter().zip(all) {
            assert_eq!(simulate(&lesion, &plan(), &[*day]).unwrap(), [among_all]);
        }
    }
    let model = TwoPopulations {
        sensitive_rate: 0.01,
        resistant_rate: 0.012,
        capacity: None,
        drugs: vec![kpd(3.0, 9.0)],
        radiosensitivity: Some(Radiosensitivity::lq(0.04, Gray(10.0))),
        surgery_log_kill: None,
        clearance: Some(Days(15.0)),
    };
    let cells = Populations::mixed(Mm3(3000.0), 0.1).unwrap();
    let run = |days: &[Days]| {
        model
            .simulate(&plan(), Days(0.0), cells, days, &Tolerance::default())
            .unwrap()
    };
    for (day, among_all) in DAYS.iter().zip(run(&DAYS)) {
        assert_eq!(run(&[*day]), [among_all]);
    }
}

/// What is seen is not less certain than what lives.
#[test]
fn the_logarithm_of_the_volume_is_that_of_the_volume() {
    for lesion in lesions() {
        for burden in simulate(&lesion, &plan(), &DAYS).unwrap() {
            assert!((burden.ln_volume() - burden.volume().0.ln()).abs() < 1e-13);
        }
    }
}

/// Dose without fractions: log-kill in proportion to the days that have passed.
#[test]
fn a_course_without_fractions_kills_by_the_gray() {
    let lesion = Lesion {
        radiosensitivity: Some(Radiosensitivity {
            alpha_eff: Some(0.06),
            ..Radiosensitivity::lq(0.3, Gray(10.0))
        }),
        ..Lesion::untreated(Growth::Exponential { rate: 0.01 })
    };
    let course = Plan::new([Event::course(Days(10.0), Days(50.0), Gray(60.0))]).unwrap();
    let days = [10.0, 30.0, 50.0, 80.0].map(Days);
    let seen = simulate(&lesion, &course, &days).unwrap();
    for ((day, burden), dose) in days.iter().zip(&seen).zip([0.0, 30.0, 60.0, 60.0]) {
        let expected = 3000.0_f64.ln() + 0.01 * day.0 - 0.06 * dose;
        assert!((burden.ln_living - expected).abs() < 1e-12);
    }
    // Cut in two it is the same; at once it is a fraction of its own.
    let cut = simulate(&lesion, &course.scaled(Days(17.0), 1.0).unwrap(), &days).unwrap();
    for (a, b) in seen.iter().zip(&cut) {
        assert!((a.ln_living - b.ln_living).abs() < 1e-12);
    }
    let at_once = Plan::new([Event::course(Days(10.0), Days(10.0), Gray(60.0))]).unwrap();
    let x = simulate(&lesion, &at_once, &[Days(10.0), Days(11.0)]).unwrap();
    assert!((x[0].ln_living - x[1].ln_living + 0.01 - 3.6).abs() < 1e-12);
    let silent = Lesion {
        radiosensitivity: Some(Radiosensitivity::lq(0.3, Gray(10.0))),
        ..lesion
    };
    let refused = simulate(&silent, &course, &days);
    assert_eq!(refused, Err(Error::NoEffectiveAlpha));
}

/// D' = a V − c D under a constant kill rate a.
#[test]
fn cells_that_a_course_kills_are_seen_until_they_are_cleared() {
    let lesion = Lesion {
        radiosensitivity: Some(Radiosensitivity {
            alpha_eff: Some(0.06),
            ..Radiosensitivity::lq(0.3, Gray(10.0))
        }),
        clearance: Some(Days(10.0)),
        ..Lesion::untreated(Growth::Exponential { rate: 0.01 })
    };
    let course = Plan::new([Event::course(Days(0.0), Days(60.0), Gray(60.0))]).unwrap();
    let c = std::f64::consts::LN_2 / 10.0;
    for day in [3.0, 25.0, 60.0] {
        let dead = simulate(&lesion, &course, &[Days(day)]).unwrap()[0].dead.0;
        let left = 50.0 * (-c * day).exp();
        let killed = 180.0 * ((-0.05 * day).exp() - (-c * day).exp()) / (c - 0.05);
        assert!((dead / (left + killed) - 1.0).abs() < 1e-9);
    }
}

/// An interval of a drug at doses nobody knows: exposure 1 while it lasts.
#[test]
fn an_interval_of_unknown_dose_is_one_reference_dose_a_day() {
    let direct = Effect::Direct {
        log_kill: 0.03,
        exponent: 1.0,
    };
    let lesion = Lesion {
        drugs: vec![Drug::new(DRUG, Dose::mg(100.0), direct)],
        ..Lesion::untreated(Growth::Exponential { rate: 0.01 })
    };
    let interval = Event::infusion(Days(10.0), Some(Days(40.0)), DRUG, Dose::mg(100.0));
    let plan = Plan::new([interval]).unwrap();
    let seen = simulate(&lesion, &plan, &[Days(25.0), Days(90.0)]).unwrap();
    let x0 = 3000.0_f64.ln();
    assert!((seen[0].ln_living - (x0 + 0.25 - 0.45)).abs() < 1e-13);
    assert!((seen[1].ln_living - (x0 + 0.9 - 0.9)).abs() < 1e-13);
}

#[test]
fn an_operation_of_unknown_extent_takes_what_the_lesion_says() {
    let plan = Plan::new([
        Event::surgery(Days(5.0), 0.5),
        Event::surgery_of_unknown_extent(Days(9.0)),
    ])
    .unwrap();
    let lesion = |surgery_log_kill| Lesion {
        surgery_log_kill,
        clearance: Some(Days(20.0)),
        ..Lesion::untreated(Growth::Exponential { rate: 0.0 })
    };
    let days = [9.0, 10.0].map(Days);
    let seen = simulate(&lesion(Some(2.0)), &plan, &days).unwrap();
    let half = 1500.0_f64.ln();
    assert!((seen[0].ln_living - half).abs() < 1e-13);
    assert!((seen[1].ln_living - (half - 2.0)).abs() < 1e-13);
    // Dead cells are cut out with the living.
    let (before, after) = (seen[0].dead.0, seen[1].dead.0);
    assert!((after / before - (-2.0 - std::f64::consts::LN_2 / 20.0_f64).exp()).abs() < 1e-13);
    assert_eq!(
        simulate(&lesion(None), &plan, &days),
        Err(Error::NoSurgeryLogKill)
    );
    let known = Plan::new([Event::surgery(Days(5.0), 0.5)]).unwrap();
    assert!(simulate(&lesion(None), &known, &days).is_ok());
}
