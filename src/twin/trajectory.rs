//! From parameters to the curve that an image shows: ln V on given days.

use super::Error;
use super::dynamics::clones::{Populations, TwoPopulations};
use super::dynamics::curve::BurdenCurve;
use super::dynamics::exposure::{Drug, Effect, Kinetics, Pseudoprogression, Response};
use super::dynamics::growth::{Growth, Transition};
use super::dynamics::law_scale::LawScale;
use super::dynamics::lesion::{Burden, Lesion};
use super::dynamics::ode::Tolerance;
use super::dynamics::plan::DrugId;
use super::dynamics::radiotherapy::Radiosensitivity;
use super::dynamics::simeoni::{Simeoni, Stages};
use super::dynamics::timeline::{Timeline, Workspace};
use super::model::Model;
use super::parameter::{ParameterKind, Slot};
use super::prior::PriorSet;
use super::prior::published::{Reduced, reduced};
use super::series::Scale;
use super::treatment::{RT_REFERENCE_DOSE, Treatments};
use crate::units::{Days, Gray, Mm, Mm3};

/// α/β: that of most carcinomas. Images never tell it, so it is no parameter.
const ALPHA_BETA: Gray = Gray(10.0);
/// Dose of a fraction where it is not known.
const USUAL_FRACTION: Gray = Gray(2.0);
/// Half-time of the repair of sublethal damage, half an hour to three hours in most tissues (Thames, Int J
/// Radiat Biol 1985;47:319). It matters where fractions are hours apart.
const REPAIR: Days = Days(1.5 / 24.0);
/// Sharpness ψ of the Simeoni model, as published.
const SHARPNESS: f64 = 20.0;
/// Transit rate of damaged cells (1/d) above which their stages pass within half a day: no scan tells it
/// from a faster one, which would cost the solver ever shorter steps.
const FASTEST_TRANSIT: f64 = 6.0;
/// Four orders below what a scan sees.
const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-7,
    absolute: 1e-9,
    longest: f64::INFINITY,
};

/// One model under one plan on fixed days, to be run for many parameters.
#[derive(Clone, Debug)]
pub(super) struct Trajectory {
    model: Model,
    slots: Vec<Slot>,
    treatments: Treatments,
    reduced: Reduced,
    start: f64,
    days: Vec<f64>,
    timeline: Timeline,
}

/// Room that runs share.
#[derive(Debug)]
pub(super) struct Scratch {
    workspace: Workspace,
    drugs: Vec<Drug>,
    volumes: Vec<Burden<Mm3>>,
    diameters: Vec<Burden<Mm>>,
    populations: Vec<Populations>,
    stages: Vec<Stages>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            workspace: Workspace::new(TOLERANCE),
            drugs: Vec::new(),
            volumes: Vec::new(),
            diameters: Vec::new(),
            populations: Vec::new(),
            stages: Vec::new(),
        }
    }
}

impl Trajectory {
    /// `slots` are those of the parameters that [`Trajectory::run`] is given. Days must not lie
    /// before `start`; an event on a day asked for comes after the value.
    pub(super) fn new(
        model: Model,
        slots: Vec<Slot>,
        treatments: &Treatments,
        set: PriorSet,
        start: f64,
        days: &[f64],
    ) -> Result<Self, Error> {
        let asked: Vec<Days> = days.iter().copied().map(Days).collect();
        Ok(Self {
            model,
            slots,
            treatments: treatments.clone(),
            reduced: reduced(set),
            start,
            days: days.to_vec(),
            timeline: Timeline::new(treatments.plan(), Days(start), &asked)?,
        })
    }

    /// The same on other days, under another plan of the same drugs.
    pub(super) fn on_days(&self, treatments: &Treatments, days: &[f64]) -> Result<Self, Error> {
        let asked: Vec<Days> = days.iter().copied().map(Days).collect();
        Ok(Self {
            treatments: treatments.clone(),
            days: days.to_vec(),
            timeline: Timeline::new(treatments.plan(), Days(self.start), &asked)?,
            slots: self.slots.clone(),
            ..*self
        })
    }

