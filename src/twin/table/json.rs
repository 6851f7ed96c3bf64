//! Results of the verbs `fit` and `project` as JSON documents.

use serde_json::{Value, json};

use crate::twin::{DoublingTime, Fit, NoSum, Outlook, Projection, Skill, SumOutlook, VERSION};
use crate::warning::Warning;

/// One fitted lesion of a table.
#[derive(Clone, Debug)]
pub struct FittedLesion {
    /// Patient as written in the table.
    pub patient: String,
    /// Lesion as written in the table.
    pub lesion: String,
    /// Its posterior.
    pub fit: Fit,
    /// Its skill, where three days of measurement or more allow one.
    pub skill: Option<Skill>,
    /// What is to be expected after the last scan.
    pub outlook: Outlook,
    /// How fast it changes after the last scan; `None` with fewer than two days of measurement.
    pub doubling: Option<DoublingTime>,
}

/// One projected lesion of a table.
#[derive(Clone, Debug)]
pub struct ProjectedLesion {
    /// Patient as written in the table.
    pub patient: String,
    /// Lesion as written in the table.
    pub lesion: String,
    /// Its projection.
    pub projection: Projection,
    /// What is to be expected after the last scan, with the local level on the same days.
    pub outlook: Outlook,
    /// Its skill, where three days of measurement or more allow one.
    pub skill: Option<Skill>,
    /// Warnings of treatment and fit.
    pub warnings: Vec<Warning>,
}

/// The sum of diameters of a patient with several lesions in a table, all of which count as targets.
#[derive(Clone, Debug)]
pub struct SumOfPatient {
    /// Patient as written in the table.
    pub patient: String,
    /// Lesions as written in the table.
    pub targets: Vec<String>,
    /// What is to be expected of the sum, or why nothing can be said of it.
    pub outlook: Result<SumOutlook, NoSum>,
}

fn sums_json(sums: &[SumOfPatient]) -> Value {
    let each = sums.iter().map(|s| {
        let refused = s.outlook.as_ref().err();
        json!({
            "patient": s.patient,
            "targets": s.targets,
            "sum": s.outlook.as_ref().ok(),
            "refused": refused.map(|why| json!({ "reason": why.name(), "text": why.to_string() })),
        })
    });
    each.collect()
}

/// The document of `fit`.
///
/// `skill_vs_locf` is 1 − error of the twin/error of the last measurement carried forward, over
/// one-step forecasts; null where none could be made.
#[must_use]
pub fn fit_json(lesions: &[FittedLesion], sums: &[SumOfPatient], seed: u64) -> Value {
    let lesions: Vec<Value> = lesions
        .iter()
        .map(|l| {
            let models: Vec<Value> = l
                .fit
                .models
                .iter()
                .map(|m| {
                    let parameters: Vec<Value> = m
                        .parameters
                        .iter()
                        .map(|p| {
                            json!({
                                "name": p.kind.name(),
                                "drug": p.drug.and_then(|d| l.fit.treatments.name(d)),
                                "unit": p.unit,
                                "median": p.median,
                                "q05": p.q05,
                                "q95": p.q95,
                                "identified": p.identified,
                                "contraction": p.contraction,
                                "data_contraction": p.data_contraction,
                            })
                        })
                        .collect();
                    json!({
                        "model": m.model.name(),
                        "weight": m.weight,
                        "aicc": m.aicc,
                        "elpd": m.elpd,
                        "parameters": parameters,
                        "residuals": m.residuals,
                        "diagnostics": m.diagnostics,
                    })
                })
                .collect();
            json!({
                "patient": l.patient,
                "lesion": l.lesion,
                "unit": l.fit.scale.unit(),
                "prior": l.fit.prior.name(),
                "joined_with": l.fit.joined_with,
                "models": models,
                "skill_vs_locf": l.skill.and_then(|s| s.score()),
                "skill": l.skill,
                "outlook": l.outlook,
                "doubling": l.doubling,
                "warnings": l.fit.warnings,
            })
        })
        .collect();
    json!({
        "lesions": lesions,
        "patients": sums_json(sums),
        "seed": seed,
        "version": VERSION,
    })
}

/// The document of `project`: per lesion and day the quantiles of the planned arm (`factual`), of
/// the `scenario` and of their paired `difference`, both arms with `latent` and `predictive`
/// quantiles in the lesion's unit.
#[must_use]
pub fn project_json(lesions: &[ProjectedLesion], sums: &[SumOfPatient], seed: u64) -> Value {
    let lesions: Vec<Value> = lesions
        .iter()
        .map(|l| {
            let p = &l.projection;
            json!({
                "patient": l.patient,
                "lesion": l.lesion,
                "unit": p.scale.unit(),
                "days": p.days,
                "ladder": p.ladder,
                "kappa": p.kappa,
                "identified": p.identified,
                "why": p.why,
                "fade_after": p.fade_after,
                "locf": {
                    "day": p.locf.day,
                    "value": p.locf.size.value(),
                    "below_limit": p.locf.below_limit,
                },
                "outlook": l.outlook,
                "skill_vs_locf": l.skill.and_then(|s| s.score()),
                "skill": l.skill,
                "warnings": l.warnings,
            })
        })
        .collect();
    json!({
        "lesions": lesions,
        "patients": sums_json(sums),
        "seed": seed,
        "version": VERSION,
    })
}
