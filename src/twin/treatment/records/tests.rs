//! Records as people write them.

use super::super::event::unit;
use super::*;

fn read(events: &[TreatmentEvent]) -> (Treatments, Vec<Warning>) {
    Treatments::from_events(events).unwrap()
}

fn named(name: &str, event: TreatmentEvent) -> TreatmentEvent {
    TreatmentEvent {
        name: name.to_owned(),
        ..event
    }
}

fn stop(day: f64, name: &str) -> TreatmentEvent {
    TreatmentEvent {
        kind: EventKind::Stop,
        ..named(name, TreatmentEvent::systemic(Days(day), None))
    }
}

#[test]
fn repeated_doses_are_administrations() {
    let open = |day| TreatmentEvent {
        duration: None,
        ..TreatmentEvent::dose(Days(day), "Docetaxel", 75.0, "mg/m²")
    };
    let (t, warnings) = read(&[open(21.0), open(0.5)]);
    assert_eq!(warnings, []);
    let dose = Dose::mg_per_m2(75.0);
    assert_eq!(
        t.plan().events(),
        [
            Event::bolus(Days(0.5), DrugId(0), dose),
            Event::bolus(Days(21.0), DrugId(0), dose)
        ]
    );
    assert_eq!(t.reference(DrugId(0)), dose);
    // Alone it goes on, and that is said.
    let (t, warnings) = read(&[open(0.5)]);
    assert!(!t.is_dosed(DrugId(0)) && warnings.len() == 1);
}

#[test]
fn doubling_every_dose_doubles_what_a_model_sees() {
    let course = |dose| {
        let doses = [0.0, 21.0].map(|d| TreatmentEvent::dose(Days(d), "new drug", dose, "mg"));
        read(&doses).0
    };
    let (once, twice) = (course(120.0), course(240.0));
    assert_eq!(once.reference(DrugId(0)), twice.reference(DrugId(0)));
    assert_eq!(once.plan().scaled(Days(-1.0), 2.0).unwrap(), *twice.plan());
}

#[test]
fn a_daily_drug_is_given_until_it_is_stopped() {
    let tablets = TreatmentEvent {
        duration: None,
        ..TreatmentEvent::dose(Days(3.0), "sunitinib", 50.0, "mg/d")
    };
    let (t, _) = read(&[tablets, stop(31.0, "Sunitinib"), stop(10.0, "other")]);
    assert_eq!(
        t.plan().events(),
        [Event::infusion(
            Days(3.0),
            Some(Days(31.0)),
            DrugId(0),
            Dose::mg(50.0)
        )]
    );
    assert_eq!(t.reference(DrugId(0)), Dose::mg(1050.0));
}

#[test]
fn a_new_daily_dose_takes_the_place_of_the_one_before() {
    let tablets = |day, dose| TreatmentEvent {
        duration: None,
        ..TreatmentEvent::dose(Days(day), "sunitinib", dose, "mg/d")
    };
    let (t, _) = read(&[tablets(84.0, 37.5), tablets(0.0, 50.0)]);
    assert_eq!(
        t.plan().events(),
        [
            Event::infusion(Days(0.0), Some(Days(84.0)), DrugId(0), Dose::mg(50.0)),
            Event::infusion(Days(84.0), None, DrugId(0), Dose::mg(37.5))
        ]
    );
}

#[test]
fn a_switch_on_the_day_of_a_stop_is_given() {
    let (t, _) = read(&[
        named("A", TreatmentEvent::systemic(Days(0.0), None)),
        stop(100.0, ""),
        named("B", TreatmentEvent::systemic(Days(100.0), None)),
    ]);
    assert_eq!(
        t.plan().events(),
        [
            Event::infusion(Days(0.0), Some(Days(100.0)), DrugId(0), ONE_A_DAY),
            Event::infusion(Days(100.0), None, DrugId(1), ONE_A_DAY)
        ]
    );
}

#[test]
fn a_radiotherapy_dose_in_another_unit_is_named() {
    let event = TreatmentEvent {
        unit: "GyE".to_owned(),
        ..TreatmentEvent::radiotherapy(Days(0.0), Some(Gray(60.0)), None, Some(30))
    };
    let (_, warnings) = read(&[event]);
    assert!(
        warnings.iter().any(|w| w.message.contains("60 GyE")),
        "{warnings:?}"
    );
}

#[test]
fn times_alone_are_an_exposure_of_one() {
    let (t, warnings) = read(&[
        TreatmentEvent::systemic(Days(0.0), Some(Days(40.0))),
        TreatmentEvent::systemic(Days(30.0), Some(Days(30.0))),
        named("B", TreatmentEvent::systemic(Days(90.0), None)),
    ]);
    assert_eq!(warnings, []);
    assert_eq!(
        t.plan().events(),
        [
            Event::infusion(Days(0.0), Some(Days(60.0)), DrugId(0), ONE_A_DAY),
            Event::infusion(Days(90.0), None, DrugId(1), ONE_A_DAY)
        ]
    );
    assert_eq!((t.name(DrugId(0)), t.name(DrugId(1))), (None, Some("B")));
}

