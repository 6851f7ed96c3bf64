//! What must hold for any lesion and any plan.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic anywhere")]

use oncotwin::twin::dynamics::clones::{Populations, TwoPopulations};
use oncotwin::twin::dynamics::dose::Dose;
use oncotwin::twin::dynamics::exposure::{
    Decay, Drug, Effect, Kinetics, Pseudoprogression, Response,
};
use oncotwin::twin::dynamics::growth::{Growth, Transition};
use oncotwin::twin::dynamics::lesion::{Burden, Lesion, Start};
use oncotwin::twin::dynamics::ode::Tolerance;
use oncotwin::twin::dynamics::plan::{Act, DrugId, Event, Plan};
use oncotwin::twin::dynamics::radiotherapy::{Radiosensitivity, Repopulation};
use oncotwin::twin::dynamics::simeoni::{Simeoni, Stages};
use oncotwin::units::{Days, Gray, Mm3};
use proptest::prelude::*;

fn growth() -> impl Strategy<Value = Growth<Mm3>> {
    let size = || (3.0..6.0).prop_map(|p: f64| Mm3(libm::exp10(p)));
    let sharpness = prop_oneof![
        Just(Transition::Sharp),
        (5.0..30.0).prop_map(|sharpness| Transition::Smooth { sharpness })
    ];
    prop_oneof![
        (-0.02..0.05).prop_map(|rate| Growth::Exponential { rate }),
        (0.0..0.05, size()).prop_map(|(rate, capacity)| Growth::Logistic { rate, capacity }),
        (-0.01..0.05, 0.0..0.01, size()).prop_map(|(rate, decline, reference)| {
            Growth::Gompertz {
                rate,
                decline,
                reference,
            }
        }),
        (0.0..0.01, 2.0..8.0, size()).prop_map(|(decline, slope, reference)| {
            Growth::ReducedGompertz {
                decline,
                slope,
                intercept: 0.002,
                reference,
            }
        }),
        (0.0..0.6, -0.005..0.04).prop_map(|(uptake, loss)| Growth::Bertalanffy { uptake, loss }),
        (0.0..0.03, -1.0..1.0, size()).prop_map(|(rate, exponent, limit)| {
            Growth::GeneralBertalanffy {
                rate,
                exponent,
                limit,
            }
        }),
        (0.1..0.3, 0.01..0.03, 0.67..1.0).prop_map(|(rate, decline, exponent)| {
            Growth::GeneralGompertz {
                rate,
                decline,
                exponent,
                reference: Mm3(1.0),
            }
        }),
        (0.0..0.1, 0.5..1.0).prop_map(|(rate, exponent)| Growth::PowerLaw { rate, exponent }),
        (0.005..0.05, 10.0..200.0, sharpness).prop_map(|(rate, linear, transition)| {
            Growth::ExponentialLinear {
                rate,
                linear,
                transition,
            }
        }),
    ]
}

fn effect() -> impl Strategy<Value = Effect> {
    let response = prop_oneof![
        (0.0..0.1).prop_map(|rate| Response::Linear { rate }),
        (0.0..0.3, 0.1..2.0).prop_map(|(rate, half)| Response::Emax { rate, half }),
        (0.0..0.1, 0.3..1.3).prop_map(|(rate, exponent)| Response::Power { rate, exponent }),
    ];
    let kinetics = prop_oneof![
        (0.1..20.0).prop_map(|half_life| Kinetics::kpd(Days(half_life))),
        (0.5..8.0, 0.02..0.4).prop_map(|(fast, slow)| {
            Kinetics::two(
                Decay {
                    gain: 0.8,
                    rate: fast,
                },
                Decay {
                    gain: 0.2,
                    rate: slow,
                },
            )
        }),
    ];
    prop_oneof![
        (0.0..1.0, 0.3..1.5).prop_map(|(log_kill, exponent)| Effect::Direct { log_kill, exponent }),
        (kinetics, response)
            .prop_map(|(kinetics, response)| Effect::Exposure { kinetics, response }),
    ]
}

