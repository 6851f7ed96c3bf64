//! Real lesions with the contours that experts drew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array3;

use super::peers::Peers;
use crate::cli::bench::load::unpacked;
use crate::cli::output::Failure;
use crate::export::{self, Label};
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::open::{self, Item};
use crate::volume::{Mask, Volume};

/// Where the reference of a lesion is.
enum Reference {
    /// Labels of a label map, together.
    Labels(&'static str, &'static [u32]),
    /// A region of a structure set.
    Region(&'static str, &'static str),
}

/// A lesion in the shared data.
struct Source {
    name: &'static str,
    set: &'static str,
    image: &'static str,
    reference: Reference,
    is_for_tuning: bool,
}

/// An image and its lesion.
pub(super) struct Real {
    pub(super) name: String,
    pub(super) is_for_tuning: bool,
    pub(super) volume: Volume,
    pub(super) reference: Mask,
}

const fn source(
    name: &'static str,
    set: &'static str,
    image: &'static str,
    reference: Reference,
    is_for_tuning: bool,
) -> Source {
    Source {
        name,
        set,
        image,
        reference,
        is_for_tuning,
    }
}

const STS: &str = "B1_petctmr_sarcoma";
const GBM: &str = "C1_brain_tumor_progression";
const BRATS: &str = "B5_brats2015/train/brats_2013_pat0005_1";
const ONE: &[u32] = &[1];

/// All lesions. Which are for tuning was decided before anything was measured.
fn sources() -> Vec<Source> {
    use Reference::{Labels, Region};
    vec![
        source(
            "sarcoma STS_008, CT",
            STS,
            "STS_008/dicom/CT/image",
            Labels("STS_008/nifti/CT_mask.nii.gz", ONE),
            true,
        ),
        source(
            "sarcoma STS_008, MR T1",
            STS,
            "STS_008/dicom/MR_T1/image",
            Labels("STS_008/nifti/MR_T1_mask.nii.gz", ONE),
            true,
        ),
        source(
            "sarcoma STS_008, PET",
            STS,
            "STS_008/dicom/PET/image",
            Labels("STS_008/nifti/PET_mask.nii.gz", ONE),
            true,
        ),
        source(
            "sarcoma STS_002, CT",
            STS,
            "STS_002/dicom/CT/image",
            Labels("STS_002/nifti/CT_mask.nii.gz", ONE),
            false,
        ),
        source(
            "sarcoma STS_002, MR T1",
            STS,
            "STS_002/dicom/MR_T1/image",
            Labels("STS_002/nifti/MR_T1_mask.nii.gz", ONE),
            false,
        ),
        source(
            "sarcoma STS_002, PET",
            STS,
            "STS_002/dicom/PET/image",
            Labels("STS_002/nifti/PET_mask.nii.gz", ONE),
            false,
        ),
        source(
            "lung, IBSI phantom, CT",
            "B2_ibsi_lung_ct",
            "nifti/image/phantom.nii.gz",
            Labels("nifti/mask/mask.nii.gz", ONE),
            false,
        ),
        source(
            "lung, pat_2, CT",
            "B3_lung_ct_pat2",
            "pat_2",
            Region("pat_2", "GTV-1"),
            true,
        ),
        source(
            "brain1, MR",
            "B4_pyradiomics",
            "brain1_image.nrrd",
            Labels("brain1_label.nrrd", ONE),
            true,
        ),
        source(
            "brain2, MR",
            "B4_pyradiomics",
            "brain2_image.nrrd",
            Labels("brain2_label.nrrd", ONE),
            false,
        ),
        source(
            "breast1, MR",
            "B4_pyradiomics",
            "breast1_image.nrrd",
            Labels("breast1_label.nrrd", ONE),
            false,
        ),
        source(
            "glioma, whole, FLAIR",
            BRATS,
            "Flair_subtrMeanDivStd.nii.gz",
            Labels("OTMultiClass.nii.gz", &[1, 2, 3, 4]),
            true,
        ),
        source(
            "glioma, core, T1c",
            BRATS,
            "T1c_subtrMeanDivStd.nii.gz",
            Labels("OTMultiClass.nii.gz", &[1, 3, 4]),
            false,
        ),
        source(
            "PET STS_001",
            "B9_pet_sts001_raw",
            "FDG_PET/image",
            Region("FDG_PET/mask", "GTV_Mass"),
            false,
        ),
        source(
            "lung, 4D-Lung, tumour, CT",
            "B10_lung_ct_4dlung",
            "ct",
            Region("rtstruct", "Tumor_c40"),
            false,
        ),
        source(
            "lung, 4D-Lung, node, CT",
            "B10_lung_ct_4dlung",
            "ct",
            Region("rtstruct", "LN_c40"),
            false,
        ),
        source(
            "glioblastoma 01, before",
            GBM,
            "01/Pre_Scan_T1.nii.gz",
            Labels("01/Pre_Mask.nii.gz", ONE),
            true,
        ),
        source(
            "glioblastoma 01, after",
            GBM,
            "01/Post_Scan_T1.nii.gz",
            Labels("01/Post_Mask.nii.gz", ONE),
            true,
        ),
        source(
            "glioblastoma 02, before",
            GBM,
            "02/Pre_Scan_T1.nii.gz",
            Labels("02/Pre_Mask.nii.gz", ONE),
            false,
        ),
        source(
            "glioblastoma 02, after",
            GBM,
            "02/Post_Scan_T1.nii.gz",
            Labels("02/Post_Mask.nii.gz", ONE),
            false,
        ),
        source(
            "glioblastoma 03, before",
            GBM,
            "03/Pre_Scan_T1.nii.gz",
            Labels("03/Pre_Mask.nii.gz", ONE),
            true,
        ),
        source(
            "glioblastoma 03, after",
            GBM,
            "03/Post_Scan_T1.nii.gz",
            Labels("03/Post_Mask.nii.gz", ONE),
            true,
        ),
        source(
            "glioblastoma 04, before",
            GBM,
            "04/Pre_Scan_T1.nii.gz",
            Labels("04/Pre_Mask.nii.gz", ONE),
            false,
        ),
        source(
            "glioblastoma 04, after",
            GBM,
            "04/Post_Scan_T1.nii.gz",
            Labels("04/Post_Mask.nii.gz", ONE),
            false,
        ),
        source(
            "glioblastoma 05, before",
            GBM,
            "05/Pre_Scan_T1.nii.gz",
            Labels("05/Pre_Mask.nii.gz", ONE),
            false,
        ),
        source(
            "glioblastoma 05, after",
            GBM,
            "05/Post_Scan_T1.nii.gz",
            Labels("05/Post_Mask.nii.gz", ONE),
            false,
        ),
    ]
}

