//! The images: real ones, moved by known transforms.

use std::path::Path;
use std::sync::Arc;

use super::moved::{self, Scan, about, carried, middle, scanned, transforms};
use super::score::{self, Masks};
use crate::cli::bench::load::unpacked;
use crate::export;
use crate::geometry::{Point, Vec3};
use crate::jobs::JobContext;
use crate::open::{self, Item};
use crate::register::Rigid;
use crate::volume::Volume;

/// Two images and, where it is known, what maps one to the other.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) fixed: Arc<Volume>,
    pub(super) moving: Arc<Volume>,
    pub(super) truth: Rigid,
    pub(super) method: String,
    pub(super) seed: u64,
    /// Whether the headers state one frame of reference.
    pub(super) is_same_frame: bool,
    /// Whether it is the pair whose time has a limit.
    pub(super) is_timed: bool,
    points: Arc<Vec<Point>>,
}

impl Pair {
    fn new(name: &str, fixed: Arc<Volume>, moving: Volume, truth: Rigid, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            points: Arc::new(score::body_points(&fixed, &moving, &truth)),
            fixed,
            moving: Arc::new(moving),
            truth,
            method: "points of the body that both images show, mean".to_owned(),
            seed,
            is_same_frame: false,
            is_timed: false,
        }
    }

    /// Mean and largest error of a transform, mm.
    pub(super) fn error(&self, found: &Rigid) -> (f64, f64) {
        score::error(found, &self.truth, &self.points)
    }

    /// The same with the moving image carried along by a transform about its middle.
    pub(super) fn with_moving_carried(&self, by: &Rigid) -> Self {
        let Some(moving) = carried(&self.moving, by) else {
            return self.clone();
        };
        Self {
            moving: Arc::new(moving),
            truth: self.truth.then(by),
            is_same_frame: false,
            ..self.clone()
        }
    }
}

/// Real images of one kind: the first is the fixed one, the last is scanned anew after the move.
pub(super) struct Set {
    pub(super) name: String,
    pub(super) volumes: Result<Vec<Arc<Volume>>, String>,
    shape: [usize; 3],
    spacing: [f64; 3],
    aside: Vec3,
    noise: f64,
}

/// The largest image below a path.
fn volume(path: &Path) -> Result<Volume, String> {
    let job = JobContext::default();
    let item = open::scan(&[path.to_owned()], &job)
        .map_err(|e| e.to_string())?
        .into_iter()
        .filter(Item::is_image)
        .max_by_key(|i| i.grid.as_ref().map_or(0, |g| g.n_voxels()))
        .ok_or_else(|| format!("no image in {}", path.display()))?;
    open::load(&item, 0, &job).map_err(|e| e.to_string())
}

pub(super) fn sets(data: &Path, scratch: &Path) -> Vec<Set> {
    let set = |name: &str,
               folder: &str,
               files: &[&str],
               shape: [usize; 3],
               spacing: [f64; 3],
               aside: [f64; 3],
               noise: f64| {
        let volumes = unpacked(data, scratch, folder)
            .ok_or_else(|| "the set is not in the data folder".to_owned())
            .and_then(|root| {
                let load = |file: &&str| volume(&root.join(file)).map(Arc::new);
                files.iter().map(load).collect()
            });
        Set {
            name: name.to_owned(),
            volumes,
            shape,
            spacing,
            aside: aside.into(),
            noise,
        }
    };
    let flair = "train/brats_2013_pat0005_1/Flair_subtrMeanDivStd.nii.gz";
    let t1c = "train/brats_2013_pat0005_1/T1c_subtrMeanDivStd.nii.gz";
    let mut sets = vec![
        set(
            "B10 chest CT",
            "B10_lung_ct_4dlung",
            &["ct"],
            [300, 240, 64],
            [1.4, 1.4, 2.0],
            [10.0, 20.0, -35.0],
            0.05,
        ),
        set(
            "B2 lung CT",
            "B2_ibsi_lung_ct",
            &["dicom/image"],
            [140, 140, 70],
            [1.25, 1.25, 2.0],
            [10.0, -10.0, 25.0],
            0.05,
        ),
        set(
            "A1 head CT, tilted and uneven",
            "A1_ct_ge_tilt_varspacing",
            &["dicom"],
            [240, 240, 70],
            [1.0, 1.0, 2.0],
            [0.0, 0.0, 10.0],
            0.02,
        ),
        set(
            "A3 head MR T1",
            "A3_mr_jpeglossless_96",
            &["In"],
            [160, 160, 110],
            [1.2, 1.2, 1.5],
            [5.0, 0.0, 10.0],
            0.05,
        ),
        set(
            "B5 brain MR, Flair and T1 with contrast",
            "B5_brats2015",
            &[flair, t1c],
            [160, 180, 90],
            [1.1, 1.1, 1.5],
            [0.0, 0.0, 15.0],
            0.05,
        ),
        set(
            "B9 body PET",
            "B9_pet_sts001_raw",
            &["FDG_PET/image"],
            [130, 110, 150],
            [4.0, 4.0, 3.3],
            [0.0, 0.0, 150.0],
            0.05,
        ),
    ];
    // Slices of the PET are 3.19 to 3.29 mm apart, which the form that the peer reads cannot hold.
    if let Some(volumes) = sets.last_mut().and_then(|s| s.volumes.as_mut().ok()) {
        for volume in volumes {
            if let Some(even) = evened(volume) {
                *volume = Arc::new(even);
            }
        }
    }
    sets
}

