//! Drugs: from dated doses to a kill rate, with its exact integral.
//!
//! K-PD (Jacqmin et al., J Pharmacokinet Pharmacodyn 2007;34:57): no concentration is measured, so
//! a virtual amount C takes its place, C' = −k C + doses, in reference doses. Between two changes
//! of dosing C is a constant plus one or two exponentials, and so is the kill rate of a linear
//! response; its integral, the log-kill, follows without any step of a solver.

use crate::twin::exp::exp;
use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_day, check_positive};
use crate::twin::dynamics::dose::Dose;
use crate::twin::dynamics::dosing::Change;
use crate::twin::dynamics::plan::DrugId;
use crate::units::{Days, Mm3};

/// What a drug does to a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drug {
    /// Its name in plans.
    pub id: DrugId,
    /// The dose per which effects are stated, in the unit in which the drug is prescribed.
    pub reference: Dose,
    /// From dose to kill.
    pub effect: Effect,
    /// Time from a dose to its effect; weeks for immunotherapy.
    pub lag: Days,
    /// λ, 1/d: the effect fades as e^{−λt} from the first effective day on (resistance; Claret et
    /// al., J Clin Oncol 2009;27:4103). Zero where it lasts.
    pub loss_of_effect: f64,
    /// Swelling that is no growth, from the first dose on.
    pub pseudoprogression: Option<Pseudoprogression>,
}

/// How a dose becomes log-kill of volume.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// At once: a bolus of D reference doses takes κ D^h off ln V; an infusion of ρ reference
    /// doses per day takes κ ρ^h off each day.
    Direct {
        /// κ.
        log_kill: f64,
        /// h; above zero.
        exponent: f64,
    },
    /// By way of an exposure that builds up and fades.
    Exposure {
        /// From doses to exposure.
        kinetics: Kinetics,
        /// From exposure to kill rate.
        response: Response,
    },
}

/// Exposure after one reference dose at once: Σ gain e^{−rate t}.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kinetics {
    /// One term for K-PD or one compartment, two for two compartments; an unused one has gain 0.
    pub terms: [Decay; 2],
}

/// gain e^{−rate t}.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// Exposure at t = 0: 1 for K-PD, else a concentration, in the unit that the response expects.
    pub gain: f64,
    /// 1/d; above zero.
    pub rate: f64,
}

impl Decay {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        gain: 0.0,
        rate: 0.0,
    };

    /// Spares the exponential where it decides nothing; these are most of what a curve costs.
    pub(crate) fn at(self, t: f64) -> f64 {
        if self.gain == 0.0 || self.rate == 0.0 {
            self.gain
        } else {
            self.gain * exp(-self.rate * t)
        }
    }

    /// The same, counted from `offset` days later.
    pub(crate) fn after(self, offset: f64) -> Self {
        Self {
            gain: self.at(offset),
            ..self
        }
    }
}

impl Kinetics {
    /// K-PD: the exposure is the number of reference doses still in the body.
    #[must_use]
    pub fn kpd(half_life: Days) -> Self {
        Self::one(1.0, std::f64::consts::LN_2 / half_life.0)
    }

    /// One compartment.
    #[must_use]
    pub const fn one(gain: f64, rate: f64) -> Self {
        Self::two(
            Decay { gain, rate },
            Decay {
                gain: 0.0,
                rate: 1.0,
            },
        )
    }

    /// Two compartments, as the two terms of the disposition after a bolus.
    #[must_use]
    pub const fn two(fast: Decay, slow: Decay) -> Self {
        Self {
            terms: [fast, slow],
        }
    }
}

/// Kill rate of volume, 1/d, at exposure C.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "snake_case")]
pub enum Response {
    /// s C.
    Linear {
        /// s, 1/d per unit of exposure.
        rate: f64,
    },
    /// E C/(C₅₀ + C).
    Emax {
        /// E, 1/d.
        rate: f64,
        /// C₅₀, unit of exposure; above zero.
        half: f64,
    },
    /// s C^γ.
    Power {
        /// s, 1/d at exposure 1.
        rate: f64,
        /// γ; above zero.
        exponent: f64,
    },
}