    /// ln V on the days, in their order; NaN where the parameters lead to no number.
    pub(super) fn run(&self, theta: &[f64], scratch: &mut Scratch, out: &mut Vec<f64>) {
        if self.evaluate(theta, scratch, out).is_err() {
            out.clear();
            out.resize(self.days.len(), f64::NAN);
        }
    }

    fn evaluate(
        &self,
        theta: &[f64],
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let p = Read {
            slots: &self.slots,
            theta,
        };
        let x0 = p.of(ParameterKind::InitialSize);
        if !self.model.knows_doses() {
            return self.describe(&p, x0, out);
        }
        let mut drugs = std::mem::take(&mut scratch.drugs);
        self.drugs(&p, x0, &mut drugs);
        match self.model {
            Model::TwoPopulations | Model::TwoPopulationsClearance => {
                self.two_populations(&p, x0, drugs, scratch, out)
            }
            Model::Simeoni => self.simeoni(&p, x0, drugs, scratch, out),
            Model::ReducedGompertz if self.reduced.of_diameters => {
                let lesion = self.lesion(&p, self.reduced_gompertz(&p), drugs);
                let living = Mm3(libm::exp(x0)).diameter();
                let Scratch {
                    workspace,
                    diameters,
                    ..
                } = scratch;
                lesion.run(&self.timeline, living, Mm3(0.0), workspace, diameters)?;
                write(diameters, out);
                scratch.drugs = lesion.drugs;
                Ok(())
            }
            _ => {
                let lesion = self.lesion(&p, self.growth(&p, x0), drugs);
                let living = Mm3(libm::exp(x0));
                let Scratch {
                    workspace, volumes, ..
                } = scratch;
                lesion.run(&self.timeline, living, Mm3(0.0), workspace, volumes)?;
                write(volumes, out);
                scratch.drugs = lesion.drugs;
                Ok(())
            }
        }
    }

    /// Growth on the scale `S`, with what treatments do.
    fn lesion<S: LawScale>(&self, p: &Read<'_>, growth: Growth<S>, drugs: Vec<Drug>) -> Lesion<S> {
        Lesion {
            growth,
            drugs,
            radiosensitivity: self.radiosensitivity(p),
            clearance: p.get(ParameterKind::ClearanceHalfLife).map(Days),
            surgery_log_kill: Some(p.of(ParameterKind::SurgeryLogKill)),
        }
    }

    fn two_populations(
        &self,
        p: &Read<'_>,
        x0: f64,
        drugs: Vec<Drug>,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let lesion = TwoPopulations {
            sensitive_rate: p.of(ParameterKind::IntrinsicRate),
            resistant_rate: p.of(ParameterKind::ResistantRate),
            capacity: None,
            drugs,
            radiosensitivity: self.radiosensitivity(p),
            clearance: p.get(ParameterKind::ClearanceHalfLife).map(Days),
            surgery_log_kill: Some(p.of(ParameterKind::SurgeryLogKill)),
        };
        let share = p.of(ParameterKind::ResistantShare);
        let start = Populations::mixed(Mm3(libm::exp(x0)), share)?;
        let Scratch {
            workspace,
            populations,
            ..
        } = scratch;
        lesion.run(&self.timeline, start, workspace, populations)?;
        out.clear();
        out.extend(populations.iter().map(|now| {
            let living = log_add(now.ln_sensitive, now.ln_resistant);
            log_add(living, libm::log(now.dead.0))
        }));
        scratch.drugs = lesion.drugs;
        Ok(())
    }

