//! `fit` and `project`.

use std::path::Path;

use super::args::{FitArgs, ProjectArgs};
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::twin::table::{self, FittedLesion, PatientEvents, ProjectedLesion};
use crate::twin::{self, FitParams, Model, ScenarioChange, TreatmentInterval};
use crate::units::Days;

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::new("E-READ", e.to_string()).at(path.display()))
}

fn table_failure(error: &table::TableError, path: &Path) -> Failure {
    Failure::new("E-TABLE", error.message.clone()).at(format!(
        "{}, line {}",
        path.display(),
        error.line
    ))
}

fn params(model: &str, seed: u64) -> FitParams {
    let all = FitParams::default();
    let wanted = |m: &Model| model == "auto" || m.name().eq_ignore_ascii_case(model);
    FitParams {
        models: all.models.iter().copied().filter(wanted).collect(),
        seed,
        ..all
    }
}

/// Everything both verbs read: lesions, and the treatments of each patient.
struct Tables {
    lesions: Vec<table::Lesion>,
    events: Vec<PatientEvents>,
}

impl Tables {
    fn read(table: &Path, events: Option<&Path>) -> Result<Self, Failure> {
        let lesions =
            table::parse_measurements(&read(table)?).map_err(|e| table_failure(&e, table))?;
        let events = match events {
            Some(path) => table::parse_events(&read(path)?).map_err(|e| table_failure(&e, path))?,
            None => Vec::new(),
        };
        Ok(Self { lesions, events })
    }

    fn treatments(&self, patient: &str) -> Result<Vec<TreatmentInterval>, Failure> {
        let events = self.events.iter().find(|e| e.patient == patient);
        let events = events.map(|e| e.events.as_slice()).unwrap_or_default();
        let (intervals, _) = twin::intervals_from_events(events).map_err(|e| {
            Failure::new("E-EVENTS", e.to_string()).at(format!("patient {patient}"))
        })?;
        Ok(intervals)
    }
}

fn twin_failure(error: &twin::Error, lesion: &table::Lesion) -> Failure {
    Failure::new("E-TWIN", error.to_string()).at(format!(
        "patient {}, lesion {}",
        lesion.patient, lesion.lesion
    ))
}

pub(super) fn fit(args: &FitArgs) -> Result<Output, Failure> {
    let tables = Tables::read(&args.table, args.events.as_deref())?;
    let params = params(&args.model, args.seed);
    let job = JobContext::default();
    let mut fitted = Vec::new();
    let mut text = String::new();
    for lesion in &tables.lesions {
        let treatments = tables.treatments(&lesion.patient)?;
        let fit = twin::fit(&lesion.series, &treatments, &params, &job)
            .map_err(|e| twin_failure(&e, lesion))?;
        let skill =
            twin::skill_vs_locf(&fit, &params, &job).map_err(|e| twin_failure(&e, lesion))?;
        text.push_str(&format!("{} {}\n", lesion.patient, lesion.lesion));
        for model in &fit.models {
            text.push_str(&format!(
                "  {} weight {:.2}\n",
                model.model.name(),
                model.weight
            ));
            for p in &model.parameters {
                let note = if p.identified {
                    ""
                } else {
                    "  not identified: prior only"
                };
                text.push_str(&format!(
                    "    {:<24} {:>12.5} ({:.5} to {:.5}) {}{note}\n",
                    p.kind.name(),
                    p.median,
                    p.q05,
                    p.q95,
                    p.unit
                ));
            }
        }
        for warning in &fit.warnings {
            text.push_str(&format!(
                "  {}: {}\n",
                warning.code.as_str(),
                warning.message
            ));
        }
        fitted.push(FittedLesion {
            patient: lesion.patient.clone(),
            lesion: lesion.lesion.clone(),
            fit,
            skill,
        });
    }
    Ok(Output::new(text, table::fit_json(&fitted, args.seed)))
}

pub(super) fn project(args: &ProjectArgs) -> Result<Output, Failure> {
    let tables = Tables::read(&args.table, args.events.as_deref())?;
    let scenario: Option<ScenarioChange> = match &args.scenario {
        Some(path) => Some(serde_json::from_str(&read(path)?).map_err(|e| {
            Failure::new("E-SCENARIO", e.to_string())
                .at(path.display())
                .hint("docs/schemas/scenario.schema.json describes scenarios.")
        })?),
        None => None,
    };
    let params = params(&args.model, args.seed);
    let days: Vec<Days> = args.at_days.iter().copied().map(Days).collect();
    let job = JobContext::default();
    let mut projected = Vec::new();
    let mut text = String::new();
    for lesion in &tables.lesions {
        let treatments = tables.treatments(&lesion.patient)?;
        let fit = twin::fit(&lesion.series, &treatments, &params, &job)
            .map_err(|e| twin_failure(&e, lesion))?;
        let projection = twin::project(&fit, &treatments, scenario.as_ref(), &days, &job)
            .map_err(|e| twin_failure(&e, lesion))?;
        text.push_str(&format!(
            "{} {} ({})\n",
            lesion.patient,
            lesion.lesion,
            projection.scale.unit()
        ));
        for day in &projection.days {
            let q = &day.factual.latent;
            text.push_str(&format!(
                "  day {:>6.1}  {:.1} ({:.1} to {:.1})",
                day.day.0, q.q50, q.q05, q.q95
            ));
            if let Some(arm) = &day.scenario {
                let q = &arm.latent;
                let note = if day.identified {
                    ""
                } else {
                    " NOT IDENTIFIED"
                };
                text.push_str(&format!(
                    "  scenario {:.1} ({:.1} to {:.1}){note}",
                    q.q50, q.q05, q.q95
                ));
            }
            text.push('\n');
        }
        text.push_str(&format!(
            "  last observation carried forward: {:.1}\n",
            projection.locf.size.value()
        ));
        projected.push(ProjectedLesion {
            patient: lesion.patient.clone(),
            lesion: lesion.lesion.clone(),
            projection,
        });
    }
    Ok(Output::new(
        text,
        table::project_json(&projected, args.seed),
    ))
}
