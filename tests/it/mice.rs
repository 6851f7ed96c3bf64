//! Untreated tumours of mice and the sample data of tumgr against published figures, and the verb that
//! measures them.

use std::path::Path;
use std::process::{Command, Output};

use oncotwin::jobs::JobContext;
use oncotwin::twin::gd::{self, Case, Course, Verdict};
use oncotwin::twin::population::{
    self, Cohort, Law, Model, Reading, Settings, Shared, Tumour, VolumeError,
};
use oncotwin::units::{Days, Mm3};
use serde_json::Value;

use crate::common::shared;
use crate::schema;

const MICE: &str = "data/C3_mouse_growth_vaghi_benzekry/data";
const TUMGR: &str = "data/C4_tumgr_gd";

const LAWS: [Law; 5] = [
    Law::Gompertz,
    Law::PowerLaw,
    Law::FreeExponential,
    Law::Logistic,
    Law::Exponential,
];

/// Names, days and values of a table in the order of its rows.
fn series(path: &Path, delimiter: u8, columns: [&str; 3]) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_path(path)
        .unwrap();
    let header = reader.headers().unwrap().clone();
    let [name, day, value] = columns.map(|c| header.iter().position(|h| h == c).unwrap());
    let mut found: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for row in reader.records() {
        let row = row.unwrap();
        let reading = (row[day].parse().unwrap(), row[value].parse().unwrap());
        match found.iter_mut().find(|(owner, _)| *owner == row[name]) {
            Some((_, readings)) => readings.push(reading),
            None => found.push((row[name].to_owned(), vec![reading])),
        }
    }
    found
}

fn tumours(file: &str) -> Option<Vec<Tumour>> {
    let path = shared(&format!("{MICE}/{file}"))?;
    let tumour = |(name, readings): (String, Vec<(f64, f64)>)| Tumour {
        name,
        readings: readings
            .into_iter()
            .map(|(day, volume)| Reading {
                day: Days(day),
                volume: Mm3(volume),
            })
            .collect(),
    };
    let table = series(&path, b'\t', ["ID", "Time", "Observation"]);
    Some(table.into_iter().map(tumour).collect())
}

fn near(value: f64, published: f64, share: f64) {
    assert!(
        (value / published - 1.0).abs() <= share,
        "{value} is not {published}"
    );
}

#[test]
fn gompertz_medians_and_the_order_of_laws() {
    for (file, count, medians, squares, slope, intercept, r2, best) in [
        (
            "lung_vol_data.txt",
            (20, 188),
            [0.719, 0.0734],
            3.87,
            5.85,
            0.285,
            0.925,
            [Law::PowerLaw, Law::Gompertz],
        ),
        (
            "breast_vol_data.txt",
            (66, 583),
            [0.547, 0.0704],
            3.51,
            5.51,
            0.184,
            0.945,
            [Law::Gompertz, Law::PowerLaw],
        ),
    ] {
        let Some(tumours) = tumours(file) else { return };
        let readings: usize = tumours.iter().map(|t| t.readings.len()).sum();
        assert_eq!((tumours.len(), readings), count);
        let mut cohorts =
            LAWS.map(|law| Cohort::fit(&law, &tumours, &VolumeError::CALLIPER).unwrap());
        for (spread, published) in cohorts[0].spreads.iter().zip(medians) {
            near(spread.median, published, 0.002);
        }
        near(cohorts[0].squares_per_reading, squares, 0.003);
        let line = cohorts[0].line.unwrap();
        near(line.slope, slope, 0.002);
        near(line.intercept, intercept, 0.005);
        near(line.r2, r2, 0.001);
        assert!(line.r2 > 0.92);
        cohorts.sort_by(|a, b| a.squares_per_reading.total_cmp(&b.squares_per_reading));
        let order = cohorts.map(|c| c.law);
        assert_eq!(order[..2], best);
        assert_eq!(
            order[2..],
            [Law::FreeExponential, Law::Logistic, Law::Exponential]
        );
    }
}

#[test]
fn other_medians_of_lung() {
    let Some(tumours) = tumours("lung_vol_data.txt") else {
        return;
    };
    for (law, medians, squares) in [
        (Law::PowerLaw, &[0.897, 0.793][..], 3.69),
        (Law::FreeExponential, &[0.256, 13.15], 4.89),
        (Law::Logistic, &[0.499, 1533.0], 6.88),
        (Law::Exponential, &[0.393], 32.8),
    ] {
        let cohort = Cohort::fit(&law, &tumours, &VolumeError::CALLIPER).unwrap();
        near(cohort.squares_per_reading, squares, 0.002);
        for (spread, published) in cohort.spreads.iter().zip(medians) {
            near(spread.median, *published, 0.002);
        }
    }
}

