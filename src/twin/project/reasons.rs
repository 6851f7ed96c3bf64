//! How far a projection reaches beyond what was observed, and why, in words.

use super::{Arms, Ladder, Projection, SMALL_CHANGE};
use crate::twin::treatment::{Therapy, Treatments};
use crate::twin::{Error, Fit, ScenarioChange};

/// Whether any interval between scans was mostly under systemic treatment, and any mostly not.
fn observed_exposure(fit: &Fit, plan: &Treatments) -> (bool, bool) {
    let (mut on, mut off) = (false, false);
    for pair in fit.observations.windows(2) {
        let (from, to) = (pair[0].day.0, pair[1].day.0);
        if to > from {
            let exposed = plan.mostly_systemic(from, to);
            on |= exposed;
            off |= !exposed;
        }
    }
    (on, off)
}

pub(super) fn ladder(
    arms: &Arms<'_>,
    scenario: Option<&ScenarioChange>,
    unknown: &[Therapy],
    horizon: f64,
) -> Result<Ladder, Error> {
    if !unknown.is_empty() {
        return Ok(Ladder::C4);
    }
    let Some(scenario) = scenario else {
        return Ok(Ladder::C0);
    };
    if arms.same_until(horizon)? {
        return Ok(Ladder::C0);
    }
    let (on, off) = observed_exposure(arms.fit, arms.factual);
    // What the scenario changes besides systemic treatment was seen once at most.
    let from = scenario.day().0;
    let only_systemic = !arms.acts_within(Therapy::Radiotherapy, from, horizon)
        && !arms.acts_within(Therapy::Surgery, from, horizon);
    Ok(match scenario {
        ScenarioChange::ScaleDose { factor, .. }
            if on && only_systemic && SMALL_CHANGE.contains(factor) =>
        {
            Ladder::C1
        }
        _ if on && off && only_systemic => Ladder::C2,
        _ => Ladder::C3,
    })
}

pub(super) fn why(
    arms: &Arms<'_>,
    projection: &Projection,
    unknown: &[Therapy],
    horizon: f64,
) -> Vec<String> {
    let fit = arms.fit;
    let mut why = Vec::new();
    let n = fit.observations.len();
    let (on, off) = observed_exposure(fit, arms.factual);
    why.push(
        match projection.ladder {
            Ladder::C0 => "Forecast under the plan as it is; the next scan can refute it.",
            Ladder::C1 => "Small change of dose inside the exposure that was observed; the effect is taken as proportional to dose.",
            Ladder::C2 => "The lesion was measured both with and without systemic treatment.",
            Ladder::C3 => "The changed exposure was never observed in this lesion; the population prior speaks.",
            Ladder::C4 => "A therapy acts whose effect on this lesion was never observed; a statement on the population.",
        }
        .to_owned(),
    );
    if projection.ladder >= Ladder::C2 && on && !off {
        why.push(
            "Every interval between scans was under treatment: growth and effect of treatment \
             cannot be told apart. A scan before treatment or in a pause would tell."
                .to_owned(),
        );
    }
    if n < 2 {
        why.push(
            "One measurement says nothing of change; the curve is the population prior started \
             at the measured size."
                .to_owned(),
        );
    }
    if let Some(kappa) = projection.kappa {
        let percent = 100.0 * kappa;
        why.push(if projection.identified {
            format!(
                "The lesion's data removed {percent:.0} % of the prior variance of what is shown."
            )
        } else {
            format!(
                "Not identified: the lesion's data removed {percent:.0} % of the prior variance of \
                 what is shown (20 % is wanted); the band is a prior statement."
            )
        });
    }
    if horizon > projection.fade_after.0 {
        why.push(format!(
            "Days beyond {:.0} lie further ahead than the follow-up supports.",
            projection.fade_after.0
        ));
    }
    if !unknown.is_empty() && projection.has_scenario() {
        why.push("The effect of that therapy is drawn from its prior in both arms.".to_owned());
    }
    if projection.has_scenario() {
        why.push(
            "Assumes that treatment was not chosen by what would have predicted the course \
             otherwise."
                .to_owned(),
        );
        if between_models(fit) {
            why.push("The band averages over growth models by their weights.".to_owned());
        }
    }
    why
}

/// Whether more than one model carries weight.
fn between_models(fit: &Fit) -> bool {
    fit.models.iter().filter(|m| m.weight > 0.05).count() > 1
}
