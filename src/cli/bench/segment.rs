//! `bench segment`: masks from one gesture and a few corrections, beside references and peers.

mod document;
mod peers;
mod real;
mod score;
mod slicer;
mod timing;
mod user;

use std::path::Path;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::measure;
use crate::phantom::suite;
use crate::segment::{self, Error, Params, Prompt};
use crate::volume::{Mask, Volume};
use peers::Peers;
use score::Score;
use user::Hand;

/// Where things are and what to measure.
pub(super) struct Settings<'a> {
    pub(super) scratch: &'a Path,
    pub(super) data: &'a Path,
    pub(super) peers: &'a Path,
    /// Only the cases on which parameters may be chosen.
    pub(super) only_tuning: bool,
    /// Largest radius of phantom lesions, mm.
    pub(super) largest: f64,
}

/// Rows, and the same as a document.
pub(super) struct Measured {
    pub(super) rows: Vec<Value>,
    pub(super) document: String,
}

/// Gestures after which the mask is judged.
const GESTURES: usize = 5;
/// Clicks on each phantom lesion.
const CLICKS: usize = 3;
/// Below this Dice a mask is a failure.
const FAILURE: f64 = 0.7;

/// One lesion and all that was tried on it.
#[derive(Serialize)]
struct Row {
    set: &'static str,
    name: String,
    group: String,
    is_for_tuning: bool,
    /// Longest axis of the reference, mm or pixels.
    diameter: f64,
    /// Distance of slices, mm; none where unknown.
    slice_mm: Option<f64>,
    /// One drag per hand.
    drags: Vec<Drag>,
    /// Dice after 1 to 5 gestures, from the exact drag.
    corrected: Vec<f64>,
    /// Dice of peers on the exact drag.
    slicer: Option<f64>,
    connected: Option<f64>,
    clicks: Vec<Click>,
}

#[derive(Serialize)]
struct Drag {
    hand: &'static str,
    score: Score,
    confidence: f64,
    refusal: Option<String>,
    /// Dice when the offer of a better slice is taken, where there is one.
    offered: Option<f64>,
}

#[derive(Serialize)]
struct Click {
    dice: Option<f64>,
    refusal: Option<String>,
}

pub(super) fn run(settings: &Settings<'_>) -> Result<Measured, Failure> {
    let peers = Peers::new(settings.peers, settings.scratch)?;
    let (found, missing) = real::load(
        settings.data,
        settings.scratch,
        &peers,
        settings.only_tuning,
    );
    let mut rows = Vec::new();
    for lesion in &found {
        rows.push(real_row(lesion, &peers)?);
    }
    let specs = suite::specs().into_iter();
    for spec in specs.filter(|s| s.radius.0 <= settings.largest) {
        if spec.is_for_tuning() == settings.only_tuning {
            rows.push(phantom_row(&spec)?);
        }
    }
    let times = timing::measure()?;
    let document = document::write(&rows, &missing, &times, settings.only_tuning);
    let mut values: Vec<Value> = rows.iter().map(|row| json!(row)).collect();
    values.push(json!({"set": "times", "rows": times}));
    for (name, reason) in missing {
        values.push(json!({"set": "missing", "name": name, "reason": reason}));
    }
    Ok(Measured {
        rows: values,
        document,
    })
}

fn real_row(lesion: &real::Real, peers: &Peers) -> Result<Row, Failure> {
    let (volume, reference) = (&lesion.volume, &lesion.reference);
    let mut row = row("real", &lesion.name, volume, reference, 5)?;
    row.group = lesion.name.clone();
    row.is_for_tuning = lesion.is_for_tuning;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    if let Some(ends) = user::line(reference, Hand::Exact, &mut random) {
        row.connected = peers.connected(volume, reference, ends).ok();
    }
    Ok(row)
}