fn drug(id: u16) -> impl Strategy<Value = Drug> {
    (
        effect(),
        prop_oneof![Just(0.0), 0.0..40.0],
        prop_oneof![Just(0.0), 0.001..0.05],
        proptest::option::of((0.0..800.0, 5.0..60.0)),
    )
        .prop_map(move |(effect, lag, loss_of_effect, swelling)| Drug {
            lag: Days(lag),
            loss_of_effect,
            pseudoprogression: swelling.map(|(peak, time)| Pseudoprogression {
                peak: Mm3(peak),
                time_to_peak: Days(time),
            }),
            ..Drug::new(DrugId(id), Dose::mg_per_m2(75.0), effect)
        })
}

fn radiosensitivity() -> impl Strategy<Value = Radiosensitivity> {
    (
        0.01..0.4,
        1.5..15.0,
        proptest::option::of(4.0..10.0),
        proptest::option::of(0.02..0.12),
        proptest::option::of((0.0..40.0, 3.0..40.0)),
    )
        .prop_map(|(alpha, ratio, limit, repair, kick)| Radiosensitivity {
            linear_above: limit.map(Gray),
            repair_half_time: repair.map(Days),
            repopulation: kick.map(|(kick_off, course_gap)| Repopulation {
                kick_off: Days(kick_off),
                course_gap: Days(course_gap),
            }),
            ..Radiosensitivity::lq(alpha, Gray(ratio))
        })
}

fn lesion() -> impl Strategy<Value = Lesion<Mm3>> {
    (
        growth(),
        drug(0),
        drug(1),
        radiosensitivity(),
        proptest::option::of(4.0..60.0),
    )
        .prop_map(|(growth, a, b, radiosensitivity, clearance)| Lesion {
            growth,
            drugs: vec![a, b],
            radiosensitivity: Some(radiosensitivity),
            surgery_log_kill: None,
            clearance: clearance.map(Days),
        })
}

/// Days are multiples of 1/32, so that they can be shifted without rounding.
fn day(range: std::ops::Range<i32>) -> impl Strategy<Value = Days> {
    (range.start * 32..range.end * 32).prop_map(|n| Days(f64::from(n) / 32.0))
}

