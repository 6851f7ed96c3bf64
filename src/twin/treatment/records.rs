//! From records to events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Dosing, ONE_A_DAY, RT_REFERENCE_DOSE, Regimen, Treatments, reference};
use crate::twin::Error;
use crate::twin::dynamics::dose::{Dose, DoseUnit};
use crate::twin::dynamics::plan::{Act, DrugId, Event, Plan, weekday_course};
use crate::twin::series::check_day;
use crate::units::{Days, Gray};
use crate::warning::{Warning, WarningCode};

/// Kind of a dated treatment event, as tables and records state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Drug treatment.
    Systemic,
    /// Radiotherapy.
    Radiotherapy,
    /// Surgery.
    Surgery,
    /// End of systemic treatment.
    Stop,
    /// A remark; without effect.
    Note,
}

/// A treatment event as recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreatmentEvent {
    /// Day after baseline; may be fractional.
    pub day: Days,
    /// What kind.
    pub kind: EventKind,
    /// Name of drug or technique. A `Stop` with a name ends what bears that name, without a name
    /// everything systemic.
    pub name: String,
    /// Dose in `unit`.
    pub dose: Option<f64>,
    /// Unit of the dose: `mg`, `g`, `ug`, `mg/m2`, `mg/kg`, `AUC`, each also per day (`mg/d`);
    /// `Gy` and `cGy` for radiotherapy.
    pub unit: String,
    /// Length; 0 is a single moment or day. `None`: for systemic treatment one administration where
    /// the drug is given more than once with a dose, else it goes on until stopped.
    pub duration: Option<Days>,
    /// Number of fractions of radiotherapy, where known.
    pub fractions: Option<u32>,
}

impl TreatmentEvent {
    /// Systemic treatment of which times alone are known, for so long or going on.
    #[must_use]
    pub const fn systemic(day: Days, duration: Option<Days>) -> Self {
        Self {
            day,
            kind: EventKind::Systemic,
            name: String::new(),
            dose: None,
            unit: String::new(),
            duration,
            fractions: None,
        }
    }

    /// One administration of a drug.
    #[must_use]
    pub fn dose(day: Days, name: &str, dose: f64, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            dose: Some(dose),
            unit: unit.to_owned(),
            ..Self::systemic(day, Some(Days(0.0)))
        }
    }

    /// Radiotherapy: the dose of the whole course, its length and its fractions, where known.
    #[must_use]
    pub fn radiotherapy(
        day: Days,
        dose: Option<Gray>,
        duration: Option<Days>,
        fractions: Option<u32>,
    ) -> Self {
        Self {
            kind: EventKind::Radiotherapy,
            dose: dose.map(|d| d.0),
            unit: "Gy".to_owned(),
            fractions,
            ..Self::systemic(day, duration)
        }
    }

    /// An operation.
    #[must_use]
    pub const fn surgery(day: Days) -> Self {
        let mut event = Self::systemic(day, None);
        event.kind = EventKind::Surgery;
        event
    }

    fn check(&self) -> Result<(), Error> {
        check_day("the day of a treatment event", self.day.0)?;
        let range = |what, value: f64, most: f64, expected| {
            if (0.0..=most).contains(&value) {
                return Ok(());
            }
            Err(Error::BadNumber {
                what,
                value,
                expected,
            })
        };
        if let Some(duration) = self.duration {
            range(
                "the duration of a treatment (days)",
                duration.0,
                1e5,
                "between 0 and 100000",
            )?;
        }
        if let Some(dose) = self.dose {
            range("a dose", dose, 1e9, "a finite number, zero or more")?;
        }
        if let Some(n) = self.fractions {
            range(
                "the number of fractions",
                f64::from(n.max(1)),
                200.0,
                "at most 200",
            )?;
        }
        Ok(())
    }

    /// Key under which the drug is known.
    fn key(&self) -> String {
        self.name.trim().to_lowercase()
    }

    /// Dose in the unit of prescription, and whether it is one per day.
    fn amount(&self) -> Option<(Dose, bool)> {
        let (unit, factor, daily) = unit(&self.unit)?;
        let amount = self.dose? * factor;
        Some((Dose { amount, unit }, daily))
    }

    fn end(&self) -> Option<f64> {
        self.duration.map(|d| self.day.0 + d.0)
    }
}