/// −2 ln L as sums on fine grids have it (benches/peers/mice.py), and the typical tumour beside the
/// median one.
#[test]
fn populations_of_lung_have_the_likelihood_of_an_independent_sum() {
    let Some(tumours) = tumours("lung_vol_data.txt") else {
        return;
    };
    for (law, deviance) in [(Law::Exponential, 2586.2984), (Law::Gompertz, 2248.3356)] {
        let model = Model {
            law,
            shared: Shared::None,
            error: VolumeError::CALLIPER,
        };
        let job = JobContext::default();
        let fit = population::fit(&model, &tumours, None, &Settings::default(), &job).unwrap();
        assert!(fit.converged);
        assert!((fit.minus_two_ln_likelihood - deviance).abs() < 0.01);
        if law == Law::Gompertz {
            for (typical, published) in fit.population.typical().iter().zip([0.719, 0.0734]) {
                near(*typical, published, 0.03);
            }
        }
    }
}

fn cases(significance: f64) -> Option<Vec<Case>> {
    let path = shared(&format!("{TUMGR}/data/sampleData.csv"))?;
    let table = series(&path, b',', ["name", "date", "size"]);
    let judged = table.into_iter().map(|(name, mut readings)| {
        readings.sort_by(|a, b| a.0.total_cmp(&b.0));
        let readings = readings.into_iter().map(|(d, v)| (Days(d), v)).collect();
        gd::judge(&Course { name, readings }, significance)
    });
    Some(judged.collect())
}

#[test]
fn counts_and_medians_of_tumgr() {
    for (significance, counts, rates) in [
        (
            0.10,
            [22, 25, 6, 4, 5, 5, 1],
            [(35, 0.001_414), (53, 0.020_427), (6, 0.987_381)],
        ),
        (
            0.05,
            [20, 25, 5, 4, 8, 5, 1],
            [(34, 0.001_309), (50, 0.020_436), (5, 0.982_854)],
        ),
    ] {
        let Some(cases) = cases(significance) else {
            return;
        };
        let summary = gd::summarise(&cases);
        let names = [
            "dx",
            "gd",
            "gdphi",
            "gx",
            "not fit",
            "only 1 eval",
            "2 evals not 20% diff",
        ];
        for (name, n) in names.iter().zip(counts) {
            assert_eq!(summary.count(name), n, "{name}");
        }
        for (rate, (n, median)) in [summary.g, summary.d, summary.phi].iter().zip(rates) {
            assert_eq!(rate.n, n);
            assert!((rate.median - median).abs() < 5e-7, "{}", rate.median);
        }
    }
}

#[test]
fn single_patients_of_tumgr() {
    let answers = shared(&format!(
        "{TUMGR}/results_tumgr_R/tumgr_p010_results_first19.csv"
    ));
    let (Some(cases), Some(answers)) = (cases(0.10), answers) else {
        return;
    };
    let mut compared = 0;
    for row in csv::Reader::from_path(answers).unwrap().records() {
        let row = row.unwrap();
        let case = cases.iter().find(|c| c.name == row[0]).unwrap();
        assert_eq!(case.n.to_string(), row[1]);
        match &case.verdict {
            Verdict::Excluded(reason) => assert_eq!(&row[3], reason.name()),
            Verdict::NotFit => assert_eq!(&row[3], "not fit"),
            Verdict::Fit {
                curve, g, d, phi, ..
            } => {
                assert_eq!(&row[3], curve.name());
                for (value, field) in [g, d, phi].into_iter().zip(row.iter().skip(4)) {
                    match value {
                        Some(value) => near(*value, field.parse().unwrap(), 5e-6),
                        None => assert_eq!(field, "NA"),
                    }
                    compared += usize::from(value.is_some());
                }
            }
        }
    }
    assert_eq!(compared, 22);
}