fn event() -> impl Strategy<Value = Event> {
    let id = (0_u16..2).prop_map(DrugId);
    prop_oneof![
        3 => (day(-10..120), id.clone(), 5.0..200.0)
            .prop_map(|(day, id, dose)| Event::bolus(day, id, Dose::mg_per_m2(dose))),
        2 => (day(-10..120), proptest::option::of(day(1..60)), id, 1.0..15.0).prop_map(
            |(day, span, id, dose)| {
                let until = span.map(|span| Days(day.0 + span.0));
                Event::infusion(day, until, id, Dose::mg_per_m2(dose))
            }
        ),
        4 => (day(-10..120), 0.5..12.0).prop_map(|(day, dose)| Event::fraction(day, Gray(dose))),
        1 => (day(-10..120), 0.0..0.99).prop_map(|(day, removed)| Event::surgery(day, removed)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    proptest::collection::vec(event(), 0..10).prop_map(|events| Plan::new(events).unwrap())
}

fn start(day: f64) -> Start<Mm3> {
    Start {
        day: Days(day),
        living: Mm3(4000.0),
        dead: Mm3(100.0),
    }
}

fn run(lesion: &Lesion<Mm3>, plan: &Plan, start: &Start<Mm3>, days: &[Days]) -> Vec<Burden<Mm3>> {
    lesion
        .simulate(plan, start, days, &Tolerance::default())
        .unwrap()
}

const DAYS: [Days; 6] = [
    Days(0.0),
    Days(3.5),
    Days(17.1),
    Days(44.0),
    Days(90.0),
    Days(160.0),
];

fn close(a: &Burden<Mm3>, b: &Burden<Mm3>, within: f64) -> Result<(), TestCaseError> {
    prop_assert!(
        (a.ln_living - b.ln_living).abs() < within,
        "{} {}",
        a.ln_living,
        b.ln_living
    );
    let (v, w) = (a.volume().0, b.volume().0);
    prop_assert!((v - w).abs() < within * (1.0 + v), "{v} {w}");
    Ok(())
}

fn same_bits(a: &[Burden<Mm3>], b: &[Burden<Mm3>]) -> Result<(), TestCaseError> {
    for (a, b) in a.iter().zip(b) {
        prop_assert_eq!(a.ln_living.to_bits(), b.ln_living.to_bits());
        prop_assert_eq!(a.dead.0.to_bits(), b.dead.0.to_bits());
        prop_assert_eq!(a.swelling.0.to_bits(), b.swelling.0.to_bits());
    }
    Ok(())
}

/// Each event cut in two: a bolus or fraction in two doses of the same instant, an infusion at
/// midnight.
fn split(plan: &Plan) -> Plan {
    let halves = plan.events().iter().flat_map(|event| match event.act {
        Act::Bolus { drug, dose } => {
            let part = Event::bolus(event.day, drug, dose.times(0.25));
            vec![part, Event::bolus(event.day, drug, dose.times(0.75))]
        }
        Act::Fraction { dose } => vec![Event::fraction(event.day, Gray(0.5 * dose.0)); 2],
        Act::Infusion {
            drug,
            per_day,
            until,
        } => {
            let midnight = Days(event.day.0.floor() + 1.0);
            if until.is_some_and(|until| until.0 <= midnight.0) {
                return vec![*event];
            }
            vec![
                Event::infusion(midnight, until, drug, per_day),
                Event::infusion(event.day, Some(midnight), drug, per_day),
            ]
        }
        Act::Surgery { .. } | Act::Course { .. } => vec![*event],
    });
    Plan::new(halves).unwrap()
}

/// The plan with one event moved by no time and dosed once: what a scenario of no change makes.
fn unchanged(plan: &Plan, from: Days) -> Plan {
    plan.scaled(from, 1.0).unwrap().shifted(Days(0.0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shifting_everything_shifts_the_curve(lesion in lesion(), plan in plan(), by in day(-400..400)) {
        let days = DAYS.map(|d| Days(d.0 + by.0));
        let a = run(&lesion, &plan, &start(0.0), &DAYS);
        let b = run(&lesion, &plan.shifted(by).unwrap(), &start(by.0), &days);
        for (a, b) in a.iter().zip(&b) {
            close(a, b, 1e-9)?;
        }
    }

    #[test]
    fn a_change_of_nothing_changes_no_bit(lesion in lesion(), plan in plan(), from in day(-20..130)) {
        let a = run(&lesion, &plan, &start(0.0), &DAYS);
        let b = run(&lesion, &unchanged(&plan, from), &start(0.0), &DAYS);
        same_bits(&a, &b)?;
    }

    #[test]
    fn cutting_events_in_two_changes_nothing(lesion in lesion(), plan in plan()) {
        let a = run(&lesion, &plan, &start(0.0), &DAYS);
        let b = run(&lesion, &split(&plan), &start(0.0), &DAYS);
        for (a, b) in a.iter().zip(&b) {
            close(a, b, 1e-9)?;
        }
    }

    #[test]
    fn more_dose_never_leaves_more_cells(
        lesion in lesion(), plan in plan(), from in day(-20..130), factor in 1.0..3.0,
    ) {
        let a = run(&lesion, &plan, &start(0.0), &DAYS);
        let b = run(&lesion, &plan.scaled(from, factor).unwrap(), &start(0.0), &DAYS);
        for (a, b) in a.iter().zip(&b) {
            prop_assert!(b.ln_living <= a.ln_living + 1e-9, "{} {}", a.ln_living, b.ln_living);
        }
    }

    #[test]
    fn what_is_seen_jumps_only_at_instant_kills(lesion in lesion(), plan in plan()) {
        let eps = 1e-7;
        for event in plan.events().iter().filter(|e| e.day.0 >= 0.0) {
            let sudden = plan.events().iter().any(|e| {
                !matches!(e.act, Act::Infusion { .. }) && (e.day.0 - event.day.0).abs() < 1.0
            });
            // A delayed direct kill may fall anywhere.
            let delayed = lesion.drugs.iter().any(|d| {
                d.lag.0 > 0.0 && matches!(d.effect, Effect::Direct { .. })
            });
            if sudden || delayed {
                continue;
            }
            let x = run(&lesion, &plan, &start(0.0), &[event.day, Days(event.day.0 + eps)]);
            close(&x[0], &x[1], 1e-4)?;
        }
    }

    #[test]
    fn what_else_is_asked_for_changes_no_bit(
        lesion in lesion(), plan in plan(), more in proptest::collection::vec(day(0..200), 0..12),
    ) {
        let a = run(&lesion, &plan, &start(0.0), &DAYS);
        let mut days = more;
        days.extend(DAYS.iter().rev());
        let b = run(&lesion, &plan, &start(0.0), &days);
        let b: Vec<Burden<Mm3>> = b.into_iter().rev().take(DAYS.len()).collect();
        same_bits(&a, &b)?;
    }

    #[test]
    fn a_curve_may_be_taken_up_anywhere(lesion in lesion(), plan in plan(), at in day(0..130)) {
        let later: Vec<Days> = DAYS.into_iter().filter(|d| d.0 > at.0).collect();
        let whole = run(&lesion, &plan, &start(0.0), &[&[at], later.as_slice()].concat());
        let taken_up = Start {
            day: at,
            living: whole[0].living(),
            dead: whole[0].dead,
        };
        // Below that a volume is no number any more.
        prop_assume!(taken_up.living.0 > 1e-200);
        let part = run(&lesion, &plan, &taken_up, &later);
        for (a, b) in whole[1..].iter().zip(&part) {
            close(a, b, 1e-8)?;
        }
    }

    #[test]
    fn halving_the_steps_changes_nothing(lesion in lesion(), plan in plan()) {
        let at = |longest: f64| {
            let tolerance = Tolerance { longest, ..Tolerance::default() };
            lesion.simulate(&plan, &start(0.0), &DAYS, &tolerance).unwrap()
        };
        let (free, one, half) = (run(&lesion, &plan, &start(0.0), &DAYS), at(1.0), at(0.5));
        for ((a, b), c) in free.iter().zip(&one).zip(&half) {
            close(a, b, 1e-8)?;
            close(b, c, 1e-8)?;
        }
    }

    /// The reason why a lesion seen only under treatment does not tell what it would do without.
    #[test]
    fn growth_and_kill_are_not_told_apart_under_constant_exposure(
        rate in 0.0..0.05, kill in 0.0..0.1, more in 0.0..0.1,
    ) {
        let id = DrugId(0);
        let plan = Plan::new([Event::infusion(Days(-30.0), None, id, Dose::mg(10.0))]).unwrap();
        let lesion = |more: f64| Lesion {
            drugs: vec![Drug::new(
                id,
                Dose::mg(10.0),
                Effect::Direct { log_kill: kill + more, exponent: 1.0 },
            )],
            ..Lesion::untreated(Growth::Exponential { rate: rate + more })
        };
        let a = run(&lesion(0.0), &plan, &start(0.0), &DAYS);
        let b = run(&lesion(more), &plan, &start(0.0), &DAYS);
        for (a, b) in a.iter().zip(&b) {
            close(a, b, 1e-11)?;
        }
    }

    #[test]
    fn two_populations_keep_the_rules(
        plan in plan(), drugs in (drug(0), drug(1)), rt in radiosensitivity(),
        rates in (0.0..0.05, 0.0..0.04), share in 0.001..0.5, limited in any::<bool>(),
        by in day(-100..100), factor in 1.0..2.0, clearance in proptest::option::of(4.0..60.0),
    ) {
        let model = TwoPopulations {
            clearance: clearance.map(Days),
            sensitive_rate: rates.0,
            resistant_rate: rates.1,
            capacity: limited.then_some(Mm3(5e5)),
            drugs: vec![drugs.0, drugs.1],
            radiosensitivity: Some(rt),
            surgery_log_kill: None,
        };
        let cells = Populations::mixed(Mm3(4000.0), share).unwrap();
        let run = |plan: &Plan, by: f64| {
            let days = DAYS.map(|d| Days(d.0 + by));
            model.simulate(plan, Days(by), cells, &days, &Tolerance::default()).unwrap()
        };
        let a = run(&plan, 0.0);
        prop_assert_eq!(&a, &run(&unchanged(&plan, Days(30.0)), 0.0));
        let later = model
            .simulate(&plan, DAYS[3], a[3], &DAYS[4..], &Tolerance::default())
            .unwrap();
        for (a, b) in a[4..].iter().zip(&later) {
            prop_assert!((a.ln_sensitive - b.ln_sensitive).abs() < 1e-8);
            prop_assert!((a.ln_resistant - b.ln_resistant).abs() < 1e-8);
            prop_assert!((a.dead.0 - b.dead.0).abs() < 1e-7 * a.dead.0 + 1e-8);
        }
        let shifted = run(&plan.shifted(by).unwrap(), by.0);
        let cut = run(&split(&plan), 0.0);
        let more = run(&plan.scaled(Days(0.0), factor).unwrap(), 0.0);
        for (i, a) in a.iter().enumerate() {
            for b in [shifted[i], cut[i]] {
                prop_assert!((a.ln_sensitive - b.ln_sensitive).abs() < 1e-8);
                prop_assert!((a.ln_resistant - b.ln_resistant).abs() < 1e-8);
                prop_assert!((a.dead.0 - b.dead.0).abs() < 1e-7 * a.dead.0 + 1e-8);
            }
            prop_assert!(more[i].ln_sensitive <= a.ln_sensitive + 1e-8 || limited);
        }
    }

    /// Posteriors are made with less; no scan sees a ten-thousandth. Kills may be a hundred times
    /// those above.
    #[test]
    fn a_loose_tolerance_errs_by_less_than_any_scan(
        lesion in lesion(), plan in plan(), strength in 0.0..2.0, capacity in proptest::option::of(4.5..6.0),
    ) {
        let factor = libm::exp10(strength);
        let stronger = |drug: &Drug| Drug {
            effect: match drug.effect {
                Effect::Exposure { kinetics, response: Response::Linear { rate } } => Effect::Exposure {
                    kinetics,
                    response: Response::Linear { rate: rate * factor },
                },
                other => other,
            },
            ..*drug
        };
        let lesion = Lesion { drugs: lesion.drugs.iter().map(stronger).collect(), ..lesion };
        let loose = Tolerance { relative: 1e-7, absolute: 1e-9, longest: f64::INFINITY };
        let exact = run(&lesion, &plan, &start(0.0), &DAYS);
        let quick = lesion.simulate(&plan, &start(0.0), &DAYS, &loose).unwrap();
        for (a, b) in exact.iter().zip(&quick) {
            let (a, b) = (a.ln_volume(), b.ln_volume());
            // Below a cell (about 1e-6 mm³) the solver holds no relative error.
            prop_assert!((a - b).abs() < 1e-4 || a.max(b) < -14.0, "{a} {b}");
        }
        let clones = TwoPopulations {
            sensitive_rate: 0.02,
            resistant_rate: 0.01,
            capacity: capacity.map(|c| Mm3(libm::exp10(c))),
            drugs: lesion.drugs.clone(),
            radiosensitivity: lesion.radiosensitivity,
            surgery_log_kill: None,
            clearance: lesion.clearance,
        };
        let cells = Populations::mixed(Mm3(4000.0), 0.05).unwrap();
        let run = |tolerance| clones.simulate(&plan, Days(0.0), cells, &DAYS, tolerance).unwrap();
        for (a, b) in run(&Tolerance::default()).iter().zip(&run(&loose)) {
            let (a, b) = (a.volume().0, b.volume().0);
            prop_assert!((a - b).abs() < 1e-4 * a + 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn simeoni_keeps_the_rules(
        plan in plan(), drugs in (drug(0), drug(1)), rt in radiosensitivity(),
        transit in 0.02..1.0, by in day(-100..100),
    ) {
        let model = Simeoni {
            surgery_log_kill: None,
            rate: 0.03,
            linear: 300.0,
            sharpness: 20.0,
            transit,
            drugs: vec![drugs.0, drugs.1],
            radiosensitivity: Some(rt),
        };
        let run = |plan: &Plan, by: f64| {
            let days = DAYS.map(|d| Days(d.0 + by));
            let cells = Stages::undamaged(Mm3(4000.0));
            model.simulate(plan, Days(by), cells, &days, &Tolerance::default()).unwrap()
        };
        let a = run(&plan, 0.0);
        prop_assert_eq!(&a, &run(&unchanged(&plan, Days(30.0)), 0.0));
        let mut later = a.clone();
        let rest = model
            .simulate(&plan, DAYS[3], a[3], &DAYS[4..], &Tolerance::default())
            .unwrap();
        later[4..].copy_from_slice(&rest);
        let shifted = run(&plan.shifted(by).unwrap(), by.0);
        let cut = run(&split(&plan), 0.0);
        for (i, a) in a.iter().enumerate() {
            let a = a.volume().0;
            for b in [shifted[i], cut[i], later[i]].map(|s| s.volume().0) {
                // Below a cell (about 1e-6 mm³) the solver holds no relative error.
                prop_assert!((a - b).abs() < 1e-7 * a + 1e-8, "{a} {b}");
            }
        }
    }
}
