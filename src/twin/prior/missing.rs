//! What a set of priors says nothing of.

use super::{PriorSet, Priors};
use crate::twin::{Model, ParameterKind};
use crate::warning::{Warning, WarningCode};

/// Names the parameters whose priors are generic although a set was chosen, one warning for all models.
///
/// The first size is left out: its prior hardly counts, since it is measured.
pub(in crate::twin) fn warning(set: PriorSet, models: &[(Model, Priors)]) -> Option<Warning> {
    if set == PriorSet::Generic {
        return None;
    }
    let mut missing: Vec<(ParameterKind, Vec<&str>)> = Vec::new();
    for (model, priors) in models {
        let mut kinds: Vec<ParameterKind> = priors
            .each
            .iter()
            .filter(|p| p.generic && p.slot.kind != ParameterKind::InitialSize)
            .map(|p| p.slot.kind)
            .collect();
        // Several drugs, one parameter.
        kinds.dedup();
        for kind in kinds {
            match missing.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, of)) => of.push(model.name()),
                None => missing.push((kind, vec![model.name()])),
            }
        }
    }
    if missing.is_empty() {
        return None;
    }
    let each: Vec<String> = missing
        .iter()
        .map(|(kind, of)| {
            let what = format!("{} ({})", kind.words(), kind.name());
            if of.len() == models.len() {
                what
            } else {
                format!("{what} [{}]", of.join(", "))
            }
        })
        .collect();
    let whose = match set {
        PriorSet::Vaghi2020MouseLung | PriorSet::Vaghi2020MouseBreast => {
            "; that set is of patients, not of mice"
        }
        _ => "",
    };
    Some(Warning::new(
        WarningCode::Prior,
        format!(
            "The priors {} say nothing of what follows, which has those of the generic set{whose}: {}",
            set.name(),
            each.join("; ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::Scale;
    use crate::twin::dynamics::plan::DrugId;
    use crate::twin::model::Acting;

    fn said(set: PriorSet, models: &[Model], acting: &Acting, scale: Scale) -> Option<String> {
        let first = scale.is_calibrated().then_some(5.0);
        let priors: Vec<(Model, Priors)> = models
            .iter()
            .map(|m| (*m, Priors::new(*m, acting, set, scale, first)))
            .collect();
        warning(set, &priors).map(|w| w.message)
    }

    #[test]
    fn generic_priors_where_a_set_was_chosen_are_named_once_for_all_models() {
        let two_drugs = Acting {
            timed: vec![DrugId(0), DrugId(1)],
            ..Acting::default()
        };
        let models = [Model::FadingEffect, Model::TwoPopulations];
        let text = said(
            PriorSet::Claret2014Nsclc,
            &models,
            &two_drugs,
            Scale::DiameterMm,
        )
        .unwrap();
        assert_eq!(text.matches("systemic_kill_rate").count(), 1, "{text}");
        assert!(
            text.contains("(systemic_kill_rate) [two_populations]"),
            "{text}"
        );
        assert!(text.contains("(resistant_rate)"), "{text}");
        assert!(
            !text.contains("initial_size") && !text.contains("mice"),
            "{text}"
        );
    }

    #[test]
    fn a_set_that_says_all_is_silent() {
        let none = Acting::default();
        for (set, model) in [
            (PriorSet::Generic, Model::Gompertz),
            (PriorSet::Ribba2022Nsclc, Model::SteinFojo),
            (PriorSet::Claret2014Nsclc, Model::Claret),
            (PriorSet::Terranova2022Gastric, Model::ReducedGompertz),
            (PriorSet::Vaghi2020MouseLung, Model::Gompertz),
            (PriorSet::Vaghi2020MouseBreast, Model::PowerLaw),
            (PriorSet::Vaghi2020MouseBreast, Model::Logistic),
        ] {
            assert_eq!(
                said(set, &[model], &none, Scale::VolumeMm3),
                None,
                "{set:?}"
            );
        }
    }

    #[test]
    fn mice_without_millimetres_have_the_growth_of_patients_and_that_is_said() {
        let set = PriorSet::Vaghi2020MouseLung;
        let text = said(set, &[Model::Gompertz], &Acting::default(), Scale::Voxels).unwrap();
        assert!(text.contains("(growth_rate)") && text.contains("(growth_decline)"));
        assert!(text.contains("of patients, not of mice"), "{text}");
    }
}
