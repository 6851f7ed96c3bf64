//! `segment` and `measure`.

use serde_json::{Map, Value, json};

use super::args::{MeasureArgs, SegmentArgs, Tool};
use super::files::{export_failure, load_item};
use super::output::{Failure, Output};
use crate::export::{self, Fit};
use crate::geometry::{Point, Voxel};
use crate::jobs::JobContext;
use crate::measure::{self, Measured, VolumeRule};
use crate::segment::{self, GrowCutParams};
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

pub(super) fn segment(args: &SegmentArgs) -> Result<Output, Failure> {
    let Tool::Drag = args.tool;
    let (item, volume) = load_item(&args.image)?;
    let place = |p: Point| {
        if args.ijk {
            volume
                .grid()
                .patient_from_voxel(Voxel::from(<[f64; 3]>::from(p)))
        } else {
            p
        }
    };
    let (p0, p1) = (place(args.p0), place(args.p1));
    let job = JobContext::default();
    // The computing time is part of the answer; it enters no result.
    let begin = std::time::Instant::now();
    let made = match segment::grow_cut(&volume, p0, p1, &GrowCutParams::standard(), &job) {
        Ok(made) => made,
        Err(error) => {
            let reason = error.to_string();
            return Ok(Output {
                text: format!("No mask: {reason}"),
                json: json!({
                    "engine": "growcut", "refused": true, "reason": reason, "voxels": 0,
                    "warnings": item.warnings,
                }),
                is_refusal: true,
            });
        }
    };
    let compute_ms = begin.elapsed().as_secs_f64() * 1000.0;
    let measured = measure::measure(&made.mask, Some(&volume)).map_err(measure_failure)?;
    export::write_nifti_mask(&made.mask, &args.out).map_err(export_failure)?;

    let mut warnings = item.warnings;
    warnings.extend(made.warnings.clone());
    let mut answer = measured_json(&measured);
    answer.insert("engine".into(), json!("growcut"));
    answer.insert("refused".into(), json!(false));
    answer.insert("reason".into(), Value::Null);
    answer.insert("confidence".into(), json!(made.confidence));
    answer.insert("frame".into(), json!(args.image.frame));
    answer.insert("warnings".into(), json!(warnings));
    answer.insert("compute_ms".into(), json!(compute_ms.round()));
    answer.insert("mask_sha256".into(), json!(made.mask.sha256()));
    let mut text = measured_text(&measured);
    text.push_str(&format!(
        "confidence   {:.2}\nmask         {}\n",
        made.confidence,
        args.out.display()
    ));
    for warning in &warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    Ok(Output::new(text, Value::Object(answer)))
}

pub(super) fn measure(args: &MeasureArgs) -> Result<Output, Failure> {
    let (item, volume) = load_item(&args.image)?;
    let read = export::read_mask(
        &args.mask,
        args.label.as_ref(),
        volume.grid(),
        &JobContext::default(),
    )
    .map_err(|error| export_failure(error).at(args.mask.display()))?;
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
