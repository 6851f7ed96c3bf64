//! T8: competing populations under adaptive treatment (Zhang et al., Nat Commun 2017;8:1816; eLife
//! 2022;11:e76284), in the form xᵢ' = rᵢ xᵢ (1 − Σⱼ aᵢⱼ xⱼ/Kᵢ) − kᵢ xᵢ while the drug is on.
//!
//! Competition coefficients come from a population and cannot be read off one lesion: curves of
//! this model are scenarios.

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_day, check_positive};
use crate::twin::dynamics::ode::{self, Tolerance};
use crate::units::{Days, Mm3};

/// The model for N populations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Competition<const N: usize> {
    /// rᵢ, 1/d.
    pub rates: [f64; N],
    /// Kᵢ.
    pub capacities: [Mm3; N],
    /// aᵢⱼ: what j takes of the room of i; aᵢᵢ is 1 by custom.
    pub coefficients: [[f64; N]; N],
    /// kᵢ, 1/d, while the drug is on.
    pub kill: [f64; N],
}

/// When the drug is on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dosing", rename_all = "snake_case")]
pub enum Dosing {
    /// From the start on.
    Always,
    /// Never.
    Never,
    /// On at the start; decided at visits, as in the trial, against the burden at the start.
    Adaptive {
        /// Off at or below this share of it; 0.5 in the trial.
        off_at: f64,
        /// On again at or above this share of it; 1 in the trial.
        on_at: f64,
    },
}

/// What a course of the model shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<const N: usize> {
    /// Populations on the days asked for, in their order.
    pub populations: Vec<[Mm3; N]>,
    /// The start and the visits within the run, and whether the drug is on from there.
    pub decisions: Vec<(Days, bool)>,
}

impl<const N: usize> Competition<N> {
    fn check(&self, start: &[Mm3; N]) -> Result<(), Error> {
        for rate in self.rates {
            check("a growth rate (1/d)", rate, -1e6..=1e6, "a finite number")?;
        }
        for capacity in self.capacities {
            check_positive("a carrying capacity (mm³)", capacity.0)?;
        }
        for kill in self.kill {
            check("a kill rate (1/d)", kill, 0.0..=1e6, "zero or more")?;
        }
        for a in self.coefficients.as_flattened() {
            check("a competition coefficient", *a, 0.0..=1e6, "zero or more")?;
        }
        for population in start {
            check_positive("a population at the start (mm³)", population.0)?;
        }
        Ok(())
    }

    fn slope(&self, on: bool, y: &[f64; N]) -> [f64; N] {
        let sizes = y.map(libm::exp);
        std::array::from_fn(|i| {
            let taken = self.coefficients[i].iter().zip(&sizes);
            let felt: f64 = taken.map(|(a, x)| a * x).sum();
            let kill = if on { self.kill[i] } else { 0.0 };
            self.rates[i] * (1.0 - felt / self.capacities[i].0) - kill
        })
    }

