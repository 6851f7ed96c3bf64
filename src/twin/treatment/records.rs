//! From records to events.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{EventKind, TreatmentEvent};
use super::{Dosing, ONE_A_DAY, RT_REFERENCE_DOSE, Regimen, Treatments, reference};
use crate::twin::Error;
use crate::twin::dynamics::dose::{Dose, DoseUnit};
use crate::twin::dynamics::plan::{Act, DrugId, Event, Plan, weekday_course};
use crate::units::{Days, Gray};
use crate::warning::{Warning, WarningCode};

/// What has been gathered of one drug.
#[derive(Default)]
struct Gathered {
    name: String,
    doses: Vec<(Event, bool)>,
    /// Spans with unknown doses: start, end.
    spans: Vec<(f64, f64)>,
    /// Whether the number of days of a daily drug count as one dose.
    daily: bool,
}

/// Warnings, each once.
#[derive(Default)]
struct Notes {
    said: BTreeSet<String>,
    warnings: Vec<Warning>,
}

impl Notes {
    fn say(&mut self, message: String) {
        if self.said.insert(message.clone()) {
            self.warnings
                .push(Warning::new(WarningCode::Model, message));
        }
    }
}

/// The placeholder until drugs are numbered.
const SOME: DrugId = DrugId(0);

pub(super) fn read(events: &[TreatmentEvent]) -> Result<(Treatments, Vec<Warning>), Error> {
    for event in events {
        event.check()?;
    }
    let mut ordered: Vec<&TreatmentEvent> = events.iter().collect();
    ordered.sort_by(|a, b| a.day.0.total_cmp(&b.day.0));
    let mut notes = Notes::default();
    let mut acts = Vec::new();
    for event in &ordered {
        match event.kind {
            EventKind::Radiotherapy => acts.extend(radiotherapy(event, &mut notes)),
            EventKind::Surgery => acts.push(Event {
                day: event.day,
                act: Act::Surgery { removed: None },
            }),
            EventKind::Systemic | EventKind::Stop | EventKind::Note => {}
        }
    }
    if !acts.is_empty() {
        notes.say(
            "Radiotherapy and surgery count for every lesion of the patient: the record does not say \
             which lesion was treated"
                .to_owned(),
        );
    }
    let drugs = drugs(&ordered, &mut notes)?;
    let (regimens, given) = numbered(drugs, &mut notes);
    acts.extend(given);
    let treatments = Treatments {
        plan: Plan::new(acts)?,
        regimens,
    };
    Ok((treatments, notes.warnings))
}

/// Events of radiotherapy: fractions where their number is known, else the dose spread over the
/// course.
fn radiotherapy(event: &TreatmentEvent, notes: &mut Notes) -> Vec<Event> {
    let dose = match (event.dose, event.unit.trim().to_lowercase().as_str()) {
        (Some(dose), "gy" | "gray" | "") => Some(Gray(dose)),
        (Some(dose), "cgy") => Some(Gray(dose / 100.0)),
        _ => None,
    };
    match (dose, event.dose) {
        (None, Some(stated)) => notes.say(format!(
            "Radiotherapy: the dose {stated} {} is not in Gy or cGy, so it counts as {RT_REFERENCE_DOSE}",
            event.unit.trim()
        )),
        (None, None) => notes.say(format!(
            "Radiotherapy without a dose in Gy counts as {RT_REFERENCE_DOSE}"
        )),
        _ => {}
    }
    if event.fractions.is_none() {
        notes.say(
            "Radiotherapy without its number of fractions counts as fractions of 2 Gy".to_owned(),
        );
    }
    let total = dose.unwrap_or(RT_REFERENCE_DOSE);
    let length = event.duration.map_or(0.0, |d| d.0);
    let Some(n) = event.fractions.filter(|n| *n > 0) else {
        let until = Days(event.day.0 + length);
        return vec![Event {
            day: event.day,
            act: Act::Course { total, until },
        }];
    };
    let each = Gray(total.0 / f64::from(n));
    let count = n as usize;
    let weekday = event.weekday.unwrap_or(0);
    if length <= 0.0 {
        if n > 1 {
            let first = match event.weekday {
                Some(_) => "",
                None => ", the first on a Monday",
            };
            notes.say(format!(
                "{n} fractions without a duration are taken as one a day from Monday to Friday{first}"
            ));
        }
        return weekday_course(event.day, weekday, count, each, &[0.0]);
    }
    // A course on the days of a week, once or twice (six hours apart) a day.
    for hours in [&[0.0][..], &[0.0, 6.0][..]] {
        let course = weekday_course(event.day, weekday, count, each, hours);
        let last = course.last().map_or(0.0, |e| e.day.0 - event.day.0);
        if (last - 3.0..=last + 4.0).contains(&length) {
            return course;
        }
    }
    notes.say(format!(
        "{n} fractions in {length:.0} days are spread evenly over these days"
    ));
    let step = if n > 1 {
        length / f64::from(n - 1)
    } else {
        0.0
    };
    (0..n)
        .map(|i| Event::fraction(Days(event.day.0 + step * f64::from(i)), each))
        .collect()
}

