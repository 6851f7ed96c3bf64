//! The verbs that measure keep their contract.

use std::process::Command;

#[test]
fn a_short_record_is_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "record", "--gestures", "200", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["bench"], "record");
    assert!(answer["wall_s"].as_f64().unwrap() > 0.0);
    let rows = answer["rows"].as_array().unwrap();
    for row in rows {
        assert!(row["value"].as_f64().is_some_and(|v| v > 0.0), "{row}");
        assert!(
            row["method"].is_string() && row["unit"].is_string(),
            "{row}"
        );
    }
    let commit = rows.iter().find(|r| r["quantity"] == "commit").unwrap();
    assert!(commit["peer"].is_string() && commit["ratio"].as_f64().unwrap() > 0.0);
}
