//! `inspect`, `convert` and `phantom`.

use std::path::PathBuf;

use serde_json::json;

use super::args::{ConvertArgs, ImageArgs, InspectArgs, PhantomArgs};
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::open::{self, Item};
use crate::volume::Volume;
use crate::warning::naming_frame;
use crate::{export, phantom};

pub(super) fn inspect(args: &InspectArgs) -> Result<Output, Failure> {
    let job = JobContext::default();
    let items = describe(&args.paths, args.join, &job)?;
    let json = open::inspect_json(&items, true, &job).map_err(open_failure)?;
    let mut text = String::new();
    for (n, item) in items.iter().enumerate() {
        text.push_str(&format!("{n:3}  {}\n", line(item)));
        for warning in &item.warnings {
            text.push_str(&format!(
                "       {}: {}\n",
                warning.code.as_str(),
                warning.message
            ));
        }
        if let Some(error) = &item.error {
            text.push_str(&format!(
                "       {}: {} ({})\n",
                error.code, error.message, error.place
            ));
        }
    }
    Ok(Output::new(text, json))
}

fn describe(paths: &[PathBuf], join: bool, job: &JobContext) -> Result<Vec<Item>, Failure> {
    if join {
        open::join(paths, job)
    } else {
        open::scan(paths, job)
    }
    .map_err(open_failure)
}

/// The item that `--item` names among those of a path, or the only image there.
fn pick_item(args: &ImageArgs, job: &JobContext) -> Result<Item, Failure> {
    let path = &args.path;
    let mut items = describe(std::slice::from_ref(path), args.join, job)?;
    let n_items = items.len();
    let index = match args.item {
        Some(index) if index < n_items => index,
        Some(index) => {
            return Err(Failure::new(
                "E-ITEM",
                format!("item {index} was asked for, there are {n_items}"),
            )
            .at(path.display())
            .hint("`oncotwin inspect` lists the items; they are counted from 0."));
        }
        None => {
            let images: Vec<usize> = (0..n_items).filter(|&n| items[n].is_image()).collect();
            match images[..] {
                [only] => only,
                [] if n_items == 1 => 0,
                _ => {
                    let list: Vec<String> = images
                        .iter()
                        .map(|&n| format!("{n}: {}", line(&items[n])))
                        .collect();
                    let found = if list.is_empty() {
                        "none".to_owned()
                    } else {
                        list.join("; ")
                    };
                    return Err(Failure::new(
                        "E-AMBIGUOUS",
                        format!("{} images found", images.len()),
                    )
                    .at(path.display())
                    .hint(format!("Name one with --item. Images: {found}")));
                }
            }
        }
    };
    let item = items.swap_remove(index);
    if let Some(error) = &item.error {
        return Err(Failure {
            code: error.code.clone(),
            message: error.message.clone(),
            location: error.place.clone(),
            hint: error.hint.clone(),
        });
    }
    Ok(item)
}

pub(super) fn load_item(args: &ImageArgs) -> Result<(Item, Volume), Failure> {
    let job = JobContext::default();
    let mut item = pick_item(args, &job)?;
    let volume = open::load(&item, args.frame, &job).map_err(open_failure)?;
    item.warnings = naming_frame(&item.warnings, Some(args.frame));
    Ok((item, volume))
}

pub(super) fn open_failure(error: open::Error) -> Failure {
    let refusal = error.refusal();
    Failure {
        code: refusal.code,
        message: refusal.message,
        location: refusal.place,
        hint: refusal.hint,
    }
}

/// One item in a line for people.
fn line(item: &Item) -> String {
    let file = item
        .paths
        .first()
        .map(|p| p.display().to_string())
        .unwrap_or_default();
    let size = item.grid.as_ref().map(|grid| {
        let ([i, j, k], [di, dj, dk]) = (grid.shape(), grid.spacing_mm());
        if grid.is_calibrated() {
            format!("{i}×{j}×{k} at {:.3}×{:.3}×{:.3} mm", di.0, dj.0, dk.0)
        } else {
            format!("{i}×{j}×{k}, spacing unknown")
        }
    });
    let date = item.study_date.map(|d| d.to_string()).unwrap_or_default();
    let parts = [
        item.kind.name().to_owned(),
        item.modality.code().to_owned(),
        date,
        size.unwrap_or_default(),
        item.series_description.clone(),
        file,
    ];
    parts
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}

pub(super) fn convert(args: &ConvertArgs) -> Result<Output, Failure> {
    let (item, volume) = load_item(&args.image)?;
    export::write_nifti_volume(&volume, &args.out).map_err(export_failure)?;
    let shape = volume.grid().shape();
    let mut text = format!(
        "{} × {} × {} voxels written to {}\n",
        shape[0],
        shape[1],
        shape[2],
        args.out.display()
    );
    for warning in &item.warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    Ok(Output::new(
        text,
        json!({"out": args.out, "shape": shape, "unit": volume.unit, "warnings": item.warnings}),
    ))
}

pub(super) fn export_failure(error: export::Error) -> Failure {
    Failure::new("E-EXPORT", error.to_string())
}

pub(super) fn phantom(args: &PhantomArgs) -> Result<Output, Failure> {
    let mut params = phantom::PhantomParams::preset(&args.preset)
        .ok_or_else(|| Failure::new("E-PRESET", format!("there is no preset {:?}", args.preset)))?;
    if let Some(seed) = args.seed {
        params.seed = seed;
    }
    let job = JobContext::default();
    let truth = phantom::generate(&params, &args.out, &job)
        .map_err(|error| Failure::new("E-PHANTOM", error.to_string()).at(args.out.display()))?;
    Ok(Output::new(
        format!(
            "{} time points written to {}",
            truth.time_points.len(),
            args.out.display()
        ),
        json!({"out": args.out, "seed": params.seed, "time_points": truth.time_points.len()}),
    ))
}
