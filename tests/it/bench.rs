//! The verbs that measure keep their contract.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::schema;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .arg("bench")
        .args(arguments)
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a verb refuses with, for programs and for people.
fn refusal(arguments: &[&str]) -> (Value, String) {
    let for_programs = bench(&[arguments, &["--json"]].concat());
    assert_eq!(for_programs.status.code(), Some(1), "{arguments:?}");
    let answer: Value = serde_json::from_slice(&for_programs.stdout).unwrap();
    let for_people = bench(arguments);
    assert_eq!(for_people.status.code(), Some(1), "{arguments:?}");
    assert_eq!(said(&for_people.stdout), "", "{arguments:?}");
    (answer["error"].clone(), said(&for_people.stderr))
}

#[test]
fn what_a_verb_takes_is_told_by_its_help() {
    for (verb, options) in [
        (
            "laleh",
            &["--data <DATA>", "--program", "--out <FILE>", "--json"][..],
        ),
        (
            "mice",
            &[
                "--data <DATA>",
                "--peers <PEERS>",
                "--without-ages",
                "--out <FILE>",
                "--json",
            ],
        ),
        (
            "sbc",
            &[
                "--draws <DRAWS>",
                "--models <NAME>",
                "--peers <PEERS>",
                "--out <FILE>",
                "--json",
            ],
        ),
    ] {
        let output = bench(&[verb, "--help"]);
        assert!(output.status.success(), "{verb}");
        let help = said(&output.stdout);
        for option in options {
            assert!(help.contains(option), "{verb} {option}: {help}");
        }
        let unknown = bench(&[verb, "--colour", "red"]);
        assert_eq!(unknown.status.code(), Some(2), "{verb}");
    }
}

#[test]
fn data_that_are_absent_are_named_with_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().to_str().unwrap();
    for (verb, set) in [
        ("laleh", "C2_laleh2022_recist"),
        ("mice", "C3_mouse_growth_vaghi_benzekry"),
    ] {
        let (error, told) = refusal(&[verb, "--data", data]);
        assert_eq!(error["code"], "E-DATA", "{error}");
        for text in [error["message"].as_str().unwrap(), &told] {
            assert!(text.contains(set), "{text}");
        }
        assert!(
            error["where"].as_str().unwrap().starts_with(data),
            "{error}"
        );
        assert!(
            error["hint"].as_str().unwrap().contains("--data"),
            "{error}"
        );
        assert!(told.contains("--data"), "{told}");
    }
}

#[test]
fn a_document_that_could_not_be_written_is_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("absent").join("figures.md");
    for out in [place.as_path(), folder.path()] {
        let out = out.to_str().unwrap();
        for verb in ["laleh", "mice", "sbc"] {
            let (error, told) = refusal(&[verb, "--out", out]);
            assert_eq!(error["code"], "E-WRITE", "{error}");
            assert_eq!(error["where"], out);
            assert!(told.contains("--out"), "{told}");
        }
    }
    assert!(!Path::new(&place).exists());
}

/// Without data and without larger phantoms: what remains has the rows of the schema, and what is absent is
/// named.
#[test]
fn segmentation_names_the_sets_that_it_has_not() {
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().to_str().unwrap();
    let output = bench(&[
        "segment",
        "--json",
        "--tuning",
        "--largest",
        "3.5",
        "--data",
        data,
        "--peers",
        data,
    ]);
    let text = said(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    schema::keeps_that_of_bench(&answer);
    let rows = answer["rows"].as_array().unwrap();
    let of = |set: &str| rows.iter().filter(|r| r["set"] == set).count();
    assert_eq!((of("real"), of("times")), (0, 1));
    assert!(of("phantom") > 0 && of("missing") > 5, "{text}");
}

#[test]
fn a_short_record_is_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "record", "--gestures", "200", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["bench"], "record");
    schema::keeps_that_of_bench(&answer);
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
