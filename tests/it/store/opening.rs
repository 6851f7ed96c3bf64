use super::*;

#[test]
fn a_second_opener_is_told_that_it_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let error = refused(dir.path());
    assert!(matches!(&error, Error::Locked { dir: d } if d == dir.path()));
    assert!(
        error
            .to_string()
            .contains(&dir.path().display().to_string())
    );
    // Who can do with reading reads, and is told why it is only that.
    let (reader, opened) = Workspace::open(dir.path(), options(Access::WriteOrRead)).unwrap();
    assert!(opened.read_only.unwrap().contains("another OncoTwin"));
    let error = reader.commit_now(new_patient().1).unwrap_err();
    assert!(matches!(error, Error::ReadingOnly { .. }), "{error}");
    reader.commit(new_patient().1);
    assert!(matches!(
        reader.answers().recv().unwrap(),
        Answer::Failed { .. }
    ));
    drop(reader);
    workspace.commit_now(new_patient().1).unwrap();
    drop(workspace);
    assert_eq!(open(dir.path()).1.patients.len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"in the way").unwrap();
    let error = refused(&file.join("workspace"));
    assert!(error.to_string().contains("workspace"), "{error}");

    let folder = dir.path().join("read-only");
    std::fs::create_dir(&folder).unwrap();
    let mut permissions = std::fs::metadata(&folder).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&folder, permissions).unwrap();
    if std::fs::write(folder.join("probe"), b"").is_ok() {
        eprintln!("skipped: this user may write into read-only folders");
        return;
    }
    let error = refused(&folder);
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
}

#[test]
fn a_damaged_database_is_reported_as_such() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    std::fs::write(
        dir.path().join("oncotwin.sqlite"),
        b"SQLite format 3\0 and rubbish",
    )
    .unwrap();
    let error = refused(dir.path());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn a_clock_that_goes_back_is_an_event_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2);
    let (workspace, _) = open(dir.path());
    drop(workspace);
    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    let (seq, content): (i64, String) = conn
        .query_row(
            "SELECT seq, content FROM audit JOIN journal USING (seq)
             WHERE event = 'clock.step'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    // Five entries from second 0 to 3 (founding and opening share one), then the clock begins anew.
    let content: serde_json::Value = serde_json::from_str(&content).unwrap();
    assert_eq!(
        (seq, &content["detail"]),
        (6, &json!({"back_ns": 3_000_000_000_i64}))
    );
    assert!(verify(dir.path()).unwrap().ok);
}

#[test]
fn leftovers_of_a_killed_writer_are_swept() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    let leftover = dir.path().join("artifacts/tmp/half");
    std::fs::write(&leftover, b"half").unwrap();
    open(dir.path());
    assert!(!leftover.exists());
}

#[test]
fn on_a_network_file_system_no_log_is_shared() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    let on_network = |access| OpenOptions {
        file_system: Some(FileSystem::Network("NFS".to_owned())),
        ..options(access)
    };
    let (workspace, opened) = Workspace::open(dir.path(), on_network(Access::Write)).unwrap();
    assert!(opened.notes[0].contains("NFS"), "{:?}", opened.notes);
    workspace.commit_now(new_patient().1).unwrap();
    assert!(!dir.path().join("oncotwin.sqlite-wal").exists());
    // Who reads beside it sees what was committed.
    let (_, opened) = Workspace::open(dir.path(), on_network(Access::Read)).unwrap();
    assert_eq!(opened.records.patients.len(), 2);
    assert!(verify(dir.path()).unwrap().ok);
    drop(workspace);
    // Back on a local disk the log is used again.
    let (workspace, records) = open(dir.path());
    assert_eq!(records.patients.len(), 2);
    workspace.commit_now(new_patient().1).unwrap();
    assert!(dir.path().join("oncotwin.sqlite-wal").exists());
}
