//! A truth that the fitted models do not know: two populations whose killed cells linger, fitted with
//! log-kill models of one population.

use super::{AHEAD, Case, Regime, simulate};
use crate::jobs::JobContext;
use crate::twin::posterior::Random;
use crate::twin::{Error, FitParams, LesionSeries, Model, PriorSet, fit, project};
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
/// the last scan lay against the 80 % band of their average.
///
/// # Errors
/// Those of the fit and the projection.
pub fn inside(models: &[Model], discrepancy: f64, seed: u64, index: u64) -> Result<Inside, Error> {
    let truth = Case {
        model: Model::TwoPopulationsClearance,
        prior: PriorSet::Generic,
        regime: Regime::Doses,
    };
    let scans = 3 + (index % 4) as usize;
    let simulated = simulate(truth, scans, &mut Random::new(seed, index))?;
    let params = FitParams {
        models: models.to_vec(),
        discrepancy,
        seed: index,
        ..FitParams::default()
    };
    let job = JobContext::default();
    let series = LesionSeries {
        observations: simulated.observations,
    };
    let found = fit(&series, &simulated.treatments, &params, &job)?;
    let day = [Days(series.observations[scans - 1].day.0 + AHEAD)];
    let ahead = project(&found, &simulated.treatments, None, &day, &job)?;
    let band = ahead.days[0].factual.predictive;
    let measured = libm::exp(simulated.measured_ahead);
    Ok(if measured < band.q10 {
        Inside::Below
    } else if measured > band.q90 {
        Inside::Above
    } else {
        Inside::Inside
    })
}