/// Lesions that are there, and names of those that are not with the reason.
pub(super) fn load(
    data: &Path,
    scratch: &Path,
    peers: &Peers,
    only_tuning: bool,
) -> (Vec<Real>, Vec<(String, String)>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for source in sources().iter().filter(|s| s.is_for_tuning || !only_tuning) {
        match load_one(source, data, scratch, peers) {
            Ok(real) => found.push(real),
            Err(failure) => missing.push((source.name.to_owned(), failure.message)),
        }
    }
    (found, missing)
}

fn load_one(source: &Source, data: &Path, scratch: &Path, peers: &Peers) -> Result<Real, Failure> {
    let root = unpacked(data, scratch, source.set)
        .ok_or_else(|| Failure::new("E-DATA", "the set is not in the data folder"))?;
    let job = JobContext::default();
    let image = root.join(source.image);
    let fail =
        |e: &dyn std::fmt::Display| Failure::new("E-OPEN", e.to_string()).at(image.display());
    let item = open::scan(std::slice::from_ref(&image), &job)
        .map_err(|e| fail(&e))?
        .into_iter()
        .filter(Item::is_image)
        .max_by_key(|i| i.grid.as_ref().map_or(0, |g| g.n_voxels()))
        .ok_or_else(|| fail(&"no image"))?;
    let volume = open::load(&item, 0, &job).map_err(|e| fail(&e))?;
    let grid = volume.grid();
    let reference = match source.reference {
        Reference::Labels(path, labels) => labelled(&root.join(path), labels, grid)?,
        Reference::Region(set, region) => {
            let set = file_in(&root.join(set))?;
            let file = peers.rasterise(&image, &set, region)?;
            labelled(&file, ONE, grid)?
        }
    };
    Ok(Real {
        name: source.name.to_owned(),
        is_for_tuning: source.is_for_tuning,
        reference: largest_part(&reference)?,
        volume,
    })
}

/// The structure set in a folder.
fn file_in(folder: &Path) -> Result<PathBuf, Failure> {
    let items = open::scan(&[folder.to_owned()], &JobContext::default())
        .map_err(|e| Failure::new("E-OPEN", e.to_string()))?;
    items
        .iter()
        .filter(|i| i.kind == open::ItemKind::RtStruct)
        .find_map(|i| i.paths.first().cloned())
        .ok_or_else(|| Failure::new("E-OPEN", "no structure set").at(folder.display()))
}

/// The union of some labels, on the image's grid.
fn labelled(path: &Path, labels: &[u32], grid: &Arc<Grid>) -> Result<Mask, Failure> {
    let mut bits = Array3::from_elem([2, 1, 0].map(|a| grid.shape()[a]), false);
    for label in labels {
        let read = export::read_mask_on(
            path,
            Some(&Label::Number(*label)),
            grid,
            &JobContext::default(),
        )
        .map_err(|e| Failure::new("E-MASK", e.to_string()))?;
        for [i, j, k] in read.voxels() {
            bits[[k, j, i]] = true;
        }
    }
    Mask::from_box(Arc::clone(grid), [0; 3], &bits)
        .map_err(|e| Failure::new("E-MASK", e.to_string()))
}

/// The largest connected part, over corners: one lesion.
fn largest_part(mask: &Mask) -> Result<Mask, Failure> {
    let (low, size) = mask.bounds();
    let dim = (size[2], size[1], size[0]);
    let bits = Array3::from_shape_fn(dim, |(k, j, i)| {
        mask.contains(low[0] + i, low[1] + j, low[2] + k)
    });
    let mut seen = Array3::from_elem(dim, false);
    let mut largest: Vec<[usize; 3]> = Vec::new();
    for ((k, j, i), marked) in bits.indexed_iter() {
        if !marked || seen[[k, j, i]] {
            continue;
        }
        seen[[k, j, i]] = true;
        let mut part = vec![[k, j, i]];
        let mut next = 0;
        while let Some(&[k, j, i]) = part.get(next) {
            next += 1;
            for c in k.saturating_sub(1)..(k + 2).min(dim.0) {
                for b in j.saturating_sub(1)..(j + 2).min(dim.1) {
                    for a in i.saturating_sub(1)..(i + 2).min(dim.2) {
                        if bits[[c, b, a]] && !seen[[c, b, a]] {
                            seen[[c, b, a]] = true;
                            part.push([c, b, a]);
                        }
                    }
                }
            }
        }
        if part.len() > largest.len() {
            largest = part;
        }
    }
    let mut kept = Array3::from_elem(dim, false);
    for at in largest {
        kept[at] = true;
    }
    Mask::from_box(Arc::clone(mask.grid()), low, &kept)
        .map_err(|e| Failure::new("E-MASK", e.to_string()))
}
