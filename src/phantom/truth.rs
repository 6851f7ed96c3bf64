//! What is known of the phantom.

use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ndarray::Array3;
use serde::{Deserialize, Serialize};

use super::lesion::Placed;
use super::{Error, Law, PhantomParams, write_file};
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::units::{Days, Mm, Mm3};
use crate::volume::{Mask, MaskRuns};

/// The whole truth: contents of `truth.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhantomTruth {
    /// Seed of noise and identifiers.
    pub seed: u64,
    /// Time points in order.
    pub time_points: Vec<TimePointTruth>,
}

/// One time point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimePointTruth {
    /// Folder of its DICOM files, relative to `truth.json`.
    pub folder: String,
    /// Date of the study.
    pub date: Date,
    /// Days after the first study.
    pub day: Days,
    /// Lesions.
    pub lesions: Vec<LesionTruth>,
}

/// One lesion at one time point; positions in LPS mm of that study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LesionTruth {
    /// Label.
    pub label: String,
    /// Organ.
    pub organ: String,
    /// Lymph node.
    pub nodal: bool,
    /// Centre.
    pub center: Point,
    /// Semi-axes of the ellipsoid.
    pub semi_axes_mm: [Mm; 3],
    /// Roll, pitch and yaw of the ellipsoid, radians.
    pub rotation: [f64; 3],
    /// Exact volume.
    pub volume_mm3: Mm3,
    /// Ends of the longest diameter in the widest axial plane.
    pub long_axis: [Point; 2],
    /// Its length.
    pub long_axis_mm: Mm,
    /// Diameter perpendicular to it in the same plane.
    pub short_axis_mm: Mm,
    /// How it grows.
    pub law: Law,
    /// Voxels whose centre lies inside.
    pub mask: MaskRuns,
}

pub(super) fn time_point(
    n: usize,
    date: Date,
    day: Days,
    grid: &Grid,
    params: &PhantomParams,
    lesions: &[Placed],
) -> TimePointTruth {
    let grid = Arc::new(grid.clone());
    let lesions = lesions.iter().map(|placed| {
        let (long_axis, short_axis_mm) = placed.axial_axes();
        LesionTruth {
            label: placed.spec.label.clone(),
            organ: placed.spec.organ.clone(),
            nodal: placed.spec.nodal,
            center: Point(placed.center.into()),
            semi_axes_mm: placed.semi_axes,
            rotation: placed.spec.rotation,
            volume_mm3: placed.volume(),
            long_axis,
            long_axis_mm: long_axis[0].distance(long_axis[1]),
            short_axis_mm,
            law: placed.spec.law,
            mask: voxelised(placed, &grid, params).map_or_else(
                || MaskRuns {
                    shape: grid.shape(),
                    runs: Vec::new(),
                },
                |mask| mask.runs(),
            ),
        }
    });
    TimePointTruth {
        folder: format!("t{n}"),
        date,
        day,
        lesions: lesions.collect(),
    }
}

/// Voxels whose centre lies inside the lesion; `None` when the lesion lies outside the grid.
fn voxelised(placed: &Placed, grid: &Arc<Grid>, params: &PhantomParams) -> Option<Mask> {
    let reach = placed.semi_axes.iter().fold(0.0f64, |r, a| r.max(a.0)) + 1.0;
    let corner = |sign: f64| {
        let p = placed.center + Vec3::repeat(sign * reach);
        <[f64; 3]>::from(grid.voxel_from_patient(Point(p.into())))
    };
    let (low, high) = (corner(-1.0), corner(1.0));
    let shape = params.shape;
    let start = [0, 1, 2].map(|a| low[a].floor().max(0.0) as usize);
    let end = [0, 1, 2].map(|a| (high[a].ceil().max(0.0) as usize + 1).min(shape[a]));
    if (0..3).any(|a| end[a] <= start[a]) {
        return None;
    }
    let size = (end[2] - start[2], end[1] - start[1], end[0] - start[0]);
    let bits = Array3::from_shape_fn(size, |(k, j, i)| {
        let v = Voxel::new(
            (start[0] + i) as f64,
            (start[1] + j) as f64,
            (start[2] + k) as f64,
        );
        placed.contains(grid.patient_from_voxel(v).0.coords)
    });
    Mask::from_box(Arc::clone(grid), start, &bits).ok()
}

/// Writes the treatments beside the images.
pub(super) fn write_sidecar(params: &PhantomParams, first: Date, path: &Path) -> Result<(), Error> {
    let mut text = String::from(
        "# Treatments of the synthetic patient. The images carry patient and dates.\n",
    );
    if let Some((start, length)) = params.treatment {
        let date = first + (start.0.round() as i64).days();
        text.push_str(&format!(
            "\n[[treatment]]\ndate = \"{date}\"\nkind = \"systemic\"\nname = \"Exemplinib\"\n\
             dose = 80.0\nunit = \"mg/d\"\nduration_days = {:.1}\n",
            length.0
        ));
    }
    write_file(path, text.as_bytes())
}
