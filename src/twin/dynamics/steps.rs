//! Steps of quadrature through a segment, for models whose living cells need no solver.

use super::check::Error;
use crate::twin::dynamics::kill::Speed;

/// More steps than this between two changes of treatment are taken for a failure.
const MOST_STEPS: usize = 100_000;

/// A step, with what a model keeps of its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<S, F> {
    /// Days into the segment at its beginning, and the state there.
    pub(crate) t: f64,
    pub(crate) now: S,
    /// Its length, days.
    pub(crate) tau: f64,
    pub(crate) speed: Speed,
    pub(crate) form: F,
}

/// A model in one segment.
pub(crate) trait Quadrature {
    type State: Copy;
    /// What a model keeps of the beginning of a step.
    type Form: Copy;

    /// How long a step may be that begins t days into the segment.
    fn speed(&self, t: f64, now: &Self::State) -> (Speed, Self::Form);

    /// The state after a step.
    fn step(&self, step: &Step<Self::State, Self::Form>) -> Self::State;

    /// Where dead cells are cleared far faster than anything else goes on: days after which what was
    /// dead before is not seen any more.
    fn memory(&self, t: f64, now: &Self::State) -> Option<f64>;

    /// The state τ days after `now`, t days into the segment, without the cells that die in between.
    fn later(&self, t: f64, now: &Self::State, tau: f64) -> Self::State;
}

/// Hands out the states at `times`, which rise, in days from the start of a segment of `span` days,
/// which may be infinite. What is asked for between two steps is a side step that leads nowhere else.
pub(crate) fn steps<Q: Quadrature>(
    model: &Q,
    start: &Q::State,
    span: f64,
    times: &[f64],
    mut out: impl FnMut(usize, Q::State),
) -> Result<(), Error> {
    let (mut t, mut now) = (0.0, *start);
    let mut done = 0;
    for _ in 0..MOST_STEPS {
        if let Some(memory) = model.memory(t, &now) {
            for (i, day) in times.iter().enumerate().skip(done) {
                let skipped = (day - memory - t).max(0.0);
                let from = if skipped > 0.0 {
                    model.later(t + skipped, &now, skipped)
                } else {
                    now
                };
                out(i, walk(model, t + skipped, from, *day)?);
            }
            return Ok(());
        }
        let (speed, form) = model.speed(t, &now);
        let to = |end: f64| {
            let tau = end - t;
            model.step(&Step {
                t,
                now,
                tau,
                speed,
                form,
            })
        };
        let end = (t + speed.stride).min(span);
        if end.is_nan() || end <= t {
            break;
        }
        while let Some(day) = times.get(done)
            && *day <= end
        {
            out(done, to(*day));
            done += 1;
        }
        if done == times.len() {
            return Ok(());
        }
        now = to(end);
        t = end;
    }
    Err(Error::Diverged { elapsed: t })
}

/// Straight to one day.
fn walk<Q: Quadrature>(
    model: &Q,
    mut t: f64,
    mut now: Q::State,
    day: f64,
) -> Result<Q::State, Error> {
    for _ in 0..MOST_STEPS {
        if t >= day {
            return Ok(now);
        }
        let (speed, form) = model.speed(t, &now);
        let end = (t + speed.stride).min(day);
        if end.is_nan() || end <= t {
            break;
        }
        now = model.step(&Step {
            t,
            now,
            tau: end - t,
            speed,
            form,
        });
        t = end;
    }
    Err(Error::Diverged { elapsed: t })
}
