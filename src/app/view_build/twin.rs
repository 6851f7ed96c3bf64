//! The growth plot.

mod acts;
mod models;
mod sum;

use crate::app::state::{Slot, State};
use crate::app::twin_input::{self, TwinResult};
use crate::app::view::{BandPoint, GrowthPoint, GrowthView};
use crate::app::{grouping, summary};
use crate::case::{Lesion, LesionId, PatientId, TimePoint};
use crate::texts::tr;
use crate::twin::{Arm, Quantiles, Scale, ScenarioChange, Voice};

impl State {
    /// The curve of the selected lesion, or of the first one marked.
    pub(super) fn growth_view(&self, patient: PatientId, points: &[TimePoint]) -> GrowthView {
        let selected = self.selected.and_then(|id| self.lesion(id));
        let Some(lesion) = selected.or_else(|| self.lesions_of(patient).next()) else {
            return GrowthView::default();
        };
        let mut growth = empty(lesion);
        growth.prior = twin_input::prior(self, patient);
        match self.twins.get(&lesion.id) {
            Some(Slot::Ready(twin)) => self.draw_twin(&mut growth, lesion, twin, points),
            Some(Slot::Waiting(_)) => growth.pending = true,
            Some(Slot::Failed(failure)) => growth.notes.push(failure.text.clone()),
            None => {
                let undated = points.iter().all(|p| p.date.is_none());
                growth.notes.push(if undated {
                    tr!("No date is known for any time point. Set dates to see growth.").to_owned()
                } else {
                    tr!("Mark this lesion at a dated time point to see its growth.").to_owned()
                });
            }
        }
        growth
    }

    /// The curve of a lesion for a report; `None` while there is none.
    pub(in crate::app) fn growth_of(&self, lesion: LesionId) -> Option<GrowthView> {
        let (lesion, twin) = (self.lesion(lesion)?, self.twin(lesion)?);
        let points: Vec<TimePoint> = grouping::ordered(&self.records, lesion.patient)
            .into_iter()
            .cloned()
            .collect();
        let mut growth = empty(lesion);
        self.draw_twin(&mut growth, lesion, twin, &points);
        Some(growth)
    }

    fn draw_twin(
        &self,
        growth: &mut GrowthView,
        lesion: &Lesion,
        twin: &TwinResult,
        points: &[TimePoint],
    ) {
        let projection = &twin.projection;
        let (y_label, factor) = plotted(projection.scale);
        growth.y_label = y_label.to_owned();
        let band = |arm: &Arm, day: f64| band_point(day, &arm.latent, factor);
        growth.factual = projection
            .days
            .iter()
            .map(|h| band(&h.factual, h.day.0))
            .collect();
        growth.scenario = projection
            .days
            .iter()
            .filter_map(|h| Some(band(h.scenario.as_ref()?, h.day.0)))
            .collect();
        let speaks = twin.outlook.voice == Voice::LocalLevel && growth.scenario.is_empty();
        if speaks {
            let last = twin.fit.last_day().0;
            let from = projection.locf.size.value() * factor;
            growth.local.push(BandPoint::of_one(last, from));
            let local = &twin.outlook.local;
            growth.local.extend(
                local
                    .iter()
                    .map(|l| band_point(l.day.0, &l.predictive, factor)),
            );
            // What models say stays for the time that they explain.
            growth.factual.retain(|b| b.day <= last);
        }
        growth.locf = Some(projection.locf.size.value() * factor);
        growth.horizon_day = projection.fade_after.0;
        growth.identified = growth.scenario.is_empty() || projection.identified;

        let baseline = twin_input::baseline(self, lesion.patient);
        for observation in &twin.fit.observations {
            let on_day = |p: &TimePoint| {
                let (first, date) = (baseline?, p.date?);
                Some(grouping::days_between(first, date).0 == observation.day.0)
            };
            let below_limit = observation.size.value() <= 0.0;
            let (value, reach) = if below_limit {
                (projection.scale.detection_limit() * factor, 1.0)
            } else {
                let reach = twin.fit.reach_90(observation).exp();
                (observation.size.value() * factor, reach)
            };
            growth.points.push(GrowthPoint {
                day: observation.day.0,
                value,
                low: value / reach,
                high: value * reach,
                column: points
                    .iter()
                    .position(|p| on_day(p) == Some(true))
                    .unwrap_or(0),
                below_limit,
            });
        }
        let plan = &twin.fit.treatments;
        let until = projection.days.last().map_or(0.0, |h| h.day.0);
        growth.treated = acts::acts(plan, f64::NEG_INFINITY, until);
        growth.limit = limit_words(projection.scale);
        let scenario = self
            .records
            .scenarios
            .iter()
            .find(|s| s.patient == lesion.patient);
        if let Some(asked) = scenario.filter(|_| !growth.scenario.is_empty())
            && let Ok(changed) = asked.change.apply(plan)
        {
            growth.scenario_treated = acts::acts(&changed, asked.change.day().0, until);
        }
        growth.scenario_label = scenario
            .map(|s| scenario_label(&s.change))
            .unwrap_or_default();
        growth.notes = summary::twin_notes(twin, scenario.is_some());
        growth.models = models::views(&twin.fit);
        growth.prior = twin.fit.prior;
    }
}

fn empty(lesion: &Lesion) -> GrowthView {
    GrowthView {
        title: lesion.label.clone(),
        lesion: Some(lesion.id),
        horizon_day: f64::INFINITY,
        identified: true,
        ..GrowthView::default()
    }
}

/// Axis label and the factor from the twin's unit to the plotted one.
fn plotted(scale: Scale) -> (&'static str, f64) {
    match scale {
        Scale::VolumeMm3 => (tr!("Volume (mL)"), 1e-3),
        Scale::Voxels => (tr!("Volume (voxels)"), 1.0),
        Scale::DiameterMm => (tr!("Longest diameter (mm)"), 1.0),
        Scale::DiameterPx => (tr!("Longest diameter (px)"), 1.0),
    }
}

/// What is said of a size below the limit of detection.
fn limit_words(scale: Scale) -> String {
    let limit = scale.detection_limit();
    match scale {
        // The volume of a sphere whose diameter is told.
        Scale::VolumeMm3 | Scale::DiameterMm => {
            let limit = Scale::DiameterMm.detection_limit();
            tr!("below {limit:.0} mm", limit)
        }
        Scale::Voxels => tr!("below {limit:.0} voxel", limit),
        Scale::DiameterPx => tr!("below {limit:.0} px", limit),
    }
}

fn band_point(day: f64, q: &Quantiles, factor: f64) -> BandPoint {
    BandPoint {
        day,
        q05: q.q05 * factor,
        q25: q.q25 * factor,
        q50: q.q50 * factor,
        q75: q.q75 * factor,
        q95: q.q95 * factor,
    }
}

/// What a scenario is called.
pub(in crate::app) fn scenario_label(change: &ScenarioChange) -> String {
    match change {
        ScenarioChange::StopTreatment { day } => tr!("treatment stops on day {day:.0}", day),
        ScenarioChange::StartTreatment { day } => {
            tr!("treatment starts again on day {day:.0}", day)
        }
        ScenarioChange::ScaleDose { from_day, factor } => {
            tr!(
                "{percent:.0} % of the dose from day {from_day:.0}",
                percent = 100.0 * factor,
                from_day
            )
        }
    }
}
