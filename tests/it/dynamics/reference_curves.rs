//! Forward curves against SciPy (`scripts/reference_curves.py`), to 1e-6.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic anywhere")]

use oncotwin::twin::dynamics::clones::{Populations, TwoPopulations};
use oncotwin::twin::dynamics::competition::{Competition, Dosing};
use oncotwin::twin::dynamics::curve::BurdenCurve;
use oncotwin::twin::dynamics::dose::Dose;
use oncotwin::twin::dynamics::exposure::{Decay, Drug, Effect, Kinetics, Response};
use oncotwin::twin::dynamics::growth::Growth;
use oncotwin::twin::dynamics::lesion::{Lesion, Start};
use oncotwin::twin::dynamics::ode::Tolerance;
use oncotwin::twin::dynamics::plan::{DrugId, Event, Plan};
use oncotwin::twin::dynamics::radiotherapy::{Radiosensitivity, Repopulation};
use oncotwin::twin::dynamics::simeoni::{Simeoni, Stages};
use oncotwin::units::{Days, Gray, Mm, Mm3};
use serde_json::Value;

const DRUG: DrugId = DrugId(1);
/// What the comparison is asked to hold to.
const WITHIN: f64 = 1e-6;

fn reference(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("reference_curves.json")).unwrap();
    all[name].clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn pairs(value: &Value) -> Vec<(f64, f64)> {
    let list = value.as_array().unwrap();
    list.iter()
        .map(|v| (v[0].as_f64().unwrap(), v[1].as_f64().unwrap()))
        .collect()
}

fn days(value: &Value) -> Vec<Days> {
    numbers(&value["days"]).into_iter().map(Days).collect()
}

fn parameter(value: &Value, name: &str) -> f64 {
    value["parameters"][name].as_f64().unwrap()
}

/// Doses in the file are reference doses; here one of those is 200 mg.
fn boluses(value: &Value) -> Vec<Event> {
    pairs(&value["doses"])
        .into_iter()
        .map(|(day, n)| Event::bolus(Days(day), DRUG, Dose::mg(200.0 * n)))
        .collect()
}

fn drug(kinetics: Kinetics, response: Response) -> Drug {
    Drug::new(
        DRUG,
        Dose::mg(200.0),
        Effect::Exposure { kinetics, response },
    )
}

fn agree(what: &str, ours: impl IntoIterator<Item = f64>, theirs: &Value) {
    let ours: Vec<f64> = ours.into_iter().collect();
    let theirs = numbers(theirs);
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(&theirs) {
        let off = if *b == 0.0 {
            a.abs()
        } else {
            (a / b - 1.0).abs()
        };
        assert!(off < WITHIN, "{what}: {a} {b}");
    }
}