    /// Runs the model from a day on. Visits may be given in any order; those before the start
    /// decide nothing. A day asked for that is a visit shows the populations on which it decides.
    ///
    /// # Errors
    /// [`Error`] for numbers that cannot be, days before the start, and parameters too extreme for
    /// the solver.
    pub fn simulate(
        &self,
        start: Days,
        populations: [Mm3; N],
        dosing: Dosing,
        visits: &[Days],
        days: &[Days],
        tolerance: &Tolerance,
    ) -> Result<Outcome<N>, Error> {
        self.check(&populations)?;
        for day in visits.iter().chain(days).chain([&start]) {
            check_day("a day of a curve", day.0)?;
        }
        if let Some(early) = days.iter().find(|d| d.0 < start.0) {
            return Err(Error::BeforeStart {
                day: early.0,
                start: start.0,
            });
        }
        let last = days.iter().map(|d| d.0).fold(start.0, f64::max);
        let mut order: Vec<usize> = (0..days.len()).collect();
        order.sort_by(|a, b| days[*a].0.total_cmp(&days[*b].0));
        let mut stops: Vec<f64> = visits
            .iter()
            .map(|v| v.0)
            .filter(|v| *v > start.0 && *v < last)
            .collect();
        stops.sort_by(f64::total_cmp);
        stops.dedup();
        stops.push(f64::INFINITY);

        let baseline: f64 = populations.iter().map(|p| p.0).sum();
        let mut on = !matches!(dosing, Dosing::Never);
        let mut decisions = vec![(start, on)];
        let mut out = vec![populations; days.len()];
        let mut y = populations.map(|p| libm::log(p.0));
        let (mut now, mut done) = (start.0, 0);
        for stop in stops {
            let asked = order[done..].partition_point(|i| days[*i].0 <= stop);
            let here = &order[done..done + asked];
            let mut times: Vec<f64> = here.iter().map(|i| days[*i].0 - now).collect();
            if stop.is_finite() {
                times.push(stop - now);
            }
            let from = y;
            ode::integrate(
                |_, y| self.slope(on, y),
                ode::smooth,
                from,
                tolerance,
                stop - now,
                &times,
                |i, at| match here.get(i) {
                    Some(&slot) => out[slot] = at.map(|x| Mm3(libm::exp(x))),
                    None => y = *at,
                },
            )?;
            done += asked;
            if !stop.is_finite() {
                break;
            }
            now = stop;
            if let Dosing::Adaptive { off_at, on_at } = dosing {
                let burden: f64 = y.iter().map(|x| libm::exp(*x)).sum();
                if on && burden <= off_at * baseline {
                    on = false;
                } else if !on && burden >= on_at * baseline {
                    on = true;
                }
            }
            decisions.push((Days(now), on));
        }
        Ok(Outcome {
            populations: out,
            decisions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Competition<2> {
        Competition {
            rates: [0.03, 0.03],
            capacities: [Mm3(1e4); 2],
            coefficients: [[1.0, 1.0], [2.0, 1.0]],
            kill: [0.08, 0.0],
        }
    }

    fn run(dosing: Dosing, visits: &[Days], days: &[Days]) -> Outcome<2> {
        model()
            .simulate(
                Days(0.0),
                [Mm3(5000.0), Mm3(50.0)],
                dosing,
                visits,
                days,
                &Tolerance::default(),
            )
            .unwrap()
    }

    #[test]
    fn a_lone_population_follows_the_logistic_curve() {
        let model = Competition {
            rates: [0.03],
            capacities: [Mm3(1e4)],
            coefficients: [[1.0]],
            kill: [0.0],
        };
        let out = model
            .simulate(
                Days(0.0),
                [Mm3(500.0)],
                Dosing::Never,
                &[],
                &[Days(80.0)],
                &Tolerance::default(),
            )
            .unwrap();
        let exact = 1e4 / (1.0 + 19.0 * (-2.4_f64).exp());
        assert!((out.populations[0][0].0 / exact - 1.0).abs() < 1e-10);
    }

    #[test]
    fn visits_that_decide_nothing_change_nothing() {
        let days = [Days(200.0), Days(50.0)];
        let none = run(Dosing::Always, &[], &days);
        let some = run(Dosing::Always, &[Days(30.0), Days(60.0)], &days);
        for (a, b) in none.populations.iter().zip(&some.populations) {
            assert!((a[0].0 / b[0].0 - 1.0).abs() < 1e-9);
            assert!((a[1].0 / b[1].0 - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn sparing_sensitive_cells_holds_resistant_ones_back() {
        let visits: Vec<Days> = (1..20).map(|i| Days(28.0 * f64::from(i))).collect();
        let adaptive = Dosing::Adaptive {
            off_at: 0.5,
            on_at: 1.0,
        };
        let day = [Days(300.0)];
        let (adaptive, always) = (
            run(adaptive, &visits, &day),
            run(Dosing::Always, &visits, &day),
        );
        assert!(adaptive.populations[0][1].0 < always.populations[0][1].0);
        assert!(adaptive.decisions.iter().any(|d| !d.1));
    }
}
