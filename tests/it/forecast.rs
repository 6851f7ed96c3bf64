//! The forecaster on the lesions that its table was learnt from, and the verb that measures it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use oncotwin::twin::forecast::score::{HIGH, LEVELS, LOW, MIDDLE, crps, interval_score};
use oncotwin::twin::forecast::{Learning, Population, Readings};
use oncotwin::units::{Days, Mm};
use serde_json::Value;

use crate::common::shared;
use crate::schema;

const TABLE: &str = "data/C2_laleh2022_recist/data/flat_patient_data.csv";

/// Day and diameter of each reading, by lesion.
fn lesions(table: &Path) -> Vec<Vec<(Days, Mm)>> {
    let mut lesions: BTreeMap<usize, Vec<(Days, Mm)>> = BTreeMap::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(table).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let [patient, arm, day, diameter] =
        ["Pt_hashID", "Study_Arm", "T_days", "Lesion_diam"].map(column);
    for row in reader.records() {
        let row = row.unwrap();
        let name = (row[patient].to_owned(), row[arm].to_owned());
        let next = places.len();
        let place = *places.entry(name).or_insert(next);
        let reading = (
            Days(row[day].parse().unwrap()),
            Mm(row[diameter].parse().unwrap()),
        );
        lesions.entry(place).or_default().push(reading);
    }
    lesions.into_values().collect()
}

#[test]
fn the_table_of_the_program_is_what_the_lesions_teach() {
    let Some(path) = shared(TABLE) else { return };
    let lesions = lesions(&path);
    assert_eq!(lesions.len(), 1461);
    let readings: Vec<Readings> = lesions
        .iter()
        .map(|l| Readings::of_diameters(l.iter().copied()))
        .collect();
    let learnt = Population::learn(readings.iter(), Learning::LALEH_2022).unwrap();
    assert!(learnt == *Population::laleh_2022(), "{learnt:?}");
}

/// The published figures of the last reading carried forward, and scores of the table on lesions that it
/// knows (`bench laleh` scores it on trials that it does not know).
#[test]
fn held_out_scans_are_where_the_last_reading_was_give_or_take() {
    let Some(path) = shared(TABLE) else { return };
    let long: Vec<_> = lesions(&path)
        .into_iter()
        .filter(|l| l.len() >= 6)
        .collect();
    assert_eq!(long.len(), 641);
    let (mut error, mut normalised, mut score, mut interval) = (0.0, 0.0, 0.0, 0.0);
    let mut within = 0;
    for lesion in &long {
        let scans = lesion.len() - 2;
        let readings = Readings::of_diameters(lesion.iter().copied());
        let (last_day, last) = lesion[scans - 1];
        for (day, truth) in &lesion[scans..] {
            let horizon = Days(day.0 - last_day.0);
            let found = Population::laleh_2022().forecast(&readings.first(scans), horizon);
            let q = LEVELS.map(|level| found.quantile(level).value());
            assert!(q.is_sorted() && q[MIDDLE] == last.0);
            error += (last.0 - truth.0).abs();
            normalised += (last.0.powi(3) - truth.0.powi(3)).abs() / 228.0_f64.powi(3);
            score += crps(&LEVELS, &q, truth.0);
            interval += interval_score(q[LOW], q[HIGH], truth.0, 0.2);
            within += usize::from((q[LOW]..=q[HIGH]).contains(&truth.0));
        }
    }
    let n = 1282.0;
    assert!((error / n - 3.787).abs() < 5e-4, "{}", error / n);
    assert!((normalised / n - 0.002_849).abs() < 5e-7);
    assert!(score / n < 3.01 && interval / n < 24.0);
    let coverage = f64::from(u32::try_from(within).unwrap()) / n;
    assert!((0.77..0.83).contains(&coverage), "{coverage}");
}

/// A folder of image sets with a small set of made-up lesions in the form of the real one, so many of them
/// with seven scans and the others with five.
fn small_set(long: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("C2_laleh2022_recist");
    std::fs::create_dir_all(set.join("data")).unwrap();
    let mut table =
        "Pt_hashID,Study_Arm,Study_id,T_weeks,T_days,Lesion_diam,Lesion_normvol\n".to_owned();
    let mut list = String::new();
    let mut answers = "Pt_hashID,Study_Arm,readings,response,gompertz,last_value\n".to_owned();
    for lesion in 0..15_u32 {
        let study = 1 + lesion % 3;
        for scan in 0..if lesion < long { 7 } else { 5_u32 } {
            let d = f64::from(20 + (lesion * 7 + scan * 5) % 13);
            let (week, day) = (6 * scan, 42 * scan);
            let volume = d.powi(3) / 228.0_f64.powi(3);
            table.push_str(&format!("P{lesion},A,{study},{week},{day},{d},{volume}\n"));
        }
        list.push_str(&format!("P{lesion},A\n"));
        answers.push_str(&format!("P{lesion},A,7,flux,0.001,0.001\n"));
    }
    std::fs::write(set.join("data/flat_patient_data.csv"), table).unwrap();
    std::fs::write(set.join("battle_rows.txt"), list).unwrap();
    std::fs::write(
        set.join("reference_model_battle_errors_study1.csv"),
        answers,
    )
    .unwrap();
    folder
}

