//! What can still be read is saved, whatever was destroyed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use oncotwin::store::{DefectKind, Error, SalvageReport, check_database, salvage};

use super::verify;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

use super::*;

const PAGE: usize = 4096;

/// A workspace of some hundred transactions, to be copied.
struct Sample {
    database: Vec<u8>,
    records: Records,
    artifacts: PathBuf,
    pages: Vec<Page>,
    _dir: tempfile::TempDir,
}

/// A page as SQLite's own statistics describe it.
struct Page {
    number: usize,
    table: String,
    kind: String,
    cells: u64,
}

fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let records = filled(dir.path(), 250);
        let path = dir.path().join("oncotwin.sqlite");
        let conn = Connection::open(&path).unwrap();
        let mut pages = conn
            .prepare("SELECT pageno, name, pagetype, ncell FROM dbstat ORDER BY pageno")
            .unwrap();
        let pages = pages
            .query_map([], |row| {
                Ok(Page {
                    number: row.get::<_, i64>(0)? as usize,
                    table: row.get(1)?,
                    kind: row.get(2)?,
                    cells: row.get::<_, i64>(3)? as u64,
                })
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        Sample {
            database: std::fs::read(&path).unwrap(),
            records,
            artifacts: dir.path().join("artifacts"),
            pages,
            _dir: dir,
        }
    })
}

/// The sample with this database, without artifacts.
fn damaged(dir: &Path, database: &[u8]) -> PathBuf {
    let case = dir.join("case");
    std::fs::create_dir(&case).unwrap();
    std::fs::write(case.join("oncotwin.sqlite"), database).unwrap();
    case
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: &String| std::fs::read(dir.join(name)).unwrap_or_default();
    listing(dir)
        .into_iter()
        .map(|n| (n.clone(), read(&n)))
        .collect()
}

/// Salvages a damaged database and checks what must hold in any case.
fn saved(database: &[u8]) -> (tempfile::TempDir, SalvageReport) {
    let dir = tempfile::tempdir().unwrap();
    let case = damaged(dir.path(), database);
    let before = contents(&case);
    let to = dir.path().join("saved");
    let report = salvage(&case, &to, &job()).unwrap();
    assert_eq!(contents(&case), before, "the original was touched");
    assert_eq!(listing(dir.path()), ["case", "saved"]);
    assert_eq!(check_database(&to).unwrap(), Vec::<String>::new());
    let conn = Connection::open(to.join("oncotwin.sqlite")).unwrap();
    let broken: i64 = conn
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(broken, 0);
    if conn
        .query_row("SELECT 1 FROM audit", [], |_| Ok(()))
        .is_ok()
    {
        conn.execute("DELETE FROM audit", []).unwrap_err();
    }
    drop(conn);
    open(&to);
    let kinds: BTreeSet<_> = verify(&to)
        .unwrap()
        .defects
        .iter()
        .map(|d| format!("{:?}", d.kind))
        .collect();
    assert!(!kinds.contains(&format!("{:?}", DefectKind::Guard)));
    (dir, report)
}

#[test]
fn of_a_sound_workspace_is_a_copy() {
    let sample = sample();
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    std::fs::create_dir(&case).unwrap();
    std::fs::write(case.join("oncotwin.sqlite"), &sample.database).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&sample.artifacts, case.join("artifacts")).unwrap();
    let before = verify(&case).unwrap();
    assert!(before.ok);
    let to = dir.path().join("saved");
    let report = salvage(&case, &to, &job()).unwrap();
    assert!(report.whole, "{report:?}");
    assert!(report.artifacts > 0);
    assert_eq!(verify(&to).unwrap(), before);
    assert_eq!(open(&to).1, sample.records);
}

#[test]
fn rows_on_sound_pages_are_saved() {
    let sample = sample();
    let n = sample.database.len() / PAGE;
    let mut wholly_read = 0;
    for seed in 0..80 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut numbers: Vec<usize> = (1..=n).collect();
        numbers.shuffle(&mut random);
        numbers.truncate(random.random_range(1..=8));
        if seed % 5 == 0 && !numbers.contains(&1) {
            numbers.push(1);
        }
        let mut database = sample.database.clone();
        for number in &numbers {
            let page = &mut database[(number - 1) * PAGE..number * PAGE];
            if random.random_bool(0.5) {
                page.fill(0);
            } else {
                random.fill_bytes(page);
            }
        }
        let (_dir, report) = saved(&database);
        for table in &report.tables {
            let (mut expected, mut overflows) = (0, 0);
            for page in sample.pages.iter().filter(|p| p.table == table.name) {
                let is_hit = numbers.contains(&page.number);
                match page.kind.as_str() {
                    "leaf" if !is_hit => expected += page.cells,
                    "overflow" if is_hit => overflows += 1,
                    _ => {}
                }
            }
            assert!(
                table.read >= u64::saturating_sub(expected, overflows),
                "seed {seed}, pages {numbers:?}: {table:?}, {expected} were on sound pages; {:#?}",
                report.findings
            );
            wholly_read += u64::from(table.left_out == 0 && table.lost == 0);
        }
    }
    assert!(wholly_read > 0);
}

#[test]
fn damaged_bytes_cost_no_more_than_their_rows() {
    let sample = sample();
    for seed in 0..60 {
        let mut random = ChaCha8Rng::seed_from_u64(1000 + seed);
        let mut database = sample.database.clone();
        for _ in 0..random.random_range(1..60) {
            let at = random.random_range(0..database.len());
            database[at] ^= random.random_range(1..=255u8);
        }
        if seed % 6 == 0 {
            let length = database.len() / 10 * random.random_range(3..10);
            database.truncate(length);
        }
        let (_dir, report) = saved(&database);
        let written: u64 = report.tables.iter().map(|t| t.written).sum();
        assert!(written > 100, "seed {seed}: {:#?}", report.tables);
    }
}

