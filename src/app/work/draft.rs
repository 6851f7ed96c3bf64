//! Drafts: pictures for the model, then its words.

use crate::app::effect::{DraftInput, Failure, ShownSlice};
use crate::app::work::Tools;
use crate::draft::{Draft, Found, Offer, Rendering, Request, Resources, Task, offers};
use crate::jobs::JobContext;
use crate::nn::Error;
use crate::nn::processor::{Rgb, ct_windows};
use crate::nn::sampling::Sampling;
use crate::volume::{IntensityUnit, Layout, Volume, gray_slice};

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
    let rendering = rendering(&input.model);
    let first = input.slices.first();
    let task = match (input.task, first) {
        (Task::Description(modality), Some(shown)) => {
            Task::Description(known(&modality, shown, rendering))
        }
        (task, _) => task,
    };
    let request = Request {
        task,
        images: input
            .slices
            .iter()
            .map(|shown| picture(shown, rendering))
            .collect(),
        rendering,
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
fn rendering(model: &Found) -> Rendering {
    let is_it = |name: &str| name.to_lowercase().contains("medgemma-1.5");
    if is_it(&model.name) || model.source.as_deref().is_some_and(is_it) {
        Rendering::ThreeWindows
    } else {
        Rendering::Grey
    }
}

fn has_three_windows(volume: &Volume, rendering: Rendering) -> bool {
    rendering == Rendering::ThreeWindows && volume.unit == IntensityUnit::Hounsfield
}

/// What a model is told of an image: its modality, and what grey means where that has a unit.
fn known(modality: &str, shown: &ShownSlice, rendering: Rendering) -> String {
    let ShownSlice { volume, window, .. } = shown;
    if volume.unit != IntensityUnit::Hounsfield {
        return modality.to_owned();
    }
    if has_three_windows(volume, rendering) {
        return format!("{modality}, three windows as colours");
    }
    let [low, high] = [-0.5, 0.5].map(|end| window.center + end * window.width);
    format!("{modality}, shown from {low:.0} to {high:.0} HU")
}

/// The slice, whole.
fn picture(shown: &ShownSlice, rendering: Rendering) -> Rgb {
    let (volume, slice) = (&shown.volume, shown.slice);
    let layout = Layout::of(volume.grid());
    let [width, height] = layout.picture_size();
    if has_three_windows(volume, rendering) {
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