    fn simeoni(
        &self,
        p: &Read<'_>,
        x0: f64,
        drugs: Vec<Drug>,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let rate = p.of(ParameterKind::IntrinsicRate);
        let lesion = Simeoni {
            rate,
            linear: rate * p.of(ParameterKind::SwitchVolume),
            sharpness: SHARPNESS,
            transit: p
                .get(ParameterKind::TransitRate)
                .unwrap_or(1.0)
                .min(FASTEST_TRANSIT),
            drugs,
            radiosensitivity: self.radiosensitivity(p),
            surgery_log_kill: Some(p.of(ParameterKind::SurgeryLogKill)),
        };
        let start = Stages::undamaged(Mm3(libm::exp(x0)));
        let Scratch {
            workspace, stages, ..
        } = scratch;
        lesion.run(&self.timeline, start, workspace, stages)?;
        out.clear();
        out.extend(stages.iter().map(|s| libm::log(s.volume().0)));
        scratch.drugs = lesion.drugs;
        Ok(())
    }

    /// a = k b + c, of a population.
    fn reduced_gompertz<S: LawScale>(&self, p: &Read<'_>) -> Growth<S> {
        Growth::ReducedGompertz {
            decline: p.of(ParameterKind::ReducedDecline),
            slope: self.reduced.slope,
            intercept: self.reduced.intercept,
            // 1 mm or 1 mm³.
            reference: S::from_ln(0.0),
        }
    }

    /// The law of growth, of volume; sizes without millimetres count as if they were.
    fn growth(&self, p: &Read<'_>, x0: f64) -> Growth<Mm3> {
        use ParameterKind as K;
        let volume = Mm3(libm::exp(x0));
        match self.model {
            Model::Gompertz | Model::GompertzClearance => Growth::Gompertz {
                rate: p.of(K::GrowthRate),
                decline: p.of(K::GrowthDecline),
                reference: volume,
            },
            Model::Logistic => Growth::Logistic {
                rate: p.of(K::IntrinsicRate),
                capacity: Mm3(p.of(K::Capacity)),
            },
            Model::ReducedGompertz => self.reduced_gompertz(p),
            // By the rate ω of approach to the limit, V' = 3 ω V ((K/V)^⅓ − 1).
            Model::Bertalanffy => {
                let loss = 3.0 * p.of(K::GrowthDecline);
                Growth::Bertalanffy {
                    uptake: loss * libm::cbrt(p.of(K::Capacity)),
                    loss,
                }
            }
            Model::GeneralBertalanffy => Growth::GeneralBertalanffy {
                rate: p.of(K::GrowthDecline),
                exponent: p.of(K::BoxCox),
                limit: Mm3(p.of(K::Capacity)),
            },
            // Stated by the rate at the initial size, like Gompertz.
            Model::GeneralGompertz => Growth::GeneralGompertz {
                rate: p.of(K::IntrinsicRate),
                decline: p.of(K::GrowthDecline),
                exponent: p.of(K::Power),
                reference: volume,
            },
            Model::PowerLaw => {
                let exponent = p.of(K::Power);
                Growth::PowerLaw {
                    rate: p.of(K::IntrinsicRate) * libm::exp((1.0 - exponent) * x0),
                    exponent,
                }
            }
            Model::ExponentialLinear => {
                let rate = p.of(K::IntrinsicRate);
                Growth::ExponentialLinear {
                    rate,
                    linear: rate * p.of(K::SwitchVolume),
                    transition: Transition::Sharp,
                }
            }
            _ => Growth::Exponential {
                rate: p.of(K::GrowthRate),
            },
        }
    }

    fn drugs(&self, p: &Read<'_>, x0: f64, out: &mut Vec<Drug>) {
        let half_life = p.get(ParameterKind::EffectHalfLife);
        let mut swelling = p
            .get(ParameterKind::SwellingShare)
            .map(|share| Pseudoprogression {
                peak: Mm3(share * libm::exp(x0)),
                time_to_peak: Days(p.of(ParameterKind::SwellingTime)),
            });
        out.clear();
        out.extend((0..self.treatments.regimens().len()).map(|i| {
            let id = DrugId(u16::try_from(i).unwrap_or(u16::MAX));
            let kill = p.of_drug(id);
            let effect = match (half_life, self.treatments.is_dosed(id)) {
                (Some(half_life), true) => Effect::Exposure {
                    kinetics: Kinetics::kpd(Days(half_life)),
                    response: Response::Linear {
                        rate: kill * std::f64::consts::LN_2 / half_life,
                    },
                },
                _ => Effect::Direct {
                    log_kill: kill,
                    exponent: 1.0,
                },
            };
            Drug {
                lag: Days(p.of(ParameterKind::EffectLag)),
                loss_of_effect: p.of(ParameterKind::EffectLoss),
                // Of the treatment, not of each drug.
                pseudoprogression: swelling.take(),
                ..Drug::new(id, self.treatments.reference(id), effect)
            }
        }));
    }

