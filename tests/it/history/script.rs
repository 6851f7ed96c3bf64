//! The verbs of review scripts that the record knows.

use std::path::Path;

use oncotwin::app::{Script, review};
use oncotwin::case::ReadingState;
use serde_json::{Value, json};

use super::Desk;

fn run(desk: &mut Desk, commands: Value) -> Result<(), String> {
    let script: Script = serde_json::from_value(json!({"commands": commands})).expect("valid");
    let out = desk.dir.path().join("out");
    review::run(desk.session(), &script, Path::new(""), &out).map_err(|e| e.to_string())
}

#[test]
fn a_script_reads_signs_undoes_and_restores() {
    let mut desk = Desk::open();
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let shorter = p0.midpoint(p0.midpoint(p1));
    let drag = |from| json!({"do": "drag", "timepoint": 0, "p0": from, "p1": p1, "lesion": "L1"});
    let done = run(
        &mut desk,
        json!([
            {"do": "reader", "name": "Ada Reader"},
            drag(p0),
            drag(shorter),
            {"do": "restore", "lesion": "L1", "timepoint": 0, "version": 0},
            {"do": "undo"},
            {"do": "redo"},
            {"do": "jump", "to": "beginning"},
            {"do": "jump", "to": 2},
            {"do": "review", "timepoint": 0},
            {"do": "sign", "timepoint": 0, "meaning": "approval"},
        ]),
    );
    assert_eq!(done, Ok(()));
    let records = desk.records();
    assert_eq!(records.annotations.len(), 1);
    assert_eq!(
        records.signoffs.last().map(|s| s.state),
        Some(ReadingState::Signed)
    );
    let new = json!({"do": "drag", "timepoint": 0, "p0": p0, "p1": p1, "lesion": "L7"});
    for refused in [
        json!({"do": "undo"}),
        json!({"do": "undo"}),
        drag(p0),
        new,
        json!({"do": "remove", "lesion": "L1"}),
        json!({"do": "remove", "lesion": "L1", "timepoint": 0}),
        json!({"do": "restore", "lesion": "L1", "timepoint": 0, "version": 1}),
        json!({"do": "sign", "timepoint": 0, "meaning": "review"}),
    ] {
        let said = run(&mut desk, json!([refused])).expect_err("refused");
        assert!(said.contains("is signed by Ada Reader"), "{said}");
        assert_eq!(desk.records(), records);
    }
    for (wrong, why) in [
        (
            json!({"do": "amend", "timepoint": 0, "reason": ""}),
            "a reason is required",
        ),
        (json!({"do": "jump", "to": 9}), "the history has 3"),
        (
            json!({"do": "remove", "lesion": "L1", "timepoint": 1}),
            "not marked at time point 1",
        ),
        (json!({"do": "erase", "reason": ""}), "a reason is required"),
    ] {
        let said = run(&mut desk, json!([wrong])).expect_err("refused");
        assert!(said.contains(why), "{said}");
    }
    let done = run(
        &mut desk,
        json!([
            {"do": "amend", "timepoint": 0, "reason": "wrong side"},
            {"do": "remove", "lesion": "L1"},
            {"do": "undo"},
            {"do": "erase", "reason": "test data"},
        ]),
    );
    assert_eq!(done, Ok(()));
    assert!(desk.records().patients.is_empty());
    desk.verify();
}
