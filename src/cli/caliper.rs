//! `segment --tool caliper`: lines drawn by hand, measured without a mask.

use serde_json::{Map, Value, json};

use super::args::SegmentArgs;
use super::output::{Failure, Output};
use crate::app::caliper;
use crate::case::{Caliper, ValueSource};
use crate::geometry::{Grid, Point, Voxel};
use crate::segment;
use crate::units::{Length, Px};
use crate::volume::Volume;
use crate::warning::Warning;

/// What made the lines, as the record names it.
const ENGINE: &str = "hand/1";

/// Measures the lines of `--p0 --p1` and, where given, `--q0 --q1`.
pub(super) fn measure(
    args: &SegmentArgs,
    volume: &Volume,
    warnings: &[Warning],
) -> Result<Output, Failure> {
    let usage = |what: &str| Failure::new("E-STEP", what);
    let is_alone = args.steps.is_empty() && args.steps_file.is_none() && args.mask.is_none();
    let joins = !(args.merge.is_empty() && args.subtract.is_empty() && args.intersect.is_empty());
    if !is_alone || joins || args.out.is_some() {
        return Err(usage(
            "a caliper makes no mask: leave --out, --mask, the steps and other masks away",
        ));
    }
    let (Some(p0), Some(p1)) = (args.p0, args.p1) else {
        return Err(usage("a caliper has two ends: give --p0 and --p1"));
    };
    let second = match (args.q0, args.q1) {
        (None, None) => None,
        (Some(q0), Some(q1)) => Some([q0, q1]),
        _ => return Err(usage("the short axis has two ends: give --q0 and --q1")),
    };
    let grid = volume.grid();
    let place = |line: [Point; 2]| {
        line.map(|p| {
            if args.ijk {
                grid.patient_from_voxel(Voxel::from(<[f64; 3]>::from(p)))
            } else {
                p
            }
        })
    };
    Ok(match pair(grid, place([p0, p1]), second.map(place)) {
        Ok(lines) => answer(grid, &lines, warnings),
        Err(reason) => Output {
            text: format!("No measurement: {reason}"),
            json: json!({
                "engine": ENGINE, "refused": true, "reason": reason, "voxels": 0,
                "warnings": warnings,
            }),
            is_refusal: true,
        },
    })
}

/// The lines as a pair, or why they are none.
fn pair(grid: &Grid, first: [Point; 2], second: Option<[Point; 2]>) -> Result<Caliper, String> {
    usable(grid, first)?;
    let Some(second) = second else {
        return Ok(Caliper {
            long: first,
            short: None,
        });
    };
    usable(grid, second)?;
    caliper::paired(first, second, Some(grid)).ok_or_else(|| {
        "the two lines are no long and short axis: they have to cross near their middles, at more \
         than 45°, in one slice; measure them one by one"
            .to_owned()
    })
}

/// Refuses lines for the reasons for which drags are refused, and those that lead through slices.
fn usable(grid: &Grid, line: [Point; 2]) -> Result<(), String> {
    let shape = grid.shape();
    let [a, b] = line.map(|p| grid.voxel_from_patient(p));
    let inside = |v: &Voxel| {
        [v.i, v.j, v.k]
            .iter()
            .zip(shape)
            .all(|(x, n)| *x >= -0.5 && *x <= n as f64 - 0.5)
    };
    if ![a, b].iter().all(inside) {
        return Err(segment::Error::Outside.to_string());
    }
    let [di, dj, _] = grid.spacing_mm().map(|s| s.0);
    let minimum = 2.0 * di.max(dj);
    if line[0].distance(line[1]).0 < minimum {
        return Err(segment::Error::TooShort { minimum }.to_string());
    }
    if a.k.round() as i64 != b.k.round() as i64 {
        return Err(
            "the line leads from one slice to another; diameters are measured within one".into(),
        );
    }
    Ok(())
}

/// Length of a line: millimetres, or pixels along a row where the spacing is unknown.
fn length(grid: &Grid, line: [Point; 2]) -> Length {
    let nominal = line[0].distance(line[1]);
    if grid.is_calibrated() {
        Length::Mm(nominal)
    } else {
        Length::Px(Px(nominal.0 / grid.spacing_mm()[0].0))
    }
}

fn answer(grid: &Grid, lines: &Caliper, warnings: &[Warning]) -> Output {
    let slice = grid
        .voxel_from_patient(lines.long[0].midpoint(lines.long[1]))
        .k
        .round()
        .max(0.0) as usize;
    let mut answer = Map::new();
    let mut text = String::new();
    for (name, word, line) in [
        ("long_axis", "long axis ", Some(lines.long)),
        ("short_axis", "short axis", lines.short),
    ] {
        let length = line.map(|line| length(grid, line));
        let mm = length.and_then(Length::mm).map(|l| l.0);
        answer.insert(format!("{name}_mm"), json!(mm));
        if let (Some(length), None) = (length, mm) {
            answer.insert(format!("{name}_px"), json!(length.value()));
        }
        answer.insert(name.into(), json!(line));
        if let Some(length) = length {
            text.push_str(&format!("{word}   {length}\n"));
        }
    }
    let source = ValueSource::Caliper.word();
    text.push_str(&format!(
        "axis slice   {slice}\nsource       {source}, no mask\n"
    ));
    for warning in warnings {
        text.push_str(&format!("{}: {}\n", warning.code.as_str(), warning.message));
    }
    for (key, value) in [
        ("engine", json!(ENGINE)),
        ("refused", json!(false)),
        ("reason", Value::Null),
        ("source", json!(source)),
        ("voxels", json!(0)),
        ("axis_slice", json!(slice)),
        ("warnings", json!(warnings)),
    ] {
        answer.insert(key.into(), value);
    }
    Output::new(text, Value::Object(answer))
}
