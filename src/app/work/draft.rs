//! Drafts: pictures for the model, then its words.

use crate::app::effect::{DraftInput, Failure, ShownSlice};
use crate::app::work::Tools;
use crate::draft::{Draft, Offer, Request, Resources, offers};
use crate::jobs::JobContext;
use crate::nn::Error;
use crate::nn::processor::{Rgb, ct_windows};
use crate::nn::sampling::Sampling;
use crate::volume::{IntensityUnit, Layout, gray_slice};

/// Small models repeat themselves without.
const REPETITION_PENALTY: f64 = 1.1;

/// Models in the folder for them, and what there is for them.
pub(super) fn models(tools: &Tools) -> Option<(Vec<Offer>, Resources)> {
    let folder = tools.models.as_deref()?;
    let (resources, machine) = Resources::now(&tools.host.lock());
    Some((offers(folder, &machine), resources))
}

/// Writes a draft.
pub(super) fn draft(
    input: DraftInput,
    tools: &Tools,
    job: &JobContext,
) -> Result<Box<Draft>, Failure> {
    let three_windows = sees_three_windows(&input.model.name);
    let request = Request {
        task: input.task,
        images: input
            .slices
            .iter()
            .map(|shown| picture(shown, three_windows))
            .collect(),
        extent: input.extent,
        sampling: Sampling {
            repetition_penalty: REPETITION_PENALTY,
            ..Sampling::default()
        },
    };
    let mut host = tools.host.lock();
    let draft = host.draft(&input.model, &request, &input.words, job);
    draft.map(Box::new).map_err(|error| failure(&error))
}

/// `MedGemma` 1.5 was taught computed tomography in three windows, one for each colour; the models before it
/// and beside it in grey.
fn sees_three_windows(model: &str) -> bool {
    model.to_lowercase().contains("medgemma-1.5")
}

/// The slice, whole.
fn picture(shown: &ShownSlice, three_windows: bool) -> Rgb {
    let (volume, slice) = (&shown.volume, shown.slice);
    let layout = Layout::of(volume.grid());
    let [width, height] = layout.picture_size();
    if three_windows && volume.unit == IntensityUnit::Hounsfield {
        let value = |n: usize| {
            let [i, j] = layout.voxel_from_picture((n % width) as f64, (n / width) as f64);
            let value = volume.value(i.round() as usize, j.round() as usize, slice);
            value.unwrap_or(f32::NAN)
        };
        let hu: Vec<f32> = (0..width * height).map(value).collect();
        return ct_windows([width, height], &hu);
    }
    let gray = gray_slice(volume, slice, shown.window, volume.inverted, layout);
    Rgb {
        size: [width, height],
        pixels: gray.into_iter().flat_map(|v| [v; 3]).collect(),
    }
}

fn failure(error: &Error) -> Failure {
    Failure {
        text: error.to_string(),
        hint: crate::texts::tr!("{code}: `oncotwin explain {code}`", code = error.code()),
    }
}
