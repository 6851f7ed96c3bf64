//! `measure --figure`: figures measured as the window measures them.

use serde_json::json;

use super::args::MeasureArgs;
use super::files::load_item;
use super::output::{Failure, Output};
use crate::app::figure_text;
use crate::geometry::Voxel;
use crate::measure::{Figure, gauge, placed};

/// A figure of the command line, as the record keeps it.
pub(super) fn parse(text: &str) -> Result<Figure, String> {
    serde_json::from_str(text).map_err(|e| {
        format!("{e}; a figure is JSON such as {{\"kind\":\"length\",\"ends\":[[0,0,0],[10,0,0]]}}")
    })
}

/// Measures the figures of `--figure`.
pub(super) fn measure(args: &MeasureArgs) -> Result<Output, Failure> {
    let (item, volume) = load_item(&args.image)?;
    let grid = volume.grid();
    let mut text = String::new();
    let mut measured = Vec::new();
    for drawn in &args.figures {
        let figure = if args.ijk {
            drawn.mapped(|p| grid.patient_from_voxel(Voxel::from(<[f64; 3]>::from(p))))
        } else {
            drawn.clone()
        };
        let word = figure.kind().word();
        placed(&figure, grid).map_err(|why| {
            Failure::new("E-MEASURE", format!("{word}: {why}")).hint(why.hint().to_owned())
        })?;
        let measures = gauge(&figure, &volume, true);
        let lines = figure_text::lines(&figure, &measures);
        text.push_str(&format!("{word:<14}{}\n", lines.join(", ")));
        measured.push(json!({"figure": figure, "measures": measures}));
    }
    for warning in &item.warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    let answer = json!({
        "figures": measured, "frame": args.image.frame, "warnings": item.warnings,
    });
    Ok(Output::new(text, answer))
}
