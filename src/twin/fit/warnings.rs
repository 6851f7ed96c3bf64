//! What must be said of a fit.

use super::{Fit, LEAST_EFFECTIVE, ModelFit};
use crate::twin::treatment::Treatments;
use crate::warning::{Warning, WarningCode};

/// How the warning begins that names what measurements leave open.
const OPEN: &str = "Not determined by these measurements";

/// Posteriors that rest on too few draws, and what no measurement determines.
pub(super) fn of_posteriors(models: &[ModelFit], treatments: &Treatments) -> Vec<Warning> {
    let poor = models.iter().filter(|m| !m.diagnostics.good()).map(poor);
    poor.chain(open(models, treatments)).collect()
}

/// Says these anew, in front of all else, after the posteriors have changed.
pub(in crate::twin) fn restate(fit: &mut Fit) {
    let stale = |w: &Warning| match w.code {
        WarningCode::Posterior => true,
        WarningCode::NotIdentified => w.message.starts_with(OPEN),
        _ => false,
    };
    fit.warnings.retain(|w| !stale(w));
    let now = of_posteriors(&fit.models, &fit.treatments);
    fit.warnings.splice(0..0, now);
}

fn poor(fit: &ModelFit) -> Warning {
    Warning::new(
        WarningCode::Posterior,
        format!(
            "{}: the posterior rests on {:.0} effective draws (wanted at least \
             {LEAST_EFFECTIVE:.0}); take its intervals as provisional",
            fit.model.name(),
            fit.diagnostics.effective
        ),
    )
}

/// What no measurement determines, with the models in which it is so.
fn open(models: &[ModelFit], treatments: &Treatments) -> Option<Warning> {
    let mut open: Vec<(String, Vec<&str>)> = Vec::new();
    for fit in models {
        for p in fit.parameters.iter().filter(|p| !p.identified) {
            let what = match p.drug.and_then(|drug| treatments.name(drug)) {
                Some(name) => format!("{} ({name})", p.kind.words()),
                None => p.kind.words().to_owned(),
            };
            match open.iter_mut().find(|(known, _)| *known == what) {
                Some((_, of)) => of.push(fit.model.name()),
                None => open.push((what, vec![fit.model.name()])),
            }
        }
    }
    if open.is_empty() {
        return None;
    }
    let each: Vec<String> = open
        .into_iter()
        .map(|(what, of)| {
            if of.len() == models.len() {
                what
            } else {
                format!("{what} [{}]", of.join(", "))
            }
        })
        .collect();
    Some(Warning::new(
        WarningCode::NotIdentified,
        format!(
            "{OPEN}, so taken from the population prior: {}",
            each.join("; ")
        ),
    ))
}
