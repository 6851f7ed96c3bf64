//! Pictures: oblique planes beside SimpleITK's resampling, and slices through their window.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ndarray::Array3;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::{Settings, peer};
use crate::cli::output::Failure;
use crate::geometry::{Grid, Point, Vec3};
use crate::reformat::{Interpolation, Plane, Projection, Slab, reformat};
use crate::units::Mm;
use crate::volume::{
    IntensityUnit, Layout, Modality, Rescale, Samples, Volume, WindowLevel, gray_slice,
};

/// How much faster than SimpleITK planes are to be.
const FASTER: f64 = 3.0;
/// Values of whole numbers, interpolated in single precision on either side, differ by less.
const EQUAL: f64 = 0.01;
/// Four slices through their window: 99 of 100 times, ms.
const FOUR_SLICES_MS: f64 = 4.0;
/// What follows the hand in the window, ms.
const INTERACTIVE_MS: f64 = 50.0;
const REPEATS: usize = 15;
const PEER: &str = "SimpleITK";

/// An image and planes to be cut out of it.
struct Set {
    name: &'static str,
    volume: Volume,
    planes: Vec<Plane>,
    /// The largest along the normal through all planes, instead of each of them.
    largest: bool,
    threads: usize,
    /// Whether this is drawn in the window, and has to be fast.
    aim: bool,
}

/// All rows.
pub(super) fn rows(settings: &Settings, script: &Path) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    for set in sets() {
        rows.extend(beside_peer(settings, script, &set)?);
    }
    rows.push(four_slices());
    rows.push(slab());
    Ok(rows)
}

fn sets() -> Vec<Set> {
    let plane = |volume: &Volume, size: [usize; 2], deep: f64| {
        let grid = volume.grid();
        let [i, j, k] = grid.shape().map(|n| (n as f64 - 1.0) / 2.0);
        let middle = grid.patient_from_voxel(crate::geometry::Voxel::new(i, j, k));
        let normal = Vec3::new(0.35, -0.25, 0.9).normalize();
        let right = Vec3::new(0.9, 0.2, 0.0);
        let right = (right - normal * right.dot(&normal)).normalize() * 0.7;
        let down = normal.cross(&right);
        let [x, y] = size.map(|n| (n as f64 - 1.0) / 2.0);
        Plane {
            origin: Point(middle.0 - right * x - down * y + normal * deep),
            right,
            down,
            size,
        }
    };
    let one = volume([512, 512, 300], [0.7, 0.7, 1.25]);
    let cube = volume([256, 256, 256], [0.7, 0.7, 0.7]);
    let layers = -127..=127;
    let planes: Vec<Plane> = layers
        .map(|n| plane(&cube, [256, 256], 0.7 * f64::from(n)))
        .collect();
    vec![
        Set {
            name: "oblique plane of 512², 512 × 512 × 300",
            planes: vec![plane(&one, [512, 512], 0.0)],
            volume: one,
            largest: false,
            threads: 1,
            aim: true,
        },
        Set {
            name: "oblique MIP through 255 planes of 256², 256³",
            planes: planes.clone(),
            volume: cube.clone(),
            largest: true,
            threads: 2,
            aim: true,
        },
        Set {
            name: "255 oblique planes of 256², one by one, 256³",
            planes,
            volume: cube,
            largest: false,
            threads: 2,
            aim: false,
        },
    ]
}

/// All pictures of a set.
fn draw(set: &Set) -> Vec<Vec<f32>> {
    if !set.largest {
        let cut = |plane: &Plane| reformat(&set.volume, plane, Interpolation::Linear, None);
        return set.planes.par_iter().map(cut).collect();
    }
    let (first, last) = (&set.planes[0], &set.planes[set.planes.len() - 1]);
    let slab = Slab {
        projection: Projection::Max,
        thickness: Mm((last.origin.0 - first.origin.0).norm()),
    };
    let middle = &set.planes[set.planes.len() / 2];
    vec![reformat(
        &set.volume,
        middle,
        Interpolation::Linear,
        Some(slab),
    )]
}

/// Whole numbers without order, as hard to interpolate as any.
fn volume([ni, nj, nk]: [usize; 3], spacing: [f64; 3]) -> Volume {
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let seed = (i as u32).wrapping_mul(0x9E37_79B1)
            ^ (j as u32).wrapping_mul(0x85EB_CA77)
            ^ (k as u32).wrapping_mul(0xC2B2_AE3D);
        (seed.wrapping_mul(0x27D4_EB2F) >> 20) as i16 - 1024
    });
    let [x, y, z] = spacing;
    let affine = nalgebra::Matrix4::new_nonuniform_scaling(&Vec3::new(x, y, z));
    let grid = Grid::from_affine([ni, nj, nk], &affine).expect("an even grid");
    Volume::new(
        Arc::new(grid),
        Samples::I16(samples),
        vec![Rescale::IDENTITY; nk],
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("shapes agree")
}

fn write_failure(error: &std::io::Error) -> Failure {
    Failure::new("E-WRITE", error.to_string())
}

