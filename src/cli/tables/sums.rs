//! The sum of diameters of each patient with several lesions.

use std::collections::BTreeMap;

use super::super::output::Failure;
use crate::jobs::JobContext;
use crate::twin::table::{Lesion, SumOfPatient};
use crate::twin::{
    Fit, NoSum, Outlook, SumDay, SumOutlook, Target, Treatments, Voice, scans_of, sum_outlook,
};
use crate::units::Days;

/// Lesions of a table as they were fitted, of patients with several.
pub(super) struct Sums<'a>(Vec<Patient<'a>>);

struct Patient<'a> {
    name: &'a str,
    treatments: Treatments,
    lesions: Vec<(&'a Lesion, Fit, Voice)>,
}

impl<'a> Sums<'a> {
    /// The patients of a table with several lesions.
    pub(super) fn of(lesions: &'a [Lesion]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut patients = Vec::new();
        for lesion in lesions {
            let count = counts.entry(&lesion.patient).or_default();
            *count += 1;
            if *count == 2 {
                patients.push(Patient {
                    name: &lesion.patient,
                    treatments: Treatments::default(),
                    lesions: Vec::new(),
                });
            }
        }
        Self(patients)
    }

    /// A lesion of which a posterior was made.
    pub(super) fn note(
        &mut self,
        lesion: &'a Lesion,
        fit: &Fit,
        outlook: &Outlook,
        treatments: Treatments,
    ) {
        if let Some(patient) = self.0.iter_mut().find(|p| p.name == lesion.patient) {
            patient.lesions.push((lesion, fit.clone(), outlook.voice));
            patient.treatments = treatments;
        }
    }

    /// The sum of every patient with several lesions, also in words.
    pub(super) fn told(
        &self,
        at: &[Days],
        job: &JobContext,
        text: &mut String,
    ) -> Result<Vec<SumOfPatient>, Failure> {
        let mut sums = Vec::new();
        for patient in &self.0 {
            let outlook = patient.outlook(at, job);
            if let Err(NoSum::Twin(error)) = &outlook {
                let at = format!("patient {}, sum of diameters", patient.name);
                return Err(Failure::new("E-TWIN", error.to_string()).at(at));
            }
            let n = patient.lesions.len();
            text.push_str(&format!("{} sum of {n} targets\n", patient.name));
            text.push_str(&match &outlook {
                Ok(outlook) => words(outlook),
                Err(why) => format!("  no forecast of the sum: {why}\n"),
            });
            let targets = patient.lesions.iter();
            sums.push(SumOfPatient {
                patient: patient.name.to_owned(),
                targets: targets.map(|(lesion, ..)| lesion.lesion.clone()).collect(),
                outlook,
            });
        }
        Ok(sums)
    }
}

impl Patient<'_> {
    fn outlook(&self, at: &[Days], job: &JobContext) -> Result<SumOutlook, NoSum> {
        let targets: Vec<Target<'_>> = self
            .lesions
            .iter()
            .map(|(lesion, fit, voice)| Target {
                name: &lesion.lesion,
                fitted: Some((fit, *voice)),
            })
            .collect();
        let counted: Vec<_> = self.lesions.iter().map(|(l, ..)| l.counted()).collect();
        sum_outlook(&targets, &scans_of(&counted), &self.treatments, at, job)
    }
}

fn words(outlook: &SumOutlook) -> String {
    let who = match outlook.by_models {
        0 => "the last values with the spread of other lesions (local level)".to_owned(),
        n if n == outlook.targets => "the models".to_owned(),
        n => format!("the models for {n}, the local level for the others"),
    };
    let reached = if outlook.reached {
        ", reached already"
    } else {
        ""
    };
    let mut text = format!(
        "  forecast by {who}\n  {:.1} on day {:.0}, smallest {:.1}; progression from {:.1}{reached}\n",
        outlook.current, outlook.last_scan.0, outlook.nadir, outlook.threshold
    );
    let next = line(&outlook.next_scan);
    text.push_str(&format!(
        "{next} (next scan, if intervals stay as they were)\n"
    ));
    for day in &outlook.days {
        text.push_str(&line(day));
        text.push('\n');
    }
    if outlook.by_models == outlook.targets {
        text.push_str(&match outlook.by[1] {
            Some(day) => format!("  progression with 50 % by day {:.0}\n", day.0),
            None => format!(
                "  progression with 50 % not before day {:.0}\n",
                outlook.until.0
            ),
        });
    }
    text
}

fn line(day: &SumDay) -> String {
    let q = &day.predictive;
    format!(
        "  day {:>6.1}  {:.1} mm (80 %: {:.1} to {:.1}), progression {:.0} %",
        day.day.0,
        q.q50,
        q.q10,
        q.q90,
        100.0 * day.progression
    )
}
