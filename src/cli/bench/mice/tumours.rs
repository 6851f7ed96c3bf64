//! The tumours of one table: one by one, as a population, and back to their beginning.

use std::time::Instant;

use super::published::Set;
use crate::jobs::JobContext;
use crate::twin::Error;
use crate::twin::population::age::{self, Accuracy, Method};
use crate::twin::population::{
    self, Cohort, Fit, Law, Model, Settings, Shared, Tumour, VolumeError,
};
use crate::twin::quantile;

/// The laws that are fitted to single tumours.
const LAWS: [Law; 5] = [
    Law::PowerLaw,
    Law::Gompertz,
    Law::FreeExponential,
    Law::Logistic,
    Law::Exponential,
];

/// The ways to predict an age.
const METHODS: [Method; 3] = [
    Method::Bayesian,
    Method::BayesianFirstTwice,
    Method::Likelihood,
];

/// Rise of ln likelihood at which a population without one of its tumours rests: it begins close by.
const RISE_WITHOUT_ONE: f64 = 1e-5;

/// How often the fits of single tumours are timed.
const TIMES: usize = 5;

/// A law fitted to all tumours one by one.
pub(super) struct Single {
    pub(super) cohort: Cohort,
    /// Median time.
    pub(super) seconds: f64,
}

/// A law fitted as a population.
pub(super) struct Group {
    pub(super) model: Model,
    pub(super) fit: Fit,
    pub(super) seconds: f64,
}

/// The ages that a law and a method predict.
pub(super) struct Ages {
    pub(super) law: Law,
    pub(super) shared: Shared,
    pub(super) method: Method,
    pub(super) accuracy: Accuracy,
}

/// Everything about one table.
pub(super) struct Tumours {
    pub(super) set: &'static Set,
    pub(super) tumours: Vec<Tumour>,
    /// The best law first.
    pub(super) singly: Vec<Single>,
    pub(super) groups: Vec<Group>,
    /// None where they were not asked for.
    pub(super) ages: Vec<Ages>,
    pub(super) age_seconds: f64,
}

impl Tumours {
    /// The tumours under the Gompertz law, one by one.
    pub(super) fn gompertz(&self) -> Option<&Cohort> {
        let cohorts = self.singly.iter().map(|s| &s.cohort);
        cohorts.into_iter().find(|c| c.law == Law::Gompertz)
    }

    pub(super) fn readings(&self) -> usize {
        self.tumours.iter().map(|t| t.readings.len()).sum()
    }
}

pub(super) fn measure(
    set: &'static Set,
    tumours: Vec<Tumour>,
    has_ages: bool,
    job: &JobContext,
) -> Result<Tumours, Error> {
    job.progress.step(&format!("{}: one by one", set.name));
    let mut singly = Vec::new();
    for (i, law) in LAWS.iter().enumerate() {
        job.check()?;
        job.progress.set(i, LAWS.len());
        singly.push(single(law, &tumours)?);
    }
    singly.sort_by(|a: &Single, b| {
        a.cohort
            .squares_per_reading
            .total_cmp(&b.cohort.squares_per_reading)
    });
    let mut found = Tumours {
        set,
        tumours,
        singly,
        groups: Vec::new(),
        ages: Vec::new(),
        age_seconds: 0.0,
    };
    let models = models(&found);
    for (i, model) in models.iter().enumerate() {
        job.progress.step(&format!("{}: as a population", set.name));
        job.progress.set(i, models.len());
        let start = Instant::now();
        let fit = population::fit(model, &found.tumours, None, &Settings::default(), job)?;
        found.groups.push(Group {
            model: *model,
            fit,
            seconds: start.elapsed().as_secs_f64(),
        });
    }
    if has_ages {
        let start = Instant::now();
        let mut predicted = Vec::new();
        for group in found.groups.iter().filter(|g| tells_age(g)) {
            let law = group.model.law.name();
            job.progress.step(&format!("{}: ages, {law}", set.name));
            predicted.extend(ages(&found.tumours, group, job)?);
        }
        found.ages = predicted;
        found.age_seconds = start.elapsed().as_secs_f64();
    }
    Ok(found)
}

fn single(law: &Law, tumours: &[Tumour]) -> Result<Single, Error> {
    let mut cohort = Cohort::fit(law, tumours, &VolumeError::CALLIPER)?;
    let mut seconds = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        cohort = Cohort::fit(law, tumours, &VolumeError::CALLIPER)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Single {
        cohort,
        seconds: quantile(&seconds, 0.5),
    })
}

/// What is fitted as a population; the reduced law begins at the median of a/b.
fn models(found: &Tumours) -> Vec<Model> {
    let mut limits: Vec<f64> = found
        .gompertz()
        .iter()
        .flat_map(|cohort| &cohort.fits)
        .map(|fit| fit.parameters[0] / fit.parameters[1])
        .collect();
    limits.sort_by(f64::total_cmp);
    let reduced = Law::ReducedGompertz {
        slope: quantile(&limits, 0.5),
        intercept: 0.0,
    };
    [
        (Law::Exponential, Shared::None),
        (Law::Logistic, Shared::None),
        (Law::PowerLaw, Shared::None),
        (Law::Gompertz, Shared::None),
        (reduced, Shared::Slope),
        (reduced, Shared::SlopeAndIntercept),
    ]
    .map(|(law, shared)| Model {
        law,
        shared,
        error: VolumeError::CALLIPER,
    })
    .to_vec()
}

/// Whether a law can tell the age of a tumour from its size.
fn tells_age(group: &Group) -> bool {
    matches!(group.model.law, Law::Gompertz | Law::ReducedGompertz { .. })
}

/// The age of each tumour by each method, from its last three readings and the other tumours.
fn ages(tumours: &[Tumour], group: &Group, job: &JobContext) -> Result<Vec<Ages>, Error> {
    let settings = Settings {
        rise: RISE_WITHOUT_ONE,
        ..Settings::default()
    };
    let others = population::leave_one_out(&group.fit, &group.model, tumours, &settings, job)?;
    METHODS
        .into_iter()
        .map(|method| {
            job.check()?;
            let starts = age::predict(method, tumours, &others, &group.model.error)?;
            Ok(Ages {
                law: group.model.law,
                shared: group.model.shared,
                method,
                accuracy: Accuracy::of(&starts),
            })
        })
        .collect()
}
