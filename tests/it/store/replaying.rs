use super::*;

fn anchored(dir: &Path, keys: &Path) -> (Workspace, oncotwin::store::Opened) {
    let options = OpenOptions {
        anchors: Some(keys.to_owned()),
        ..options(Access::Write)
    };
    Workspace::open(dir, options).unwrap()
}

fn kinds(dir: &Path, keys: Option<&Path>) -> Vec<DefectKind> {
    let options = VerifyOptions {
        anchors: keys.map(Path::to_owned),
        head: None,
    };
    let report = oncotwin::store::verify(dir, &options).unwrap();
    assert_eq!(report.ok, report.defects.is_empty());
    report.defects.into_iter().map(|d| d.kind).collect()
}

/// Edits of tables that no guard protects.
fn edit(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("oncotwin.sqlite")).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(sql).unwrap();
}

#[test]
fn an_edited_added_or_removed_row_is_found() {
    for sql in [
        "UPDATE patient_identity SET name = 'Doe'",
        "UPDATE patients SET created = '2020-01-01T00:00:00Z'",
        "UPDATE workspace SET created = '2020-01-01T00:00:00Z'",
        "DELETE FROM patient_identity",
        "UPDATE artifacts SET bytes = 1",
        "INSERT INTO readers VALUES ('x', 'Mallory', 'radiologist', '2020-01-01T00:00:00Z')",
        "INSERT INTO patients (id, created) VALUES ('y', '2020-01-01T00:00:00Z')",
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 2);
        assert_eq!(kinds(dir.path(), None), []);
        edit(dir.path(), sql);
        assert!(
            kinds(dir.path(), None).contains(&DefectKind::Replay),
            "{sql}"
        );
    }
}

#[test]
fn how_things_are_looked_at_is_no_part_of_it() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    edit(
        dir.path(),
        "INSERT INTO settings (key, value) VALUES ('dark_theme', 'true')",
    );
    assert_eq!(kinds(dir.path(), None), []);
}

#[test]
fn a_spoilt_view_does_not_keep_the_record_from_opening() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1);
    edit(
        dir.path(),
        "INSERT INTO series_view (series, slice, zoom, pan_x, pan_y) VALUES ('x', -1, 1, 0, 0);
         INSERT INTO settings (key, value) VALUES ('good', '1')",
    );
    let (_, records) = open(dir.path());
    assert_eq!(records.patients.len(), 1);
    assert!(records.series_views.is_empty());
    assert_eq!(records.settings.len(), 1);
}

#[test]
fn a_cut_tail_contradicts_the_anchor_and_is_noted_when_opened() {
    let (dir, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (workspace, opened) = anchored(dir.path(), keys.path());
    assert!(opened.alerts.is_empty());
    workspace.commit_now(new_patient().1).unwrap();
    workspace.commit_now(new_patient().1).unwrap();
    drop(workspace);
    assert_eq!(kinds(dir.path(), Some(keys.path())), []);
    // The trail and the tables alike lose what came last; nothing inside contradicts itself.
    edit(
        dir.path(),
        "DROP TRIGGER audit_no_delete; DROP TRIGGER journal_no_delete;
         DELETE FROM journal WHERE seq > 3; DELETE FROM audit WHERE seq > 3;
         DELETE FROM patients WHERE ord = 2; DELETE FROM patient_identity WHERE ord = 2;
         CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
         CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
    );
    assert_eq!(kinds(dir.path(), None), []);
    assert_eq!(kinds(dir.path(), Some(keys.path())), [DefectKind::Anchor]);
    let (workspace, opened) = anchored(dir.path(), keys.path());
    assert_eq!(opened.alerts.len(), 1, "{:?}", opened.alerts);
    drop(workspace);
    // The anchor follows again, and the trail tells for ever what was found.
    assert_eq!(kinds(dir.path(), Some(keys.path())), [DefectKind::Alert]);
    assert_eq!(anchored(dir.path(), keys.path()).1.alerts.len(), 0);
}

#[test]
fn an_older_copy_of_the_whole_folder_is_found() {
    let (dir, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let case = dir.path().join("case");
    drop(anchored(&case, keys.path()));
    let old = dir.path().join("old");
    copy(&case, &old);
    let (workspace, _) = anchored(&case, keys.path());
    workspace.commit_now(new_patient().1).unwrap();
    drop(workspace);
    std::fs::remove_dir_all(&case).unwrap();
    // A copy at another place is a workspace of its own.
    assert_eq!(kinds(&old, Some(keys.path())), []);
    std::fs::rename(&old, &case).unwrap();
    assert_eq!(kinds(&case, Some(keys.path())), [DefectKind::Anchor]);
    // Its owner may put a backup back on purpose.
    oncotwin::store::forget_anchors(&case, keys.path()).unwrap();
    assert_eq!(kinds(&case, Some(keys.path())), []);
}

#[test]
fn a_forged_anchor_is_found_and_another_users_is_not_asked() {
    let (dir, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(anchored(dir.path(), keys.path()));
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("anchor-") {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace("\"entries\":3", "\"entries\":2")).unwrap();
        }
    }
    assert_eq!(kinds(dir.path(), Some(keys.path())), [DefectKind::Anchor]);
    let other = tempfile::tempdir().unwrap();
    assert_eq!(kinds(dir.path(), Some(other.path())), []);
}

#[test]
fn a_spoilt_key_is_told_of_and_keeps_nothing_from_opening() {
    let (dir, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(anchored(dir.path(), keys.path()));
    std::fs::write(keys.path().join("anchor.key"), "no key").unwrap();
    let (workspace, opened) = anchored(dir.path(), keys.path());
    assert!(opened.alerts.is_empty());
    workspace.commit(new_patient().1);
    let answers: Vec<Answer> = workspace.answers().iter().take(2).collect();
    assert!(matches!(answers[0], Answer::Committed { .. }));
    let Answer::Trouble { error } = &answers[1] else {
        panic!("{answers:?}");
    };
    assert!(error.to_string().contains("anchor.key"), "{error}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn sessions_that_did_not_close_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let unclean = || {
        let (workspace, opened) = Workspace::open(dir.path(), options(Access::Write)).unwrap();
        drop(workspace);
        opened.unclean
    };
    assert!(!unclean());
    assert!(!unclean());
    edit(
        dir.path(),
        "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
    );
    assert!(unclean());
}
