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
use rayon::prelude::*;
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
    /// Whose lesion it is: rows of one patient are not independent.
    patient: String,
    /// Share of the whole reference that its largest part is.
    share: f64,
    is_for_tuning: bool,
    /// Longest axis of the reference, mm or pixels.
    diameter: f64,
    /// Distance of slices, mm; none where unknown.
    slice_mm: Option<f64>,
    /// One drag per hand.
    drags: Vec<Drag>,
    /// Agreement of the exact drag's mask with those of drags beside it.
    consistency: f64,
    /// Volume with shares of border voxels less the reference's voxels, relative; exact drag.
    by_shares: Option<f64>,
    /// Dice of the exact drag followed slice by slice, where slices are thick.
    by_slice: Option<f64>,
    /// Corrections of the exact drag's mask.
    corrected: Corrected,
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
    /// Dice of the mask; of the one that was refused, where it was.
    dice: f64,
    refusal: Option<String>,
}

pub(super) fn run(settings: &Settings<'_>) -> Result<Measured, Failure> {
    // Times first: nothing else of the program is at work then.
    let times = timing::measure()?;
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
    let half: Vec<suite::CaseSpec> = suite::specs()
        .into_iter()
        .filter(|s| s.is_for_tuning() == settings.only_tuning)
        .collect();
    let chosen = half.par_iter().filter(|s| s.radius.0 <= settings.largest);
    let phantoms: Result<Vec<Row>, Failure> = chosen.map(phantom_row).collect();
    rows.extend(phantoms?);
    let run = document::Run {
        rows: &rows,
        missing: &missing,
        times: &times,
        half: if settings.only_tuning {
            "tuning"
        } else {
            "reporting"
        },
        n_phantoms: half.len(),
        largest: settings.largest,
    };
    let document = document::write(&run);
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
    row.patient = lesion.patient.to_owned();
    row.share = lesion.share;
    row.is_for_tuning = lesion.is_for_tuning;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    if let Some(ends) = user::line(reference, Hand::Exact, &mut random) {
        row.connected = peers.connected(volume, reference, ends).ok();
    }
    row.clicks = clicks(volume, reference, 14);
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
    row.patient = spec.number.to_string();
    row.is_for_tuning = spec.is_for_tuning();
    row.clicks = clicks(&case.volume, &case.truth, spec.seed + 9);
    Ok(row)
}

/// Clicks on a lesion; what is refused is made in spite of that, to learn whether it was wrong.
fn clicks(volume: &Volume, reference: &Mask, seed: u64) -> Vec<Click> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let clicked = user::clicks(reference, CLICKS, &mut random).into_iter();
    clicked
        .map(|at| {
            let prompt = [Prompt::Point { at, adds: true }];
            let refusal = match make(volume, &prompt, None) {
                Ok(made) => {
                    return Click {
                        dice: made.mask.dice(reference),
                        refusal: None,
                    };
                }
                Err(error) => error.to_string(),
            };
            let params = Params {
                refuses: false,
                ..Params::standard()
            };
            let forced = segment::segment(volume, &prompt, None, &params, &JobContext::default());
            Click {
                dice: forced.map_or(0.0, |made| made.mask.dice(reference)),
                refusal: Some(refusal),
            }
        })
        .collect()
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
    let mut corrected = Corrected {
        dice: vec![0.0; GESTURES],
        alone: vec![0.0; GESTURES],
        n_taken: 0,
    };
    let (mut slicer, mut by_slice_dice) = (None, None);
    let (mut consistency, mut by_shares) = (0.0, None);
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
                let (params, job) = (Params::standard(), JobContext::default());
                let history = std::slice::from_ref(&prompt);
                consistency = segment::consistency(volume, history, &params, &job).unwrap_or(0.0);
                by_shares = by_shares_of(&made.mask, volume, reference);
                by_slice_dice = by_slice(volume, &prompt, &made.mask).map(|m| m.dice(reference));
                corrected = corrections(volume, reference, &prompt, &made.mask);
            }
        }
    }
    Ok(Row {
        set,
        name: name.to_owned(),
        group: String::new(),
        patient: String::new(),
        share: 1.0,
        is_for_tuning: false,
        diameter: long.value(),
        slice_mm: grid.is_calibrated().then(|| grid.median_gap().0),
        drags,
        consistency,
        by_shares,
        by_slice: by_slice_dice,
        corrected,
        slicer,
        connected: None,
        clicks: Vec::new(),
    })
}

/// Volume with shares of border voxels, less that of the reference's voxels, relative.
fn by_shares_of(made: &Mask, volume: &Volume, reference: &Mask) -> Option<f64> {
    let shared = measure::partial_volume(made, volume).ok()?.value();
    let whole = measure::measure(reference, None).ok()?.volume.value();
    Some(shared / whole - 1.0)
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

/// The lesion of a drag followed slice by slice, where the program offers that.
fn by_slice(volume: &Volume, drag: &Prompt, mask: &Mask) -> Option<Mask> {
    let history = [drag.clone(), Prompt::Slices];
    let made = segment::is_thick(volume.grid()).then(|| make(volume, &history, Some(mask)));
    Some(made?.ok()?.mask)
}

/// What becomes of a mask by strokes.
#[derive(Serialize)]
struct Corrected {
    /// Dice after 1 to 5 gestures: the whole lesion divided anew is taken where it is better.
    dice: Vec<f64>,
    /// The same when no such offer is ever taken.
    alone: Vec<f64>,
    /// How many offers were taken.
    n_taken: usize,
}

/// The first gesture's mask, and what corrections make of it.
fn corrections(volume: &Volume, reference: &Mask, first: &Prompt, mask: &Mask) -> Corrected {
    let (dice, n_taken) = corrected(volume, reference, first, mask, true);
    let (alone, _) = corrected(volume, reference, first, mask, false);
    Corrected {
        dice,
        alone,
        n_taken,
    }
}

/// Dice after the first gesture and after each correction, and how often the whole lesion divided
/// anew was taken: by a reader who takes what is nearer to the reference.
fn corrected(
    volume: &Volume,
    reference: &Mask,
    first: &Prompt,
    mask: &Mask,
    takes_offers: bool,
) -> (Vec<f64>, usize) {
    let mut mask = mask.clone();
    let mut prompts = vec![first.clone()];
    let mut dice = vec![mask.dice(reference)];
    let mut n_taken = 0;
    if takes_offers
        && let Some(followed) = by_slice(volume, first, &mask)
        && followed.dice(reference) > mask.dice(reference)
    {
        mask = followed;
        prompts.push(Prompt::Slices);
        n_taken += 1;
    }
    while dice.len() < GESTURES {
        if let Some(stroke) = user::correction(reference, &mask) {
            prompts.push(stroke);
            if let Ok(made) = make(volume, &prompts, Some(&mask)) {
                mask = made.mask;
            }
            let asked: Vec<Prompt> = prompts.iter().cloned().chain([Prompt::Anew]).collect();
            if takes_offers
                && let Ok(anew) = make(volume, &asked, Some(&mask))
                && anew.mask.dice(reference) > mask.dice(reference)
            {
                (mask, prompts) = (anew.mask, asked);
                n_taken += 1;
            }
        }
        dice.push(mask.dice(reference));
    }
    (dice, n_taken)
}
