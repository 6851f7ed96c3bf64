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
    /// Share of the drawn line, from its middle, that is taken for lesion.
    pub seed_share: f64,
    /// Semi-axis across the line in the slice of the outline that it suggests, in halves of the line.
    pub across: f64,
    /// Semi-axis of that outline through the slices.
    pub through: f64,
    /// Standard deviation of the smoothing, mm.
    pub smoothing: f64,
    /// Slope of the log odds of place per unit of the outline.
    pub prior_slope: f32,
    /// Where the log odds of place are even, in units of the outline.
    pub prior_edge: f32,
    /// Within this part of the outline all values count as samples of the lesion at first.
    pub inner: f32,
    /// Share of the surroundings' values that may be missing in the lesion when it is asked how much
    /// of the surroundings its samples hold.
    pub foreign: f32,
    /// Weight of the log odds of values.
    pub trust: f32,
    /// Largest log odds of values and of paths, each.
    pub most_odds: f32,
    /// Voxels of the line whose value has lower log odds than this are not held to be lesion.
    pub least_seed_odds: f32,
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
    /// How often the division is made; from the second time on with its own shape and values.
    pub rounds: usize,
    /// Weight of the log odds of the outline from the second time on.
    pub place_again: f32,
    /// Weight of the log odds of the shape found before.
    pub shape: f32,
    /// Added to these: the smoothed shape of a convex lesion is smaller than the lesion.
    pub shape_bias: f32,
    /// Standard deviation of that smoothing, in radii of the lesion.
    pub shape_blur: f64,
    /// Probability above which a voxel is lesion. Below ½: smoothing shrinks what is convex.
    pub cut: f32,
    /// How far a stroke speaks by place alone, in radii of the brush.
    pub stroke_radii: f64,
    /// Log odds of place under a stroke.
    pub stroke_slope: f32,
    /// The same where the whole lesion is divided anew with the strokes in mind.
    pub again_radii: f64,
    /// Log odds of place under a stroke there.
    pub again_slope: f32,
    /// Weight of the values under strokes among all samples.
    pub stroke_share: f32,
    /// Whether the lesion is followed from the drawn slice to the others.
    pub by_slice: bool,
    /// Whether a click that cannot be trusted is refused; false only to learn what it would have
    /// given.
    pub refuses: bool,
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
            smoothing: 0.4,
            prior_slope: 3.0,
            prior_edge: 1.05,
            inner: 0.5,
            foreign: 0.6,
            trust: 1.0,
            most_odds: 3.0,
            least_seed_odds: -1.5,
            cost_per_mm: 0.005,
            evidence: 0.4,
            edge: 2.0,
            least_join: 0.02,
            sweeps: 14,
            rounds: 3,
            place_again: 0.8,
            shape: 0.5,
            shape_bias: 0.4,
            shape_blur: 0.15,
            cut: 0.4,
            stroke_radii: 2.0,
            stroke_slope: 3.0,
            again_radii: 2.5,
            again_slope: 3.0,
            stroke_share: 0.1,
            by_slice: false,
            refuses: true,
        }
    }

    /// Whether every number is usable.
    pub(super) fn is_usable(&self) -> bool {
        let positive = [
            self.region_per_length,
            self.seed_share,
            self.across,
            self.through,
            self.shape_blur,
            self.stroke_radii,
            self.again_radii,
            f64::from(self.edge),
            f64::from(self.evidence),
        ];
        let finite = [
            self.region_margin,
            self.smoothing,
            self.cost_per_mm,
            f64::from(self.prior_slope),
            f64::from(self.prior_edge),
            f64::from(self.inner),
            f64::from(self.foreign),
            f64::from(self.trust),
            f64::from(self.most_odds),
            f64::from(self.least_join),
            f64::from(self.place_again),
            f64::from(self.shape),
            f64::from(self.shape_bias),
            f64::from(self.stroke_slope),
            f64::from(self.again_slope),
            f64::from(self.stroke_share),
        ];
        positive.iter().all(|x| *x > 0.0 && *x <= 1e3)
            && finite.iter().all(|x| x.abs() <= 1e3)
            && self.smoothing >= 0.0
            && self.most_odds >= 0.0
            && (0.0..1.0).contains(&self.cut)
            && (1..=20).contains(&self.rounds)
            && self.sweeps <= 1000
    }
}
