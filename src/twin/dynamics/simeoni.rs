//! T6: the tumour growth inhibition model of Simeoni et al., Cancer Res 2004;64:1094.
//!
//! x₁' = g(w) x₁ − k₂ c(t) x₁, x₂' = k₂ c x₁ − k₁ x₂, x₃' = k₁ (x₂ − x₃), x₄' = k₁ (x₃ − x₄),
//! w = x₁ + x₂ + x₃ + x₄, g(w) = λ₀/(1 + (λ₀ w/λ₁)^ψ)^{1/ψ}: damaged cells pass three stages before
//! they are gone, so the lesion shrinks later than it is hit. The source counts grams; 1 g stands
//! for 1000 mm³.

use serde::{Deserialize, Serialize};

use super::check::{Error, check_positive};
use crate::twin::dynamics::exposure::Drug;
use crate::twin::dynamics::growth::{Growth, Transition};
use crate::twin::dynamics::ode::Tolerance;
use crate::twin::dynamics::plan::Plan;
use crate::twin::dynamics::radiotherapy::Radiosensitivity;
use crate::twin::dynamics::schedule::{Dynamics, Pulse, Segment, run};
use crate::twin::dynamics::timeline::{Effects, Timeline, Workspace};
use crate::twin::exp::exp;
use crate::units::{Days, Mm3};

/// The model with its treatments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simeoni {
    /// λ₀, 1/d.
    pub rate: f64,
    /// λ₁, mm³/d.
    pub linear: f64,
    /// ψ; the source takes 20.
    pub sharpness: f64,
    /// k₁, 1/d, from one stage of damage to the next.
    pub transit: f64,
    /// Drugs; a linear response with the rate k₂ (1/d per unit of concentration) is that of the
    /// source.
    pub drugs: Vec<Drug>,
    /// What radiotherapy does; needed where a plan holds fractions. Cells that it hits pass the
    /// same stages.
    pub radiosensitivity: Option<Radiosensitivity>,
    /// Log-kill of operations of which the plan does not say how much they removed.
    pub surgery_log_kill: Option<f64>,
}

/// Cells that grow, and cells in three stages of damage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// ln(x₁/mm³).
    pub ln_growing: f64,
    /// x₂, x₃, x₄.
    pub damaged: [Mm3; 3],
}

impl Stages {
    /// A lesion of undamaged cells.
    #[must_use]
    pub fn undamaged(volume: Mm3) -> Self {
        Self {
            ln_growing: libm::log(volume.0),
            damaged: [Mm3(0.0); 3],
        }
    }

    /// w, all that an image shows.
    #[must_use]
    pub fn volume(&self) -> Mm3 {
        let damaged: f64 = self.damaged.iter().map(|d| d.0).sum();
        Mm3(libm::exp(self.ln_growing) + damaged)
    }
}

impl Simeoni {
    fn law(&self) -> Growth<Mm3> {
        Growth::ExponentialLinear {
            rate: self.rate,
            linear: self.linear,
            transition: Transition::Smooth {
                sharpness: self.sharpness,
            },
        }
    }

    /// The lesion on the days asked for, in their order; on the day of an event just before it.
    ///
    /// # Errors
    /// [`Error`] as for [`crate::twin::dynamics::lesion::Lesion::simulate`].
    pub fn simulate(
        &self,
        plan: &Plan,
        start: Days,
        stages: Stages,
        days: &[Days],
        tolerance: &Tolerance,
    ) -> Result<Vec<Stages>, Error> {
        let timeline = Timeline::new(plan, start, days)?;
        let mut workspace = Workspace::new(*tolerance);
        let mut out = Vec::new();
        self.run(&timeline, stages, &mut workspace, &mut out)?;
        Ok(out)
    }

