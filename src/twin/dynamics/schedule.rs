//! The driver that leads any model along a [`Timeline`].
//!
//! A segment reaches from one moment of the plan to the next; neither the days asked for nor the
//! day of the start move these cuts. Each value is computed from the beginning of its segment, or
//! of a step whose place does not depend on what is asked.

use super::check::Error;
use crate::twin::dynamics::exposure::Acting;
use crate::twin::dynamics::kill::{Kill, Reach};
use crate::twin::dynamics::ode;
use crate::twin::dynamics::radiotherapy::Repair;
use crate::twin::dynamics::timeline::{Effects, OnTheWay, Timeline, Workspace};

/// What happens at one instant: log-kills of volume.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pulse {
    pub(crate) drugs: f64,
    pub(crate) radiotherapy: f64,
    /// −ln of the share that operations leave.
    pub(crate) surgery: f64,
}

/// From one instant to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) kill: &'a Kill,
    /// Whether the lesion grows; not between the first fraction and the kick-off.
    pub(crate) growing: bool,
    /// How far steps of quadrature go.
    pub(crate) reach: &'static Reach,
}

/// A model in a segment that began in a state.
pub(crate) struct Within<'a, M, S> {
    pub(crate) model: &'a M,
    pub(crate) segment: &'a Segment<'a>,
    pub(crate) start: &'a S,
}

/// A model that a [`Timeline`] acts on, with N numbers for the solver.
pub(crate) trait Dynamics<const N: usize> {
    type State: Copy;

    /// Hands out the states at `times`, which rise, in days from the start of a segment of `span`
    /// days. `None`, without having handed out anything, where only the solver can.
    fn unsolved(
        &self,
        _segment: &Segment,
        _start: &Self::State,
        _span: f64,
        _times: &[f64],
        _out: impl FnMut(usize, Self::State),
    ) -> Option<Result<(), Error>> {
        None
    }
    /// The numbers that the solver integrates, at the start of a segment.
    fn pack(&self, start: &Self::State) -> [f64; N];
    /// Their derivatives.
    fn slope(&self, segment: &Segment, start: &Self::State, t: f64, y: &[f64; N]) -> [f64; N];
    /// A number that changes its sign where the derivatives have a kink.
    fn kink(&self, _: &Segment, _: &Self::State, _: f64, _: &[f64; N]) -> f64 {
        1.0
    }
    /// The state that they stand for.
    fn unpack(&self, segment: &Segment, start: &Self::State, t: f64, y: &[f64; N]) -> Self::State;
    /// The state after what happens at one instant.
    fn pulse(&self, pulse: &Pulse, state: &Self::State) -> Self::State;
}

/// The moments of a timeline under given effects, as they come.
struct March<'a> {
    timeline: &'a Timeline,
    effects: &'a Effects<'a>,
    drugs: &'a mut Vec<OnTheWay>,
    irradiation: usize,
    operation: usize,
    repair: Repair,
    /// Gy a day of courses that are going on.
    irradiating: f64,
    /// Day of the last radiotherapy.
    irradiated: f64,
    /// Until when growth rests, and whether it does.
    rest: f64,
    resting: bool,
}

impl<'a> March<'a> {
    fn new(timeline: &'a Timeline, effects: &'a Effects, drugs: &'a mut Vec<OnTheWay>) -> Self {
        drugs.clear();
        for dosing in &timeline.dosings {
            if let Some(place) = effects.drugs.iter().position(|d| d.id == dosing.drug) {
                let first = dosing.changes.first();
                drugs.push(OnTheWay {
                    drug: place,
                    next: 0,
                    felt: first.map_or(f64::INFINITY, |c| c.day + effects.drugs[place].lag.0),
                    acting: Acting::NOT_YET,
                });
            }
        }
        Self {
            timeline,
            effects,
            drugs,
            irradiation: 0,
            operation: 0,
            repair: Repair::default(),
            irradiating: 0.0,
            irradiated: f64::NEG_INFINITY,
            rest: f64::NEG_INFINITY,
            resting: false,
        }
    }

    /// Day of the next moment; infinite after the last.
    fn next(&self) -> f64 {
        let mut day = if self.resting {
            self.rest
        } else {
            f64::INFINITY
        };
        for drug in &*self.drugs {
            day = day.min(drug.felt);
        }
        if let Some(irradiation) = self.timeline.irradiations.get(self.irradiation) {
            day = day.min(irradiation.day);
        }
        if let Some(operation) = self.timeline.operations.get(self.operation) {
            day = day.min(operation.day);
        }
        day
    }

