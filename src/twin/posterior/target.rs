//! What the sampler knows of a model: a log likelihood of standard normal parameters.

/// A posterior density to draw from. A priori z ~ N(0, I); correlated or skewed priors are the
/// target's own transform of z.
///
/// A target gives the same bits for the same z, whatever was evaluated before.
pub(in crate::twin) trait Target {
    /// Buffers of an evaluation; their contents carry nothing from one to the next.
    type Scratch: Default;

    /// Number of parameters.
    fn dimension(&self) -> usize;

    /// Number of measurements.
    fn points(&self) -> usize;

    /// Log likelihood; −∞ where the parameters lead to no number.
    fn log_likelihood(&self, z: &[f64], scratch: &mut Self::Scratch) -> f64;

    /// Log likelihood of each measurement, given z, held out or not; all −∞ where the parameters lead
    /// to no number. Returns the log likelihood.
    fn pointwise(&self, z: &[f64], scratch: &mut Self::Scratch, out: &mut Vec<f64>) -> f64;

    /// Log posterior with its slopes, for climbing; `None` where the parameters lead to no number.
    fn slopes(&self, z: &[f64], scratch: &mut Self::Scratch) -> Option<Slopes>;

    /// Log likelihood that no parameters exceed.
    fn ceiling(&self) -> f64;

    /// A place to climb from: prior medians, with what the data say at once (the first size).
    fn origin(&self) -> Vec<f64>;

    /// What the data say at once, if anything.
    fn pin(&self) -> Option<Pin> {
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

/// A parameter that the data put at a place, whatever the others are (the first size). Prior draws
/// that are put there are worth many that are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::twin) struct Pin {
    /// Which parameter.
    pub parameter: usize,
    /// Its z.
    pub place: f64,
    /// Uncertainty of that.
    pub spread: f64,
}

/// A log posterior with its slopes.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Slopes {
    /// Log posterior density.
    pub log_posterior: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
    /// A positive definite stand-in for the negative second derivative, row-major.
    pub curvature: Vec<f64>,
}