/// What the events of one drug are to each other, gathered once so that none is looked for among all
/// others.
#[derive(Default)]
struct Known {
    /// Whether doses are stated, and how often.
    doses: usize,
    /// Days of daily doses, in order of time.
    daily: Vec<f64>,
}

/// Days on which drugs are stopped, in order of time; under no name those of everything.
type Stops = BTreeMap<String, Vec<f64>>;

/// The first of days, in order of time, after a day.
fn after(days: &[f64], day: f64) -> Option<f64> {
    days.get(days.partition_point(|d| *d <= day)).copied()
}

/// What is known of each drug, and the stops.
fn gathered(ordered: &[&TreatmentEvent]) -> (BTreeMap<String, Known>, Stops) {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut stops = Stops::new();
    for event in ordered {
        match event.kind {
            EventKind::Systemic => {
                let of = known.entry(event.key()).or_default();
                if let Some((_, daily)) = event.amount() {
                    of.doses += 1;
                    of.daily.extend(daily.then_some(event.day.0));
                }
            }
            EventKind::Stop => stops.entry(event.key()).or_default().push(event.day.0),
            EventKind::Radiotherapy | EventKind::Surgery | EventKind::Note => {}
        }
    }
    (known, stops)
}

/// The earlier of two days, where there is one.
fn earlier(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Doses and spans by drug.
fn drugs(
    ordered: &[&TreatmentEvent],
    notes: &mut Notes,
) -> Result<BTreeMap<String, Gathered>, Error> {
    let (known, stops) = gathered(ordered);
    let nothing = Known::default();
    let mut drugs: BTreeMap<String, Gathered> = BTreeMap::new();
    for event in ordered.iter().filter(|e| e.kind == EventKind::Systemic) {
        let start = event.day.0;
        let key = event.key();
        let of_drug = known.get(&key).unwrap_or(&nothing);
        // A stop later on ends what goes on at that time; one on the day of a start ends what was
        // given before: a switch.
        let stopped = |name: &str| stops.get(name).and_then(|days| after(days, start));
        let stop = earlier(stopped(""), stopped(&key));
        let drug = drugs.entry(key).or_default();
        if drug.name.is_empty() {
            event.name.trim().clone_into(&mut drug.name);
        }
        let shown = if event.name.trim().is_empty() {
            "A drug"
        } else {
            event.name.trim()
        };
        let Some((dose, daily)) = event.amount() else {
            if let Some(dose) = event.dose {
                notes.say(format!(
                    "{shown}: the dose {dose} {} is in no unit that is understood (mg, g, ug, \
                     mg/m2, mg/kg, AUC, each also per day); its times alone are used",
                    event.unit.trim()
                ));
            }
            // A single day of treatment is one day of exposure.
            let end = event.end().map(|end| end.max(start + 1.0));
            if of_drug.doses > 0 {
                notes.say(format!(
                    "{shown} is given with a dose at times and without one at others: what has none \
                     counts as a treatment of its own, at an unknown rate"
                ));
            }
            drug.spans
                .push((start, earlier(end, stop).unwrap_or(f64::INFINITY)));
            continue;
        };
        if daily {
            drug.daily = true;
            // A new daily dose takes the place of one that goes on.
            let next = match event.duration {
                None => after(&of_drug.daily, start),
                Some(_) => None,
            };
            let stated = event.end().map(|end| end.max(start + 1.0));
            let end = earlier(earlier(stated, next), stop);
            let act = Event::infusion(event.day, end.map(Days), SOME, dose);
            drug.doses.push((act, true));
            continue;
        }
        match event.duration.map(|d| d.0) {
            Some(length) if length > 1.0 => {
                notes.say(format!(
                    "{shown}: a dose with a duration is taken as the total over that time; write \
                     {0}/d for a dose per day",
                    event.unit.trim()
                ));
                let per_day = dose.times(1.0 / length);
                let end = earlier(event.end(), stop);
                let act = Event::infusion(event.day, end.map(Days), SOME, per_day);
                drug.doses.push((act, false));
            }
            None if of_drug.doses <= 1 => {
                notes.say(format!(
                    "{shown} on day {start:.0} has neither duration nor further doses: it is taken \
                     as going on from then, at an unknown rate. Enter each administration, or a \
                     duration of 0 for a single one"
                ));
                drug.spans.push((start, stop.unwrap_or(f64::INFINITY)));
            }
            _ => drug
                .doses
                .push((Event::bolus(event.day, SOME, dose), false)),
        }
    }
    for drug in drugs.values_mut() {
        drug.spans = united(std::mem::take(&mut drug.spans));
        let units: Vec<DoseUnit> = drug
            .doses
            .iter()
            .filter_map(|(e, _)| amount(e))
            .map(|d| d.unit)
            .collect();
        if let Some(pair) = units.windows(2).find(|pair| pair[0] != pair[1]) {
            return Err(Error::DoseUnit {
                drug: drug.name.clone(),
                given: pair[1],
                reference: pair[0],
            });
        }
    }
    Ok(drugs)
}

fn amount(event: &Event) -> Option<Dose> {
    match event.act {
        Act::Bolus { dose, .. } | Act::Infusion { per_day: dose, .. } => Some(dose),
        _ => None,
    }
}

/// Spans that overlap or touch become one.
fn united(mut spans: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// A regimen before it has a number.
struct Draft {
    regimen: Regimen,
    events: Vec<Event>,
}

/// Numbers drugs in order of their first event; drugs that are always given together, in the same
/// proportion, become one.
fn numbered(drugs: BTreeMap<String, Gathered>, notes: &mut Notes) -> (Vec<Regimen>, Vec<Event>) {
    let mut drafts: Vec<Draft> = Vec::new();
    for drug in drugs.into_values() {
        if let Some((first, _)) = drug.doses.first() {
            let unit = amount(first).map_or(DoseUnit::Mg, |d| d.unit);
            let (mut reference, known) = reference::of(&drug.name, unit);
            if !known {
                notes.say(format!(
                    "{}: no usual dose is known in {unit}; effects are stated per {} {unit}",
                    if drug.name.is_empty() {
                        "A drug"
                    } else {
                        &*drug.name
                    },
                    reference.amount
                ));
            }
            if drug.daily {
                reference = reference.times(reference::DAYS_OF_A_DAILY_DRUG);
            }
            drafts.push(Draft {
                regimen: Regimen {
                    name: drug.name.clone(),
                    dosing: Dosing::Doses { reference },
                },
                events: drug.doses.iter().map(|(e, _)| *e).collect(),
            });
        }
        if !drug.spans.is_empty() {
            drafts.push(Draft {
                regimen: Regimen {
                    name: drug.name,
                    dosing: Dosing::Times,
                },
                events: drug
                    .spans
                    .iter()
                    .map(|(from, to)| {
                        let until = to.is_finite().then_some(Days(*to));
                        Event::infusion(Days(*from), until, SOME, ONE_A_DAY)
                    })
                    .collect(),
            });
        }
    }
    // Names are in order of the alphabet; among regimens of one first day that decides.
    drafts.sort_by(|a, b| {
        let first = |d: &Draft| d.events.first().map_or(0.0, |e| e.day.0);
        first(a).total_cmp(&first(b))
    });
    let mut joined: Vec<(Draft, bool)> = Vec::new();
    for draft in drafts {
        match joined.iter_mut().find(|(d, _)| together(d, &draft)) {
            Some((partner, several)) => {
                *several = true;
                let name = &mut partner.regimen.name;
                if !draft.regimen.name.is_empty() {
                    if !name.is_empty() {
                        name.push_str(" + ");
                    }
                    name.push_str(&draft.regimen.name);
                }
            }
            None => joined.push((draft, false)),
        }
    }
    for (draft, _) in joined.iter().filter(|(_, several)| *several) {
        notes.say(format!(
            "{} are always given together; their effects cannot be told apart and count as one",
            draft.regimen.name
        ));
    }
    let mut regimens = Vec::with_capacity(joined.len());
    let mut events = Vec::new();
    for (draft, _) in joined {
        let id = DrugId(u16::try_from(regimens.len()).unwrap_or(u16::MAX));
        events.extend(draft.events.into_iter().map(|mut event| {
            if let Act::Bolus { drug, .. } | Act::Infusion { drug, .. } = &mut event.act {
                *drug = id;
            }
            event
        }));
        regimens.push(draft.regimen);
    }
    (regimens, events)
}

/// Whether two regimens are given at the same times in the same proportion.
fn together(a: &Draft, b: &Draft) -> bool {
    let kind = |d: &Draft| matches!(d.regimen.dosing, Dosing::Times);
    let shape = |e: &Event| match e.act {
        Act::Bolus { .. } => (0, None),
        Act::Infusion { until, .. } => (1, until.map(|d| d.0)),
        _ => (2, None),
    };
    let ratio = |d: &Draft, i: usize| {
        let of = |i: usize| amount(&d.events[i]).map_or(0.0, |dose| dose.amount);
        of(i) / of(0)
    };
    kind(a) == kind(b)
        && a.events.len() == b.events.len()
        && (0..a.events.len()).all(|i| {
            a.events[i].day == b.events[i].day
                && shape(&a.events[i]) == shape(&b.events[i])
                && (ratio(a, i) - ratio(b, i)).abs() < 1e-9
        })
}

#[cfg(test)]
mod tests;
