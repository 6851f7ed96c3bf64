//! `oncotwin measure --figure`: the numbers of the window without it.

use std::process::Command;

use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams};
use serde_json::{Value, json};

fn run(args: &[&str]) -> (i32, Value) {
    let out = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(args)
        .output()
        .expect("runs");
    let answer = serde_json::from_slice(&out.stdout).unwrap_or(Value::Null);
    (out.status.code().unwrap_or(-1), answer)
}

#[test]
fn figures_are_measured_from_places_and_from_voxels() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut params = PhantomParams::small();
    params.days.truncate(1);
    phantom::generate(&params, dir.path(), &JobContext::default()).expect("written");
    let study = dir.path().to_str().expect("Unicode");
    // Voxels of 1.3 × 1.3 × 2.5 mm.
    let line = json!({"kind": "length", "ends": [[10, 20, 5], [40, 20, 9]]}).to_string();
    let angle =
        json!({"kind": "angle", "points": [[9, 9, 3], [9, 19, 3], [29, 19, 3]]}).to_string();
    let ball =
        json!({"kind": "sphere", "center": [128, 128, 24], "rim": [138, 128, 24]}).to_string();
    let args = ["measure", study, "--item", "0", "--ijk", "--json"];
    let figures = [&line, &angle, &ball].map(|f| ["--figure", f.as_str()]);
    let args: Vec<&str> = args
        .into_iter()
        .chain(figures.into_iter().flatten())
        .collect();
    let (code, answer) = run(&args);
    assert_eq!(code, 0, "{answer}");
    let of = |n: usize| &answer["figures"][n]["measures"];
    let length = of(0)["length"]["value"].as_f64().expect("a length");
    assert!((length - 39f64.hypot(10.0)).abs() < 1e-6, "{length}");
    assert_eq!(of(0)["length"]["unit"], "mm");
    assert!((of(1)["angle"].as_f64().expect("an angle") - 90.0).abs() < 1e-9);
    let values = &of(2)["values"];
    assert_eq!(values["mean"]["unit"], "HU");
    assert_eq!(values["peak"], Value::Null);
    assert!(values["n"].as_u64().expect("a count") > 1000);

    // The same figure in millimetres says the same.
    let placed = answer["figures"][0]["figure"].to_string();
    let (_, again) = run(&[
        "measure", study, "--item", "0", "--json", "--figure", &placed,
    ]);
    assert_eq!(again["figures"][0], answer["figures"][0]);

    let nowhere = json!({"kind": "probe", "at": [1e4, 0, 0]}).to_string();
    let (code, _) = run(&[
        "measure", study, "--item", "0", "--json", "--figure", &nowhere,
    ]);
    assert_eq!(code, 1);
    let (code, _) = run(&["measure", study, "--figure", "{\"kind\":\"blob\"}"]);
    assert_eq!(code, 2);
    let (code, _) = run(&["measure", study]);
    assert_eq!(code, 2, "a mask or a figure is needed");
}
