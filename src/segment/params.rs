//! Parameters of the engines, chosen on the tuning halves of `oncotwin bench segment`.

use serde::Serialize;

/// Parameters of segmentation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Params {
    /// Radius of the region in lengths of the gesture; everything beyond is surroundings (Tumor-Cut
    /// uses 1.35 diameters, Hamamci et al. 2012, doi 10.1109/TMI.2011.2181857).
    pub region_per_length: f64,
    /// Added to that radius, mm.
    pub region_margin: f64,
    /// Share of the drawn line, from its middle, that is certainly lesion.
    pub seed_share: f64,
    /// Semi-axes of the outline that a line suggests, in halves of it: across it in the slice, and
    /// through the slices.
    pub across: f64,
    /// See [`Params::across`].
    pub through: f64,
    /// Standard deviation of the smoothing, mm.
    pub smoothing: f64,
    /// Log odds of place: slope per unit of the outline, and where they are even.
    pub prior_slope: f32,
    /// See [`Params::prior_slope`].
    pub prior_edge: f32,
    /// Weight of the log odds of values.
    pub trust: f32,
    /// Largest log odds of values and of paths, each.
    pub most_odds: f32,
    /// Cost of a step of 1 mm, in units of 2 σ.
    pub cost_per_mm: f64,
    /// Weight of the evidence beside the joins of neighbours, for a lesion of ten pixels' radius.
    pub evidence: f32,
    /// Difference of neighbours that counts as an edge, in units of the noise.
    pub edge: f32,
    /// Join of neighbours across the sharpest edge.
    pub least_join: f32,
    /// Sweeps of the random walker.
    pub sweeps: usize,
    /// How far a stroke speaks by place alone, in radii of the brush, and how loudly.
    pub stroke_radii: f64,
    /// See [`Params::stroke_radii`].
    pub stroke_slope: f32,
}

impl Params {
    /// The parameters in use.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            region_per_length: 0.675,
            region_margin: 2.0,
            seed_share: 0.84,
            across: 0.8,
            through: 0.85,
            smoothing: 0.5,
            prior_slope: 3.0,
            prior_edge: 1.05,
            trust: 1.2,
            most_odds: 3.0,
            cost_per_mm: 0.005,
            evidence: 0.4,
            edge: 2.5,
            least_join: 0.02,
            sweeps: 18,
            stroke_radii: 2.5,
            stroke_slope: 2.0,
        }
    }
}