    fn radiosensitivity(&self, p: &Read<'_>) -> Option<Radiosensitivity> {
        let per_dose = 1.0 + USUAL_FRACTION.0 / ALPHA_BETA.0;
        let alpha = p
            .get(ParameterKind::Alpha)
            .or_else(|| {
                let apparent = p.get(ParameterKind::RadiotherapyLogKill)?;
                Some(apparent / (RT_REFERENCE_DOSE.0 * per_dose))
            })
            // Irradiation before the start that no parameter is known of: it acts no more.
            .unwrap_or(0.0);
        Some(Radiosensitivity {
            alpha_eff: Some(alpha * per_dose),
            repair_half_time: Some(REPAIR),
            ..Radiosensitivity::lq(alpha, ALPHA_BETA)
        })
    }

    /// The descriptive curves, of diameters.
    fn describe(&self, p: &Read<'_>, x0: f64, out: &mut Vec<f64>) -> Result<(), Error> {
        use ParameterKind as K;
        let curve: BurdenCurve<Mm> = match self.model {
            Model::SteinFojo => BurdenCurve::SteinFojo {
                growth: p.of(K::BurdenGrowth),
                decay: p.of(K::BurdenDecay),
            },
            Model::TwoParts => BurdenCurve::TwoParts {
                decaying: p.of(K::DecayingShare),
                growth: p.of(K::BurdenGrowth),
                decay: p.of(K::BurdenDecay),
            },
            Model::LinearRegrowth => BurdenCurve::LinearRegrowth {
                decay: p.of(K::BurdenDecay),
                regrowth: Mm(p.of(K::LinearRegrowth)),
            },
            _ => BurdenCurve::Claret {
                growth: p.of(K::BurdenGrowth),
                kill: p.of(K::BurdenDecay),
                loss_of_effect: p.of(K::EffectLoss),
            },
        };
        let baseline = Mm(libm::exp(Scale::DiameterMm.log_size(x0)));
        out.clear();
        for day in &self.days {
            let change = curve.log_change(baseline, Days(day - self.start))?;
            out.push(x0 + 3.0 * change);
        }
        Ok(())
    }
}

/// ln of all that an image shows.
fn write<S: LawScale>(burdens: &[Burden<S>], out: &mut Vec<f64>) {
    out.clear();
    out.extend(burdens.iter().map(Burden::ln_volume));
}

/// ln(eᵃ + eᵇ), a being finite.
fn log_add(a: f64, b: f64) -> f64 {
    a.max(b) + libm::log1p(libm::exp(-(a - b).abs()))
}

/// Parameters by name.
struct Read<'a> {
    slots: &'a [Slot],
    theta: &'a [f64],
}

impl Read<'_> {
    fn get(&self, kind: ParameterKind) -> Option<f64> {
        let i = self.slots.iter().position(|s| s.kind == kind)?;
        Some(self.theta[i])
    }

    /// Zero where the model has no such parameter.
    fn of(&self, kind: ParameterKind) -> f64 {
        self.get(kind).unwrap_or(0.0)
    }

    /// The effect of a drug; none where it has no parameter, because it does not act.
    fn of_drug(&self, drug: DrugId) -> f64 {
        let i = self.slots.iter().position(|s| s.drug == Some(drug));
        i.map_or(0.0, |i| self.theta[i])
    }
}
