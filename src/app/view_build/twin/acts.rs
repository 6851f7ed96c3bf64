//! What acts on a lesion over time, as it is drawn: from the plan that the twin reads, not from what was
//! typed, so that stops, single doses and fractions are where the model has them.

use crate::app::view::{ActShape, ActView};
use crate::texts::{self, tr};
use crate::twin::Treatments;
use crate::twin::dynamics::plan::Act;

/// Everything that acts between two days; what lasts longer is cut there.
pub(super) fn acts(treatments: &Treatments, from: f64, until: f64) -> Vec<ActView> {
    let mut acts = Vec::new();
    for event in treatments.plan().events() {
        let day = event.day.0;
        let drug = || {
            let name = event.drug().and_then(|drug| treatments.name(drug));
            name.map_or_else(|| texts::text("systemic therapy").to_owned(), str::to_owned)
        };
        let (shape, end, name) = match event.act {
            Act::Bolus { dose, .. } if dose.amount > 0.0 => (ActShape::Dose, day, drug()),
            Act::Infusion {
                per_day, until: to, ..
            } if per_day.amount > 0.0 => {
                let end = to.map_or(f64::INFINITY, |to| to.0);
                (ActShape::Span, end, drug())
            }
            Act::Fraction { dose } if dose.0 > 0.0 => (
                ActShape::Fraction,
                day,
                tr!("radiotherapy, {dose:.2} Gy", dose = dose.0),
            ),
            Act::Course { total, until: to } if total.0 > 0.0 => (
                ActShape::Span,
                to.0,
                tr!("radiotherapy, {dose:.0} Gy in all", dose = total.0),
            ),
            Act::Surgery { .. } => (ActShape::Surgery, day, tr!("surgery").to_owned()),
            _ => continue,
        };
        let is_over = day < from && end <= from;
        if is_over || day > until {
            continue;
        }
        acts.push(ActView {
            name,
            shape,
            from: day.max(from),
            to: end.min(until),
        });
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{EventKind, ScenarioChange, TreatmentEvent};
    use crate::units::{Days, Gray};

    fn read(events: &[TreatmentEvent]) -> Treatments {
        Treatments::from_events(events).unwrap().0
    }

    #[test]
    fn a_stop_ends_what_is_drawn() {
        let stop = TreatmentEvent {
            kind: EventKind::Stop,
            ..TreatmentEvent::systemic(Days(60.0), None)
        };
        let given = [TreatmentEvent::systemic(Days(10.0), None), stop];
        let [act] = &acts(&read(&given), 0.0, 200.0)[..] else {
            panic!("one act");
        };
        assert_eq!((act.shape, act.from, act.to), (ActShape::Span, 10.0, 60.0));
        let open = read(&given[..1]);
        assert_eq!(acts(&open, 0.0, 200.0)[0].to, 200.0);
    }

    #[test]
    fn doses_fractions_and_operations_have_days_of_their_own() {
        let given = [
            TreatmentEvent::dose(Days(0.0), "x", 100.0, "mg"),
            TreatmentEvent::dose(Days(21.0), "x", 100.0, "mg"),
            TreatmentEvent::radiotherapy(Days(30.0), Some(Gray(24.0)), Some(Days(2.0)), Some(3)),
            TreatmentEvent::surgery(Days(50.0)),
        ];
        let shapes: Vec<(ActShape, f64)> = acts(&read(&given), 0.0, 200.0)
            .iter()
            .map(|a| (a.shape, a.from))
            .collect();
        let fraction = |day| (ActShape::Fraction, day);
        assert_eq!(shapes[..2], [(ActShape::Dose, 0.0), (ActShape::Dose, 21.0)]);
        assert_eq!(
            shapes[2..5],
            [fraction(30.0), fraction(31.0), fraction(32.0)]
        );
        assert_eq!(shapes[5], (ActShape::Surgery, 50.0));
    }

    #[test]
    fn a_scenario_draws_its_own_treatment_from_its_day_on() {
        let ended = read(&[TreatmentEvent::systemic(Days(0.0), Some(Days(40.0)))]);
        let again = ScenarioChange::StartTreatment { day: 90.0 };
        let changed = again.apply(&ended).unwrap();
        let drawn = acts(&changed, 90.0, 150.0);
        assert_eq!(drawn.len(), 1);
        assert_eq!((drawn[0].from, drawn[0].to), (90.0, 150.0));
        let stopped = ScenarioChange::StopTreatment { day: 20.0 };
        assert!(acts(&stopped.apply(&ended).unwrap(), 20.0, 150.0).is_empty());
    }
}