/// V(t) = P (t/τ) e^{1−t/τ}: a swelling by immune cells that comes and goes; t from the first
/// dose. It does not depend on the size of doses, and adds to the volume seen, not to the cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pseudoprogression {
    /// P, its volume at the peak.
    pub peak: Mm3,
    /// τ, from the first dose to the peak.
    pub time_to_peak: Days,
}

impl Pseudoprogression {
    /// Volume so many days after the first dose.
    #[must_use]
    pub fn volume(&self, elapsed: Days) -> Mm3 {
        if elapsed.0 <= 0.0 {
            return Mm3(0.0);
        }
        let t = elapsed.0 / self.time_to_peak.0;
        Mm3(self.peak.0 * t * libm::exp(1.0 - t))
    }
}

impl Drug {
    /// A drug without lag, loss of effect or swelling.
    #[must_use]
    pub const fn new(id: DrugId, reference: Dose, effect: Effect) -> Self {
        Self {
            id,
            reference,
            effect,
            lag: Days(0.0),
            loss_of_effect: 0.0,
            pseudoprogression: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let rate = |what, value| check(what, value, 0.0..=1e9, "a finite number, zero or more");
        check_positive("a reference dose", self.reference.amount)?;
        check_day("the lag of an effect (days)", self.lag.0)?;
        rate("the lag of an effect (days)", self.lag.0)?;
        rate("the loss of an effect (1/d)", self.loss_of_effect)?;
        if let Some(swelling) = self.pseudoprogression {
            rate("the peak of a swelling (mm³)", swelling.peak.0)?;
            check_positive(
                "the time to the peak of a swelling (days)",
                swelling.time_to_peak.0,
            )?;
        }
        match self.effect {
            Effect::Direct { log_kill, exponent } => {
                rate("the log-kill of a reference dose", log_kill)?;
                check_positive("the exponent of a dose", exponent)
            }
            Effect::Exposure { kinetics, response } => {
                for term in kinetics.terms {
                    rate("the gain of an exposure", term.gain)?;
                    check_positive("the elimination of a drug (1/d)", term.rate)?;
                }
                match response {
                    Response::Linear { rate: s } => rate("a kill rate (1/d)", s),
                    Response::Emax { rate: s, half } => {
                        rate("a kill rate (1/d)", s)?;
                        check_positive("the exposure of half the effect", half)
                    }
                    Response::Power { rate: s, exponent } => {
                        rate("a kill rate (1/d)", s)?;
                        check_positive("the exponent of an exposure", exponent)
                    }
                }
            }
        }
    }
}

/// Kill rate between two changes of dosing, as a function of the days since the first of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hazard {
    /// Exposure that the present infusion tends to.
    steady: f64,
    /// What the exposure lies above that.
    terms: [Decay; 2],
    response: Response,
    /// Share of the effect that is left at the start, and how it fades (1/d).
    left: f64,
    loss: f64,
}

impl Hazard {
    /// That of a drug not given yet.
    pub(crate) const NONE: Self = Self {
        steady: 0.0,
        terms: [Decay::NONE; 2],
        response: Response::Linear { rate: 0.0 },
        left: 1.0,
        loss: 0.0,
    };

    fn exposure(&self, t: f64) -> f64 {
        let decaying: f64 = self.terms.iter().map(|term| term.at(t)).sum();
        // Rounding may leave a little less than nothing.
        (self.steady + decaying).max(0.0)
    }

    /// The same kill rate, counted from `offset` days later.
    pub(crate) fn after(mut self, offset: f64) -> Self {
        for term in &mut self.terms {
            *term = term.after(offset);
        }
        let left = Decay {
            gain: self.left,
            rate: self.loss,
        };
        self.left = left.at(offset);
        self
    }

    /// Whether nothing of the drug is left and none comes.
    pub(crate) fn is_over(&self) -> bool {
        self.steady == 0.0 && self.terms.iter().all(|term| term.gain == 0.0)
    }

