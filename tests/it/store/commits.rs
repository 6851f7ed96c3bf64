use super::*;

#[test]
fn are_answered_in_order_and_a_failed_one_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    workspace.wake_with(Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let orphan = Change::PutSeriesView(SeriesId(id(3, 0)), SeriesView::default());
    let theme = Change::PutSetting("theme".into(), json!("dark"));
    let looks = |change| Transaction {
        id: StepId(Uuid::new_v4()),
        inverse: Vec::new(),
        changes: vec![change],
        audit: None,
    };
    let tickets = [
        workspace.commit(audited(vec![patient(0)])),
        workspace.commit(looks(orphan)),
        workspace.commit(Transaction {
            id: StepId(Uuid::new_v4()),
            inverse: Vec::new(),
            changes: vec![patient(1)],
            audit: None,
        }),
        workspace.commit(looks(theme)),
        workspace.commit(audited(vec![patient(1)])),
    ];
    let answers: Vec<_> = workspace.answers().iter().take(5).collect();
    let expected = |n: usize, seq| {
        matches!(&answers[n], Answer::Committed { ticket, seq: s }
            if *ticket == tickets[n] && *s == seq)
    };
    // Entries 1 and 2 are the founding and the opening of the workspace.
    assert!(expected(0, Some(3)));
    assert!(matches!(
        &answers[1],
        Answer::Failed { ticket, error: Error::Refused(_) } if *ticket == tickets[1]
    ));
    assert!(matches!(
        &answers[2],
        Answer::Failed {
            error: Error::Unaccounted,
            ..
        }
    ));
    assert!(expected(3, None));
    assert!(expected(4, Some(4)));
    drop(workspace);
    // Answers of one batch wake once.
    assert!((1..=5).contains(&woken.load(Ordering::SeqCst)));
}

#[test]
fn queued_before_the_end_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    for _ in 0..100 {
        workspace.commit(new_patient().1);
    }
    drop(workspace);
    let (_, records) = open(dir.path());
    assert_eq!(records.patients.len(), 100);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let treatment = |dose| {
        Change::PutTreatment(Treatment {
            id: TreatmentId(id(6, 0)),
            patient: PatientId(id(1, 0)),
            date: date(2026, 1, 1),
            kind: TreatmentKind::Radiotherapy,
            name: String::new(),
            dose,
            unit: "Gy".into(),
            duration_days: 0.0,
            schedule: None,
            fractions: None,
        })
    };
    workspace.commit_now(audited(vec![patient(0)])).unwrap();
    for bad in [f64::NAN, f64::INFINITY] {
        let error = workspace
            .commit_now(audited(vec![treatment(Some(bad))]))
            .unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }
    workspace
        .commit_now(audited(vec![treatment(None)]))
        .unwrap();
}

#[test]
fn an_artifact_must_be_there_before_the_record_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    for bad in ["00".repeat(32), "../../../etc/passwd".into()] {
        let (_, mut transaction) = new_patient();
        transaction.audit.as_mut().unwrap().artifacts = vec![bad];
        workspace.commit_now(transaction).unwrap_err();
    }
    drop(workspace);
    assert_eq!(open(dir.path()).1, Records::default());
}