#[test]
fn drugs_always_given_together_count_as_one() {
    let both = [0.0, 21.0].iter().flat_map(|d| {
        [
            TreatmentEvent::dose(Days(*d), "Carboplatin", 5.0, "AUC"),
            TreatmentEvent::dose(Days(*d), "Paclitaxel", 175.0, "mg/m2"),
        ]
    });
    let (t, warnings) = read(&both.collect::<Vec<_>>());
    assert_eq!(t.name(DrugId(0)), Some("Carboplatin + Paclitaxel"));
    assert_eq!((t.regimens().len(), warnings.len()), (1, 1));
}

#[test]
fn one_drug_in_two_units_is_refused() {
    let doses = [
        TreatmentEvent::dose(Days(0.0), "docetaxel", 75.0, "mg/m2"),
        TreatmentEvent::dose(Days(21.0), "docetaxel", 130.0, "mg"),
    ];
    let error = Treatments::from_events(&doses).unwrap_err();
    assert!(matches!(&error, Error::DoseUnit { .. }));
    assert!(error.to_string().contains("docetaxel"), "{error}");
}

#[test]
fn fractions_fall_on_weekdays_once_or_twice_a_day() {
    let course = |gy, days, n| {
        let event =
            TreatmentEvent::radiotherapy(Days(1.0), Some(Gray(gy)), Some(Days(days)), Some(n));
        let (t, warnings) = read(&[event]);
        (t.plan().events().to_vec(), warnings.len())
    };
    let (once, _) = course(60.0, 40.0, 30);
    assert_eq!((once.len(), once[29].day), (30, Days(40.0)));
    assert_eq!(once[0].act, Act::Fraction { dose: Gray(2.0) });
    let (twice, _) = course(60.0, 19.0, 30);
    assert_eq!((twice.len(), twice[1].day), (30, Days(1.25)));
    // Five fractions within ten days are no such course.
    let (few, warnings) = course(50.0, 10.0, 5);
    assert_eq!((few[1].day, warnings), (Days(3.5), 2));
}

#[test]
fn radiotherapy_without_fractions_is_spread_over_its_days() {
    let (t, warnings) = read(&[TreatmentEvent::radiotherapy(
        Days(5.0),
        None,
        Some(Days(14.0)),
        None,
    )]);
    let act = Act::Course {
        total: RT_REFERENCE_DOSE,
        until: Days(19.0),
    };
    assert_eq!((t.plan().events()[0].act, warnings.len()), (act, 3));
}

#[test]
fn units_as_people_write_them() {
    for (text, expected) in [
        ("mg/m²", Some((DoseUnit::MgPerM2, 1.0, false))),
        (" MG/M^2 ", Some((DoseUnit::MgPerM2, 1.0, false))),
        ("g", Some((DoseUnit::Mg, 1000.0, false))),
        ("mg/day", Some((DoseUnit::Mg, 1.0, true))),
        ("mg/kg/d", Some((DoseUnit::MgPerKg, 1.0, true))),
        ("AUC", Some((DoseUnit::Auc, 1.0, false))),
        ("IU", None),
        ("", None),
    ] {
        assert_eq!(unit(text), expected, "{text}");
    }
}

/// What each event is to the others, by looking at all of them.
fn slow_end(events: &[TreatmentEvent], i: usize) -> Option<Days> {
    let event = &events[i];
    let same = |e: &&TreatmentEvent| e.name == event.name && e.day.0 > event.day.0;
    events
        .iter()
        .filter(|e| e.day.0 > event.day.0)
        .filter(|e| match e.kind {
            EventKind::Stop => e.name.is_empty() || e.name == event.name,
            _ => same(e) && e.dose.is_some(),
        })
        .map(|e| e.day)
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

#[test]
fn a_thousand_events_end_as_those_looked_at_one_by_one() {
    // Twenty drugs by turns, each day another dose of one, and now and then a stop of one or all.
    let events: Vec<TreatmentEvent> = (0..1000)
        .map(|i| {
            let (day, name) = (f64::from(i) * 0.5, format!("drug {}", i * 7 % 20));
            match i % 13 {
                5 => stop(day, &name),
                11 if i % 3 == 0 => stop(day, ""),
                _ => TreatmentEvent {
                    duration: None,
                    ..TreatmentEvent::dose(Days(day), &name, 10.0 + f64::from(i), "mg/d")
                },
            }
        })
        .collect();
    let (read, _) = read(&events);
    let mut expected: Vec<(f64, Option<Days>)> = (0..events.len())
        .filter(|i| events[*i].kind == EventKind::Systemic)
        .map(|i| (events[i].dose.unwrap(), slow_end(&events, i)))
        .collect();
    let mut found: Vec<(f64, Option<Days>)> = read
        .plan()
        .events()
        .iter()
        .map(|e| match e.act {
            Act::Infusion { per_day, until, .. } => (per_day.amount, until),
            _ => panic!("{e:?}"),
        })
        .collect();
    for list in [&mut expected, &mut found] {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    assert_eq!(found, expected);
}

#[test]
fn drugs_of_one_regimen_are_told_once() {
    let three = ["A", "B", "C"].map(|name| TreatmentEvent::dose(Days(0.0), name, 5.0, "AUC"));
    let (_, warnings) = read(&three);
    let told = |w: &&Warning| w.message.contains("always given together");
    let told: Vec<&Warning> = warnings.iter().filter(told).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].message.starts_with("A + B + C are"), "{warnings:?}");
}