    /// Kill rate, 1/d.
    pub(crate) fn at(&self, t: f64) -> f64 {
        self.kill_rate(self.exposure(t), t)
    }

    /// Bound on the kill rate from t on, 1/d.
    pub(crate) fn highest(&self, t: f64) -> f64 {
        let decaying: f64 = self.terms.iter().map(|term| term.at(t).max(0.0)).sum();
        self.kill_rate(self.steady + decaying, t)
    }

    fn kill_rate(&self, c: f64, t: f64) -> f64 {
        let effect = match self.response {
            Response::Linear { rate } => rate * c,
            Response::Emax { rate, half } => rate * c / (half + c),
            Response::Power { rate, exponent } => rate * libm::pow(c, exponent),
        };
        let left = Decay {
            gain: self.left,
            rate: self.loss,
        };
        effect * left.at(t)
    }

    /// The kill rate as Σ aᵢ e^{−kᵢt}, unused terms with gain 0; `None` where it is none.
    pub(crate) fn exponentials(&self) -> Option<[Decay; 3]> {
        let [a, b] = self.terms;
        match self.response {
            Response::Linear { rate } => {
                let scaled = |term: Decay| Decay {
                    gain: self.left * rate * term.gain,
                    rate: term.rate + self.loss,
                };
                let steady = scaled(Decay {
                    gain: self.steady,
                    rate: 0.0,
                });
                Some([steady, scaled(a), scaled(b)])
            }
            Response::Power { rate, exponent } => {
                let power = |c: f64, decay: f64| {
                    let term = Decay {
                        gain: self.left * rate * libm::pow(c, exponent),
                        rate: exponent * decay + self.loss,
                    };
                    Some([term, Decay::NONE, Decay::NONE])
                };
                match (self.steady != 0.0, a.gain != 0.0, b.gain != 0.0) {
                    (_, false, false) => power(self.steady, 0.0),
                    (false, true, false) => power(a.gain, a.rate),
                    (false, false, true) => power(b.gain, b.rate),
                    _ => None,
                }
            }
            Response::Emax { .. } => None,
        }
    }

    /// Integral from 0 to t of a kill rate that is no sum of exponentials, the log-kill; `None`
    /// where it has no closed form.
    pub(crate) fn cumulative(&self, t: f64) -> Option<f64> {
        let Response::Emax { rate, half } = self.response else {
            return None;
        };
        if self.loss != 0.0 {
            return None;
        }
        let term = match self.terms {
            [a, b] if a.gain == 0.0 && b.gain == 0.0 => {
                return Some(self.left * rate * self.steady * t / (half + self.steady));
            }
            [a, b] if b.gain == 0.0 => a,
            [a, b] if a.gain == 0.0 => b,
            _ => return None,
        };
        // With P = C₅₀ + steady: ∫ (P − C₅₀ + d e^{−kt})/(P + d e^{−kt}) dt.
        let p = half + self.steady;
        let fall = libm::log1p(term.gain * libm::expm1(-term.rate * t) / (p + term.gain));
        Some(self.left * rate * (self.steady * t - half * fall / term.rate) / p)
    }

    /// How fast it changes, 1/d, and a bound on the log-kill still to come; `None` where it is not
    /// smooth enough for a quadrature: a power of an exposure that builds up from nothing.
    pub(crate) fn course(&self, t: f64) -> Option<(f64, f64)> {
        let Response::Emax { rate, half } = self.response else {
            return None;
        };
        let (mut fastest, mut to_come, mut building) = (0.0_f64, 0.0, 0.0);
        for term in self.terms.iter().filter(|term| term.gain != 0.0) {
            let now = term.at(t);
            fastest = fastest.max(term.rate);
            to_come += rate * (now / (half * term.rate)).abs();
            building += (-now).max(0.0);
        }
        if self.steady != 0.0 {
            to_come = f64::INFINITY;
        }
        // C/(C₅₀ + C) has poles π/k off the real axis, and one on it, in the past, where an exposure
        // builds up.
        let mut speed = 2.0 * fastest;
        if building > 0.0 {
            let since_pole = libm::log((half + self.steady) / building) / fastest;
            speed = speed.max(4.0 / since_pole);
        }
        Some((speed + self.loss, to_come))
    }
}

