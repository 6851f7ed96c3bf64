//! A truth that the fitted models do not know: two populations whose killed cells linger, fitted with
//! log-kill models of one population.

use super::{AHEAD, Case, Regime, simulate};
use crate::jobs::JobContext;
use crate::twin::posterior::Random;
use crate::twin::{Error, Fit, FitParams, LesionSeries, Model, PriorSet, fit, project};
use crate::units::Days;

/// Where a measurement 60 days ahead lay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Below the 80 % band.
    Below,
    /// Inside.
    Inside,
    /// Above.
    Above,
}

/// Makes up the lesion of number `index`, fits `models` to it and says where a measurement 60 days after
/// the last scan lay against 80 % bands: those of each model alone, in the order given, and last of their
/// average; each time by every one of the `discrepancies`, which no posterior depends on.
///
/// # Errors
/// Those of the fit and the projection.
pub fn inside(
    models: &[Model],
    discrepancies: &[f64],
    seed: u64,
    index: u64,
) -> Result<Vec<Vec<Inside>>, Error> {
    let truth = Case {
        model: Model::TwoPopulationsClearance,
        prior: PriorSet::Generic,
        regime: Regime::Doses,
    };
    let scans = 3 + (index % 4) as usize;
    let simulated = simulate(truth, scans, &mut Random::new(seed, index))?;
    let params = FitParams {
        models: models.to_vec(),
        seed: index,
        ..FitParams::default()
    };
    let job = JobContext::default();
    let series = LesionSeries {
        observations: simulated.observations,
    };
    let average = fit(&series, &simulated.treatments, &params, &job)?;
    let day = [Days(series.observations[scans - 1].day.0 + AHEAD)];
    let measured = libm::exp(simulated.measured_ahead);
    let mut fits: Vec<Fit> = models.iter().map(|m| alone(&average, *m)).collect();
    fits.push(average);
    fits.into_iter()
        .map(|mut fit| {
            discrepancies
                .iter()
                .map(|discrepancy| {
                    fit.discrepancy = *discrepancy;
                    let ahead = project(&fit, &simulated.treatments, None, &day, &job)?;
                    let band = ahead.days[0].factual.predictive;
                    Ok(if measured < band.q10 {
                        Inside::Below
                    } else if measured > band.q90 {
                        Inside::Above
                    } else {
                        Inside::Inside
                    })
                })
                .collect()
        })
        .collect()
}

/// What fitting this model alone would have given.
fn alone(average: &Fit, model: Model) -> Fit {
    let mut fit = average.clone();
    fit.models.retain(|m| m.model == model);
    for m in &mut fit.models {
        m.weight = 1.0;
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_among_others_is_the_model_alone() {
        let models = [Model::ExponentialClearance, Model::FadingEffect];
        let asked = [0.0, 0.024];
        for index in 0..4 {
            let together = inside(&models, &asked, 3, index).unwrap();
            assert_eq!(together.len(), 3);
            for (model, found) in models.iter().zip(&together) {
                let one = inside(&[*model], &asked, 3, index).unwrap();
                assert_eq!((&one[0], &one[1]), (found, found));
            }
        }
    }
}
