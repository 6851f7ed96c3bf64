//! What the sampler knows of a model: a log likelihood of standard normal parameters.

/// A posterior density to draw from. A priori z ~ N(0, I); correlated or skewed priors are the
/// target's own transform of z.
///
/// A target gives the same bits for the same z, whatever was evaluated before.
pub trait Target {
    /// Buffers of an evaluation; their contents carry nothing from one to the next.
    type Scratch: Default;

    /// Number of parameters.
    fn dimension(&self) -> usize;

    /// Number of measurements.
    fn points(&self) -> usize;

    /// Log likelihood; −∞ where the parameters lead to no number.
    fn log_likelihood(&self, z: &[f64], scratch: &mut Self::Scratch) -> f64;

    /// Log likelihood of each measurement, given z; all −∞ where the parameters lead to no number.
    fn pointwise(&self, z: &[f64], scratch: &mut Self::Scratch, out: &mut Vec<f64>);

    /// Log posterior with its slopes, for climbing; `None` where the parameters lead to no number.
    fn slopes(&self, z: &[f64], scratch: &mut Self::Scratch) -> Option<Slopes>;

    /// A place to climb from: prior medians, with what the data say at once (the first size).
    fn origin(&self) -> Vec<f64>;

    /// The parameter (as in [`Target::origin`]) that the data say at once, if there is one, and its
    /// uncertainty in z: prior draws that are looked at for modes are put there.
    fn pinned(&self) -> Option<(usize, f64)> {
        None
    }

    /// The same without one measurement.
    #[must_use]
    fn without(&self, point: usize) -> Self
    where
        Self: Sized;

    /// Log posterior density, up to a constant that does not depend on z.
    fn log_posterior(&self, z: &[f64], scratch: &mut Self::Scratch) -> f64 {
        self.log_likelihood(z, scratch) - 0.5 * z.iter().map(|z| z * z).sum::<f64>()
    }
}

/// A log posterior with its slopes.
#[derive(Clone, Debug)]
pub struct Slopes {
    /// Log posterior density.
    pub log_posterior: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
    /// A positive definite stand-in for the negative second derivative, row-major.
    pub curvature: Vec<f64>,
}
