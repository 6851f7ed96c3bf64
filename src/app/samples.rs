//! The sample patients that the chooser offers.

use std::path::{Path, PathBuf};

use super::state::{Sample, SampleSource};
use crate::texts::tr;

/// The folder `sample_data`: named by `ONCOTWIN_SAMPLES`, beside the program (or up to three folders
/// above it, as in a build folder), or in the current folder.
fn sample_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ONCOTWIN_SAMPLES") {
        return Some(PathBuf::from(named));
    }
    let program = std::env::current_exe().ok();
    let above_program = program.iter().flat_map(|p| p.ancestors().skip(1).take(4));
    let here = std::env::current_dir().ok();
    above_program
        .map(Path::to_owned)
        .chain(here)
        .map(|folder| folder.join("sample_data"))
        .find(|folder| folder.join("PROVENANCE.md").is_file())
}

/// The samples, with what is known of where they are.
#[must_use]
pub fn samples(workspace: &Path) -> Vec<Sample> {
    let folder = sample_folder();
    let within = |name: &str| folder.as_ref().map(|f| f.join(name)).filter(|f| f.is_dir());
    let phantom = within("phantom").unwrap_or_else(|| workspace.join("samples").join("phantom"));
    vec![
        Sample {
            title: tr!("Synthetic CT study").to_owned(),
            detail: tr!(
                "Several time points with treatment, lesions in lung and liver and a lymph node, \
                     exact sizes known. Made by this program."
            )
            .to_owned(),
            source: SampleSource::Phantom(phantom),
        },
        Sample {
            title: tr!("Soft-tissue sarcoma").to_owned(),
            detail: tr!(
                "Real CT, MR and PET of one date. TCIA Soft-tissue-Sarcoma STS_008, prepared by \
                     the IBSI, CC BY 3.0."
            )
            .to_owned(),
            source: SampleSource::Folder(within("sts_008")),
        },
        Sample {
            title: tr!("Glioblastoma over five months").to_owned(),
            detail: tr!(
                "Real MR of two dates. TCIA Brain-Tumor-Progression, CC BY 3.0. True spacing \
                     unknown: voxels and ratios only."
            )
            .to_owned(),
            source: SampleSource::Folder(within("brain_progression_01")),
        },
    ]
}