fn phantom_row(spec: &suite::CaseSpec) -> Result<Row, Failure> {
    let case = spec
        .make(&JobContext::default())
        .map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
    let name = format!(
        "{}, r {:.1} mm, slices {} mm",
        spec.class.name(),
        spec.radius.0,
        spec.spacing[2].0
    );
    let mut row = row("phantom", &name, &case.volume, &case.truth, spec.seed)?;
    row.group = spec.class.name().to_owned();
    row.is_for_tuning = spec.is_for_tuning();
    let mut random = ChaCha8Rng::seed_from_u64(spec.seed + 9);
    for at in user::clicks(&case.truth, CLICKS, &mut random) {
        let prompt = Prompt::Point { at, adds: true };
        row.clicks.push(match make(&case.volume, &[prompt], None) {
            Ok(made) => Click {
                dice: Some(made.mask.dice(&case.truth)),
                refusal: None,
            },
            Err(error) => Click {
                dice: None,
                refusal: Some(error.to_string()),
            },
        });
    }
    Ok(row)
}

fn make(
    volume: &Volume,
    prompts: &[Prompt],
    previous: Option<&Mask>,
) -> Result<segment::Segmentation, Error> {
    let job = JobContext::default();
    segment::segment(volume, prompts, previous, &Params::standard(), &job)
}

/// Drags, corrections and the peer that needs no other program.
fn row(
    set: &'static str,
    name: &str,
    volume: &Volume,
    reference: &Mask,
    seed: u64,
) -> Result<Row, Failure> {
    let long = measure::measure(reference, None)
        .map_err(|e| Failure::new("E-MEASURE", format!("{name}: {e}")))?
        .long_axis
        .length;
    let grid = volume.grid();
    let mut drags = Vec::new();
    let (mut corrected, mut slicer) = (vec![0.0; GESTURES], None);
    for hand in Hand::ALL {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let Some(ends) = user::line(reference, hand, &mut random) else {
            continue;
        };
        let prompt = Prompt::Drag { ends };
        let made = make(volume, std::slice::from_ref(&prompt), None);
        drags.push(drag(hand, &made, volume, reference));
        if hand == Hand::Exact {
            slicer = slicer::grow_cut(volume, ends).map(|mask| mask.dice(reference));
            if let Ok(made) = made {
                corrected = corrections(volume, reference, prompt, made.mask);
            }
        }
    }
    Ok(Row {
        set,
        name: name.to_owned(),
        group: String::new(),
        is_for_tuning: false,
        diameter: long.value(),
        slice_mm: grid.is_calibrated().then(|| grid.median_gap().0),
        drags,
        corrected,
        slicer,
        connected: None,
        clicks: Vec::new(),
    })
}

fn drag(
    hand: Hand,
    made: &Result<segment::Segmentation, Error>,
    volume: &Volume,
    reference: &Mask,
) -> Drag {
    let (score, confidence, refusal, offer) = match made {
        Ok(made) => (
            Score::of(&made.mask, reference),
            made.confidence,
            None,
            made.better_slice,
        ),
        Err(error) => (Score::NONE, 0.0, Some(error.to_string()), None),
    };
    let offered = offer.and_then(|better| {
        let prompt = Prompt::Drag { ends: better.ends };
        make(volume, &[prompt], None)
            .ok()
            .map(|made| made.mask.dice(reference))
    });
    Drag {
        hand: hand.name(),
        score,
        confidence,
        refusal,
        offered,
    }
}

/// Dice after the first gesture and after each correction.
fn corrections(volume: &Volume, reference: &Mask, first: Prompt, mut mask: Mask) -> Vec<f64> {
    let mut prompts = vec![first];
    let mut dice = vec![mask.dice(reference)];
    while dice.len() < GESTURES {
        if let Some(stroke) = user::correction(reference, &mask) {
            prompts.push(stroke);
            if let Ok(made) = make(volume, &prompts, Some(&mask)) {
                mask = made.mask;
            }
        }
        dice.push(mask.dice(reference));
    }
    dice
}
