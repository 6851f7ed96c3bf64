use super::*;

/// SQL run by somebody else, with the guards taken down first.
fn tamper(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("oncotwin.sqlite")).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF;
         DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;
         DROP TRIGGER audit_in_order; DROP TRIGGER journal_no_update;
         DROP TRIGGER journal_no_delete; DROP TRIGGER journal_in_order;",
    )
    .unwrap();
    conn.execute_batch(sql).unwrap();
}

fn defects(dir: &Path) -> Vec<(Option<i64>, DefectKind)> {
    let report = verify(dir).unwrap();
    assert!(!report.ok);
    report
        .defects
        .into_iter()
        .map(|d| (d.seq, d.kind))
        .filter(|d| d.1 != DefectKind::Guard)
        .collect()
}

#[test]
fn rows_cannot_be_changed_by_plain_sql() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2);
    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    for sql in [
        "UPDATE audit SET event = 'x' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 4",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
        "UPDATE journal SET content = '[]'",
        "DELETE FROM journal",
    ] {
        let error = conn.execute_batch(sql).unwrap_err().to_string();
        assert!(
            error.contains("audit") || error.contains("journal"),
            "{error}"
        );
    }
    assert!(verify(dir.path()).unwrap().ok);
}

#[test]
fn every_column_of_an_entry_is_protected() {
    for column in [
        "format",
        "utc_ns",
        "tz_s",
        "event_code",
        "role",
        "host",
        "patient",
        "step",
        "kind",
        "model",
        "session",
        "user",
        "app_version",
        "event",
        "action",
        "object_type",
        "object_id",
        "reason",
        "detail",
        "artifacts",
        "changes_sha256",
        "outcome",
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 3);
        let new = match column {
            "format" | "utc_ns" | "outcome" | "tz_s" | "event_code" => format!("{column} + 1"),
            _ => format!("{column} || 'x'"),
        };
        tamper(
            dir.path(),
            &format!("UPDATE audit SET {column} = {new} WHERE seq = 4"),
        );
        let found = defects(dir.path());
        assert!(
            found.contains(&(Some(4), DefectKind::Content)),
            "{column}: {found:?}"
        );
    }
}

#[test]
fn flipped_deleted_inserted_and_reordered_rows_are_found() {
    use DefectKind::{Chain, Content, Journal, Sequence};
    let flipped = "UPDATE audit SET hash = CASE substr(hash, 1, 1) WHEN 'f' THEN '0' ELSE 'f' END || substr(hash, 2)
        WHERE seq = 4";
    let deleted = "DELETE FROM audit WHERE seq = 4";
    let renumbered = "DELETE FROM audit WHERE seq = 4; DELETE FROM journal WHERE seq = 4;
        UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE journal SET seq = 4 WHERE seq = 5;";
    let inserted =
        "CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE seq = 6; UPDATE copy SET seq = 8;
        INSERT INTO audit SELECT * FROM copy;
        INSERT INTO journal SELECT 8, content, title, inverse FROM journal WHERE seq = 6;";
    let swapped = "UPDATE audit SET seq = 99 WHERE seq = 4;
        UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 99;";
    for (sql, expected) in [
        (flipped, vec![(4, Content), (5, Chain)]),
        (deleted, vec![(5, Sequence), (5, Chain), (4, Journal)]),
        (renumbered, vec![(4, Chain), (4, Content)]),
        (inserted, vec![(8, Chain), (8, Content)]),
        (
            swapped,
            vec![(4, Chain), (4, Content), (5, Chain), (5, Content)],
        ),
        ("DELETE FROM journal WHERE seq = 4", vec![(4, Journal)]),
        (
            "UPDATE journal SET content = '[]' WHERE seq = 4",
            vec![(4, Journal)],
        ),
        ("UPDATE audit SET detail = x'00' WHERE seq = 4", vec![]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 4);
        if expected.is_empty() {
            // STRICT tables do not even take a value of another type.
            let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
            conn.execute_batch(sql).unwrap_err();
            continue;
        }
        tamper(dir.path(), sql);
        let found = defects(dir.path());
        for (seq, kind) in expected {
            assert!(found.contains(&(Some(seq), kind)), "{sql}: {found:?}");
        }
    }
}

#[test]
fn a_cut_tail_changes_the_head() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3);
    let before = verify(dir.path()).unwrap();
    let cut = "DELETE FROM journal WHERE seq = 6; DELETE FROM audit WHERE seq = 6";
    tamper(dir.path(), cut);
    let after = verify(dir.path()).unwrap();
    assert_eq!((before.entries, after.entries), (6, 5));
    assert_ne!(before.head, after.head);
    let against = |head: &str| {
        let options = VerifyOptions {
            anchors: None,
            head: Some(head.to_owned()),
        };
        oncotwin::store::verify(dir.path(), &options).unwrap()
    };
    assert_eq!(against(&after.head).head_found_at, Some(5));
    let report = against(&before.head);
    assert!(report.defects.iter().any(|d| d.kind == DefectKind::Head));
}

#[test]
fn missing_guards_and_changed_artifacts_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let sha256 = filled(dir.path(), 2);
    tamper(dir.path(), "");
    let (folder, name) = sha256.split_at(2);
    let path = dir.path().join("artifacts").join(folder).join(name);
    std::fs::write(&path, b"another artifact").unwrap();
    let report = verify(dir.path()).unwrap();
    let guards = report
        .defects
        .iter()
        .filter(|d| d.kind == DefectKind::Guard);
    assert_eq!(guards.count(), 6);
    assert_eq!(defects(dir.path()), [(Some(4), DefectKind::Artifact)]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(defects(dir.path()), [(Some(4), DefectKind::Artifact)]);
}

#[test]
fn a_journal_emptied_by_hand_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2);
    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    conn.execute(
        "UPDATE journal SET content = NULL, title = NULL, inverse = NULL WHERE seq = 3",
        [],
    )
    .unwrap();
    assert!(defects(dir.path()).contains(&(Some(3), DefectKind::Journal)));
}

#[test]
fn no_identity_reaches_the_trail() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let mut transaction = audited(vec![patient(0)]);
    let note = transaction.audit.as_mut().unwrap();
    note.detail = json!({"who": "Yamada Tarou"});
    note.reason = "Yamada asked for it".into();
    note.title = "Enter Yamada".into();
    note.object_id = "Yamada Tarou".into();
    workspace.commit_now(transaction).unwrap();
    drop(workspace);
    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    let mut statement = conn.prepare("SELECT * FROM audit").unwrap();
    let n = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        for column in 0..n {
            let text = format!("{:?}", row.get_ref(column).unwrap());
            let text = format!("{text} {:?}", row.get::<_, String>(column));
            for word in ["Yamada", "山田", "MRN-0", "1950-02-28"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }
}

#[test]
fn verifying_does_not_need_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    workspace.commit_now(new_patient().1).unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.ok);
    assert_eq!(report.entries, 3);
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(value["defects"], json!([]));
    let missing = verify(&dir.path().join("elsewhere")).unwrap_err();
    assert!(missing.to_string().contains("elsewhere"));
}
