//! What a power cut may leave is looked for at the next start.

use super::*;

#[test]
fn a_database_that_an_unclean_end_damaged_is_told_of() {
    let dir = tempfile::tempdir().expect("a folder");
    let case = dir.path().join("case");
    drop(start(&case, 1));
    let sql = |text: &str| {
        let conn = rusqlite::Connection::open(case.join("oncotwin.sqlite")).expect("opens");
        conn.execute_batch(text).expect("done");
    };
    let damage = "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET rootpage =
            (SELECT rootpage FROM sqlite_schema WHERE name = 'scenarios_patient')
        WHERE name = 'treatments_patient'";
    let is_told = |session: &Session| {
        let messages = session.state().messages().iter();
        messages
            .filter(|m| m.text.contains("damaged") && m.hint.contains("salvage"))
            .count()
    };
    // Without damage an unclean end is nothing to speak of.
    let unclean = "DROP TRIGGER audit_no_delete;
        DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    sql(unclean);
    let session = start(&case, 2);
    assert_eq!(is_told(&session), 0);
    drop(session);
    sql("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)");
    sql(damage);
    assert_eq!(is_told(&start(&case, 3)), 1);
}
