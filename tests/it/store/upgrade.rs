use super::*;

/// A workspace as the first published schema left it: two time points, one lesion, two masks.
fn old_workspace(dir: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema_1");
    let sql = std::fs::read_to_string(data.join("oncotwin.sql")).unwrap();
    let conn = Connection::open(dir.join("oncotwin.sqlite")).unwrap();
    // Rows stand in the dump before the tables that they refer to.
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(&sql).unwrap();
    // "OTwn", which a dump does not hold.
    conn.execute_batch("PRAGMA application_id = 0x4f54776e; PRAGMA user_version = 1")
        .unwrap();
    for folder in std::fs::read_dir(data.join("artifacts")).unwrap() {
        let folder = folder.unwrap().path();
        let target = dir.join("artifacts").join(folder.file_name().unwrap());
        std::fs::create_dir_all(&target).unwrap();
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            std::fs::copy(&file, target.join(file.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn an_older_workspace_is_checked_as_far_as_its_trail_goes() {
    let dir = tempfile::tempdir().unwrap();
    old_workspace(dir.path());
    let report = verify(dir.path()).unwrap();
    assert!(report.ok, "{:?}", report.defects);
    assert_eq!((report.entries, report.rows_compared), (10, None));
    let error = Workspace::open(dir.path(), options(Access::Read)).err();
    assert!(matches!(error, Some(Error::Older { .. })));
}

#[test]
fn an_older_workspace_is_carried_over_once_and_can_be_replayed_from_there() {
    let dir = tempfile::tempdir().unwrap();
    old_workspace(dir.path());
    let (workspace, records) = open(dir.path());
    assert_eq!(records.segmented.len(), 2);
    assert_eq!(records.series.len(), 2);
    drop(workspace);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok, "{:?}", report.defects);
    assert!(report.rows_compared.unwrap() > 10);
    let (workspace, again) = open(dir.path());
    assert_eq!(again, records);
    drop(workspace);

    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    let n: i64 = conn
        .query_row(
            "SELECT count(*) FROM audit WHERE event = 'record.carry_over'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(n, 1);
    conn.execute("UPDATE segmented SET long_axis = long_axis + 1", [])
        .unwrap();
    drop(conn);
    let report = verify(dir.path()).unwrap();
    assert!(report.defects.iter().any(|d| d.kind == DefectKind::Replay));
}
