//! The verb that measures calibration keeps its contract.

use std::process::Command;

use serde_json::Value;

use crate::schema;

#[test]
fn ranks_bands_and_times_of_a_few_draws() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("calibration.md");
    let output = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "sbc", "--json", "--draws", "40"])
        .args(["--models", "exponential,stein_fojo", "--out"])
        .arg(&document)
        .arg("--peers")
        .arg(folder.path().join("no environment"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["bench"], "sbc");
    let rows = answer["rows"].as_array().unwrap();
    schema::keeps_that_of_bench(&answer);

    let of_seed =
        |seed: u64| -> Vec<&Value> { rows.iter().filter(|r| r["seed"] == seed).collect() };
    let (first, second) = (of_seed(20_261_123), of_seed(424_242));
    // Three regimes of the one, three sets of priors of the other; parameters, and two sizes ahead.
    assert_eq!(first.len(), (2 + 2) + (4 + 2) + (3 + 2) + 3 * (3 + 2));
    assert_eq!(first.len(), second.len());
    for row in first.iter().chain(&second) {
        assert_eq!(row["draws"], 40);
        for key in ["p_chi_square", "p_ecdf", "p_chi_square_holm", "p_ecdf_holm"] {
            let p = row[key].as_f64().unwrap();
            assert!(p > 0.0 && p <= 1.0, "{row}");
        }
        assert!(row["p_ecdf_holm"].as_f64() >= row["p_ecdf"].as_f64());
        let coverage = row["coverage"].as_array().unwrap();
        let shares: Vec<f64> = coverage.iter().map(|c| c.as_f64().unwrap()).collect();
        assert!(shares.is_sorted() && shares[2] <= 1.0, "{row}");
    }
    assert_ne!(first[0]["coverage"], second[0]["coverage"]);

    let of_set = |set: &str| -> Vec<&Value> { rows.iter().filter(|r| r["set"] == set).collect() };
    // Five models and their average, with and without straying.
    let cohort = of_set("misspecified");
    assert_eq!(cohort.len(), 6 * 2 * 3);
    for three in cohort.chunks(3) {
        let sum: f64 = three.iter().map(|r| r["ours"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
    assert!(cohort.iter().filter(|r| r["ok"].is_boolean()).count() == 6);
    let times: Vec<&Value> = [of_set("speed"), of_set("patient")].concat();
    assert!(times.iter().any(|r| r["model"] == "stein_fojo"));
    assert!(
        times
            .iter()
            .any(|r| r["fit"] == "usual models, two threads")
    );
    assert!(
        times
            .iter()
            .all(|r| r["ours"].as_f64().is_some_and(|ms| ms > 0.0))
    );
    // Peers that are not there are said to be missing.
    let missing = of_set("peers");
    assert_eq!(missing.len(), 2);
    assert!(missing.iter().all(|r| r["missing"].is_string()));
    let text = std::fs::read_to_string(document).unwrap();
    assert!(text.contains("\n## Doubts\n") && text.contains("emcee are missing"));
}

#[test]
fn models_that_are_not_known_are_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "sbc", "--draws", "4", "--models", "exponentail"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("stein_fojo"));
}