    /// The same on a timeline, which any number of lesions may share, from its first day on. What
    /// was in `out` gives way.
    ///
    /// # Errors
    /// As for [`Self::simulate`], less what [`Timeline::new`] has checked.
    pub fn run(
        &self,
        timeline: &Timeline,
        stages: Stages,
        workspace: &mut Workspace,
        out: &mut Vec<Stages>,
    ) -> Result<(), Error> {
        self.law().check()?;
        check_positive("the transit rate k₁ (1/d)", self.transit)?;
        check_positive("the size at the start (mm³)", stages.volume().0)?;
        let effects = Effects {
            drugs: &self.drugs,
            radiosensitivity: self.radiosensitivity.as_ref(),
            surgery_log_kill: self.surgery_log_kill,
        };
        out.clear();
        out.resize(timeline.days.len(), stages);
        run(self, timeline, &effects, stages, workspace, |i, at| {
            out[i] = *at;
        })
    }
}

/// For the solver: ln x₁, and the damaged parts in units of the volume at the start of a segment.
impl Dynamics<4> for Simeoni {
    type State = Stages;

    fn pack(&self, start: &Stages) -> [f64; 4] {
        let unit = start.volume().0;
        let [a, b, c] = start.damaged.map(|d| d.0 / unit);
        [start.ln_growing, a, b, c]
    }

    fn slope(&self, segment: &Segment, start: &Stages, t: f64, y: &[f64; 4]) -> [f64; 4] {
        let unit = start.volume().0;
        let [ln_growing, a, b, c] = *y;
        let growing = exp(ln_growing) / unit;
        let whole = unit * (growing + a + b + c);
        let kill = segment.kill.rate(t);
        let growth = if segment.growing {
            self.law().rate(libm::log(whole))
        } else {
            0.0
        };
        let k = self.transit;
        [
            growth - kill,
            kill * growing - k * a,
            k * (a - b),
            k * (b - c),
        ]
    }

    fn unpack(&self, _: &Segment, start: &Stages, _: f64, y: &[f64; 4]) -> Stages {
        let unit = start.volume().0;
        let [ln_growing, a, b, c] = *y;
        Stages {
            ln_growing,
            damaged: [a, b, c].map(|d| Mm3((unit * d).max(0.0))),
        }
    }

    fn pulse(&self, pulse: &Pulse, state: &Stages) -> Stages {
        let kill = pulse.drugs + pulse.radiotherapy;
        let kept = libm::exp(-pulse.surgery);
        let [a, b, c] = state.damaged.map(|d| d.0);
        let hit = -libm::expm1(-kill) * libm::exp(state.ln_growing);
        Stages {
            ln_growing: state.ln_growing - kill - pulse.surgery,
            damaged: [a + hit, b, c].map(|d| Mm3(d * kept)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::plan::Event;
    use crate::units::Gray;

    fn model(rate: f64) -> Simeoni {
        Simeoni {
            surgery_log_kill: None,
            rate,
            linear: 800.0,
            sharpness: 20.0,
            transit: 0.5,
            drugs: Vec::new(),
            radiosensitivity: Some(Radiosensitivity::lq(0.3, Gray(10.0))),
        }
    }

    fn run(model: &Simeoni, plan: &Plan, days: &[Days]) -> Vec<Stages> {
        model
            .simulate(
                plan,
                Days(0.0),
                Stages::undamaged(Mm3(100.0)),
                days,
                &Tolerance::default(),
            )
            .unwrap()
    }

    #[test]
    fn small_lesions_grow_exponentially() {
        let out = run(&model(0.1), &Plan::default(), &[Days(10.0)]);
        assert!((out[0].volume().0 / (100.0 * 1.0_f64.exp()) - 1.0).abs() < 1e-9);
    }

    /// Three stages of mean 1/k₁ each: what is left of damaged cells is Poisson's sum.
    #[test]
    fn damaged_cells_leave_through_three_stages() {
        let plan = Plan::new([Event::fraction(Days(0.0), Gray(2.0))]).unwrap();
        let days = [Days(1e-9), Days(3.0), Days(9.0)];
        let slow = model(1e-12);
        let (left, hit) = (100.0 * (-0.72_f64).exp(), -100.0 * (-0.72_f64).exp_m1());
        for (day, stages) in days.iter().zip(run(&slow, &plan, &days)) {
            let k = 0.5 * day.0;
            let exact = left + hit * (-k).exp() * (1.0 + k + k * k / 2.0);
            assert!((stages.volume().0 / exact - 1.0).abs() < 1e-8);
        }
    }
}
