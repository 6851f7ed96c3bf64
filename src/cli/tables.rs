//! `fit` and `project`.

mod sums;

use std::collections::BTreeSet;
use std::path::Path;

use self::sums::Sums;
use super::args::{FitArgs, ProjectArgs, TwinArgs};
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::twin::table::{self, FittedLesion, PatientEvents, ProjectedLesion};
use crate::twin::{
    self, Arm, Fit, FitParams, Ground, LesionSeries, Model, NoiseModel, NoiseRow, Outlook,
    PriorSet, Projection, Quantiles, ScenarioChange, Skill, Treatments, Voice,
};
use crate::units::Days;
use crate::warning::{Warning, WarningCode};

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

fn params(args: &TwinArgs) -> FitParams {
    let row = match args.noise.as_str() {
        "same-reader" => Some(NoiseRow::SAME_READER),
        "different-readers" => Some(NoiseRow::DIFFERENT_READERS),
        "same-algorithm" => Some(NoiseRow::SAME_ALGORITHM),
        _ => None,
    };
    FitParams {
        models: Model::by_name(&args.model).into_iter().collect(),
        prior: PriorSet::by_name(&args.prior).unwrap_or_default(),
        noise: NoiseModel {
            row,
            ..NoiseModel::default()
        },
        seed: args.seed,
        ..FitParams::default()
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
        let stranger = events
            .iter()
            .find(|e| !lesions.iter().any(|l| l.patient == e.patient));
        if let Some(stranger) = stranger {
            return Err(Failure::new(
                "E-EVENTS",
                "the events are of a patient who is not in the table of sizes",
            )
            .at(format!("patient {}", stranger.patient))
            .hint("Patients are matched by the column patient, letter by letter."));
        }
        Ok(Self { lesions, events })
    }

    fn treatments(&self, patient: &str) -> Result<(Treatments, Vec<Warning>), Failure> {
        let events = self.events.iter().find(|e| e.patient == patient);
        let events = events.map(|e| e.events.as_slice()).unwrap_or_default();
        Treatments::from_events(events)
            .map_err(|e| Failure::new("E-EVENTS", e.to_string()).at(format!("patient {patient}")))
    }

    /// Every lesion with its posterior and its treatments, in the order of the table; the lesions of
    /// a patient are fitted together.
    fn fitted(
        &self,
        params: &FitParams,
        job: &JobContext,
    ) -> Result<Vec<(&table::Lesion, Treatments, Fit)>, Failure> {
        let mut patients: Vec<&str> = Vec::new();
        for lesion in &self.lesions {
            if !patients.contains(&lesion.patient.as_str()) {
                patients.push(&lesion.patient);
            }
        }
        let mut fitted = Vec::with_capacity(self.lesions.len());
        for patient in patients {
            let (treatments, assumed) = self.treatments(patient)?;
            let places: Vec<usize> = (0..self.lesions.len())
                .filter(|i| self.lesions[*i].patient == patient)
                .collect();
            let series: Vec<LesionSeries> = places
                .iter()
                .map(|i| self.lesions[*i].series.clone())
                .collect();
            let fits = twin::fit_patient(&series, &treatments, params, job)
                .map_err(|(i, e)| twin_failure(&e, &self.lesions[places[i]]))?;
            for (place, mut fit) in places.into_iter().zip(fits) {
                fit.warnings.splice(0..0, assumed.iter().cloned());
                fitted.push((place, treatments.clone(), fit));
            }
        }
        fitted.sort_by_key(|(place, ..)| *place);
        Ok(fitted
            .into_iter()
            .map(|(place, treatments, fit)| (&self.lesions[place], treatments, fit))
            .collect())
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
    let params = params(&args.twin);
    let job = JobContext::default();
    let (mut fitted, mut sums) = (Vec::new(), Sums::of(&tables.lesions));
    let mut text = String::new();
    let mut said = Said::default();
    for (lesion, treatments, fit) in tables.fitted(&params, &job)? {
        let refused = |e| twin_failure(&e, lesion);
        let skill = twin::skill_vs_locf(&fit, &params, &job).map_err(refused)?;
        let outlook =
            twin::outlook(&fit, &treatments, skill.as_ref(), &[], &job).map_err(refused)?;
        let doubling = twin::doubling_time(&fit, fit.last_day()).map_err(refused)?;
        text.push_str(&format!("{} {}\n", lesion.patient, lesion.lesion));
        if let Some(d) = &doubling {
            text.push_str(&format!(
                "  {} (90 %: {} to {})\n",
                d.median, d.slow, d.fast
            ));
        }
        text.push_str(&expectation(&outlook, skill.as_ref()));
        for model in &fit.models {
            let score = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2}"));
            text.push_str(&format!(
                "  {} weight {:.2}, elpd {}, AICc {}\n",
                model.model.name(),
                model.weight,
                score(model.elpd),
                score(model.aicc)
            ));
            for p in &model.parameters {
                let note = if p.identified {
                    ""
                } else {
                    "  not identified: prior only"
                };
                let of = p.drug.and_then(|drug| treatments.name(drug));
                let name = match of {
                    Some(drug) => format!("{} ({drug})", p.kind.name()),
                    None => p.kind.name().to_owned(),
                };
                text.push_str(&format!(
                    "    {name:<24} {:>12.5} ({:.5} to {:.5}) {}{note}\n",
                    p.median, p.q05, p.q95, p.unit
                ));
            }
        }
        said.tell(&fit.warnings, &mut text);
        sums.note(lesion, &fit, &outlook, treatments);
        fitted.push(FittedLesion {
            patient: lesion.patient.clone(),
            lesion: lesion.lesion.clone(),
            fit,
            skill,
            outlook,
            doubling,
        });
    }
    let sums = sums.told(&[], &job, &mut text)?;
    Ok(Output::new(
        text,
        table::fit_json(&fitted, &sums, args.twin.seed),
    ))
}