/// The same image with evenly spaced slices.
fn evened(volume: &Volume) -> Option<Volume> {
    let grid = volume.grid();
    let still = Scan {
        shape: grid.shape(),
        spacing: grid.spacing_mm().map(|s| s.0),
        aside: Vec3::zeros(),
        noise: 0.0,
        seed: 0,
    };
    scanned(volume, &Rigid::identity(), &still)
}

/// Two scans of 256³ voxels of the same chest, the second moved, cut off along the body and noisier.
pub(super) fn cubes(sets: &[Set]) -> Option<Pair> {
    let chest = sets.first()?.volumes.as_ref().ok()?.first()?;
    let [di, dj, dk] = chest.grid().spacing_mm();
    let [ni, nj, nk] = chest.grid().shape();
    let spacing = [di.0 * ni as f64, dj.0 * nj as f64, dk.0 * nk as f64].map(|mm| mm / 256.0);
    let scan = |aside, noise, seed| Scan {
        shape: [256; 3],
        spacing,
        aside,
        noise,
        seed,
    };
    let still = scan(Vec3::zeros(), 0.02, 1);
    let fixed = scanned(chest, &Rigid::identity(), &still)?;
    let truth = about(middle(chest), transforms(11, 1).first()?);
    let moving = scanned(chest, &truth, &scan(Vec3::new(15.0, -10.0, 35.0), 0.05, 2))?;
    let name = "B10 chest CT, 256³ and 256³";
    let mut pair = Pair::new(name, Arc::new(fixed), moving, truth, 11);
    pair.is_timed = true;
    Some(pair)
}

fn moved(set: &Set, by: &Rigid, seed: u64) -> Option<Pair> {
    let volumes = set.volumes.as_ref().ok()?;
    let (fixed, other) = (volumes.first()?, volumes.last()?);
    let truth = about(middle(other), by);
    let scan = Scan {
        shape: set.shape,
        spacing: set.spacing,
        aside: set.aside,
        noise: set.noise,
        seed,
    };
    let moving = scanned(other, &truth, &scan)?;
    Some(Pair::new(&set.name, fixed.clone(), moving, truth, seed))
}

/// Every set at two known transforms.
pub(super) fn known(sets: &[Set]) -> impl Iterator<Item = Pair> {
    sets.iter().enumerate().flat_map(|(n, set)| {
        let by = transforms(21 + n as u64, 2);
        by.into_iter().enumerate().filter_map(move |(m, by)| {
            let mut pair = moved(set, &by, m as u64 + 1)?;
            pair.name = format!("{}, {}", set.name, m + 1);
            Some(pair)
        })
    })
}

/// CT and MR of the same patients, with the tumour drawn on both.
pub(super) fn across(data: &Path) -> Vec<(Pair, Masks)> {
    let patient = |name: &str, seed: u64| {
        let root = data.join("B1_petctmr_sarcoma").join(name);
        let of = |modality: &str| {
            let image = volume(&root.join("dicom").join(modality).join("image")).ok()?;
            let mask = root.join("nifti").join(format!("{modality}_mask.nii.gz"));
            let job = JobContext::default();
            let mask = export::read_mask(&mask, None, image.grid(), &job).ok()?;
            Some((image, mask.mask))
        };
        let ((fixed, on_fixed), (moving, on_moving)) = (of("CT")?, of("MR_T1")?);
        let name = format!("B1 {name}, CT and MR");
        let mut pair = Pair::new(&name, Arc::new(fixed), moving, Rigid::identity(), seed);
        pair.is_same_frame = true;
        let masks = Masks {
            fixed: on_fixed,
            moving: on_moving,
        };
        Some((pair, masks))
    };
    [patient("STS_002", 31), patient("STS_008", 32)]
        .into_iter()
        .flatten()
        .collect()
}

/// Sets with the second scan carried to random places, nothing interpolated.
pub(super) fn starts(sets: &[Set], data: &Path, n: usize) -> Vec<(String, Vec<Pair>)> {
    let mut all = Vec::new();
    for (m, set) in sets.iter().enumerate() {
        let Some(pair) = moved(set, &Rigid::identity(), 5) else {
            continue;
        };
        all.push((set.name.clone(), around(&pair, 41 + m as u64, n)));
    }
    for (pair, _) in across(data) {
        let name = pair.name.clone();
        all.push((name, around(&pair, pair.seed, n)));
    }
    all
}

fn around(pair: &Pair, seed: u64, n: usize) -> Vec<Pair> {
    let centre = middle(&pair.moving);
    transforms(seed, n)
        .iter()
        .map(|t| pair.with_moving_carried(&moved::about(centre, t)))
        .collect()
}
