//! `segment` and `measure`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::args::{MeasureArgs, SegmentArgs, Tool};
use super::caliper;
use super::files::{export_failure, load_item};
use super::output::{Failure, Output};
use crate::app;
use crate::app::steps::{self, Desk};
use crate::case::{MaskRef, MaskStep, ValueSource};
use crate::edit::Operation;
use crate::export::{self, Fit};
use crate::geometry::Voxel;
use crate::jobs::JobContext;
use crate::measure::{self, Measured, VolumeRule};
use crate::segment::{self, Params, Prompt};
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

pub(super) fn segment(args: &SegmentArgs) -> Result<Output, Failure> {
    let (item, volume) = load_item(&args.image)?;
    if matches!(args.tool, Tool::Caliper) {
        return caliper::measure(args, &volume, &item.warnings);
    }
    let usage = |what: &str| Failure::new("E-STEP", what);
    if args.q0.is_some() || args.q1.is_some() {
        return Err(usage("--q0 and --q1 are the second line of --tool caliper"));
    }
    let Some(out) = &args.out else {
        return Err(usage("say with --out where the mask is to be written"));
    };
    let steps = all_steps(args, &volume)?;
    let job = JobContext::default();
    let mut warnings = item.warnings;
    let mut given = |path: &Path, label: Option<&export::Label>| {
        let read = export::read_mask(path, label, volume.grid(), &job)
            .map_err(|error| export_failure(error).at(path.display()))?;
        if read.fit == Fit::Other {
            let reason = "the mask lies on other voxels than the image";
            return Err(Failure::new("E-GRID", reason).at(path.display()));
        }
        // A mask needs no date.
        let odd = read.warnings.into_iter();
        warnings.extend(odd.filter(|w| w.code != WarningCode::Date));
        Ok(read.mask)
    };
    let before = match &args.mask {
        None => None,
        Some(path) => Some(given(path, args.label.as_ref())?),
    };
    let mut others = Vec::new();
    for (paths, op) in [
        (&args.merge, Operation::Union),
        (&args.subtract, Operation::Subtract),
        (&args.intersect, Operation::Intersect),
    ] {
        for path in paths {
            others.push((op, given(path, None)?));
        }
    }
    // The computing time is part of the answer; it enters no result.
    let begin = std::time::Instant::now();
    let no_mask =
        |_: &MaskRef| Err("steps on the command line name no masks of a workspace".to_owned());
    let desk = Desk {
        volume: &volume,
        params: &Params::standard(),
        masks: &no_mask,
        deltas: &|_| None,
        job: &job,
    };
    let made = steps::run_all(&steps, before.as_ref(), &desk)
        .and_then(|(made, idle)| Ok((steps::combined(made, &others, &desk)?, idle)));
    let (made, idle) = match made {
        Ok(made) => made,
        Err(error) => {
            let reason = error.to_string();
            return Ok(Output {
                text: format!("No mask: {reason}"),
                json: json!({
                    "engine": segment::ENGINE, "refused": true, "reason": reason, "voxels": 0,
                    "warnings": warnings,
                }),
                is_refusal: true,
            });
        }
    };
    let compute_ms = begin.elapsed().as_secs_f64() * 1000.0;
    let measured = measure::measure(&made.mask, Some(&volume)).map_err(measure_failure)?;
    let partial = measure::partial_volume(&made.mask, &volume).map_err(measure_failure)?;
    export::write_nifti_mask(&made.mask, out).map_err(export_failure)?;

    warnings.extend(made.warnings.clone());
    let by_gestures = before.is_none() && others.is_empty();
    let consistency = consistency(&steps, by_gestures, &volume, &job);
    warnings.extend(consistency.and_then(app::consistency::warning));
    let better = made.better_slice;
    let mut answer = measured_json(&measured);
    answer.insert("engine".into(), json!(segment::ENGINE));
    answer.insert("source".into(), json!(ValueSource::Mask.word()));
    answer.insert("refused".into(), json!(false));
    answer.insert("reason".into(), Value::Null);
    answer.insert("confidence".into(), json!(made.confidence));
    answer.insert("consistency".into(), json!(consistency));
    answer.insert(
        "partial_volume_mm3".into(),
        json!(partial.mm3().map(|v| v.0)),
    );
    answer.insert("steps".into(), json!(steps));
    answer.insert("idle_steps".into(), json!(idle));
    answer.insert("propagated_slices".into(), json!(made.propagated));
    answer.insert("better_slice".into(), json!(better.map(|b| b.slice)));
    answer.insert("frame".into(), json!(args.image.frame));
    answer.insert("warnings".into(), json!(warnings));
    answer.insert("compute_ms".into(), json!(compute_ms.round()));
    answer.insert("mask_sha256".into(), json!(made.mask.sha256()));
    let mut text = measured_text(&measured);
    text.push_str(&format!(
        "with shares  {}\nconfidence   {:.2}\nmask         {}\n",
        partial.display(),
        made.confidence,
        out.display()
    ));
    if let Some(consistency) = consistency {
        text.push_str(&format!("consistency  {consistency:.2}\n"));
    }
    if !made.propagated.is_empty() {
        let n = made.propagated.len();
        text.push_str(&format!(
            "to look at   {n} slices filled from their neighbours\n"
        ));
    }
    if let Some(better) = better {
        text.push_str(&format!(
            "the same line would fit better in slice {} (the first is 0)\n",
            better.slice
        ));
    }
    for n in &idle {
        text.push_str(&format!(
            "step {} ({}) changed nothing\n",
            n + 1,
            steps[*n].word()
        ));
    }
    for warning in &warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    Ok(Output::new(text, Value::Object(answer)))
}