/// A folder of data sets with a few made-up tumours and patients in the form of the real ones.
fn small_sets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let set = |path: &str| folder.path().join(path.strip_prefix("data/").unwrap());
    std::fs::create_dir_all(set(MICE)).unwrap();
    std::fs::create_dir_all(set(TUMGR).join("data")).unwrap();
    for (file, intercept) in [("lung_vol_data.txt", 0.285), ("breast_vol_data.txt", 0.184)] {
        let mut table = "ID\tTime\tObservation\n".to_owned();
        for tumour in 0..6_u32 {
            let b = 0.06 + 0.006 * f64::from(tumour);
            let a = 5.8 * b + intercept;
            for reading in 0..7_u32 {
                let day = f64::from(6 + 3 * reading);
                let wobble = 1.0 + 0.02 * (f64::from((tumour * 7 + reading * 5) % 11) - 5.0);
                let volume = (a / b * (1.0 - (-b * day).exp())).exp() * wobble;
                table.push_str(&format!("{tumour}.0\t{day}\t{volume}\n"));
            }
        }
        std::fs::write(set(MICE).join(file), table).unwrap();
    }
    let table =
        "name,date,size\n1,0,10\n1,30,6\n1,60,4\n1,90,2.2\n1,120,1.4\n2,5,3\n3,0,5\n3,20,5.2\n";
    std::fs::write(set(TUMGR).join("data/sampleData.csv"), table).unwrap();
    folder
}

fn bench(data: &Path, threads: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(["bench", "mice", "--json", "--data"])
        .arg(data)
        .arg("--peers")
        .arg(data.join("no environment"))
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
    assert_eq!(answer["bench"], "mice");
    schema::keeps_that_of_bench(&answer);
    let mut rows = answer["rows"].as_array().unwrap().clone();
    rows.retain(|row| row["quantity"] != "time");
    rows
}

#[test]
fn the_verb_says_the_same_whatever_the_number_of_threads() {
    let folder = small_sets();
    let document = folder.path().join("mice.md");
    let alone = rows(&bench(folder.path(), "1", &[]));
    let more = ["--out", document.to_str().unwrap()];
    let together = rows(&bench(folder.path(), "3", &more));
    assert_eq!(alone, together);
    let find = |set: &str, model: &str, fit: &str, quantity: &str| -> &Value {
        let mut found = alone.iter().filter(|r| {
            r["set"] == set && r["model"] == model && r["fit"] == fit && r["quantity"] == quantity
        });
        let first = found.next();
        assert!(found.next().is_none());
        first.unwrap_or_else(|| panic!("{set}, {model}, {fit}, {quantity}"))
    };
    for set in ["lung", "breast"] {
        let median = find(set, "gompertz", "singly", "median a");
        assert!(median["ours"].is_f64() && median["peer_value"].is_f64());
        assert!(median["ok"].is_boolean() && median["tolerance"].is_f64());
        assert!(find(set, "gompertz", "singly", "R2 of a on b")["limit"] == 0.92);
        for model in [
            "exponential",
            "logistic",
            "power_law",
            "gompertz",
            "reduced_gompertz_slope",
            "reduced_gompertz_line",
        ] {
            let likelihood = find(set, model, "population", "-2 ln L");
            assert!(likelihood["ours"].is_f64(), "{likelihood}");
            let restless = "fits that did not come to rest";
            assert_eq!(find(set, model, "population", restless)["ok"], true);
        }
        for method in ["bayesian", "bayesian_first_twice", "likelihood"] {
            find(set, "reduced_gompertz_slope", method, "mean error of age");
        }
    }
    let counted = |quantity: &str| {
        let row = alone.iter().find(|r| r["quantity"] == quantity).unwrap();
        row["ours"].as_f64().unwrap()
    };
    assert_eq!(counted("cases: only 1 eval"), 1.0);
    assert_eq!(counted("cases: 2 evals not 20% diff"), 1.0);
    // A peer that is not there is said to be missing.
    let missing = alone.iter().find(|r| r["missing"].is_string()).unwrap();
    assert_eq!(missing["peer"], "scipy.optimize.curve_fit");
    let text = std::fs::read_to_string(document).unwrap();
    assert!(text.contains("CC BY 4.0") && text.contains("\n## Doubts\n"));
    assert!(text.contains("scipy.optimize.curve_fit is missing"));
    let without = rows(&bench(folder.path(), "2", &["--without-ages"]));
    assert!(without.len() < alone.len());
    assert!(without.iter().all(|r| alone.contains(r)));
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
    let folder = small_sets();
    let table = MICE.strip_prefix("data/").unwrap();
    let table = folder.path().join(table).join("breast_vol_data.txt");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replacen("\t9\t", "\tsoon\t", 1)).unwrap();
    let error = refusal(folder.path());
    assert_eq!(error["code"], "E-TABLE");
    assert!(
        error["message"].as_str().unwrap().starts_with("line 3: "),
        "{error}"
    );
    let two: String = text
        .lines()
        .take(15)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&table, two).unwrap();
    assert_eq!(refusal(folder.path())["code"], "E-TWIN");
}
