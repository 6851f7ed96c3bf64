//! The fitted models in words and figures.

use crate::app::view::{ModelView, ParameterView};
use crate::texts::tr;
use crate::twin::{Fit, ModelFit, Parameter, ParameterKind};

/// All models of a fit, the heaviest first.
pub(super) fn views(fit: &Fit) -> Vec<ModelView> {
    let mut models: Vec<ModelView> = fit.models.iter().map(|m| view(fit, m)).collect();
    models.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    models
}

fn view(fit: &Fit, model: &ModelFit) -> ModelView {
    ModelView {
        name: name(model.model.name()),
        weight: model.weight,
        elpd: model.elpd,
        aicc: model.aicc,
        parameters: model.parameters.iter().map(|p| parameter(fit, p)).collect(),
        residuals: fit
            .observations
            .iter()
            .zip(&model.residuals)
            .map(|(o, r)| (o.day.0, *r))
            .collect(),
    }
}

/// `two_populations` as `two populations`.
fn name(code: &str) -> String {
    code.replace('_', " ")
}

fn parameter(fit: &Fit, p: &Parameter) -> ParameterView {
    let drug = p.drug.and_then(|drug| fit.treatments.name(drug));
    let name = match drug {
        Some(drug) => tr!("{what} ({drug})", what = p.kind.words(), drug),
        None => p.kind.words().to_owned(),
    };
    let (factor, unit) = shown(p);
    let number = |v: f64| figure(v * factor);
    ParameterView {
        name,
        median: join(&number(p.median), unit),
        interval: tr!("{low} to {high}", low = number(p.q05), high = number(p.q95)),
        contraction: p.contraction.clamp(0.0, 1.0),
        identified: p.identified,
    }
}

/// Rates as a share per day, of what they are rates of; the rest as it is.
fn shown(p: &Parameter) -> (f64, &str) {
    match (p.unit.as_str(), p.kind) {
        ("1/d", ParameterKind::BurdenGrowth | ParameterKind::BurdenDecay) => {
            (100.0, "% / d of diameter")
        }
        (
            "1/d",
            ParameterKind::GrowthRate
            | ParameterKind::IntrinsicRate
            | ParameterKind::ResistantRate
            | ParameterKind::SystemicKillRate,
        ) => (100.0, "% / d of volume"),
        ("1/d", _) => (100.0, "% / d"),
        ("1", ParameterKind::ResistantShare | ParameterKind::DecayingShare) => (100.0, "%"),
        ("1", _) => (1.0, ""),
        ("mm3", _) => (1e-3, "mL"),
        (unit, _) => (1.0, unit),
    }
}

fn join(number: &str, unit: &str) -> String {
    if unit.is_empty() {
        number.to_owned()
    } else {
        format!("{number} {unit}")
    }
}

/// Three figures.
fn figure(v: f64) -> String {
    let digits = match v.abs() {
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 => 2,
        _ => 3,
    };
    format!("{v:.digits$}").replace('-', "−")
}
