//! `register`: where the points of one image lie in another.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{ImageArgs, MetricArg, RegisterArgs};
use super::files::load_item;
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::register::{self, Metric, Params, Registration, Rigid};

pub(super) fn register(args: &RegisterArgs) -> Result<Output, Failure> {
    let form = args.out.as_deref().map(form_of).transpose()?;
    let image = |path: &Path, item, frame| ImageArgs {
        path: path.to_owned(),
        item,
        frame,
        join: args.join,
    };
    let (fixed_item, fixed) = load_item(&image(&args.fixed, args.item_fixed, args.frame_fixed))?;
    let (moving_item, moving) =
        load_item(&image(&args.moving, args.item_moving, args.frame_moving))?;
    let frames = [&fixed_item, &moving_item].map(|i| i.frame_of_reference.as_str());
    let params = Params {
        metric: match args.metric {
            MetricArg::Auto => None,
            MetricArg::Ncc => Some(Metric::Ncc),
            MetricArg::Mi => Some(Metric::Mi),
        },
        same_frame_of_reference: !frames[0].is_empty() && frames[0] == frames[1],
        seed: args.seed,
    };
    // The computing time is part of the answer; it enters no result.
    let begin = std::time::Instant::now();
    let mut found =
        register::register(&fixed, &moving, &params, &JobContext::default()).map_err(|e| {
            Failure::new("E-REGISTER", e.to_string())
                .at(format!(
                    "{} and {}",
                    args.fixed.display(),
                    args.moving.display()
                ))
                .hint("`oncotwin explain E-REGISTER` says what can be done.")
        })?;
    let compute_ms = begin.elapsed().as_secs_f64() * 1000.0;
    let of_images = fixed_item.warnings.into_iter().chain(moving_item.warnings);
    found.warnings.extend(of_images);
    let json = answer(&found, &params, compute_ms);
    if let (Some(path), Some(form)) = (&args.out, form) {
        let text = match form {
            Form::Itk => found.transform.to_itk_text(),
            Form::Json => format!("{json:#}\n"),
        };
        std::fs::write(path, text)
            .map_err(|e| Failure::new("E-WRITE", e.to_string()).at(path.display()))?;
    }
    Ok(Output::new(text(&found, compute_ms), json))
}

/// Forms of a file with a transform.
#[derive(Clone, Copy)]
enum Form {
    Itk,
    Json,
}

fn form_of(path: &Path) -> Result<Form, Failure> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("tfm") => Ok(Form::Itk),
        Some("json") => Ok(Form::Json),
        _ => Err(
            Failure::new("E-WRITE", "transforms are written as .tfm (ITK) or .json")
                .at(path.display())
                .hint("Name a file that ends so."),
        ),
    }
}

/// Angles about x, y and z, degrees, for `R = Rz · Rx · Ry`.
fn euler_deg(transform: &Rigid) -> [f64; 3] {
    transform.euler_zxy().map(f64::to_degrees)
}

fn rows(transform: &Rigid) -> Vec<Vec<f64>> {
    let matrix = transform.matrix();
    matrix
        .row_iter()
        .map(|row| row.iter().copied().collect())
        .collect()
}

fn answer(found: &Registration, params: &Params, compute_ms: f64) -> Value {
    let transform = &found.transform;
    json!({
        "engine": register::ENGINE,
        "matrix_lps": rows(transform),
        "transform": transform,
        "euler_deg": euler_deg(transform),
        "translation_mm": <[f64; 3]>::from(transform.translation()),
        "angle_deg": transform.angle_deg(),
        "metric": found.metric.word(),
        "value": found.value,
        "residual_mm": found.residual.map(|r| json!({
            "median": r.median.0, "p95": r.p95.0, "blocks": r.blocks, "lost": r.lost,
        })),
        "overlap": found.overlap,
        "same_frame_of_reference": params.same_frame_of_reference,
        "seed": params.seed,
        "warnings": found.warnings,
        "compute_ms": compute_ms.round(),
    })
}

fn text(found: &Registration, compute_ms: f64) -> String {
    let mut text = String::new();
    for row in rows(&found.transform) {
        for value in row {
            text.push_str(&format!("{value:12.5}"));
        }
        text.push('\n');
    }
    let [x, y, z] = euler_deg(&found.transform);
    let t = found.transform.translation();
    text.push_str(&format!(
        "rotation     {x:.3}°, {y:.3}°, {z:.3}° about x, y, z (Rz · Rx · Ry)\n\
         translation  {:.3}, {:.3}, {:.3} mm\n\
         likeness     {:.4} ({})\n",
        t.x,
        t.y,
        t.z,
        found.value,
        found.metric.word()
    ));
    match found.residual {
        Some(r) => text.push_str(&format!(
            "residual     {:.2} mm (95 %: {:.2} mm) in {} parts, {} not found again\n",
            r.median.0, r.p95.0, r.blocks, r.lost
        )),
        None => text.push_str("residual     unknown\n"),
    }
    text.push_str(&format!(
        "overlap      {:.0} %\ntime         {compute_ms:.0} ms\n",
        100.0 * found.overlap
    ));
    for warning in &found.warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    text
}