    /// Everything that happens at the next moment.
    fn pass(&mut self, day: f64) -> Pulse {
        let mut pulse = Pulse::default();
        for (on_the_way, dosing) in self.drugs.iter_mut().zip(&self.timeline.dosings) {
            if on_the_way.felt == day {
                let drug = &self.effects.drugs[on_the_way.drug];
                let change = &dosing.changes[on_the_way.next];
                pulse.drugs += on_the_way.acting.change(drug, change, day);
                on_the_way.next += 1;
                let next = dosing.changes.get(on_the_way.next);
                on_the_way.felt = next.map_or(f64::INFINITY, |c| c.day + drug.lag.0);
            }
        }
        if self
            .timeline
            .irradiations
            .get(self.irradiation)
            .map(|i| i.day)
            == Some(day)
        {
            pulse.radiotherapy = self.irradiate();
        }
        self.resting = day < self.rest;
        if let Some(operation) = self.timeline.operations.get(self.operation)
            && operation.day == day
        {
            let unknown = self.effects.surgery_log_kill.unwrap_or(0.0);
            pulse.surgery = operation.log_kill + operation.unknown * unknown;
            self.operation += 1;
        }
        pulse
    }

    /// The next instant of radiotherapy: its log-kill.
    fn irradiate(&mut self) -> f64 {
        let irradiation = self.timeline.irradiations[self.irradiation];
        self.irradiation += 1;
        let Some(s) = self.effects.radiosensitivity else {
            return 0.0;
        };
        let day = irradiation.day;
        if self.irradiating > 0.0 {
            self.irradiated = day;
        }
        let alpha = s.alpha_eff.unwrap_or(0.0);
        let dose = irradiation.fraction + irradiation.at_once + irradiation.per_day;
        if dose > 0.0 {
            if let Some(repopulation) = s.repopulation
                && day - self.irradiated > repopulation.course_gap.0
            {
                self.rest = day + repopulation.kick_off.0;
            }
            self.irradiated = day;
        }
        self.irradiating = irradiation.per_day;
        let mut log_kill = alpha * irradiation.at_once;
        if irradiation.fraction > 0.0 {
            log_kill += self.repair.fraction(s, day, irradiation.fraction);
        }
        log_kill
    }

    /// The kill rate from a day on.
    fn kill(&self, day: f64, kill: &mut Kill) {
        let alpha = self.effects.radiosensitivity.and_then(|s| s.alpha_eff);
        kill.reset(alpha.unwrap_or(0.0) * self.irradiating);
        for drug in &*self.drugs {
            kill.add(&drug.acting, day);
        }
    }
}

/// Hands out states on the days asked for, in order of time, by their places in the order of
/// asking. On the day of an event the state is the one just before it; so the state given for the
/// start is followed by what happens on that very instant.
pub(crate) fn run<const N: usize, D: Dynamics<N>>(
    model: &D,
    timeline: &Timeline,
    effects: &Effects,
    mut state: D::State,
    workspace: &mut Workspace,
    mut out: impl FnMut(usize, &D::State),
) -> Result<(), Error> {
    timeline.check(effects)?;
    let Workspace {
        tolerance,
        drugs,
        kill,
        times,
    } = workspace;
    let mut march = March::new(timeline, effects, drugs);
    let mut now = timeline.start;
    let mut next = march.next();
    while next < now {
        // Kills of that time are in the starting size already.
        march.pass(next);
        next = march.next();
    }
    let mut asked = &timeline.asked[..];
    while let [(day, place), rest @ ..] = asked
        && *day <= now
    {
        out(*place, &state);
        asked = rest;
    }
    if next == now {
        state = model.pulse(&march.pass(now), &state);
        next = march.next();
    }
    while !asked.is_empty() {
        march.kill(now, kill);
        let segment = Segment {
            kill,
            growing: !march.resting,
            reach: Reach::of(tolerance),
        };
        let here;
        (here, asked) = asked.split_at(asked.partition_point(|a| a.0 <= next));
        times.clear();
        times.extend(here.iter().map(|a| a.0 - now));
        let goes_on = !asked.is_empty();
        if goes_on {
            times.push(next - now);
        }
        let before = state;
        let mut take = |i: usize, at: D::State| match here.get(i) {
            Some((_, place)) => out(*place, &at),
            None => state = at,
        };
        let span = next - now;
        match model.unsolved(&segment, &before, span, times, &mut take) {
            Some(done) => done?,
            None => ode::integrate(
                |t, y| model.slope(&segment, &before, t, y),
                |t, y| model.kink(&segment, &before, t, y),
                model.pack(&before),
                tolerance,
                span,
                times,
                |i, y| take(i, model.unpack(&segment, &before, times[i], y)),
            )?,
        }
        if goes_on {
            now = next;
            state = model.pulse(&march.pass(now), &state);
            next = march.next();
        }
    }
    Ok(())
}