/// How much the mask of gestures alone depends on just where the hand was; `None` where a mask was
/// given or edited.
fn consistency(steps: &[MaskStep], begins: bool, volume: &Volume, job: &JobContext) -> Option<f64> {
    let prompts: Option<Vec<Prompt>> = steps.iter().map(|s| s.prompt().cloned()).collect();
    segment::consistency(
        volume,
        &prompts.filter(|_| begins)?,
        &Params::standard(),
        job,
    )
    .ok()
}

/// The steps in the order in which they are done, in patient space: the gesture of `--p0` first, then
/// those of the file, then those of `--step`.
fn all_steps(args: &SegmentArgs, volume: &Volume) -> Result<Vec<MaskStep>, Failure> {
    let usage = |what: &str| Failure::new("E-STEP", what);
    let prompt = match (args.tool, args.p0, args.p1) {
        (_, None, None) => None,
        (Tool::Drag, Some(a), Some(b)) => Some(Prompt::Drag { ends: [a, b] }),
        (Tool::Box, Some(a), Some(b)) => Some(Prompt::Box { corners: [a, b] }),
        (Tool::Point, Some(at), None) => Some(Prompt::Point { at, adds: true }),
        (Tool::Point, ..) => return Err(usage("a click is one point: give --p0 only")),
        _ => return Err(usage("this gesture has two ends: give --p0 and --p1")),
    };
    let mut steps: Vec<MaskStep> = prompt
        .map(|prompt| MaskStep::Prompt { prompt })
        .into_iter()
        .collect();
    if let Some(path) = &args.steps_file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new("E-READ", error.to_string()).at(path.display()))?;
        let list: Vec<MaskStep> = serde_json::from_str(&text)
            .map_err(|error| Failure::new("E-SCRIPT", error.to_string()).at(path.display()))?;
        steps.extend(list);
    }
    steps.extend(args.steps.iter().cloned());
    if steps.is_empty() {
        return Err(usage(
            "there is no gesture: give --p0 and --p1, --step or --steps-file",
        ));
    }
    if args.ijk {
        for point in steps.iter_mut().flat_map(MaskStep::points_mut) {
            let voxel = Voxel::from(<[f64; 3]>::from(*point));
            *point = volume.grid().patient_from_voxel(voxel);
        }
    }
    Ok(steps)
}

