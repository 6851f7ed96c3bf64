//! The forecast of the sum of diameters in words.

use crate::app::state::{Slot, State};
use crate::app::view::SumView;
use crate::case::PatientId;
use crate::texts::tr;
use crate::twin::SumOutlook;

impl State {
    /// What is expected of the sum of a patient's targets; empty with fewer than two targets.
    pub(in crate::app::view_build) fn sum_view(&self, patient: PatientId) -> SumView {
        match self.sum_slot(patient) {
            None => SumView::default(),
            Some(Slot::Waiting(_)) => SumView {
                pending: true,
                ..SumView::default()
            },
            Some(Slot::Failed(failure)) => said(failure.text.clone()),
            Some(Slot::Ready(sum)) => match &sum.outlook {
                Ok(outlook) => told(outlook),
                Err(why) => said(tr!("No forecast of the sum of diameters: {why}.", why)),
            },
        }
    }
}

fn said(text: String) -> SumView {
    SumView {
        notes: vec![text],
        ..SumView::default()
    }
}

fn told(outlook: &SumOutlook) -> SumView {
    let next = &outlook.next_scan;
    let q = &next.predictive;
    let forecast = tr!(
        "Sum of {targets} targets at the next scan (day {day:.0}): {median:.0} mm (80 %: {low:.0} to {high:.0}); progression {percent:.0} %.",
        targets = outlook.targets,
        day = next.day.0,
        median = q.q50,
        low = q.q10,
        high = q.q90,
        percent = 100.0 * next.progression
    );
    let by_models = outlook.by_models == outlook.targets;
    let who = match outlook.by_models {
        0 => tr!(
            "By the last values with the spread of other lesions: for no target have models shown skill."
        )
        .to_owned(),
        _ if by_models => tr!("By the models, which have shown skill for every target.").to_owned(),
        n => tr!(
            "By the models for {n} of the targets, for the others by the last value with the spread of other lesions.",
            n
        ),
    };
    let mut notes = vec![who];
    notes.push(if outlook.reached {
        tr!(
            "The last sum ({current:.1} mm) has reached {threshold:.1} mm, 20 % and 5 mm above the smallest ({nadir:.1} mm).",
            current = outlook.current.0,
            threshold = outlook.threshold.0,
            nadir = outlook.nadir.0
        )
    } else {
        tr!(
            "Progression begins at {threshold:.1} mm, 20 % and 5 mm above the smallest sum ({nadir:.1} mm). New lesions are not foreseen.",
            threshold = outlook.threshold.0,
            nadir = outlook.nadir.0
        )
    });
    if by_models && !outlook.reached {
        notes.push(match outlook.by[1] {
            Some(day) => tr!(
                "With 50 % the sum has progressed by day {day:.0}.",
                day = day.0
            ),
            None => tr!(
                "With less than 50 % the sum has progressed by day {day:.0}.",
                day = outlook.until.0
            ),
        });
    }
    SumView {
        forecast,
        by_models,
        notes,
        pending: false,
    }
}