fn beside_peer(settings: &Settings, script: &Path, set: &Set) -> Result<Vec<Value>, Failure> {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(set.threads)
        .build()
        .map_err(|e| Failure::new("E-STOPPED", e.to_string()))?;
    let draw = || threads.install(|| draw(set));
    let mut times = Vec::new();
    let mut pictures = draw();
    for _ in 0..REPEATS {
        let start = Instant::now();
        pictures = draw();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let ours = median(&mut times);
    let (input, output) = (
        settings.scratch.join("planes.raw"),
        settings.scratch.join("planes.out"),
    );
    let Samples::I16(samples) = set.volume.samples() else {
        return Ok(Vec::new());
    };
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    std::fs::write(&input, bytes).map_err(|e| write_failure(&e))?;
    let first = set.planes[0];
    let next = set.planes.get(1).map_or_else(
        || first.normal() * 0.7,
        |second| second.origin.0 - first.origin.0,
    );
    let job = json!({
        "image": input, "shape": set.volume.grid().shape(),
        "spacing": set.volume.grid().spacing_mm().map(|s| s.0),
        "origin": <[f64; 3]>::from(first.origin),
        "right": <[f64; 3]>::from(first.right), "down": <[f64; 3]>::from(first.down),
        "next": <[f64; 3]>::from(next),
        "size": [first.size[0], first.size[1], set.planes.len()],
        "largest": set.largest, "threads": set.threads, "repeats": REPEATS, "out": output,
    });
    let jobs: PathBuf = settings.scratch.join("planes.json");
    std::fs::write(&jobs, job.to_string()).map_err(|e| write_failure(&e))?;
    let arguments = [OsStr::new("reformat"), jobs.as_os_str()];
    let theirs = match peer(settings, script, &arguments) {
        Ok(answer) => answer["ms"].as_f64().unwrap_or(f64::NAN),
        Err(reason) => {
            return Ok(vec![
                json!({"set": set.name, "quantity": "time", "peer": PEER, "missing": reason}),
            ]);
        }
    };
    let drawn = std::fs::read(&output).map_err(|e| write_failure(&e))?;
    let values = drawn
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (mut largest, mut n, mut n_apart) = (0.0f64, 0, 0);
    for (own, other) in pictures.iter().flatten().zip(values) {
        match (own.is_nan(), other.is_nan()) {
            (false, false) => {
                largest = largest.max(f64::from((own - other).abs()));
                n += 1;
            }
            (true, true) => {}
            _ => n_apart += 1,
        }
    }
    let threads = match set.threads {
        1 => "one thread".to_owned(),
        n => format!("{n} threads"),
    };
    let ratio = theirs / ours;
    let mut faster = json!({
        "set": set.name, "quantity": "times as fast", "unit": "", "ours": ratio, "least": true,
    });
    if set.aim {
        faster["limit"] = json!(FASTER);
        faster["ok"] = json!(ratio >= FASTER);
    }
    Ok(vec![
        json!({
            "set": set.name, "quantity": format!("time, {threads}"), "unit": "ms", "ours": ours,
            "peer": PEER, "peer_value": theirs,
        }),
        faster,
        json!({
            "set": set.name, "quantity": "largest difference", "unit": "HU", "ours": largest,
            "limit": EQUAL, "ok": largest <= EQUAL && n > 1000, "pixels": n,
        }),
        json!({
            "set": set.name, "quantity": "pixels that one of them leaves empty", "unit": "",
            "ours": n_apart, "ok": f64::from(n_apart) <= 1e-3 * f64::from(n),
        }),
    ])
}

/// Slices of four time points through their windows, on one core.
fn four_slices() -> Value {
    let volume = volume([512, 512, 8], [0.7, 0.7, 1.25]);
    let layout = Layout::of(volume.grid());
    let window = WindowLevel::new(40.0, 400.0);
    let mut times: Vec<f64> = (0..300)
        .map(|n| {
            let start = Instant::now();
            for k in 0..4 {
                let gray = gray_slice(&volume, (n + k) % 8, window, false, layout);
                std::hint::black_box(gray);
            }
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let p99 = times[times.len() * 99 / 100];
    json!({
        "set": "slices of 512² through their window, four", "quantity": "time, one thread, 99 %",
        "unit": "ms", "ours": p99, "limit": FOUR_SLICES_MS, "ok": p99 <= FOUR_SLICES_MS,
        "median": times[times.len() / 2],
    })
}

/// A thick slab in place of a slice, as it is drawn again when slices are turned.
fn slab() -> Value {
    let volume = volume([512, 512, 64], [0.7, 0.7, 1.25]);
    let grid = volume.grid();
    let plane = Plane {
        origin: grid.slice_origins()[32],
        right: grid.i_step(),
        down: grid.j_step(),
        size: [512, 512],
    };
    let slab = Slab {
        projection: Projection::Max,
        thickness: Mm(20.0),
    };
    let mut times: Vec<f64> = (0..30)
        .map(|_| {
            let start = Instant::now();
            let picture = reformat(&volume, &plane, Interpolation::Linear, Some(slab));
            std::hint::black_box(picture);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let middle = median(&mut times);
    json!({
        "set": "MIP of 20 mm, 512² out of slices 1.25 mm apart", "quantity": "time, all threads, median",
        "unit": "ms", "ours": middle, "limit": INTERACTIVE_MS, "ok": middle <= INTERACTIVE_MS,
        "threads": rayon::current_num_threads(),
    })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
