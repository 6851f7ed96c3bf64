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
use crate::volume::parts::{self, Touch};
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
    /// Whose lesion it is.
    patient: &'static str,
    set: &'static str,
    image: &'static str,
    reference: Reference,
    is_for_tuning: bool,
}

/// An image and its lesion.
pub(super) struct Real {
    pub(super) name: String,
    pub(super) patient: &'static str,
    pub(super) is_for_tuning: bool,
    pub(super) volume: Volume,
    pub(super) reference: Mask,
    /// Share of the whole reference, which may have several parts.
    pub(super) share: f64,
}

const STS: &str = "B1_petctmr_sarcoma";
const GBM: &str = "C1_brain_tumor_progression";
const BRATS: &str = "B5_brats2015/train/brats_2013_pat0005_1";
const ONE: &[u32] = &[1];

use Reference::{Labels, Region};

/// All lesions. All those of a patient are in the same half.
const SOURCES: &[Source] = &[
    Source {
        name: "sarcoma STS_008, CT",
        patient: "STS_008",
        set: STS,
        image: "STS_008/dicom/CT/image",
        reference: Labels("STS_008/nifti/CT_mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "sarcoma STS_008, MR T1",
        patient: "STS_008",
        set: STS,
        image: "STS_008/dicom/MR_T1/image",
        reference: Labels("STS_008/nifti/MR_T1_mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "sarcoma STS_008, PET",
        patient: "STS_008",
        set: STS,
        image: "STS_008/dicom/PET/image",
        reference: Labels("STS_008/nifti/PET_mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "sarcoma STS_002, CT",
        patient: "STS_002",
        set: STS,
        image: "STS_002/dicom/CT/image",
        reference: Labels("STS_002/nifti/CT_mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "sarcoma STS_002, MR T1",
        patient: "STS_002",
        set: STS,
        image: "STS_002/dicom/MR_T1/image",
        reference: Labels("STS_002/nifti/MR_T1_mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "sarcoma STS_002, PET",
        patient: "STS_002",
        set: STS,
        image: "STS_002/dicom/PET/image",
        reference: Labels("STS_002/nifti/PET_mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "lung, IBSI phantom, CT",
        patient: "IBSI",
        set: "B2_ibsi_lung_ct",
        image: "nifti/image/phantom.nii.gz",
        reference: Labels("nifti/mask/mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "lung, pat_2, CT",
        patient: "pat_2",
        set: "B3_lung_ct_pat2",
        image: "pat_2",
        reference: Region("pat_2", "GTV-1"),
        is_for_tuning: true,
    },
    Source {
        name: "brain1, MR",
        patient: "brain1",
        set: "B4_pyradiomics",
        image: "brain1_image.nrrd",
        reference: Labels("brain1_label.nrrd", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "brain2, MR",
        patient: "brain2",
        set: "B4_pyradiomics",
        image: "brain2_image.nrrd",
        reference: Labels("brain2_label.nrrd", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "breast1, MR",
        patient: "breast1",
        set: "B4_pyradiomics",
        image: "breast1_image.nrrd",
        reference: Labels("breast1_label.nrrd", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioma, whole, FLAIR",
        patient: "pat0005",
        set: BRATS,
        image: "Flair_subtrMeanDivStd.nii.gz",
        reference: Labels("OTMultiClass.nii.gz", &[1, 2, 3, 4]),
        is_for_tuning: true,
    },
    Source {
        name: "glioma, core, T1c",
        patient: "pat0005",
        set: BRATS,
        image: "T1c_subtrMeanDivStd.nii.gz",
        reference: Labels("OTMultiClass.nii.gz", &[1, 3, 4]),
        is_for_tuning: true,
    },
    Source {
        name: "PET STS_001",
        patient: "STS_001",
        set: "B9_pet_sts001_raw",
        image: "FDG_PET/image",
        reference: Region("FDG_PET/mask", "GTV_Mass"),
        is_for_tuning: false,
    },
    Source {
        name: "lung, 4D-Lung, tumour, CT",
        patient: "4D-Lung",
        set: "B10_lung_ct_4dlung",
        image: "ct",
        reference: Region("rtstruct", "Tumor_c40"),
        is_for_tuning: false,
    },
    Source {
        name: "lung, 4D-Lung, node, CT",
        patient: "4D-Lung",
        set: "B10_lung_ct_4dlung",
        image: "ct",
        reference: Region("rtstruct", "LN_c40"),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 01, before",
        patient: "glioblastoma 01",
        set: GBM,
        image: "01/Pre_Scan_T1.nii.gz",
        reference: Labels("01/Pre_Mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "glioblastoma 01, after",
        patient: "glioblastoma 01",
        set: GBM,
        image: "01/Post_Scan_T1.nii.gz",
        reference: Labels("01/Post_Mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "glioblastoma 02, before",
        patient: "glioblastoma 02",
        set: GBM,
        image: "02/Pre_Scan_T1.nii.gz",
        reference: Labels("02/Pre_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 02, after",
        patient: "glioblastoma 02",
        set: GBM,
        image: "02/Post_Scan_T1.nii.gz",
        reference: Labels("02/Post_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 03, before",
        patient: "glioblastoma 03",
        set: GBM,
        image: "03/Pre_Scan_T1.nii.gz",
        reference: Labels("03/Pre_Mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "glioblastoma 03, after",
        patient: "glioblastoma 03",
        set: GBM,
        image: "03/Post_Scan_T1.nii.gz",
        reference: Labels("03/Post_Mask.nii.gz", ONE),
        is_for_tuning: true,
    },
    Source {
        name: "glioblastoma 04, before",
        patient: "glioblastoma 04",
        set: GBM,
        image: "04/Pre_Scan_T1.nii.gz",
        reference: Labels("04/Pre_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 04, after",
        patient: "glioblastoma 04",
        set: GBM,
        image: "04/Post_Scan_T1.nii.gz",
        reference: Labels("04/Post_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 05, before",
        patient: "glioblastoma 05",
        set: GBM,
        image: "05/Pre_Scan_T1.nii.gz",
        reference: Labels("05/Pre_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
    Source {
        name: "glioblastoma 05, after",
        patient: "glioblastoma 05",
        set: GBM,
        image: "05/Post_Scan_T1.nii.gz",
        reference: Labels("05/Post_Mask.nii.gz", ONE),
        is_for_tuning: false,
    },
];

/// Lesions that are there, and names of those that are not with the reason.
pub(super) fn load(
    data: &Path,
    scratch: &Path,
    peers: &Peers,
    only_tuning: bool,
) -> (Vec<Real>, Vec<(String, String)>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for source in SOURCES.iter().filter(|s| s.is_for_tuning || !only_tuning) {
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
    let (reference, share) = largest_part(&reference)?;
    Ok(Real {
        name: source.name.to_owned(),
        patient: source.patient,
        is_for_tuning: source.is_for_tuning,
        reference,
        share,
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

/// The largest connected part, over corners: one lesion; and which share of the reference it is.
fn largest_part(mask: &Mask) -> Result<(Mask, f64), Failure> {
    let (low, size) = mask.bounds();
    let mut bits = Array3::from_shape_fn((size[2], size[1], size[0]), |(k, j, i)| {
        mask.contains(low[0] + i, low[1] + j, low[2] + k)
    });
    parts::keep_largest(&mut bits, Touch::Corners);
    let kept = Mask::from_box(Arc::clone(mask.grid()), low, &bits)
        .map_err(|e| Failure::new("E-MASK", e.to_string()))?;
    let share = kept.n_voxels() as f64 / mask.n_voxels().max(1) as f64;
    Ok((kept, share))
}
