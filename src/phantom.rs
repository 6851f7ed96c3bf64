//! A synthetic longitudinal CT study with known truth, written as real DICOM.
//!
//! A chest with lungs, vessels, heart, liver, spine and ribs holds lesions that are rotated
//! ellipsoids; their volumes follow a known law of growth and treatment. Partial volume comes from
//! supersampling, blur from a Gaussian point spread, noise is Gaussian and slightly correlated. The
//! patient lies a few millimetres elsewhere at each time point. Equal parameters give equal bytes.

mod anatomy;
mod dicom_series;
mod lesion;
mod noise;
pub mod suite;
mod truth;

pub use lesion::{Law, LesionSpec};
pub use truth::{LesionTruth, PhantomTruth, TimePointTruth};

use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rayon::prelude::*;

use crate::geometry::{Grid, GridError, Point, Vec3};
use crate::jobs::{Cancelled, JobContext};
use crate::units::{Days, Hu, Mm};

/// What to make.
#[derive(Clone, Debug, PartialEq)]
pub struct PhantomParams {
    /// Voxels along (i, j, k).
    pub shape: [usize; 3],
    /// Spacing along (i, j, k).
    pub spacing: [Mm; 3],
    /// Days of the studies after the first.
    pub days: Vec<Days>,
    /// Lesions.
    pub lesions: Vec<LesionSpec>,
    /// Systemic treatment: first day and length.
    pub treatment: Option<(Days, Days)>,
    /// Standard deviation of the point spread in the slice plane.
    pub point_spread: Mm,
    /// Standard deviation of the noise.
    pub noise: Hu,
    /// Seed of noise and identifiers.
    pub seed: u64,
}

/// Date of the first study.
const FIRST_DAY: Date = date(2024, 1, 15);

impl PhantomParams {
    /// The sample study: five time points of 256 × 256 × 48 voxels, about 32 MB in all.
    #[must_use]
    pub fn small() -> Self {
        Self {
            shape: [256, 256, 48],
            spacing: [Mm(1.3), Mm(1.3), Mm(2.5)],
            days: [0.0, 42.0, 84.0, 168.0, 224.0].map(Days).to_vec(),
            lesions: lesion::sample_lesions(),
            treatment: Some((Days(7.0), Days(120.0))),
            point_spread: Mm(0.6),
            noise: Hu(14.0),
            seed: 2024,
        }
    }

    /// One time point of 512 × 512 × `n_slices` voxels, for benchmarks.
    #[must_use]
    pub fn long(n_slices: usize) -> Self {
        Self {
            shape: [512, 512, n_slices],
            spacing: [Mm(0.7), Mm(0.7), Mm(1.0)],
            days: vec![Days(0.0)],
            ..Self::small()
        }
    }

    /// The named preset: `small`, `ct500` or `ct1000`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "small" => Some(Self::small()),
            "ct500" => Some(Self::long(500)),
            "ct1000" => Some(Self::long(1000)),
            _ => None,
        }
    }
}

/// Why a phantom could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Parameters that make no image.
    #[error("the parameters make no image: {0}")]
    Params(String),
    /// The grid is impossible.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// A file could not be written.
    #[error("cannot write {}: {reason}; check that the folder exists and has space", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Makes the study in `out`: one folder of DICOM files per time point, `study.toml` with the
/// treatments, and at the very end `truth.json`, whose presence means that all is there.
///
/// # Errors
/// When parameters make no image, a file cannot be written, or the job is cancelled.
pub fn generate(
    params: &PhantomParams,
    out: &Path,
    job: &JobContext,
) -> Result<PhantomTruth, Error> {
    let noise_is_fine = params.noise.0.is_finite() && params.noise.0 >= 0.0;
    if params.days.is_empty()
        || !noise_is_fine
        || params.spacing.iter().any(|s| !(s.0 > 0.0 && s.0 < 100.0))
    {
        return Err(Error::Params(format!("{params:?}")));
    }
    let n_slices = params.shape[2] * params.days.len();
    let mut time_points = Vec::new();
    for (n, day) in params.days.iter().enumerate() {
        let folder = out.join(format!("t{n}"));
        std::fs::create_dir_all(&folder).map_err(|e| write_error(&folder, &e))?;
        let date = FIRST_DAY + (day.0.round() as i64).days();
        // The patient never lies twice in the same place.
        let shift =
            Vec3::new(2.3, -1.7, 3.1) * (n as f64).sqrt() * if n % 2 == 0 { -1.0 } else { 1.0 };
        let grid = grid_of(params, n)?;
        let lesions: Vec<lesion::Placed> = params
            .lesions
            .iter()
            .map(|spec| spec.at(*day, params.treatment, shift))
            .collect();
        let series = dicom_series::SeriesTags::new(params, n, date);
        (0..params.shape[2]).into_par_iter().try_for_each(|k| {
            job.check()?;
            let values = slice(params, &grid, &lesions, shift, (n, k));
            dicom_series::write_slice(&series, &grid, k, &values, &folder)
        })?;
        job.progress.set((n + 1) * params.shape[2], n_slices);
        time_points.push(truth::time_point(n, date, *day, &grid, params, &lesions));
    }
    let truth = PhantomTruth {
        seed: params.seed,
        time_points,
    };
    truth::write_sidecar(params, FIRST_DAY, &out.join("study.toml"))?;
    let path = out.join("truth.json");
    let json = serde_json::to_vec_pretty(&truth).map_err(|e| write_error(&path, &e))?;
    write_file(&path, &json)?;
    Ok(truth)
}

