use super::*;

/// Whether any file below `dir` holds these bytes.
fn is_anywhere(dir: &Path, bytes: &[u8]) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let found = if path.is_dir() {
            is_anywhere(&path, bytes)
        } else {
            let content = std::fs::read(&path).unwrap();
            content
                .windows(bytes.len())
                .any(|w| w == bytes)
                .then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

pub(super) fn erase(patient: PatientId) -> Transaction {
    let note = AuditNote::new("patient.erase", AuditAction::D, "patient", patient);
    Transaction {
        id: StepId(Uuid::new_v4()),
        changes: vec![Change::ErasePatient(patient)],
        inverse: Vec::new(),
        audit: Some(note.of(patient).because("Consent was withdrawn")),
    }
}

fn named(n: u8, name: &str, artifact: &str) -> (PatientId, Transaction) {
    let Change::PutPatient(patient, mut identity) = patient(n) else {
        unreachable!()
    };
    identity.name = name.to_owned();
    let id = patient.id;
    let note = note("patient.create", id)
        .of(id)
        .titled(format!("Enter {name}"))
        .with_artifact(artifact);
    let transaction = Transaction {
        id: StepId(Uuid::new_v4()),
        changes: vec![Change::PutPatient(patient, identity)],
        inverse: Vec::new(),
        audit: Some(note),
    };
    (id, transaction)
}

#[test]
fn takes_everything_of_one_patient_and_nothing_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let put = |bytes: &[u8]| workspace.artifacts().put(bytes).unwrap();
    let (own, shared) = (put(b"own mask of Ada"), put(b"a mask of both"));
    let (ada, mut enter) = named(0, "Lovelace^Ada", &own);
    enter.audit.as_mut().unwrap().artifacts.push(shared.clone());
    workspace.commit_now(enter).unwrap();
    let (_, enter) = named(1, "Hopper^Grace", &shared);
    workspace.commit_now(enter).unwrap();
    assert!(is_anywhere(dir.path(), b"Lovelace").is_some());

    workspace.commit_now(erase(ada)).unwrap();
    assert!(!dir.path().join("oncotwin.erasing").exists());
    workspace.artifacts().get(&own).unwrap_err();
    workspace.artifacts().get(&shared).unwrap();
    assert_eq!(is_anywhere(dir.path(), b"Lovelace"), None);
    assert_eq!(is_anywhere(dir.path(), b"MRN-0"), None);
    assert!(is_anywhere(dir.path(), b"Hopper").is_some());
    drop(workspace);

    let report = verify(dir.path()).unwrap();
    assert!(report.ok, "{:?}", report.defects);
    assert_eq!(report.erased, 1);
    let (_, records) = open(dir.path());
    assert_eq!(records.patients.len(), 1);
    assert_eq!(records.identities[0].name, "Hopper^Grace");
    // The trail still tells that there was a patient, and who erased it when and why.
    let trail = Workspace::open(dir.path(), options(Access::Read))
        .unwrap()
        .0;
    let entries = trail.query().entries(&Which::Object(ada.to_string()));
    let entries = entries.unwrap();
    assert!(entries[0].erased && entries[0].act.is_none());
    assert_eq!(
        entries[1].act.as_ref().unwrap().reason,
        "Consent was withdrawn"
    );
}

#[test]
fn is_finished_at_the_next_start_when_it_was_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let own = workspace.artifacts().put(b"own mask of Ada").unwrap();
    let (ada, enter) = named(0, "Lovelace^Ada", &own);
    workspace.commit_now(enter).unwrap();
    workspace.commit_now(erase(ada)).unwrap();
    // As if the power had gone between the commit and what follows it.
    workspace.artifacts().put(b"own mask of Ada").unwrap();
    drop(workspace);
    std::fs::write(dir.path().join("oncotwin.erasing"), b"").unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(
        report
            .defects
            .iter()
            .any(|d| d.kind == DefectKind::Artifact)
    );
    let (workspace, _) = open(dir.path());
    workspace.artifacts().get(&own).unwrap_err();
    assert!(verify(dir.path()).unwrap().ok);
}

#[test]
fn needs_an_entry_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let (ada, enter) = named(0, "Lovelace^Ada", &workspace.artifacts().put(b"x").unwrap());
    workspace.commit_now(enter).unwrap();
    let error = workspace
        .commit_now(audited(vec![Change::ErasePatient(ada)]))
        .unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    drop(workspace);
    assert_eq!(open(dir.path()).1.patients.len(), 1);
    assert!(!dir.path().join("oncotwin.erasing").exists());
}
