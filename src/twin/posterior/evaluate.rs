//! The posterior density at the draws, and how little of it is computed.

use super::target::Target;

/// How far below the highest density one must lie to count as none.
///
/// Beyond the distance R at which the prior alone leads there, the mass of the posterior is at most
/// e^(ceiling) P(χ² > R²) over the evidence: with a mode 2 below the ceiling and each of n parameters known
/// to a tenth of its prior 2e-12 for four, 4e-9 for six, 6e-6 for eight. Few but the first size are known
/// as well as that.
const NEGLIGIBLE: f64 = 40.0;

/// A target with room to evaluate it in.
pub(super) struct Evaluator<'a, T: Target> {
    pub(super) target: &'a T,
    scratch: T::Scratch,
    /// Log prior density below which no likelihood makes a draw count.
    least: f64,
    row: Vec<f64>,
}

impl<'a, T: Target> Evaluator<'a, T> {
    /// `highest` is the log posterior of the best mode.
    pub(super) fn new(target: &'a T, scratch: T::Scratch, highest: f64) -> Self {
        Self {
            least: highest - NEGLIGIBLE - target.ceiling(),
            target,
            scratch,
            row: Vec::new(),
        }
    }

    /// For a target with less data, which is no less likely anywhere.
    pub(super) fn of<'b>(&self, target: &'b T) -> Evaluator<'b, T> {
        Evaluator {
            target,
            scratch: T::Scratch::default(),
            least: self.least,
            row: Vec::new(),
        }
    }

    /// Log posterior density, with the log likelihood of each measurement added to `terms`; all −∞
    /// where the prior alone says that the draw does not count. Far out, where a lesion is killed a
    /// thousandfold in an hour, a single curve may cost as much as all that matter.
    pub(super) fn log_posterior(&mut self, z: &[f64], terms: &mut Vec<f64>) -> f64 {
        let log_prior = -0.5 * z.iter().map(|z| z * z).sum::<f64>();
        if log_prior < self.least {
            let to = terms.len() + self.target.points();
            terms.resize(to, f64::NEG_INFINITY);
            return f64::NEG_INFINITY;
        }
        let log_likelihood = self.target.pointwise(z, &mut self.scratch, &mut self.row);
        terms.extend(&self.row);
        log_prior + log_likelihood
    }

    /// Log likelihood of each measurement at each of the draws.
    pub(super) fn terms(&mut self, draws: &[f64]) -> Vec<f64> {
        let mut terms = Vec::new();
        for z in draws.chunks(self.target.dimension().max(1)) {
            self.target.pointwise(z, &mut self.scratch, &mut self.row);
            terms.extend(&self.row);
        }
        terms
    }
}