/// One drug on its way through a plan: what of it acts, and from when on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acting {
    /// Day of the last change of dosing that is felt, and of the first.
    since: f64,
    first: f64,
    /// Exposure just after it, per term of the kinetics.
    exposure: [f64; 2],
    /// Reference doses per day.
    infused: f64,
    /// Counted from that change.
    pub(crate) hazard: Hazard,
    /// The same as a sum of exponentials, where it is one.
    pub(crate) terms: Option<[Decay; 3]>,
}

impl Acting {
    /// A drug not given yet.
    pub(crate) const NOT_YET: Self = Self {
        since: f64::NEG_INFINITY,
        first: f64::NAN,
        exposure: [0.0; 2],
        infused: 0.0,
        hazard: Hazard::NONE,
        terms: Some([Decay::NONE; 3]),
    };

    /// Days since the last change; of no use before the first.
    pub(crate) fn elapsed(&self, day: f64) -> f64 {
        day - self.since
    }

    /// Goes on to a change of dosing, which is felt on `day`: the log-kill at once.
    pub(crate) fn change(&mut self, drug: &Drug, change: &Change, day: f64) -> f64 {
        if self.first.is_nan() {
            self.first = day;
            self.since = day;
        }
        let bolus = change.bolus / drug.reference.amount;
        let infused = change.infused / drug.reference.amount;
        let loss = drug.loss_of_effect;
        let left = Decay {
            gain: 1.0,
            rate: loss,
        }
        .at(day - self.first);
        let mut pulse = 0.0;
        match drug.effect {
            Effect::Direct { log_kill, exponent } => {
                let power = |dose: f64| {
                    if dose > 0.0 {
                        libm::pow(dose, exponent)
                    } else {
                        0.0
                    }
                };
                pulse = log_kill * power(bolus) * left;
                self.hazard = Hazard {
                    steady: power(infused),
                    terms: [Decay::NONE; 2],
                    response: Response::Linear { rate: log_kill },
                    left,
                    loss,
                };
            }
            Effect::Exposure { kinetics, response } => {
                let mut hazard = Hazard {
                    steady: 0.0,
                    terms: [Decay::NONE; 2],
                    response,
                    left,
                    loss,
                };
                for (i, term) in kinetics.terms.iter().enumerate() {
                    if term.gain == 0.0 {
                        continue;
                    }
                    let steady = term.gain * self.infused / term.rate;
                    let rest = Decay {
                        gain: self.exposure[i] - steady,
                        rate: term.rate,
                    };
                    self.exposure[i] = steady + rest.at(self.elapsed(day)) + term.gain * bolus;
                    let tends_to = term.gain * infused / term.rate;
                    hazard.steady += tends_to;
                    hazard.terms[i] = Decay {
                        gain: self.exposure[i] - tends_to,
                        rate: term.rate,
                    };
                }
                self.hazard = hazard;
            }
        }
        self.terms = self.hazard.exponentials();
        self.since = day;
        self.infused = infused;
        pulse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::closed::phi;
    use crate::twin::dynamics::dosing::Dosing;
    use crate::twin::dynamics::ode::{self, Tolerance};
    use crate::twin::dynamics::plan::{Event, Plan};

    const DRUG: DrugId = DrugId(1);

    fn drug(response: Response, kinetics: Kinetics, loss: f64) -> Drug {
        Drug {
            loss_of_effect: loss,
            ..Drug::new(
                DRUG,
                Dose::mg(100.0),
                Effect::Exposure { kinetics, response },
            )
        }
    }

    fn plan() -> Plan {
        Plan::new([
            Event::bolus(Days(0.0), DRUG, Dose::mg(100.0)),
            Event::bolus(Days(7.25), DRUG, Dose::mg(150.0)),
            Event::infusion(Days(10.0), Some(Days(14.0)), DRUG, Dose::mg(40.0)),
            Event::infusion(Days(12.0), Some(Days(20.0)), DRUG, Dose::mg(20.0)),
        ])
        .unwrap()
    }

    /// Each change of dosing with the day on which it is felt.
    fn followed(drug: &Drug) -> Vec<(f64, Acting)> {
        let mut acting = Acting::NOT_YET;
        let dosing = &Dosing::all(&plan())[0];
        let felt = dosing.changes.iter().map(|change| {
            let day = change.day + drug.lag.0;
            acting.change(drug, change, day);
            (day, acting)
        });
        felt.collect()
    }

    fn log_kill(acting: &Acting, t: f64) -> Option<f64> {
        match acting.terms {
            Some(terms) => Some(terms.iter().map(|k| k.gain * phi(k.rate, t)).sum()),
            None => acting.hazard.cumulative(t),
        }
    }

    /// Doses followed by hand: exposure and log-kill at the end of each piece, by the solver.
    #[test]
    fn exposures_and_their_integrals_agree_with_the_solver() {
        let two = Kinetics::two(
            Decay {
                gain: 0.7,
                rate: 1.9,
            },
            Decay {
                gain: 0.3,
                rate: 0.11,
            },
        );
        let responses = [
            Response::Linear { rate: 0.2 },
            Response::Emax {
                rate: 0.3,
                half: 0.4,
            },
            Response::Power {
                rate: 0.2,
                exponent: 0.6,
            },
        ];
        for kinetics in [Kinetics::kpd(Days(2.0)), two] {
            for response in responses {
                for loss in [0.0, 0.03] {
                    let pieces = followed(&drug(response, kinetics, loss));
                    assert_eq!(pieces.len(), 6);
                    for (_, piece) in &pieces {
                        let mut solved = 0.0;
                        ode::integrate(
                            |t, _: &[f64; 1]| [piece.hazard.at(t)],
                            ode::smooth,
                            [0.0],
                            &Tolerance::default(),
                            f64::INFINITY,
                            &[3.0],
                            |_, y| solved = y[0],
                        )
                        .unwrap();
                        if let Some(closed) = log_kill(piece, 3.0) {
                            assert!((closed - solved).abs() < 1e-10, "{response:?}");
                        }
                        let moved = piece.hazard.after(1.5).at(0.5);
                        assert!((moved - piece.hazard.at(2.0)).abs() < 1e-14);
                    }
                }
            }
        }
    }

    #[test]
    fn exposure_is_the_sum_over_doses() {
        let kinetics = Kinetics::kpd(Days(2.0));
        let pieces = followed(&drug(Response::Linear { rate: 1.0 }, kinetics, 0.0));
        let k = std::f64::consts::LN_2 / 2.0;
        let t = 30.0;
        let infused = |start: f64, end: f64, rate: f64| {
            rate / k * ((-k * (t - end)).exp() - (-k * (t - start)).exp())
        };
        let expected = (-k * t).exp()
            + 1.5 * (-k * (t - 7.25)).exp()
            + infused(10.0, 14.0, 0.4)
            + infused(12.0, 20.0, 0.2);
        let (day, last) = pieces.last().unwrap();
        assert!((last.hazard.at(t - day) / expected - 1.0).abs() < 1e-13);
    }

    #[test]
    fn a_lag_delays_the_effect() {
        let drug = Drug {
            lag: Days(21.0),
            ..drug(
                Response::Linear { rate: 1.0 },
                Kinetics::kpd(Days(2.0)),
                0.0,
            )
        };
        assert_eq!(followed(&drug)[0].0.to_bits(), 21.0_f64.to_bits());
    }

    #[test]
    fn swelling_peaks_where_it_is_said_to() {
        let swelling = Pseudoprogression {
            peak: Mm3(500.0),
            time_to_peak: Days(28.0),
        };
        assert!((swelling.volume(Days(28.0)).0 - 500.0).abs() < 1e-12);
        assert!(swelling.volume(Days(27.0)).0 < 500.0 && swelling.volume(Days(29.0)).0 < 500.0);
        assert!(swelling.volume(Days(-1.0)).0 == 0.0);
    }
}
