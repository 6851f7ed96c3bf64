//! Other people's programs on the same prompts.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::bench::python;
use crate::cli::output::Failure;
use crate::export;
use crate::geometry::Point;
use crate::volume::{Mask, Volume};

/// Script of the Python peers, kept with the source.
const SCRIPT: &str = include_str!("../../../../benches/peers/segment.py");

/// The environment of the peers and a folder for what passes between.
pub(super) struct Peers {
    environment: PathBuf,
    script: PathBuf,
    scratch: PathBuf,
}

impl Peers {
    pub(super) fn new(environment: &Path, scratch: &Path) -> Result<Self, Failure> {
        let script = scratch.join("segment.py");
        std::fs::write(&script, SCRIPT).map_err(|e| Failure::new("E-WRITE", e.to_string()))?;
        Ok(Self {
            environment: environment.to_owned(),
            script,
            scratch: scratch.to_owned(),
        })
    }

    /// A region of a structure set as a label map, on the image's grid.
    pub(super) fn rasterise(
        &self,
        series: &Path,
        structures: &Path,
        region: &str,
    ) -> Result<PathBuf, Failure> {
        let set = structures.file_stem().unwrap_or_default().to_string_lossy();
        let out = self.scratch.join(format!("{set}-{region}.nrrd"));
        self.run(&[
            "rasterise".as_ref(),
            series.as_ref(),
            structures.as_ref(),
            region.as_ref(),
            out.as_ref(),
        ])?;
        Ok(out)
    }

    pub(super) fn run(&self, arguments: &[&std::ffi::OsStr]) -> Result<String, Failure> {
        python::run(&self.environment, &self.script, arguments)
            .map_err(|message| Failure::new("E-DATA", message))
    }

    /// Dice of ITK's ConfidenceConnected, seeded along the middle of a drawn line, at the best of
    /// four multipliers.
    pub(super) fn connected(
        &self,
        volume: &Volume,
        reference: &Mask,
        ends: [Point; 2],
    ) -> Result<f64, Failure> {
        let fail = |e: &dyn std::fmt::Display| Failure::new("E-DATA", e.to_string());
        let (image, label) = (
            self.scratch.join("image.nii.gz"),
            self.scratch.join("label.nii.gz"),
        );
        export::write_nifti_volume(volume, &image).map_err(|e| fail(&e))?;
        export::write_nifti_mask(reference, &label).map_err(|e| fail(&e))?;
        let seeds: Vec<[usize; 3]> = (0..=6)
            .map(|s| {
                let share = 0.2 + 0.1 * f64::from(s);
                let p = Point(ends[0].0 + (ends[1].0 - ends[0].0) * share);
                let v: [f64; 3] = volume.grid().voxel_from_patient(p).into();
                let shape = volume.grid().shape();
                [0, 1, 2].map(|a| (v[a].round().max(0.0) as usize).min(shape[a] - 1))
            })
            .collect();
        let jobs = self.scratch.join("jobs.json");
        let job = json!([{"image": image, "reference": label, "seeds": seeds}]);
        std::fs::write(&jobs, job.to_string()).map_err(|e| fail(&e))?;
        let answer = self.run(&["connected".as_ref(), jobs.as_ref()])?;
        let answer: Value = serde_json::from_str(&answer).map_err(|e| fail(&e))?;
        answer[0]["dice"].as_f64().ok_or_else(|| fail(&"no Dice"))
    }
}