/// Warnings that a table has been told already, of all its lesions.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl Said {
    /// Appends warnings of a lesion. What a set of priors lacks is the same for the next lesion, and
    /// told once.
    fn tell(&mut self, warnings: &[Warning], text: &mut String) {
        for warning in warnings {
            let again =
                warning.code == WarningCode::Prior && !self.0.insert(warning.message.clone());
            if !again {
                text.push_str(&format!(
                    "  {}: {}\n",
                    warning.code.as_str(),
                    warning.message
                ));
            }
        }
    }
}

/// Median and 90 % interval.
fn interval(q: &Quantiles) -> String {
    format!("{:.1} ({:.1} to {:.1})", q.q50, q.q05, q.q95)
}

/// A projection day by day, in columns that say what they are.
fn days_text(projection: &Projection) -> String {
    let arm = |arm: &Arm| [interval(&arm.latent), interval(&arm.predictive)];
    let mut rows = vec![vec!["day".to_owned()]];
    let scenario = projection.has_scenario();
    for name in ["as planned", "scenario"]
        .iter()
        .take(1 + usize::from(scenario))
    {
        rows[0].extend([format!("{name}, latent"), format!("{name}, predictive")]);
    }
    for day in &projection.days {
        let mut row = vec![format!("{:.1}", day.day.0)];
        row.extend(arm(&day.factual));
        row.extend(day.scenario.iter().flat_map(arm));
        if scenario && !day.identified {
            row.push("NOT IDENTIFIED".to_owned());
        }
        rows.push(row);
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len() + 1).map(width).collect();
    let mut text = String::from(
        "  medians (90 % intervals) of the size itself (latent) and of a new measurement of it \
         (predictive)\n",
    );
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        text.push_str(&format!("  {}\n", line.join("  ")));
    }
    text
}

/// Who is to be believed about the time after the last scan, and when progression is to be expected.
fn expectation(outlook: &Outlook, skill: Option<&Skill>) -> String {
    let who = match outlook.voice {
        Voice::Models => "the models",
        Voice::LocalLevel => "the last value with the spread of other lesions (local level)",
    };
    let why = match outlook.ground {
        Ground::ModelsScoredBetter => "on past scans the models scored clearly better",
        Ground::ModelsScoredNoBetter => "on past scans the models did not score clearly better",
        Ground::TooFewForecasts => "fewer than five scans cannot tell skill of a model from luck",
        Ground::NoMillimetres => "without millimetres other lesions cannot be compared with",
    };
    let mut text = format!("  forecast by {who}: {why}");
    if let Some(gain) = skill.and_then(Skill::over_local_level) {
        let than = if gain >= 0.0 { "lower" } else { "higher" };
        text.push_str(&format!(" (CRPS {:.0} % {than})", 100.0 * gain.abs()));
    }
    text.push('\n');
    if let Some(progression) = &outlook.progression {
        let median = match (outlook.voice, progression.by[1]) {
            // Its median is the last value, so it never reaches anything with more than 50 %.
            (Voice::LocalLevel, _) => String::new(),
            (Voice::Models, Some(day)) => format!("; with 50 % by day {:.0}", day.0),
            (Voice::Models, None) => format!("; with 50 % not before day {:.0}", outlook.until.0),
        };
        text.push_str(&format!(
            "  progression of this lesion (at least {:.1}){}: probability {:.0} % at the next scan \
             (day {:.0}, if intervals stay as they were){median}\n",
            progression.threshold,
            if progression.reached {
                ", reached already"
            } else {
                ""
            },
            100.0 * progression.at_next_scan,
            outlook.next_scan.0
        ));
    }
    text
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
    let params = params(&args.twin);
    let days: Vec<Days> = args.at_days.iter().copied().map(Days).collect();
    let job = JobContext::default();
    let (mut projected, mut sums) = (Vec::new(), Sums::of(&tables.lesions));
    let mut text = String::new();
    let mut said = Said::default();
    for (lesion, treatments, fit) in tables.fitted(&params, &job)? {
        let refused = |e| twin_failure(&e, lesion);
        let skill = twin::skill_vs_locf(&fit, &params, &job).map_err(refused)?;
        let outlook =
            twin::outlook(&fit, &treatments, skill.as_ref(), &days, &job).map_err(refused)?;
        let projection =
            twin::project(&fit, &treatments, scenario.as_ref(), &days, &job).map_err(refused)?;
        text.push_str(&format!(
            "{} {} ({})\n",
            lesion.patient,
            lesion.lesion,
            projection.scale.unit()
        ));
        text.push_str(&days_text(&projection));
        text.push_str(&format!(
            "  last observation carried forward: {:.1}\n",
            projection.locf.size.value()
        ));
        for local in &outlook.local {
            text.push_str(&format!(
                "  day {:>6.1}  local level, predictive {}\n",
                local.day.0,
                interval(&local.predictive)
            ));
        }
        text.push_str(&expectation(&outlook, skill.as_ref()));
        said.tell(&fit.warnings, &mut text);
        sums.note(lesion, &fit, &outlook, treatments);
        projected.push(ProjectedLesion {
            patient: lesion.patient.clone(),
            lesion: lesion.lesion.clone(),
            projection,
            outlook,
            skill,
            warnings: fit.warnings,
        });
    }
    let sums = sums.told(&days, &job, &mut text)?;
    Ok(Output::new(
        text,
        table::project_json(&projected, &sums, args.twin.seed),
    ))
}
