//! The verbs that keep and get back.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::*;

/// Runs the program with `--json`; its exit code and answer.
fn run(crashes: &Path, args: &[&str]) -> (i32, Value) {
    let done = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(args)
        .arg("--json")
        .env("ONCOTWIN_CRASH_DIR", crashes)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    (done.status.code().unwrap(), json)
}

fn schema(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs/schemas")
        .join(format!("{name}.schema.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Whether an answer has the keys and types of its schema (of JSON Schema, what these use).
fn check(schema: &Value, answer: &Value, at: &str) {
    let fits = |kind: &str| match kind {
        "object" => answer.is_object(),
        "array" => answer.is_array(),
        "string" => answer.is_string(),
        "integer" => answer.is_u64(),
        "boolean" => answer.is_boolean(),
        other => panic!("{other} in a schema"),
    };
    if let Some(kind) = schema["type"].as_str() {
        assert!(fits(kind), "{at} is no {kind}: {answer}");
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().unwrap();
        assert!(answer.get(key).is_some(), "{at} lacks {key}");
        assert!(
            schema["properties"][key].is_object(),
            "{at}: {key} is not described"
        );
    }
    for (key, value) in answer.as_object().into_iter().flatten() {
        let described = &schema["properties"][key];
        assert!(described.is_object(), "{at}.{key} is not described");
        check(described, value, &format!("{at}.{key}"));
    }
    for (n, value) in answer.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], value, &format!("{at}[{n}]"));
    }
}

#[test]
fn a_workspace_goes_into_a_file_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (case, file, again) = (path("case"), path("a.oncotwin-backup"), path("again"));
    let records = filled(Path::new(&case), 3);
    let run = |args: &[&str]| run(dir.path(), args);

    let (code, answer) = run(&["backup", "--case", &case, "--out", &file]);
    assert_eq!(code, 0, "{answer}");
    check(&schema("backup"), &answer, "backup");
    assert_eq!(answer["complete"], true);
    let (code, answer) = run(&["backup", "--case", &case, "--out", &file]);
    assert_eq!(
        (code, answer["error"]["code"].as_str()),
        (1, Some("E-EXISTS"))
    );

    let (code, answer) = run(&["restore", &file, "--case", &again]);
    assert_eq!(code, 0, "{answer}");
    check(&schema("restore"), &answer, "restore");
    assert_eq!(open(Path::new(&again)).1, records);
    let (code, answer) = run(&["restore", &file, "--case", &again]);
    assert_eq!(
        (code, answer["error"]["code"].as_str()),
        (1, Some("E-NOT-EMPTY"))
    );

    let (code, answer) = run(&["salvage", "--case", &case, "--out", &path("saved")]);
    assert_eq!(code, 0, "{answer}");
    check(&schema("salvage"), &answer, "salvage");
    assert_eq!(answer["whole"], true);

    let artifact = &records.segmented[0].artifact_sha256;
    let stored = Path::new(&case).join("artifacts").join(&artifact[..2]);
    std::fs::remove_file(stored.join(&artifact[2..])).unwrap();
    let (code, answer) = run(&["backup", "--case", &case, "--out", &path("b")]);
    assert_eq!(code, 1);
    check(&schema("backup"), &answer, "backup");
    assert_eq!(answer["missing"][0]["sha256"], artifact.as_str());
}

#[test]
fn crash_reports_are_looked_through() {
    let dir = tempfile::tempdir().unwrap();
    let crashes = dir.path().join("crashes");
    let run = |args: &[&str]| run(&crashes, args);
    let (code, answer) = run(&["crashes", "list"]);
    assert_eq!(code, 0);
    check(&schema("crashes"), &answer, "crashes");
    assert_eq!(answer["reports"], serde_json::json!([]));

    std::fs::create_dir(&crashes).unwrap();
    for (second, message) in [(1, "older"), (2, "newer")] {
        std::fs::write(
            crashes.join(format!("crash-2026-03-01T10-00-0{second}Z-77.txt")),
            format!("version: 0\nplace:    src/a.rs:1:2\nmessage:  {message}\n"),
        )
        .unwrap();
    }
    std::fs::write(crashes.join("thesis.txt"), "mine").unwrap();
    let (_, answer) = run(&["crashes", "list"]);
    check(&schema("crashes"), &answer, "crashes");
    let reports = answer["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0]["summary"], "newer (src/a.rs:1:2)");
    let newer = reports[0]["path"].as_str().unwrap();
    let older = reports[1]["path"].as_str().unwrap();
    let (code, answer) = run(&["crashes", "show", newer]);
    assert_eq!(code, 0);
    assert!(answer["text"].as_str().unwrap().contains("newer"));
    assert_eq!(run(&["crashes", "keep", newer]).0, 0);
    assert_eq!(run(&["crashes", "delete", older]).0, 0);
    assert_eq!(
        run(&["crashes", "list"]).1["reports"],
        serde_json::json!([])
    );
    assert_eq!(listing(&crashes), ["seen", "thesis.txt"]);
    assert_eq!(listing(&crashes.join("seen")).len(), 1);

    let other = crashes.join("thesis.txt");
    let (code, answer) = run(&["crashes", "delete", other.to_str().unwrap()]);
    assert_eq!(
        (code, answer["error"]["code"].as_str()),
        (1, Some("E-CRASH"))
    );
    assert!(other.exists());
}