/// A unit as written: which, the factor to it, and whether it is per day.
pub(super) fn unit(written: &str) -> Option<(DoseUnit, f64, bool)> {
    let text = written.trim().to_lowercase().replace('²', "2");
    let text = text.replace(' ', "").replace("^2", "2");
    let (amount, daily) = ["/day", "/d", "/24h", "perday", "daily"]
        .iter()
        .find_map(|per| text.strip_suffix(per))
        .map_or((text.as_str(), false), |rest| (rest, true));
    let found = match amount {
        "mg" => (DoseUnit::Mg, 1.0),
        "g" => (DoseUnit::Mg, 1000.0),
        "ug" | "µg" | "μg" | "mcg" => (DoseUnit::Mg, 1e-3),
        "mg/m2" => (DoseUnit::MgPerM2, 1.0),
        "g/m2" => (DoseUnit::MgPerM2, 1000.0),
        "mg/kg" => (DoseUnit::MgPerKg, 1.0),
        "auc" => (DoseUnit::Auc, 1.0),
        _ => return None,
    };
    Some((found.0, found.1, daily))
}

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

struct Notes(Vec<Warning>);

impl Notes {
    fn say(&mut self, message: String) {
        let warning = Warning::new(WarningCode::Model, message);
        if !self.0.contains(&warning) {
            self.0.push(warning);
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
    let mut notes = Notes(Vec::new());
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
    Ok((treatments, notes.0))
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
    if length <= 0.0 {
        if n > 1 {
            notes.say(format!(
                "{n} fractions without a duration are taken as one a day from Monday to Friday, the \
                 first on a Monday"
            ));
        }
        return weekday_course(event.day, count, each, &[0.0]);
    }
    // A course on the days of a week, once or twice (six hours apart) a day.
    for hours in [&[0.0][..], &[0.0, 6.0][..]] {
        let course = weekday_course(event.day, count, each, hours);
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

/// Doses and spans by drug.
fn drugs(
    ordered: &[&TreatmentEvent],
    notes: &mut Notes,
) -> Result<BTreeMap<String, Gathered>, Error> {
    let systemic = || ordered.iter().filter(|e| e.kind == EventKind::Systemic);
    let mut drugs: BTreeMap<String, Gathered> = BTreeMap::new();
    for event in systemic() {
        let start = event.day.0;
        let drug = drugs.entry(event.key()).or_default();
        if drug.name.is_empty() {
            event.name.trim().clone_into(&mut drug.name);
        }
        let shown = if event.name.trim().is_empty() {
            "A drug"
        } else {
            event.name.trim()
        };
        // A stop later on ends what goes on at that time.
        let stop = ordered
            .iter()
            // A stop on the day of a start ends what was given before: a switch.
            .filter(|e| e.kind == EventKind::Stop && e.day.0 > start)
            .find(|e| e.key().is_empty() || e.key() == event.key())
            .map(|e| e.day.0);
        let until = |end: Option<f64>| match (end, stop) {
            (Some(end), Some(stop)) => Some(end.min(stop)),
            (end, stop) => end.or(stop),
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
            let dosed = systemic().any(|e| e.key() == event.key() && e.amount().is_some());
            if dosed {
                notes.say(format!(
                    "{shown} is given with a dose at times and without one at others: what has none \
                     counts as a treatment of its own, at an unknown rate"
                ));
            }
            drug.spans
                .push((start, until(end).unwrap_or(f64::INFINITY)));
            continue;
        };
        if daily {
            drug.daily = true;
            // A new daily dose takes the place of one that goes on.
            let next = systemic()
                .filter(|e| e.key() == event.key() && e.day.0 > start)
                .find(|e| e.amount().is_some_and(|(_, daily)| daily))
                .filter(|_| event.duration.is_none())
                .map(|e| e.day.0);
            let stated = event.end().map(|end| end.max(start + 1.0));
            let end = until(stated.or(next));
            let end = match (end, next) {
                (Some(end), Some(next)) => Some(end.min(next)),
                (end, next) => end.or(next),
            };
            let act = Event::infusion(event.day, end.map(Days), SOME, dose);
            drug.doses.push((act, true));
            continue;
        }
        let others = systemic().filter(|e| e.key() == event.key() && e.amount().is_some());
        let repeated = others.count() > 1;
        match event.duration.map(|d| d.0) {
            Some(length) if length > 1.0 => {
                notes.say(format!(
                    "{shown}: a dose with a duration is taken as the total over that time; write \
                     {0}/d for a dose per day",
                    event.unit.trim()
                ));
                let per_day = dose.times(1.0 / length);
                let end = until(event.end());
                let act = Event::infusion(event.day, end.map(Days), SOME, per_day);
                drug.doses.push((act, false));
            }
            None if !repeated => {
                notes.say(format!(
                    "{shown} on day {start:.0} has neither duration nor further doses: it is taken \
                     as going on from then, at an unknown rate. Enter each administration, or a \
                     duration of 0 for a single one"
                ));
                drug.spans
                    .push((start, until(None).unwrap_or(f64::INFINITY)));
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
    let mut joined: Vec<Draft> = Vec::new();
    for draft in drafts {
        match joined.iter_mut().find(|d| together(d, &draft)) {
            Some(partner) => {
                let name = &mut partner.regimen.name;
                if !draft.regimen.name.is_empty() {
                    if !name.is_empty() {
                        name.push_str(" + ");
                    }
                    name.push_str(&draft.regimen.name);
                }
                notes.say(format!(
                    "{} are always given together; their effects cannot be told apart and count as \
                     one",
                    partner.regimen.name
                ));
            }
            None => joined.push(draft),
        }
    }
    let mut regimens = Vec::with_capacity(joined.len());
    let mut events = Vec::new();
    for draft in joined {
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
mod tests {
    use super::*;

    fn read(events: &[TreatmentEvent]) -> (Treatments, Vec<Warning>) {
        Treatments::from_events(events).unwrap()
    }

    fn named(name: &str, event: TreatmentEvent) -> TreatmentEvent {
        TreatmentEvent {
            name: name.to_owned(),
            ..event
        }
    }

    fn stop(day: f64, name: &str) -> TreatmentEvent {
        TreatmentEvent {
            kind: EventKind::Stop,
            ..named(name, TreatmentEvent::systemic(Days(day), None))
        }
    }

    #[test]
    fn repeated_doses_are_administrations() {
        let open = |day| TreatmentEvent {
            duration: None,
            ..TreatmentEvent::dose(Days(day), "Docetaxel", 75.0, "mg/m²")
        };
        let (t, warnings) = read(&[open(21.0), open(0.5)]);
        assert_eq!(warnings, []);
        let dose = Dose::mg_per_m2(75.0);
        assert_eq!(
            t.plan().events(),
            [
                Event::bolus(Days(0.5), DrugId(0), dose),
                Event::bolus(Days(21.0), DrugId(0), dose)
            ]
        );
        assert_eq!(t.reference(DrugId(0)), dose);
        // Alone it goes on, and that is said.
        let (t, warnings) = read(&[open(0.5)]);
        assert!(!t.is_dosed(DrugId(0)) && warnings.len() == 1);
    }

    #[test]
    fn doubling_every_dose_doubles_what_a_model_sees() {
        let course = |dose| {
            let doses = [0.0, 21.0].map(|d| TreatmentEvent::dose(Days(d), "new drug", dose, "mg"));
            read(&doses).0
        };
        let (once, twice) = (course(120.0), course(240.0));
        assert_eq!(once.reference(DrugId(0)), twice.reference(DrugId(0)));
        assert_eq!(once.plan().scaled(Days(-1.0), 2.0).unwrap(), *twice.plan());
    }

    #[test]
    fn a_daily_drug_is_given_until_it_is_stopped() {
        let tablets = TreatmentEvent {
            duration: None,
            ..TreatmentEvent::dose(Days(3.0), "sunitinib", 50.0, "mg/d")
        };
        let (t, _) = read(&[tablets, stop(31.0, "Sunitinib"), stop(10.0, "other")]);
        assert_eq!(
            t.plan().events(),
            [Event::infusion(
                Days(3.0),
                Some(Days(31.0)),
                DrugId(0),
                Dose::mg(50.0)
            )]
        );
        assert_eq!(t.reference(DrugId(0)), Dose::mg(1050.0));
    }

    #[test]
    fn a_new_daily_dose_takes_the_place_of_the_one_before() {
        let tablets = |day, dose| TreatmentEvent {
            duration: None,
            ..TreatmentEvent::dose(Days(day), "sunitinib", dose, "mg/d")
        };
        let (t, _) = read(&[tablets(84.0, 37.5), tablets(0.0, 50.0)]);
        assert_eq!(
            t.plan().events(),
            [
                Event::infusion(Days(0.0), Some(Days(84.0)), DrugId(0), Dose::mg(50.0)),
                Event::infusion(Days(84.0), None, DrugId(0), Dose::mg(37.5))
            ]
        );
    }

    #[test]
    fn a_switch_on_the_day_of_a_stop_is_given() {
        let (t, _) = read(&[
            named("A", TreatmentEvent::systemic(Days(0.0), None)),
            stop(100.0, ""),
            named("B", TreatmentEvent::systemic(Days(100.0), None)),
        ]);
        assert_eq!(
            t.plan().events(),
            [
                Event::infusion(Days(0.0), Some(Days(100.0)), DrugId(0), ONE_A_DAY),
                Event::infusion(Days(100.0), None, DrugId(1), ONE_A_DAY)
            ]
        );
    }

    #[test]
    fn a_radiotherapy_dose_in_another_unit_is_named() {
        let event = TreatmentEvent {
            unit: "GyE".to_owned(),
            ..TreatmentEvent::radiotherapy(Days(0.0), Some(Gray(60.0)), None, Some(30))
        };
        let (_, warnings) = read(&[event]);
        assert!(
            warnings.iter().any(|w| w.message.contains("60 GyE")),
            "{warnings:?}"
        );
    }

    #[test]
    fn times_alone_are_an_exposure_of_one() {
        let (t, warnings) = read(&[
            TreatmentEvent::systemic(Days(0.0), Some(Days(40.0))),
            TreatmentEvent::systemic(Days(30.0), Some(Days(30.0))),
            named("B", TreatmentEvent::systemic(Days(90.0), None)),
        ]);
        assert_eq!(warnings, []);
        assert_eq!(
            t.plan().events(),
            [
                Event::infusion(Days(0.0), Some(Days(60.0)), DrugId(0), ONE_A_DAY),
                Event::infusion(Days(90.0), None, DrugId(1), ONE_A_DAY)
            ]
        );
        assert_eq!((t.name(DrugId(0)), t.name(DrugId(1))), (None, Some("B")));
    }

    #[test]
    fn drugs_always_given_together_count_as_one() {
        let both = [0.0, 21.0].iter().flat_map(|d| {
            [
                TreatmentEvent::dose(Days(*d), "Carboplatin", 5.0, "AUC"),
                TreatmentEvent::dose(Days(*d), "Paclitaxel", 175.0, "mg/m2"),
            ]
        });
        let (t, warnings) = read(&both.collect::<Vec<_>>());
        assert_eq!(t.name(DrugId(0)), Some("Carboplatin + Paclitaxel"));
        assert_eq!((t.regimens().len(), warnings.len()), (1, 1));
    }

    #[test]
    fn one_drug_in_two_units_is_refused() {
        let doses = [
            TreatmentEvent::dose(Days(0.0), "docetaxel", 75.0, "mg/m2"),
            TreatmentEvent::dose(Days(21.0), "docetaxel", 130.0, "mg"),
        ];
        let error = Treatments::from_events(&doses).unwrap_err();
        assert!(matches!(&error, Error::DoseUnit { .. }));
        assert!(error.to_string().contains("docetaxel"), "{error}");
    }

    #[test]
    fn fractions_fall_on_weekdays_once_or_twice_a_day() {
        let course = |gy, days, n| {
            let event =
                TreatmentEvent::radiotherapy(Days(1.0), Some(Gray(gy)), Some(Days(days)), Some(n));
            let (t, warnings) = read(&[event]);
            (t.plan().events().to_vec(), warnings.len())
        };
        let (once, _) = course(60.0, 40.0, 30);
        assert_eq!((once.len(), once[29].day), (30, Days(40.0)));
        assert_eq!(once[0].act, Act::Fraction { dose: Gray(2.0) });
        let (twice, _) = course(60.0, 19.0, 30);
        assert_eq!((twice.len(), twice[1].day), (30, Days(1.25)));
        // Five fractions within ten days are no such course.
        let (few, warnings) = course(50.0, 10.0, 5);
        assert_eq!((few[1].day, warnings), (Days(3.5), 2));
    }

    #[test]
    fn radiotherapy_without_fractions_is_spread_over_its_days() {
        let (t, warnings) = read(&[TreatmentEvent::radiotherapy(
            Days(5.0),
            None,
            Some(Days(14.0)),
            None,
        )]);
        let act = Act::Course {
            total: RT_REFERENCE_DOSE,
            until: Days(19.0),
        };
        assert_eq!((t.plan().events()[0].act, warnings.len()), (act, 3));
    }

    #[test]
    fn units_as_people_write_them() {
        for (text, expected) in [
            ("mg/m²", Some((DoseUnit::MgPerM2, 1.0, false))),
            (" MG/M^2 ", Some((DoseUnit::MgPerM2, 1.0, false))),
            ("g", Some((DoseUnit::Mg, 1000.0, false))),
            ("mg/day", Some((DoseUnit::Mg, 1.0, true))),
            ("mg/kg/d", Some((DoseUnit::MgPerKg, 1.0, true))),
            ("AUC", Some((DoseUnit::Auc, 1.0, false))),
            ("IU", None),
            ("", None),
        ] {
            assert_eq!(unit(text), expected, "{text}");
        }
    }
}
