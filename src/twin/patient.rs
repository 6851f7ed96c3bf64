//! All lesions of a patient together.
//!
//! Lesions of one patient grow and respond alike, more or less: half of the variance of growth and of
//! the effect of drugs lies between patients, half between the lesions of one. So a lesion with few
//! scans learns from its neighbours, and every lesion keeps the prior that it has by itself.

use rayon::prelude::*;

use super::fit::{Fit, FitParams, fit, restate, resummarise};
use super::joint::{self, Own};
use super::parameter::ParameterKind;
use super::treatment::Treatments;
use super::{Error, LesionSeries, Model, Parameter};
use crate::jobs::JobContext;

/// Share of the variance of growth and kill that lies between patients. An assumption: no published
/// table tells it for lesions.
pub const BETWEEN_PATIENTS: f64 = 0.5;

/// Fits every lesion of a patient, and joins them.
///
/// # Errors
/// The place of a lesion that cannot be fitted, and why.
pub fn fit_patient(
    lesions: &[LesionSeries],
    treatments: &Treatments,
    params: &FitParams,
    job: &JobContext,
) -> Result<Vec<Fit>, (usize, Error)> {
    let fitted: Vec<Result<Fit, Error>> = lesions
        .par_iter()
        .map(|series| fit(series, treatments, params, job))
        .collect();
    let mut fits = Vec::with_capacity(lesions.len());
    for (i, result) in fitted.into_iter().enumerate() {
        fits.push(result.map_err(|error| (i, error))?);
    }
    join(&mut fits);
    Ok(fits)
}

/// Joins lesions of one patient that were fitted alone, model by model: their growth and kill become
/// the patient's plus their own. Models without both stay as they are, as does a lesion that is alone
/// with its model or its drug. Weights of models stay those of the lesions by themselves.
pub fn join(fits: &mut [Fit]) {
    let Some(seed) = fits.first().map(|f| f.seed) else {
        return;
    };
    for model in Model::ALL {
        let all: Vec<&Fit> = fits.iter().collect();
        for (n, members) in groups(&all, model).into_iter().enumerate() {
            if members.len() < 2 {
                continue;
            }
            let own: Vec<Own<'_>> = members
                .iter()
                .map(|m| {
                    let model = &fits[m.lesion].models[m.at];
                    Own {
                        draws: &model.draws.values,
                        dimension: model.draws.dimension,
                        places: m.places,
                        effective: model.diagnostics.effective,
                    }
                })
                .collect();
            let stream = ((model as u64) << 8) | n as u64;
            let found = joint::join(&own, BETWEEN_PATIENTS, seed ^ 0x701_0107, stream);
            let count = members.len();
            let draws = found.lesions.into_iter().zip(found.effective);
            for (member, (draws, effective)) in members.iter().zip(draws) {
                let fit = &mut fits[member.lesion];
                let model = &mut fit.models[member.at];
                model.draws.values = draws;
                model.diagnostics.effective = effective;
                fit.joined_with = fit.joined_with.max(count - 1);
                resummarise(fit, member.at);
            }
        }
    }
    for fit in fits.iter_mut().filter(|fit| fit.joined_with > 0) {
        restate(fit);
    }
}

/// Lesions that a model has growth and kill of, by what they must have in common to be joined.
fn groups(fits: &[&Fit], model: Model) -> Vec<Vec<Place>> {
    let mut groups: Vec<(Shared, Vec<Place>)> = Vec::new();
    for (lesion, fit) in fits.iter().enumerate() {
        let Some(at) = fit.models.iter().position(|m| m.model == model) else {
            continue;
        };
        let Some((shared, places)) = shared(&fit.models[at].parameters) else {
            continue;
        };
        let place = Place { lesion, at, places };
        match groups.iter_mut().find(|(s, _)| *s == shared) {
            Some((_, members)) => members.push(place),
            None => groups.push((shared, vec![place])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// Places of the lesions that [`join`] joined under a model, group by group: their draws of one row are
/// of one patient effect.
pub(super) fn joined(fits: &[&Fit], model: Model) -> Vec<Vec<usize>> {
    groups(fits, model)
        .into_iter()
        .map(|members| members.into_iter().map(|m| m.lesion).collect::<Vec<_>>())
        .filter(|lesions| lesions.len() > 1)
        // Posteriors of lesions by themselves, that nobody has joined yet.
        .filter(|lesions| {
            lesions
                .iter()
                .all(|l| fits[*l].joined_with + 1 >= lesions.len())
        })
        .collect()
}

/// A lesion among those of a group: the place of its model, and of growth and kill in it.
struct Place {
    lesion: usize,
    at: usize,
    places: [usize; joint::SHARED],
}

/// What lesions must have in common to be joined.
#[derive(PartialEq)]
struct Shared {
    growth: ParameterKind,
    kill: ParameterKind,
    drug: Option<super::dynamics::plan::DrugId>,
}

/// Growth and the first kill among the parameters of a model; `None` where it lacks one.
fn shared(parameters: &[Parameter]) -> Option<(Shared, [usize; joint::SHARED])> {
    use ParameterKind as K;
    let place = |of: fn(K) -> bool| parameters.iter().position(|p| of(p.kind));
    let growth = place(|k| matches!(k, K::GrowthRate | K::IntrinsicRate))?;
    // Drugs reach every lesion; what is done to one says nothing of another.
    let kill = place(|k| matches!(k, K::SystemicKillRate | K::DoseKill))?;
    let shared = Shared {
        growth: parameters[growth].kind,
        kill: parameters[kill].kind,
        drug: parameters[kill].drug,
    };
    Some((shared, [growth, kill]))
}
