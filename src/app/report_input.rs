//! Making and writing a report from what the state gathered. Runs as a job.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::effect::{Exported, Failure};
use super::reading::hex;
use super::summary::Summary;
use super::view::{BandPoint, GrowthView};
use crate::geometry::{Point, orientation_letters};
use crate::jobs::JobContext;
use crate::measure::{Measured, VolumeRule};
use crate::narrate::time_point_label;
use crate::report::{
    self, CropWindow, CurveBand, CurvePoint, Format, GrayPicture, GrowthCurve, Header, KeyImage,
    LesionOverlay, MeasuredFigure, Method, Reading, Report, Treated,
};
use crate::units::Mm;
use crate::volume::{Layout, Mask, Volume, WindowLevel, gray_slice, outlines};

/// Everything a report is made of.
#[derive(Debug)]
pub(super) struct ReportInput {
    pub(super) software: String,
    pub(super) created: Timestamp,
    pub(super) audit_head: String,
    /// Who acts, with role; empty for nobody named.
    pub(super) reader: String,
    pub(super) readings: Vec<Reading>,
    /// Date of day 0.
    pub(super) baseline: Option<Date>,
    pub(super) summary: Arc<Summary>,
    /// Curves with the place of their lesion in the list.
    pub(super) growth: Vec<(usize, GrowthView)>,
    pub(super) key_views: Vec<KeyView>,
    pub(super) figures: Vec<MeasuredFigure>,
}

/// A lesion at a visit, to be pictured.
#[derive(Debug)]
pub(super) struct KeyView {
    pub(super) label: String,
    /// Place of the lesion in the list, for its colour.
    pub(super) color: usize,
    pub(super) time_point: usize,
    pub(super) volume: Arc<Volume>,
    pub(super) mask: Arc<Mask>,
    pub(super) measured: Measured,
    pub(super) window: WindowLevel,
}

/// Makes the documents and writes them.
pub(super) fn write(
    input: ReportInput,
    dir: &Path,
    formats: &[Format],
    job: &JobContext,
) -> Result<Exported, Failure> {
    let failed = |error: report::Error| Failure {
        text: format!("The report was not written: {error}"),
        hint: String::new(),
    };
    let n_views = input.key_views.len();
    let side = common_side(&input.key_views);
    let mut key_images = Vec::with_capacity(n_views);
    for (n, view) in input.key_views.iter().enumerate() {
        job.check().map_err(|_| Failure::new("Cancelled"))?;
        job.progress.set(n, n_views);
        key_images.push(key_image(view, side).map_err(failed)?);
    }
    let report = Report {
        header: Header {
            software: input.software,
            created: input.created,
            audit_head: input.audit_head,
            reader: input.reader,
        },
        case: input.summary.case.clone(),
        facts: input.summary.facts.clone(),
        narrative: input.summary.narrative.clone(),
        curves: input.growth.iter().map(|(color, g)| curve(*color, g, input.baseline)).collect(),
        key_images,
        readings: input.readings,
        figures: input.figures,
        methods: vec![
            Method {
                name: "Diameters".to_owned(),
                value: "between outer corners of marked voxels, in the acquisition plane, on the native grid".to_owned(),
            },
            Method {
                name: "Volumes".to_owned(),
                value: volume_rules(&input.key_views),
            },
        ],
    };
    job.check().map_err(|_| Failure::new("Cancelled"))?;
    let sentences: Vec<&str> = report
        .narrative
        .sentences
        .iter()
        .map(|s| s.text.as_str())
        .collect();
    let narrative_sha256 = hex(&Sha256::digest(sentences.join("\n")));
    let written = report::write(dir, &report, formats).map_err(failed)?;
    Ok(Exported {
        dir: dir.to_owned(),
        sha256: written.into_iter().map(|w| w.sha256).collect(),
        narrative_sha256,
    })
}

/// How volumes were summed up, time point by time point where that differs.
fn volume_rules(views: &[KeyView]) -> String {
    let mut rules: Vec<(usize, String)> = views
        .iter()
        .map(|v| (v.time_point, VolumeRule::of(v.volume.grid()).words()))
        .collect();
    rules.sort();
    rules.dedup();
    match rules.as_slice() {
        [] => "no mask was measured".to_owned(),
        [(_, first), rest @ ..] if rest.iter().all(|(_, words)| words == first) => first.clone(),
        all => {
            let words: Vec<String> = all
                .iter()
                .map(|(t, words)| format!("{}: {words}", time_point_label(*t)))
                .collect();
            words.join("; ")
        }
    }
}

