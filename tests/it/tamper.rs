//! The tampering matrix: everything is found, or is on the page of what cannot be.

use oncotwin::store::{Tampering, tamper};

fn matrix() -> Vec<Tampering> {
    let scratch = tempfile::tempdir().unwrap();
    tamper(scratch.path(), 1).unwrap()
}

#[test]
fn every_tampering_is_found_or_has_its_reason_on_the_page() {
    let page = include_str!("../../docs/threat-model.md");
    let rows = matrix();
    let missed: Vec<&Tampering> = rows.iter().filter(|row| !row.ok).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    for row in &rows {
        if let Some(reason) = row.excuse {
            assert!(page.contains(reason), "{reason:?} is not on the page");
        }
    }
    // An excuse that is not needed any more should go.
    let needless: Vec<&Tampering> = rows
        .iter()
        .filter(|row| row.excuse.is_some() && row.found == row.tried)
        .collect();
    assert!(needless.is_empty(), "{needless:#?}");

    // Each way of finding is needed for something.
    for kind in [
        "content", "chain", "sequence", "journal", "replay", "anchor", "head", "artifact", "guard",
        "database", "opening",
    ] {
        assert!(
            rows.iter().any(|row| row.found_by.contains_key(kind)),
            "nothing was found by {kind}"
        );
    }
    let flips = rows
        .iter()
        .find(|row| row.what.contains("of the database was flipped"));
    assert!(
        flips.is_some_and(|row| row.found * 8 > row.tried),
        "{flips:?}"
    );
    assert!(rows.len() > 250, "{}", rows.len());
}
