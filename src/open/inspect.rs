//! Items as JSON, by the command-line contract of `inspect`.

use serde_json::{Value, json};

use super::{Error, Item, ItemKind, Scaling, Segment, Uptake};
use crate::jobs::JobContext;
use crate::units::Bulk;
use crate::volume::{Statistics, UptakeKind};

/// `{"items": […]}`; with `load_values`, pixels of each first frame are read for their statistics.
///
/// # Errors
/// When cancelled.
pub fn inspect_json(items: &[Item], load_values: bool, job: &JobContext) -> Result<Value, Error> {
    let items = items
        .iter()
        .map(|item| describe(item, load_values, job))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "items": items }))
}

/// One item as JSON. An item whose pixels cannot be decoded is described with that error.
///
/// # Errors
/// When cancelled.
pub fn describe(item: &Item, load_values: bool, job: &JobContext) -> Result<Value, Error> {
    let mut error = item.error.clone();
    let wanted = matches!(
        item.kind,
        ItemKind::Volume | ItemKind::Stack | ItemKind::Image2d | ItemKind::Segmentation
    );
    let mut values = Value::Null;
    if load_values && wanted && item.is_loadable() {
        match super::load(item, 0, job) {
            Ok(volume) => values = statistics(volume.statistics(), item),
            Err(Error::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(e) => error = Some(e.refusal()),
        }
    }
    let grid = item.grid.as_deref();
    let affine = grid.map(|g| {
        let m = g.affine();
        (0..4)
            .map(|r| (0..4).map(|c| m[(r, c)]).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    });
    let positions = grid.map(|g| {
        (0..g.shape()[2])
            .map(|k| g.slice_position(k).0)
            .collect::<Vec<_>>()
    });
    Ok(json!({
        "kind": item.kind,
        "paths": item.paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
        "n_files": item.n_files,
        "patient_id": item.patient.id,
        "patient_name": item.patient.name,
        "study_date": item.study_date,
        "study_time": item.study_time,
        "study_uid": item.study_uid,
        "modality": item.modality.code(),
        "series_uid": item.series_uid,
        "series_description": item.series_description,
        "frame_of_reference": item.frame_of_reference,
        "transfer_syntax": item.transfer_syntax,
        "shape": grid.map(|g| g.shape()),
        "n_frames_4d": item.n_frames_4d,
        "spacing_mm": grid.map(|g| g.spacing_mm().map(|s| s.0)),
        "calibrated": grid.map(|g| g.is_calibrated()),
        "orientation_known": grid.map(|g| g.is_orientation_known()),
        "affine_lps": affine,
        "slice_positions_mm": positions,
        "void_slices": grid.map(|g| g.void_slices()),
        "uniform": grid.map(|g| g.is_uniform()),
        "tilt_deg": grid.map(|g| g.tilt_deg()),
        "unit": item.unit,
        "values": values,
        "inverted": item.inverted,
        "windows": windows(item),
        "scalings": item.scalings.iter().map(scaling).collect::<Vec<_>>(),
        "uptake": item.uptake.as_ref().map(|u| uptake(item, u)),
        "segments": item.segments.iter().map(segment).collect::<Vec<_>>(),
        "warnings": item.warnings,
        "error": error,
    }))
}

fn windows(item: &Item) -> Vec<Value> {
    let name = |n: usize| item.window_names.get(n);
    let windows = item.windows.iter().enumerate().map(|(n, w)| {
        json!({
            "name": name(n), "center": w.center, "width": w.width, "function": w.function,
        })
    });
    let tables = item.voi_luts.iter().map(|lut| {
        json!({
            "name": lut.name, "function": "table", "first": lut.first, "entries": lut.entries.len(),
        })
    });
    windows.chain(tables).collect()
}

fn scaling(scaling: &Scaling) -> Value {
    let rescale: Vec<_> = scaling
        .rescale
        .iter()
        .map(|r| [r.slope, r.intercept])
        .collect();
    json!({ "name": scaling.name, "unit": scaling.unit, "slope_intercept": rescale })
}

/// Factors from the values that the header scales, by unit and formula; the one in use is named.
fn uptake(item: &Item, uptake: &Uptake) -> Value {
    let factors: Vec<Value> = UptakeKind::ALL
        .into_iter()
        .filter(|kind| *kind != UptakeKind::Activity)
        .filter_map(|kind| {
            let factor = uptake.factor(kind)?;
            Some(json!({ "unit": kind.unit(), "formula": kind.formula(), "factor": factor }))
        })
        .collect();
    json!({
        "activity_factor": uptake.activity,
        "factors": factors,
        "formula": item.uptake_kind.and_then(UptakeKind::formula),
        "decay_reference": uptake.decay_reference,
    })
}

fn segment(segment: &Segment) -> Value {
    json!({
        "label": segment.label,
        "number": segment.number,
        "voxels": segment.voxels,
        "layer": segment.layer,
        "volume_mm3": segment.volume.and_then(Bulk::mm3),
        "contour_volume_mm3": segment.contour_volume,
    })
}

/// Statistics, also when every voxel is void.
fn statistics(statistics: Option<Statistics>, item: &Item) -> Value {
    match statistics {
        Some(s) => json!({
            "min": s.min, "max": s.max, "mean": s.mean, "sd": s.sd, "n": s.n, "n_void": s.n_void,
        }),
        None => json!({
            "min": null, "max": null, "mean": null, "sd": null, "n": 0,
            "n_void": item.grid.as_ref().map_or(0, |g| g.n_voxels()),
        }),
    }
}
