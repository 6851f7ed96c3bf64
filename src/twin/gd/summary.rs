//! Counts and descriptive statistics over cases.

use super::curve::Curve;
use super::select::{Case, Exclusion, Verdict};
use crate::twin::stats::{mean, quantile, variance};

/// One rate or share over the cases that have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Number of cases.
    pub n: usize,
    /// Median.
    pub median: f64,
    /// Quartiles.
    pub quartiles: (f64, f64),
    /// Mean.
    pub mean: f64,
    /// Standard deviation; NaN below two cases.
    pub sd: f64,
}

/// What became of all cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Reason or curve, and number of cases, none left out.
    pub counts: Vec<(&'static str, usize)>,
    /// Growth rate g, 1/d.
    pub g: Rate,
    /// Regression rate d, 1/d.
    pub d: Rate,
    /// Sensitive share φ.
    pub phi: Rate,
}

impl Summary {
    /// Number of cases with a reason or curve.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.counts
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(0, |(_, count)| *count)
    }
}

/// Sums up.
#[must_use]
pub fn summarise(cases: &[Case]) -> Summary {
    let count = |is: &dyn Fn(&Verdict) -> bool| cases.iter().filter(|c| is(&c.verdict)).count();
    let mut counts: Vec<(&'static str, usize)> = [
        Exclusion::TwoAlike,
        Exclusion::OneReading,
        Exclusion::AllTheSame,
        Exclusion::NoReading,
    ]
    .into_iter()
    .map(|reason| {
        let n = count(&|v| *v == Verdict::Excluded(reason));
        (reason.name(), n)
    })
    .collect();
    counts.push(("not fit", count(&|v| *v == Verdict::NotFit)));
    counts.extend(Curve::ALL.into_iter().map(|wanted| {
        let n = count(&|v| matches!(v, Verdict::Fit { curve, .. } if *curve == wanted));
        (wanted.name(), n)
    }));
    let rate = |pick: &dyn Fn(&Verdict) -> Option<f64>| {
        let mut values: Vec<f64> = cases.iter().filter_map(|c| pick(&c.verdict)).collect();
        values.sort_by(f64::total_cmp);
        Rate {
            n: values.len(),
            median: quantile(&values, 0.5),
            quartiles: (quantile(&values, 0.25), quantile(&values, 0.75)),
            mean: mean(&values),
            sd: if values.len() < 2 {
                f64::NAN
            } else {
                libm::sqrt(variance(&values))
            },
        }
    };
    Summary {
        counts,
        g: rate(&|v| match v {
            Verdict::Fit { g, .. } => *g,
            _ => None,
        }),
        d: rate(&|v| match v {
            Verdict::Fit { d, .. } => *d,
            _ => None,
        }),
        phi: rate(&|v| match v {
            Verdict::Fit { phi, .. } => *phi,
            _ => None,
        }),
    }
}
