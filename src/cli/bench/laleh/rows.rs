//! The figures for programs: one row to each model.

use serde_json::{Value, json};

use super::bootstrap::{RESAMPLES, SEED};
use super::forecasters::{Findings, Forecaster};
use super::growth::Growth;
use super::program::{Arm, Program, Scored};
use crate::twin::forecast::Population;
use crate::twin::{CLEARLY, DISCREPANCY, LEAST_FORECASTS};

/// Largest error beside the published one.
pub(super) const RATIO: f64 = 1.03;
const PEER: &str = "published run of TumorGrowth.jl";

const EACH_TRIAL: &str = "each trial by the other four";
const IN_SAMPLE: &str =
    "the last reading with the spread of all five trials, these lesions among them";
const MODELS: &str = "average of the usual models, fitted to the scans before";
const VOICE: &str = "the usual models where they have forecast earlier scans of the lesion clearly better than the local level, else the local level";

pub(super) fn rows(
    growth: &[Growth],
    findings: &Findings,
    program: Option<&Program>,
) -> Vec<Value> {
    let laws = growth.iter().filter(|g| g.model != "locf").map(law);
    let locf = growth.iter().find(|g| g.model == "locf");
    let forecasters = findings.forecasters.iter().map(|f| {
        let mut row = forecaster(f, EACH_TRIAL);
        match f.model {
            "locf" => {
                if let Some(locf) = locf {
                    add(&mut row, &beside(locf));
                }
            }
            "oncotwin" => add(&mut row, &ours(findings)),
            _ => (),
        }
        row
    });
    let mut rows: Vec<Value> = laws.chain(forecasters).collect();
    if let Some(program) = program {
        rows.push(scored(&program.local, IN_SAMPLE));
        rows.extend(program.arms.iter().flat_map(arm));
    }
    rows
}

/// The models of one record of treatment, and whoever speaks.
fn arm(arm: &Arm) -> [Value; 2] {
    let mut models = scored(&arm.models, MODELS);
    add(
        &mut models,
        &json!({"treatment": arm.title, "discrepancy": DISCREPANCY, "seconds": arm.seconds}),
    );
    let mut program = scored(&arm.program, VOICE);
    let [speaking, lesions] = arm.speaking;
    add(
        &mut program,
        &json!({
            "treatment": arm.title, "models_speak": speaking as f64 / lesions as f64,
            "rule": {"forecasts": LEAST_FORECASTS, "gain": CLEARLY}, "rules": arm.rules,
        }),
    );
    [models, program]
}

fn scored(found: &Scored, method: &str) -> Value {
    let mut row = forecaster(&found.forecaster, method);
    let over_published = found.gains.first();
    add(
        &mut row,
        &json!({
            "crps_gap_ci95": over_published.map(|g| [g.crps_mm.low, g.crps_mm.high]),
            "gains": found.gains, "resamples": RESAMPLES, "seed": SEED,
        }),
    );
    row
}

fn law(g: &Growth) -> Value {
    let mut row = json!({
        "model": g.model, "n": g.fitted, "mae_mm": g.mae_mm, "median_ae_mm": g.median_ae_mm,
        "crps_mm": null, "crps_gap_ci95": null, "coverage80": null, "coverage95": null,
        "interval_score": null, "mae_normvol": g.mae_normvol, "mae_normvol_641": g.mae_normvol_all,
        "seconds": g.seconds, "method": "fitted to each lesion alone, stopped early as published",
    });
    add(&mut row, &beside(g));
    row
}

/// The published error in normalised volume beside ours.
fn beside(g: &Growth) -> Value {
    let ratio = g.mae_normvol / g.published;
    json!({
        "peer": PEER, "peer_value": g.published, "ratio": ratio, "limit": RATIO, "least": false,
        "ok": ratio <= RATIO, "agreeing_lesions": g.agreeing,
    })
}

fn forecaster(f: &Forecaster, method: &str) -> Value {
    let s = &f.scores;
    json!({
        "model": f.model, "n": s.cases / super::cases::HELD_OUT, "mae_mm": s.mae_mm,
        "median_ae_mm": s.median_ae_mm, "crps_mm": s.crps_mm, "crps_gap_ci95": null,
        "coverage80": s.coverage80, "coverage95": s.coverage95, "interval_score": s.interval_score,
        "mae_normvol": f.mae_normvol[0], "mae_normvol_641": f.mae_normvol[1],
        "below80": s.below80, "width80_mm": s.width80_mm, "interval_score95": s.interval_score95,
        "brier": s.brier,
        "method": method,
    })
}

fn ours(findings: &Findings) -> Value {
    let over_published = findings.gains.first();
    let is_shipped = findings.table == *Population::laleh_2022();
    json!({
        "crps_gap_ci95": over_published.map(|g| [g.crps_mm.low, g.crps_mm.high]),
        "mae_gap_ci95": [findings.mae_gap.low, findings.mae_gap.high],
        "gains": findings.gains, "resamples": RESAMPLES, "seed": SEED,
        "aims": findings.aims, "ok": findings.aims.iter().all(|aim| aim.ok),
        "variants": 1, "folds": findings.folds,
        "parts": findings.parts, "every_scan": findings.rolling,
        "chosen": findings.chosen, "table": findings.table, "is_table_of_program": is_shipped,
    })
}

fn add(row: &mut Value, more: &Value) {
    if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
        row.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}