/// The scanner's grid at time point `n`: centred on the patient but for a few millimetres.
fn grid_of(params: &PhantomParams, n: usize) -> Result<Grid, Error> {
    let [ni, nj, nk] = params.shape.map(|d| d as f64 - 1.0);
    let [di, dj, dk] = params.spacing.map(|s| s.0);
    let table = 1.5 * (n % 3) as f64;
    let z0 = -nk * dk / 2.0 - 300.0 + table;
    let origins = (0..params.shape[2])
        .map(|k| Point::new(-ni * di / 2.0, -nj * dj / 2.0 - 150.0, z0 + k as f64 * dk))
        .collect();
    let step = Vec3::new(0.0, 0.0, dk);
    Ok(Grid::new(
        params.shape,
        Vec3::x() * di,
        Vec3::y() * dj,
        origins,
        Some(step),
    )?)
}

/// Where the middle of the chest lies in patient space when the patient is not shifted.
const CHEST: [f64; 3] = [0.0, -150.0, -300.0];

/// Values of one slice in HU, blurred and noisy, row by row.
fn slice(
    params: &PhantomParams,
    grid: &Grid,
    lesions: &[lesion::Placed],
    shift: Vec3,
    (n, k): (usize, usize),
) -> Vec<f32> {
    let [ni, nj, _] = grid.shape();
    let chest = Vec3::from(CHEST) + shift;
    let origin = grid.slice_origins()[k].0.coords;
    let (di, dj) = (grid.i_step(), grid.j_step());
    let dk = Vec3::new(0.0, 0.0, params.spacing[2].0);
    let mut values = Vec::with_capacity(ni * nj);
    for j in 0..nj {
        for i in 0..ni {
            let at = origin + di * i as f64 + dj * j as f64;
            let near = lesions.iter().any(|l| l.is_near(at, params.spacing));
            values.push(if near {
                supersampled(at, [di, dj, dk], chest, lesions)
            } else {
                anatomy::hounsfield(at - chest) as f32
            });
        }
    }
    let [si, sj, _] = params.spacing.map(|s| params.point_spread.0 / s.0);
    noise::blur(&mut values, [ni, nj], [si, sj]);
    noise::add(&mut values, [ni, nj], params.noise, params.seed, (n, k));
    values
}

/// Mean of 4 × 4 × 5 points of a voxel: its share of lesion and background.
fn supersampled(at: Vec3, [di, dj, dk]: [Vec3; 3], chest: Vec3, lesions: &[lesion::Placed]) -> f32 {
    const N: [usize; 3] = [4, 4, 5];
    let offset = |s: usize, n: usize| (s as f64 + 0.5) / n as f64 - 0.5;
    let mut sum = 0.0;
    for c in 0..N[2] {
        for b in 0..N[1] {
            for a in 0..N[0] {
                let p = at + di * offset(a, N[0]) + dj * offset(b, N[1]) + dk * offset(c, N[2]);
                let inside = lesions.iter().find(|l| l.contains(p));
                sum += inside.map_or_else(|| anatomy::hounsfield(p - chest), |l| l.value.0);
            }
        }
    }
    (sum / (N[0] * N[1] * N[2]) as f64) as f32
}

fn write_error(path: &Path, error: &impl ToString) -> Error {
    Error::Write {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|e| write_error(path, &e))
}
