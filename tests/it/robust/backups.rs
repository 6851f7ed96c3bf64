//! One file, and back.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use oncotwin::store::{Error, backup, check_database, restore};

use super::verify;
use proptest::prelude::*;

use super::*;

const NAME: &str = "x.oncotwin-backup";

#[test]
fn comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    let records = filled(&case, 30);
    let before = verify(&case).unwrap();
    let file = dir.path().join(NAME);
    let report = backup(&case, &file, "0.1.0-test", now(), &job()).unwrap();
    assert!(report.complete);
    assert_eq!(report.artifacts, 30);
    assert_eq!(report.audit_head, before.head);
    assert_eq!(report.bytes, std::fs::metadata(&file).unwrap().len());

    // An empty folder will do.
    let again = dir.path().join("again");
    std::fs::create_dir(&again).unwrap();
    let restored = restore(&file, &again, &job()).unwrap();
    assert!(restored.complete);
    assert_eq!(restored.artifacts, 30);
    assert_eq!(restored.created, now());
    assert_eq!(verify(&again).unwrap(), before);
    assert!(check_database(&again).unwrap().is_empty());
    assert_eq!(open(&again).1, records);
    assert_eq!(listing(dir.path()), ["again", "case", NAME]);
}

#[test]
fn any_tar_program_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir.path().join("case"), 1);
    let file = dir.path().join(NAME);
    backup(&dir.path().join("case"), &file, "0", now(), &job()).unwrap();
    let mut archive = tar::Archive::new(std::fs::File::open(&file).unwrap());
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|e| e.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names[0], "oncotwin.sqlite");
    assert!(names[1].starts_with("artifacts/"));
    assert_eq!(names[2..], ["manifest.json", "SHA256"]);
}

#[test]
fn is_one_moment_of_a_workspace_that_is_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 5);
    let (workspace, _) = open(&case);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                workspace.commit_now(patient(&workspace, n)).unwrap();
                n += 1;
            }
            n
        });
        let mut entries = 0;
        for k in 0..6 {
            let file = dir.path().join(format!("{k}.oncotwin-backup"));
            let made = backup(&case, &file, "0", now(), &job()).unwrap();
            assert!(made.complete, "{:?}", made.missing);
            assert!(made.audit_entries > entries);
            entries = made.audit_entries;
            let again = dir.path().join(format!("again {k}"));
            restore(&file, &again, &job()).unwrap();
            let report = verify(&again).unwrap();
            assert!(report.ok, "{:?}", report.defects);
            assert_eq!(report.head, made.audit_head);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writing.join().unwrap() > 0);
    });
}

#[test]
fn says_what_it_could_not_hold() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    let records = filled(&case, 3);
    let artifact = |n: usize| {
        let sha256 = &records.segmented[n].artifact_sha256;
        case.join("artifacts").join(&sha256[..2]).join(&sha256[2..])
    };
    std::fs::remove_file(artifact(0)).unwrap();
    std::fs::write(artifact(1), b"something else").unwrap();
    let file = dir.path().join(NAME);
    let report = backup(&case, &file, "0", now(), &job()).unwrap();
    assert!(!report.complete);
    assert_eq!(report.artifacts, 1);
    let mut expected = [0, 1].map(|n: usize| records.segmented[n].artifact_sha256.clone());
    expected.sort();
    let named: Vec<&str> = report.missing.iter().map(|m| m.sha256.as_str()).collect();
    assert_eq!(named, expected);

    let again = dir.path().join("again");
    let restored = restore(&file, &again, &job()).unwrap();
    assert!(!restored.complete);
    assert_eq!(restored.missing, report.missing);
    assert_eq!(open(&again).1, records);
}

#[test]
fn holds_nothing_that_was_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 3);
    let conn = rusqlite::Connection::open(case.join("oncotwin.sqlite")).unwrap();
    conn.execute("DELETE FROM patient_identity", []).unwrap();
    conn.execute(
        "UPDATE journal SET content = NULL, title = NULL, inverse = NULL",
        [],
    )
    .unwrap();
    drop(conn);
    let file = dir.path().join(NAME);
    backup(&case, &file, "0", now(), &job()).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"Yamada"));
}

#[test]
fn replaces_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 1);
    let file = dir.path().join(NAME);
    std::fs::write(&file, b"mine").unwrap();
    let error = backup(&case, &file, "0", now(), &job()).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    std::fs::remove_file(&file).unwrap();
    backup(&case, &file, "0", now(), &job()).unwrap();

    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("thesis.txt"), b"mine").unwrap();
    let error = restore(&file, &full, &job()).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    assert_eq!(listing(&full), ["thesis.txt"]);
    let error = restore(&file, &full.join("thesis.txt"), &job()).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
}

#[test]
fn leaves_nothing_when_cancelled_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 1);
    let file = dir.path().join(NAME);
    let cancelled = job();
    cancelled.cancel.cancel();
    let error = backup(&case, &file, "0", now(), &cancelled).unwrap_err();
    assert!(matches!(error, Error::Cancelled(_)), "{error}");
    let error = backup(&dir.path().join("none"), &file, "0", now(), &job()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert_eq!(listing(dir.path()), ["case"]);

    backup(&case, &file, "0", now(), &job()).unwrap();
    let error = restore(&file, &dir.path().join("again"), &cancelled).unwrap_err();
    assert!(matches!(error, Error::Cancelled(_)), "{error}");
    assert_eq!(listing(dir.path()), ["case", NAME]);
}

#[test]
fn of_a_damaged_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case, 20);
    let database = case.join("oncotwin.sqlite");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&database, bytes).unwrap();
    let file = dir.path().join(NAME);
    let error = backup(&case, &file, "0", now(), &job()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(!file.exists());
    // Where the damage hits the schema, not even the check can read on.
    assert!(check_database(&case).map_or(true, |findings| !findings.is_empty()));
}

/// The bytes of a backup of two patients.
fn bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        filled(&dir.path().join("case"), 2);
        let file = dir.path().join(NAME);
        backup(&dir.path().join("case"), &file, "0", now(), &job()).unwrap();
        std::fs::read(file).unwrap()
    })
}

fn is_refused(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(NAME);
    std::fs::write(&file, bytes).unwrap();
    let result = restore(&file, &dir.path().join("case"), &job());
    matches!(result, Err(Error::Backup { .. })) && listing(dir.path()) == [NAME]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut changed = bytes().to_vec();
        let at = at.index(changed.len());
        changed[at] ^= 1u8 << bit;
        prop_assert!(is_refused(&changed));
    }

    #[test]
    fn a_missing_or_superfluous_end_is_found(
        length in any::<prop::sample::Index>(),
        more in proptest::collection::vec(any::<u8>(), 1..2000),
    ) {
        let whole = bytes();
        prop_assert!(is_refused(&whole[..length.index(whole.len())]));
        prop_assert!(is_refused(&[whole, &more].concat()));
    }
}

#[test]
fn bits_of_the_last_blocks_count_too() {
    for at in bytes().len() - 2048..bytes().len() {
        let mut changed = bytes().to_vec();
        changed[at] ^= 1;
        assert!(is_refused(&changed), "byte {at}");
    }
}