#[test]
fn a_log_that_was_not_played_back_counts() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 3);
    let (workspace, _) = open(&case);
    for n in 0..5 {
        workspace.commit_now(patient(&workspace, n)).unwrap();
    }
    let error = salvage(&case, &dir.path().join("saved"), &job()).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    // As after a crash: the lock is gone, the log is not.
    let crashed = dir.path().join("crashed");
    std::fs::create_dir(&crashed).unwrap();
    for name in ["oncotwin.sqlite", "oncotwin.sqlite-wal"] {
        std::fs::copy(case.join(name), crashed.join(name)).unwrap();
    }
    let to = dir.path().join("saved");
    let report = salvage(&crashed, &to, &job()).unwrap();
    assert!(report.findings.is_empty());
    assert_eq!(report.missing.len(), 5);
    assert_eq!(
        listing(&crashed),
        ["oncotwin.sqlite", "oncotwin.sqlite-wal"]
    );
    assert_eq!(open(&to).1.patients.len(), 8);
}

#[test]
fn what_the_program_cannot_read_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 9);
    let conn = Connection::open(case.join("oncotwin.sqlite")).unwrap();
    conn.execute_batch(
        "UPDATE lesions SET role = 'nonsense' WHERE ord = 2;
         UPDATE time_points SET position = -7 WHERE ord = 5;
         UPDATE segmented SET warnings = '17' WHERE ord = 8",
    )
    .unwrap();
    drop(conn);
    assert!(Workspace::open(&case, options()).is_err());
    let to = dir.path().join("saved");
    let report = salvage(&case, &to, &job()).unwrap();
    assert!(!report.whole);
    let left_out = |name: &str| {
        let mut tables = report.tables.iter();
        tables.find(|t| t.name == name).unwrap().left_out
    };
    assert_eq!(left_out("patients"), 0);
    assert_eq!(left_out("lesions"), 1);
    assert_eq!(left_out("time_points"), 1);
    assert_eq!(left_out("series"), 1);
    assert_eq!(left_out("annotations"), 2);
    assert_eq!(left_out("segmented"), 3);
    let (_, records) = open(&to);
    assert_eq!(records.patients.len(), 9);
    assert_eq!(records.segmented.len(), 6);
}

#[test]
fn rows_that_were_deleted_do_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 200);
    let conn = Connection::open(case.join("oncotwin.sqlite")).unwrap();
    conn.execute("DELETE FROM patient_identity WHERE ord > 10", [])
        .unwrap();
    conn.execute(
        "UPDATE journal SET content = NULL, title = NULL, inverse = NULL",
        [],
    )
    .unwrap();
    drop(conn);
    let to = dir.path().join("saved");
    salvage(&case, &to, &job()).unwrap();
    let conn = Connection::open(to.join("oncotwin.sqlite")).unwrap();
    let rows: i64 = conn
        .query_row("SELECT count(*) FROM patient_identity", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, 10);
    drop(conn);
    let bytes = std::fs::read(to.join("oncotwin.sqlite")).unwrap();
    assert_eq!(bytes.windows(6).filter(|w| *w == b"Yamada").count(), 10);
}

#[test]
fn a_wrong_list_of_free_pages_costs_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 200);
    let path = case.join("oncotwin.sqlite");
    let conn = Connection::open(&path).unwrap();
    conn.execute("DELETE FROM patient_identity WHERE ord > 10", [])
        .unwrap();
    conn.execute(
        "UPDATE journal SET content = NULL, title = NULL, inverse = NULL",
        [],
    )
    .unwrap();
    let one = |sql| conn.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    let entries = one("SELECT count(*) FROM audit");
    let live = one("SELECT max(pageno) FROM dbstat WHERE name = 'audit' AND pagetype = 'leaf'");
    drop(conn);
    let mut bytes = std::fs::read(&path).unwrap();
    let trunk = u32::from_be_bytes(bytes[32..36].try_into().unwrap()) as usize;
    let first = (trunk - 1) * PAGE + 8;
    bytes[first..first + 4].copy_from_slice(&live.to_be_bytes());
    let (_dir, report) = saved(&bytes);
    let audit = report.tables.iter().find(|t| t.name == "audit").unwrap();
    assert_eq!((audit.written, audit.lost), (u64::from(entries), 0));
}

#[test]
fn what_is_no_workspace_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("saved");
    let error = salvage(&dir.path().join("none"), &to, &job()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");

    let case = damaged(dir.path(), &[0x5a; 50_000]);
    let error = salvage(&case, &to, &job()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");

    let path = case.join("oncotwin.sqlite");
    std::fs::remove_file(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')")
        .unwrap();
    drop(conn);
    let error = salvage(&case, &to, &job()).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");

    std::fs::write(&path, &sample().database).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE of_tomorrow (x) STRICT; PRAGMA user_version = 99")
        .unwrap_err();
    conn.execute_batch("CREATE TABLE of_tomorrow (x TEXT) STRICT; PRAGMA user_version = 99")
        .unwrap();
    drop(conn);
    let error = salvage(&case, &to, &job()).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
    assert_eq!(listing(dir.path()), ["case"]);

    std::fs::create_dir_all(to.join("thesis")).unwrap();
    let error = salvage(&case, &to, &job()).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
}