#[test]
fn t6_simeoni() {
    let r = reference("simeoni");
    let [fast, slow] = [0, 1].map(|i| {
        let (gain, rate) = pairs(&r["terms"])[i];
        Decay { gain, rate }
    });
    let model = Simeoni {
        surgery_log_kill: None,
        rate: parameter(&r, "l0"),
        linear: parameter(&r, "l1"),
        sharpness: parameter(&r, "psi"),
        transit: parameter(&r, "k1"),
        drugs: vec![drug(
            Kinetics::two(fast, slow),
            Response::Linear {
                rate: parameter(&r, "k2"),
            },
        )],
        radiosensitivity: None,
    };
    let out = model
        .simulate(
            &Plan::new(boluses(&r)).unwrap(),
            Days(0.0),
            Stages::undamaged(Mm3(30.0)),
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    agree("volume", out.iter().map(|s| s.volume().0), &r["volume"]);
    agree(
        "growing",
        out.iter().map(|s| s.ln_growing.exp()),
        &r["growing"],
    );
}

#[test]
fn t5_claret() {
    let r = reference("claret");
    let curve = BurdenCurve::Claret {
        growth: parameter(&r, "growth"),
        kill: parameter(&r, "kill"),
        loss_of_effect: parameter(&r, "loss"),
    };
    let sizes = days(&r)
        .into_iter()
        .map(|d| curve.size(Mm(90.0), d).unwrap().0);
    agree("size", sizes, &r["size"]);
}

/// The dosed model with a dose that never ends is the closed curve.
#[test]
fn t4_with_constant_exposure_is_t5() {
    let r = reference("claret");
    let mut model = Lesion::<Mm>::claret(
        parameter(&r, "growth"),
        parameter(&r, "kill"),
        parameter(&r, "loss"),
        DRUG,
        Dose::mg(50.0),
        Kinetics::kpd(Days(1.0)),
    );
    model.drugs[0].effect = Effect::Direct {
        log_kill: 3.0 * parameter(&r, "kill"),
        exponent: 1.0,
    };
    let plan = Plan::new([Event::infusion(Days(0.0), None, DRUG, Dose::mg(50.0))]).unwrap();
    let start = Start {
        day: Days(0.0),
        living: Mm(90.0),
        dead: Mm3(0.0),
    };
    let out = model
        .simulate(&plan, &start, &days(&r), &Tolerance::default())
        .unwrap();
    agree("size", out.iter().map(|b| b.diameter().0), &r["size"]);
}

#[test]
fn t4_claret_with_doses() {
    let r = reference("claret_dosed");
    let model = Lesion::<Mm>::claret(
        parameter(&r, "growth"),
        parameter(&r, "kill"),
        parameter(&r, "loss"),
        DRUG,
        Dose::mg(200.0),
        Kinetics::one(1.0, parameter(&r, "elimination")),
    );
    let start = Start {
        day: Days(0.0),
        living: Mm(70.0),
        dead: Mm3(0.0),
    };
    let out = model
        .simulate(
            &Plan::new(boluses(&r)).unwrap(),
            &start,
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    agree("size", out.iter().map(|b| b.living().0), &r["size"]);
}

#[test]
fn t7_two_populations() {
    let r = reference("two_populations");
    let model = TwoPopulations {
        sensitive_rate: parameter(&r, "r"),
        resistant_rate: parameter(&r, "r_resistant"),
        capacity: Some(Mm3(parameter(&r, "capacity"))),
        drugs: vec![drug(
            Kinetics::one(1.0, parameter(&r, "elimination")),
            Response::Emax {
                rate: parameter(&r, "emax"),
                half: parameter(&r, "half"),
            },
        )],
        radiosensitivity: None,
        surgery_log_kill: None,
        clearance: Some(Days(parameter(&r, "half_life"))),
    };
    let out = model
        .simulate(
            &Plan::new(boluses(&r)).unwrap(),
            Days(0.0),
            Populations::mixed(Mm3(4000.0), parameter(&r, "share")).unwrap(),
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    agree(
        "sensitive",
        out.iter().map(|p| p.ln_sensitive.exp()),
        &r["sensitive"],
    );
    agree(
        "resistant",
        out.iter().map(|p| p.ln_resistant.exp()),
        &r["resistant"],
    );
    agree("dead", out.iter().map(|p| p.dead.0), &r["dead"]);
}

#[test]
fn t11_chemoradiation() {
    let r = reference("chemoradiation");
    let model = Lesion {
        growth: Growth::Logistic {
            rate: parameter(&r, "rate"),
            capacity: Mm3(parameter(&r, "capacity")),
        },
        drugs: vec![drug(
            Kinetics::one(1.0, parameter(&r, "elimination")),
            Response::Linear {
                rate: parameter(&r, "kill"),
            },
        )],
        radiosensitivity: Some(Radiosensitivity {
            repair_half_time: Some(Days(std::f64::consts::LN_2 / parameter(&r, "repair"))),
            repopulation: Some(Repopulation {
                kick_off: Days(parameter(&r, "kick_off")),
                course_gap: Days(28.0),
            }),
            ..Radiosensitivity::lq(
                parameter(&r, "alpha"),
                Gray(parameter(&r, "alpha") / parameter(&r, "beta")),
            )
        }),
        surgery_log_kill: None,
        clearance: Some(Days(parameter(&r, "half_life"))),
    };
    let mut events = boluses(&r);
    events.extend(
        pairs(&r["fractions"])
            .into_iter()
            .map(|(day, dose)| Event::fraction(Days(day), Gray(dose))),
    );
    let start = Start {
        day: Days(0.0),
        living: Mm3(12_000.0),
        dead: Mm3(0.0),
    };
    let out = model
        .simulate(
            &Plan::new(events).unwrap(),
            &start,
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    agree("living", out.iter().map(|b| b.living().0), &r["living"]);
    agree("dead", out.iter().map(|b| b.dead.0), &r["dead"]);
}

#[test]
fn g7_general_gompertz_with_a_power_response() {
    let r = reference("general_gompertz");
    let model = Lesion {
        drugs: vec![drug(
            Kinetics::one(1.0, parameter(&r, "elimination")),
            Response::Power {
                rate: parameter(&r, "kill"),
                exponent: parameter(&r, "power"),
            },
        )],
        ..Lesion::untreated(Growth::GeneralGompertz {
            rate: parameter(&r, "rate"),
            decline: parameter(&r, "decline"),
            exponent: parameter(&r, "exponent"),
            reference: Mm3(1.0),
        })
    };
    let start = Start {
        day: Days(0.0),
        living: Mm3(800.0),
        dead: Mm3(0.0),
    };
    let out = model
        .simulate(
            &Plan::new(boluses(&r)).unwrap(),
            &start,
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    agree("volume", out.iter().map(|b| b.volume().0), &r["volume"]);
}

#[test]
fn t8_adaptive_competition() {
    let r = reference("competition");
    let two = |name: &str| -> [f64; 2] { numbers(&r[name]).try_into().unwrap() };
    let model = Competition {
        rates: two("rates"),
        capacities: two("capacities").map(Mm3),
        coefficients: [0, 1].map(|i| numbers(&r["coefficients"][i]).try_into().unwrap()),
        kill: two("kill"),
    };
    let visits: Vec<Days> = numbers(&r["visits"]).into_iter().map(Days).collect();
    let out = model
        .simulate(
            Days(0.0),
            two("start").map(Mm3),
            Dosing::Adaptive {
                off_at: 0.5,
                on_at: 1.0,
            },
            &visits,
            &days(&r),
            &Tolerance::default(),
        )
        .unwrap();
    for (i, ours) in out.populations.iter().enumerate() {
        agree("populations", ours.map(|p| p.0), &r["populations"][i]);
    }
    let theirs = r["decisions"].as_array().unwrap();
    let ours: Vec<bool> = out.decisions[1..].iter().map(|d| d.1).collect();
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert_eq!(Some(*a), b.as_bool());
    }
}