fn curve(color: usize, growth: &GrowthView, baseline: Option<Date>) -> GrowthCurve {
    let bands = |points: &[BandPoint]| {
        let bands = points.iter().map(|p| CurveBand {
            day: p.day,
            q05: p.q05,
            q25: p.q25,
            q50: p.q50,
            q75: p.q75,
            q95: p.q95,
        });
        bands.collect()
    };
    GrowthCurve {
        lesion: growth.title.clone(),
        color,
        y_label: growth.y_label.clone(),
        baseline,
        points: growth
            .points
            .iter()
            .map(|p| CurvePoint {
                day: p.day,
                value: p.value,
                low: p.low,
                high: p.high,
                below_limit: p.below_limit,
            })
            .collect(),
        factual: bands(&growth.factual),
        local: bands(&growth.local),
        scenario: bands(&growth.scenario),
        scenario_label: growth.scenario_label.clone(),
        treated: growth
            .treated
            .iter()
            .enumerate()
            .map(|(n, act)| Treated {
                from: act.from,
                to: act.to,
                // Of many doses or fractions the first bears the name.
                name: if growth.treated[..n].iter().any(|a| a.name == act.name) {
                    String::new()
                } else {
                    act.name.clone()
                },
            })
            .collect(),
        limit: growth.limit.clone(),
        locf: growth.locf,
        horizon_day: growth.horizon_day.is_finite().then_some(growth.horizon_day),
        identified: growth.identified,
    }
}

/// A key image shows this many times the longest axis of its lesions.
const SIDE_PER_AXIS: f64 = 2.2;
/// Smallest side of a key image, mm or pixels.
const MIN_SIDE: f64 = 50.0;

/// One side for all key images, so that their scale is the same.
fn common_side(views: &[KeyView]) -> f64 {
    let longest = views.iter().map(|v| v.measured.long_axis.length.value());
    (longest.fold(0.0, f64::max) * SIDE_PER_AXIS).max(MIN_SIDE)
}

/// The slice that carries the axes, cropped around the lesion, in native pixels.
fn key_image(view: &KeyView, side: f64) -> Result<KeyImage, report::Error> {
    let grid = view.volume.grid();
    let layout = Layout::of(grid);
    let slice = view.measured.axis_slice;
    let [width, height] = layout.picture_size();
    let on_picture = |p: Point| {
        let v = grid.voxel_from_patient(p);
        layout.picture_from_voxel(v.i, v.j)
    };
    let small = |[x, y]: [f64; 2]| [x as f32, y as f32];
    let long = view.measured.long_axis.ends.map(on_picture);
    let (_, dx, dy) = layout.patient_frame(grid, slice);
    let outline = |o: Vec<[f64; 2]>| {
        let points = o
            .into_iter()
            .map(|[i, j]| small(layout.picture_from_voxel(i, j)));
        points.collect()
    };
    let overlay = LesionOverlay {
        color: view.color,
        outlines: outlines(&view.mask, slice)
            .into_iter()
            .map(outline)
            .collect(),
        long_axis: Some(long.map(small)),
        short_axis: Some(view.measured.short_axis.ends.map(|p| small(on_picture(p)))),
        drawn: None,
    };
    let caption = format!(
        "slice {} of {}, window {:.0}/{:.0} {}",
        slice + 1,
        grid.shape()[2],
        view.window.width,
        view.window.center,
        view.volume.unit.symbol()
    );
    report::key_image(
        (&view.label, view.time_point, &caption),
        &GrayPicture {
            width,
            height,
            gray: gray_slice(
                &view.volume,
                slice,
                view.window,
                view.volume.inverted,
                layout,
            ),
        },
        grid.is_calibrated().then(|| [Mm(dx.norm()), Mm(dy.norm())]),
        &[overlay],
        grid.is_orientation_known()
            .then(|| orientation_letters(dx, dy)),
        CropWindow {
            center: [
                (long[0][0] + long[1][0]) / 2.0,
                (long[0][1] + long[1][1]) / 2.0,
            ],
            side,
        },
    )
}