pub(super) fn measure(args: &MeasureArgs) -> Result<Output, Failure> {
    let Some(path) = &args.mask else {
        return Err(Failure::new(
            "E-MEASURE",
            "there is neither a mask nor a figure",
        ));
    };
    let (item, volume) = load_item(&args.image)?;
    let read = export::read_mask(
        path,
        args.label.as_ref(),
        volume.grid(),
        &JobContext::default(),
    )
    .map_err(|error| export_failure(error).at(path.display()))?;
    let mask = read.mask;
    let mut warnings = item.warnings;
    // A mask needs no date.
    let odd = read.warnings.into_iter();
    warnings.extend(odd.filter(|w| w.code != WarningCode::Date));
    let (mut measured, shape) = measure_all(&mask, (read.fit != Fit::Other).then_some(&volume))?;
    if read.fit == Fit::Other {
        let (values, n_outside) = measure::values_under(&mask, &volume);
        measured.values = values;
        let outside = match n_outside {
            0 => String::new(),
            n => format!("; {n} of its voxels lie outside the image"),
        };
        warnings.push(Warning::new(
            WarningCode::OtherGrid,
            format!(
                "the mask lies on another grid than the image: measured on its own, values are those \
                 of the nearest voxels{outside}"
            ),
        ));
    }
    let mut answer = measured_json(&measured);
    if let Some(values) = measured.values {
        answer.insert("mean".into(), json!(values.mean));
        answer.insert("sd".into(), json!(values.sd));
        answer.insert("min".into(), json!(values.min));
        answer.insert("max".into(), json!(values.max));
    }
    if let Some(peak) = measure::mask_peak(&mask, &volume).filter(|_| read.fit != Fit::Other) {
        answer.insert("peak".into(), json!(peak));
    }
    answer.extend(shape);
    let rule = VolumeRule::of(mask.grid());
    answer.insert("volume_rule".into(), json!(rule));
    answer.insert("frame".into(), json!(args.image.frame));
    answer.insert("warnings".into(), json!(warnings));
    answer.insert("mask_sha256".into(), json!(mask.sha256()));
    let mut text = measured_text(&measured);
    text.push_str(&format!("volume is    {}\n", rule.words()));
    for warning in &warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    Ok(Output::new(text, Value::Object(answer)))
}

/// Sizes, and with the image that the mask was drawn on also values.
fn measure_all(
    mask: &Mask,
    image: Option<&Volume>,
) -> Result<(Measured, Map<String, Value>), Failure> {
    let measured = measure::measure(mask, image).map_err(measure_failure)?;
    let shape = match measure::shape(mask) {
        Ok(shape) => Some(shape),
        Err(measure::Error::NoSpacing) => None,
        Err(error) => return Err(measure_failure(error)),
    };
    let mut answer = Map::new();
    answer.insert(
        "surface_area_mm2".into(),
        json!(shape.map(|s| s.surface_area.0)),
    );
    answer.insert(
        "max_3d_diameter_mm".into(),
        json!(shape.map(|s| s.max_3d_diameter.0)),
    );
    Ok((measured, answer))
}

fn measure_failure(error: measure::Error) -> Failure {
    Failure::new("E-MEASURE", error.to_string())
}

/// The keys that `segment` and `measure` share. Millimetres are null where the spacing is unknown;
/// `long_axis_px`, `short_axis_px` then take their place.
fn measured_json(measured: &Measured) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("voxels".into(), json!(measured.voxels));
    answer.insert(
        "volume_mm3".into(),
        json!(measured.volume.mm3().map(|v| v.0)),
    );
    for (name, axis) in [
        ("long_axis", &measured.long_axis),
        ("short_axis", &measured.short_axis),
    ] {
        answer.insert(format!("{name}_mm"), json!(axis.length.mm().map(|l| l.0)));
        if axis.length.mm().is_none() {
            answer.insert(format!("{name}_px"), json!(axis.length.value()));
        }
        answer.insert(name.into(), json!(axis.ends));
    }
    answer.insert("axis_slice".into(), json!(measured.axis_slice));
    answer
}

fn measured_text(measured: &Measured) -> String {
    format!(
        "voxels       {}\nvolume       {}\nlong axis    {}\nshort axis   {}\naxis slice   {}\n",
        measured.voxels,
        measured.volume.display(),
        measured.long_axis.length,
        measured.short_axis.length,
        measured.axis_slice
    )
}
