//! Undo, redo and jumping.

use std::cell::RefCell;

use jiff::civil::date;
use oncotwin::app::{Command, TreatmentEntry};
use oncotwin::case::*;
use oncotwin::store;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::Desk;

#[test]
fn a_drag_with_its_mask_is_one_step_that_outlives_the_session() {
    let mut desk = Desk::open();
    let empty = desk.records();
    desk.draw(0, 0, None);
    let drawn = desk.records();
    assert_eq!(drawn.segmented.len(), 1);
    assert_eq!(desk.titles(), [("Draw L1 · Baseline".to_owned(), false)]);

    desk.restart();
    assert_eq!(
        desk.view().history.undo.as_deref(),
        Some("Draw L1 · Baseline")
    );
    desk.send(Command::Undo);
    assert_eq!(desk.records(), empty);
    assert!(desk.session().state().shown_masks().is_empty());
    assert_eq!(desk.titles(), [("Draw L1 · Baseline".to_owned(), true)]);

    desk.restart();
    desk.send(Command::Redo);
    assert_eq!(desk.records(), drawn);
    assert_eq!(desk.session().state().shown_masks().len(), 1);
    assert_eq!(desk.view().selected, Some(drawn.lesions[0].id));
    // The mask came back from the record: nothing was segmented again.
    let made = store::Query::new(&desk.workspace())
        .entries(&store::Which::Event(
            drawn.patients[0].id,
            "mask.make".to_owned(),
        ))
        .expect("readable");
    assert_eq!(made.len(), 1);

    // And back once more, by the inverse of the redoing.
    desk.send(Command::Undo);
    assert_eq!(desk.records(), empty);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_mask_that_was_not_made_yet_is_made_after_redoing() {
    let mut desk = Desk::open();
    desk.start_drawing(0, 0, None);
    desk.send(Command::Undo);
    assert!(desk.records().annotations.is_empty());
    desk.send(Command::Redo);
    assert_eq!(desk.session().state().shown_masks().len(), 1);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_new_step_ends_what_could_be_redone_and_one_can_jump() {
    let mut desk = Desk::open();
    let empty = desk.records();
    let first = desk.draw(0, 0, None);
    let one = desk.records();
    desk.draw(1, 0, Some(first));
    desk.draw(0, 1, None);
    let three = desk.records();
    let steps: Vec<StepId> = desk.view().history.steps.iter().map(|s| s.id).collect();
    desk.send(Command::JumpTo {
        step: Some(steps[0]),
    });
    assert_eq!(desk.records(), one);
    desk.send(Command::JumpTo { step: None });
    assert_eq!(desk.records(), empty);
    desk.restart();
    desk.send(Command::JumpTo {
        step: Some(steps[2]),
    });
    assert_eq!(desk.records(), three);
    assert_eq!(desk.session().state().shown_masks().len(), 3);
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    desk.send(Command::EditLesion {
        lesion: first,
        label: "T1".to_owned(),
        organ: String::new(),
        role: LesionRole::Target,
        nodal: false,
    });
    let titles = desk.titles();
    assert_eq!(titles.len(), 2);
    assert_eq!(titles[1], ("Rename L1 to T1".to_owned(), false));
    desk.send(Command::Redo);
    assert!(desk.said("nothing to redo"));
    desk.restart();
    assert_eq!(desk.titles(), titles);
    desk.no_errors();
}

#[test]
fn what_an_import_forbids_to_undo_stays() {
    let mut desk = Desk::open();
    let study = desk.dir.path().join("study");
    let series = desk.series(0);
    let (one, two) = (desk.time_point(0), desk.time_point(1));
    desk.send(Command::MergeTimePoints {
        into: one,
        from: two,
    });
    desk.send(Command::SplitTimePoint { series });
    let split = desk.records();
    assert!(split.time_points.len() > 1);
    // Opening the same files again relinks them, which no step has to do with.
    desk.send(Command::Open { paths: vec![study] });
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    assert_eq!(desk.view().columns.len(), 5);
    assert_eq!(desk.view().columns[0].id, one);
    desk.no_errors();
    desk.verify();
}

/// Commands by number on whatever there is.
fn random_command(desk: &mut Desk, n: u8, a: usize, b: usize) -> Command {
    let records = desk.records();
    let points = desk.view().columns.iter().map(|c| c.id).collect::<Vec<_>>();
    let pick = |n: usize, len: usize| (len > 0).then(|| n % len);
    let lesion = |n| pick(n, records.lesions.len()).map(|n| records.lesions[n].clone());
    let mark = pick(a, records.annotations.len()).map(|n| records.annotations[n].id);
    let day = date(2024, 5, 1 + (a % 28) as i8);
    match (n % 9, lesion(a), mark) {
        (0, Some(l), _) => Command::EditLesion {
            lesion: l.id,
            label: format!("X{}", b % 3),
            organ: format!("site {b}"),
            role: [LesionRole::Target, LesionRole::NonTarget, LesionRole::New][b % 3],
            nodal: b.is_multiple_of(2),
        },
        (1, Some(l), _) if records.lesions.len() > 1 => Command::RemoveLesion { lesion: l.id },
        (2, _, Some(annotation)) => Command::LinkAnnotation {
            annotation,
            lesion: lesion(b).map(|l| l.id).filter(|_| b.is_multiple_of(2)),
        },
        (3, _, Some(annotation)) => Command::RemoveAnnotation { annotation },
        (4, _, _) => Command::SetDate {
            time_point: points[a % points.len()],
            date: day,
        },
        (5, _, _) => Command::MergeTimePoints {
            into: points[a % points.len()],
            from: points[b % points.len()],
        },
        (6, _, _) => Command::SplitTimePoint {
            series: records.series[a % records.series.len()].id,
        },
        (7, _, _) => match pick(b, records.treatments.len()) {
            Some(n) => Command::RemoveTreatment {
                treatment: records.treatments[n].id,
            },
            None => Command::SetScenario { change: None },
        },
        _ => Command::AddTreatment {
            treatment: TreatmentEntry {
                name: "drug".to_owned(),
                duration_days: 10.0,
                ..TreatmentEntry::new(day, TreatmentKind::Systemic)
            },
        },
    }
}

#[test]
fn undoing_all_leads_to_the_beginning_and_redoing_all_to_the_end() {
    // One study serves all cases: each begins where everything is undone.
    let mut desk = Desk::open();
    let beginning = desk.records();
    let desk = RefCell::new(desk);
    let commands = proptest::collection::vec((any::<u8>(), 0usize..50, 0usize..50), 1..14);
    let config = ProptestConfig {
        cases: 8,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let case = |commands: Vec<(u8, usize, usize)>| {
        let mut desk = desk.borrow_mut();
        desk.send(Command::JumpTo { step: None });
        let first = desk.draw(0, 0, None);
        desk.draw(0, 1, None);
        desk.draw(1, 0, Some(first));
        for (n, a, b) in commands {
            let command = random_command(&mut desk, n, a, b);
            desk.send(command);
        }
        let end = desk.records();
        desk.send(Command::JumpTo { step: None });
        prop_assert_eq!(&desk.records(), &beginning);
        let last = desk.view().history.steps.last().map(|s| s.id);
        desk.restart();
        desk.send(Command::JumpTo { step: last });
        prop_assert_eq!(&desk.records(), &end);
        desk.send(Command::JumpTo { step: None });
        prop_assert_eq!(&desk.records(), &beginning);
        desk.no_errors();
        Ok(())
    };
    let outcome = TestRunner::new(config).run(&commands, case);
    outcome.unwrap();
    desk.into_inner().verify();
}

/// Measured by hand: `cargo nextest run --run-ignored only history::steps::speed --no-capture`.
#[test]
#[ignore = "takes a minute; prints figures"]
fn speed() {
    const STEPS: usize = 100_000;
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = dir.path().join("case");
    let at = jiff::Timestamp::from_second(1_600_000_000).expect("in range");
    let (patient, lesion) = (
        PatientId(uuid::Uuid::from_u128(1)),
        LesionId(uuid::Uuid::from_u128(2)),
    );
    let lesion_of = |n: usize| Lesion {
        id: lesion,
        patient,
        label: format!("L{n}"),
        organ: String::new(),
        role: LesionRole::Target,
        nodal: false,
    };
    let transaction =
        |n: usize, changes: Vec<Change>, inverse: Vec<Change>, note: AuditNote| Transaction {
            id: StepId(uuid::Uuid::from_u128(1000 + n as u128)),
            changes,
            inverse,
            audit: Some(note.of(patient)),
        };
    let options = store::OpenOptions {
        clock: Box::new(jiff::Timestamp::now),
        app_version: "test".to_owned(),
        anchors: None,
        access: store::Access::Write,
        file_system: None,
    };
    let (store, _) = store::Workspace::open(&workspace, options).expect("opens");
    let identity = PatientIdentity {
        patient,
        code: "P".to_owned(),
        name: String::new(),
        birth_date: None,
        sex: String::new(),
    };
    let entered = Change::PutPatient(
        Patient {
            id: patient,
            created: at,
        },
        identity,
    );
    let note = AuditNote::new("series.import", AuditAction::C, "patient", patient);
    store.commit(transaction(
        0,
        vec![entered, Change::PutLesion(lesion_of(0))],
        vec![],
        note,
    ));
    for n in 1..=STEPS {
        let note = AuditNote::new("lesion.edit", AuditAction::U, "lesion", lesion)
            .step(format!("Rename L{} to L{n}", n - 1));
        let (changes, inverse) = (lesion_of(n), lesion_of(n - 1));
        let changes = vec![Change::PutLesion(changes)];
        store.commit(transaction(
            n,
            changes,
            vec![Change::PutLesion(inverse)],
            note,
        ));
    }
    drop(store);

    let clock = std::time::Instant::now;
    let begun = clock();
    let mut session = super::start(&workspace, 2);
    eprintln!("open {:?}", begun.elapsed());
    let begun = clock();
    session.send(Command::ShowPatient { patient });
    eprintln!("show {:?}", begun.elapsed());
    session.settle();
    eprintln!("history read after {:?}", begun.elapsed());
    let mut slowest = std::time::Duration::ZERO;
    for _ in 0..100 {
        let begun = clock();
        session.send(Command::Undo);
        slowest = slowest.max(begun.elapsed());
        session.settle();
    }
    eprintln!("undo, slowest of 100: {slowest:?}");
    let begun = clock();
    let view = session.view();
    eprintln!("view {:?}", begun.elapsed());
    assert_eq!(view.patient.map(|p| p.history.steps.len()), Some(STEPS));
    assert_eq!(
        session.state().records().lesions[0].label,
        format!("L{}", STEPS - 100)
    );
    let begun = clock();
    session.send(Command::JumpTo { step: None });
    eprintln!("jump over {} steps {:?}", STEPS - 100, begun.elapsed());
    session.settle();
    eprintln!("on disk after {:?}", begun.elapsed());
    assert!(slowest.as_millis() <= 50, "{slowest:?}");
}