fn bench(data: &Path, threads: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "laleh", "--json", "--data"])
        .arg(data)
        .args(more)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap()
}

/// The rows, without times.
fn rows(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["bench"], "laleh");
    schema::keeps_that_of_bench(&answer);
    let mut rows = answer["rows"].as_array().unwrap().clone();
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("seconds");
    }
    rows
}

#[test]
fn every_model_has_a_row_whatever_the_number_of_threads() {
    let folder = small_set(15);
    let document = folder.path().join("forecast.md");
    let alone = rows(&bench(folder.path(), "1", &[]));
    let together = rows(&bench(
        folder.path(),
        "3",
        &["--out", document.to_str().unwrap()],
    ));
    assert_eq!(alone, together);
    let models: Vec<&str> = alone.iter().map(|r| r["model"].as_str().unwrap()).collect();
    for model in [
        "exponential",
        "logistic",
        "classical_bertalanffy",
        "bertalanffy",
        "gompertz",
        "locf",
        "oncotwin",
    ] {
        let found = models.iter().filter(|m| **m == model).count();
        assert_eq!(found, 1, "{model}");
    }
    for row in &alone {
        assert_eq!(row["n"], 15, "{row}");
        for key in ["mae_mm", "median_ae_mm", "mae_normvol", "mae_normvol_641"] {
            assert!(row[key].as_f64().unwrap() > 0.0, "{key}: {row}");
        }
    }
    let ours = alone.iter().find(|r| r["model"] == "oncotwin").unwrap();
    for key in ["crps_mm", "coverage80", "coverage95", "interval_score"] {
        assert!(ours[key].is_f64(), "{key}: {ours}");
    }
    assert_eq!(ours["crps_gap_ci95"].as_array().unwrap().len(), 2);
    assert_eq!(ours["variants"], 1);
    assert_eq!(ours["is_table_of_program"], false);
    let text = std::fs::read_to_string(document).unwrap();
    assert!(text.contains("CC BY 4.0") && text.contains("\n## Doubts\n"));
    assert!(text.contains("\nNot measured: `--program` was not given.\n"));
}

#[test]
fn the_program_has_rows_where_they_are_asked_for() {
    let folder = small_set(3);
    let document = folder.path().join("forecast.md");
    let without = rows(&bench(folder.path(), "2", &[]));
    let alone = rows(&bench(folder.path(), "1", &["--program"]));
    let more = ["--program", "--out", document.to_str().unwrap()];
    let together = rows(&bench(folder.path(), "3", &more));
    assert_eq!(alone, together);
    let (same, own) = alone.split_at(without.len());
    assert_eq!(same, without);
    let models: Vec<&str> = own.iter().map(|r| r["model"].as_str().unwrap()).collect();
    assert_eq!(
        models,
        [
            "local_level",
            "usual_models_untreated",
            "program_untreated",
            "usual_models_treated",
            "program_treated",
        ]
    );
    for row in own {
        assert_eq!(row["n"], 3, "{row}");
        for key in ["mae_mm", "crps_mm", "interval_score", "mae_normvol_641"] {
            assert!(row[key].as_f64().unwrap() > 0.0, "{key}: {row}");
        }
        assert_eq!(row["crps_gap_ci95"].as_array().unwrap().len(), 2);
    }
    for program in [&own[2], &own[4]] {
        let rules = program["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 18);
        let own = rules
            .iter()
            .find(|r| {
                program["rule"]["forecasts"] == r["forecasts"]
                    && program["rule"]["gain"] == r["gain"]
            })
            .unwrap();
        assert_eq!(own["share"], program["models_speak"]);
        assert_eq!(own["crps_mm"], program["crps_mm"]);
        // Who asks for more speaks less often.
        let shares: Vec<f64> = rules.iter().map(|r| r["share"].as_f64().unwrap()).collect();
        assert!(shares.chunks(6).all(|s| s.is_sorted_by(|a, b| a >= b)));
    }
    let text = std::fs::read_to_string(document).unwrap();
    assert!(text.contains("\nWith no treatment recorded, models speak for "));
}

#[test]
fn sets_that_are_absent_or_damaged_are_named() {
    let refusal = |data: &Path| -> Value {
        let output = bench(data, "1", &[]);
        assert!(!output.status.success());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["error"].clone()
    };
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(refusal(empty.path())["code"], "E-DATA");
    let folder = small_set(15);
    let table = folder.path().join(TABLE.strip_prefix("data/").unwrap());
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replacen(",42,", ",soon,", 1)).unwrap();
    let error = refusal(folder.path());
    assert_eq!(error["code"], "E-TABLE");
    assert!(
        error["message"].as_str().unwrap().starts_with("line 3: "),
        "{error}"
    );
}
