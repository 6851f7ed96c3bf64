//! `bench load`: opening series beside SimpleITK (with GDCM inside) and dcm2niix.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::python;
use crate::cli::memory;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::open::{self, Item};
use crate::phantom::{self, PhantomParams};

/// Script of the Python peers, kept with the source.
const PEERS: &str = include_str!("../../../benches/peers/load.py");
/// Longest time to the first image of 500 slices, s.
const FIRST_IMAGE_S: f64 = 0.7;
/// How much faster than SimpleITK an uncompressed series is to be.
const FASTER_THAN_SIMPLEITK: f64 = 2.0;
/// How much slower than the fastest peer a compressed series may be.
const SLOWER_COMPRESSED: f64 = 1.5;

/// Where things are and how often to measure.
pub(super) struct Settings<'a> {
    pub(super) scratch: &'a Path,
    pub(super) data: &'a Path,
    pub(super) peers: &'a Path,
    pub(super) repeats: usize,
}

/// A series to open.
struct Set {
    name: String,
    folder: PathBuf,
    compressed: bool,
}

/// All rows.
pub(super) fn rows(settings: &Settings) -> Result<Vec<Value>, Failure> {
    let script = settings.scratch.join("load.py");
    std::fs::write(&script, PEERS).map_err(|e| Failure::new("E-WRITE", e.to_string()))?;
    let mut rows = Vec::new();
    let long = settings.scratch.join("ct500");
    let job = JobContext::default();
    let params = PhantomParams::preset("ct500").ok_or_else(|| Failure::new("E-PRESET", "ct500"))?;
    phantom::generate(&params, &long, &job)
        .map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
    let folder = folder_of_images(&long)?;
    rows.push(first_image(&folder, settings.repeats)?);
    let mut sets = vec![Set {
        name: "phantom ct500, uncompressed".to_owned(),
        folder: folder.clone(),
        compressed: false,
    }];
    for (syntax, name) in [("rle", "RLE"), ("jpegls", "JPEG-LS"), ("j2k", "JPEG 2000")] {
        match compressed(settings, &script, &folder, syntax) {
            Ok(folder) => sets.push(Set {
                name: format!("phantom, 100 slices, {name}"),
                folder,
                compressed: true,
            }),
            Err(reason) => rows.push(missing(&format!("phantom, {name}"), "pydicom", &reason)),
        }
    }
    for (name, inside, compressed) in [
        ("B10_lung_ct_4dlung", "", false),
        ("A3_mr_jpeglossless_96", "In", true),
        ("A5_ct_j2k_20slices", "example_ct_dicom", true),
    ] {
        match unpacked(settings.data, settings.scratch, name) {
            Some(root) => sets.push(Set {
                name: name.to_owned(),
                folder: folder_of_images(&root.join(inside))?,
                compressed,
            }),
            None => rows.push(missing(name, "data", "the set is not in the data folder")),
        }
    }
    for set in &sets {
        rows.extend(series(settings, &script, set)?);
    }
    Ok(rows)
}

fn missing(set: &str, peer: &str, reason: &str) -> Value {
    json!({"set": set, "quantity": "whole series", "peer": peer, "missing": reason})
}

/// The folder below `root` that holds most files.
fn folder_of_images(root: &Path) -> Result<PathBuf, Failure> {
    let io = |e: std::io::Error| Failure::new("E-READ", e.to_string()).at(root.display());
    let mut best = (0, root.to_owned());
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let mut files = 0;
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files += 1;
            }
        }
        if files > best.0 {
            best = (files, folder);
        }
    }
    Ok(best.1)
}

/// A packed set unpacked into the scratch folder, or one that lies there as it is.
pub(super) fn unpacked(data: &Path, scratch: &Path, name: &str) -> Option<PathBuf> {
    let folder = data.join(name);
    let packed = folder.join("data.tar.zst");
    if !packed.exists() {
        return folder.is_dir().then_some(folder);
    }
    let target = scratch.join(name);
    if target.is_dir() {
        return Some(target);
    }
    std::fs::create_dir_all(&target).ok()?;
    let done = Command::new("tar")
        .args(["--zstd", "-xf"])
        .arg(&packed)
        .arg("-C")
        .arg(&target)
        .status()
        .is_ok_and(|s| s.success());
    done.then_some(target)
}

/// A hundred slices of the phantom with compressed pixels.
fn compressed(
    settings: &Settings,
    script: &Path,
    folder: &Path,
    syntax: &str,
) -> Result<PathBuf, String> {
    let io = |e: std::io::Error| e.to_string();
    let part = settings.scratch.join("part");
    if !part.exists() {
        std::fs::create_dir_all(&part).map_err(io)?;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(io)?
            .filter_map(|e| Some(e.ok()?.path()))
            .collect();
        files.sort();
        for file in files.iter().skip(200).take(100) {
            if let Some(name) = file.file_name() {
                std::fs::copy(file, part.join(name)).map_err(io)?;
            }
        }
    }
    let target = settings.scratch.join(syntax);
    python::run(
        settings.peers,
        script,
        &[
            "compress".as_ref(),
            part.as_ref(),
            target.as_ref(),
            syntax.as_ref(),
        ],
    )?;
    Ok(target)
}

/// The largest image of a folder, all its headers read.
fn scanned(folder: &Path) -> Result<Item, Failure> {
    open::scan(&[folder.to_owned()], &JobContext::default())
        .map_err(|e| Failure::new("E-OPEN", e.to_string()))?
        .into_iter()
        .filter(Item::is_image)
        .max_by_key(|i| i.grid.as_ref().map_or(0, |g| g.n_voxels()))
        .ok_or_else(|| Failure::new("E-OPEN", "no image").at(folder.display()))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

fn timed<T>(
    repeats: usize,
    work: impl Fn() -> Result<T, Failure>,
) -> Result<(f64, Option<T>), Failure> {
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..repeats.max(1) {
        drop(last.take());
        let start = Instant::now();
        last = Some(work()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok((median(seconds), last))
}

fn first_image(folder: &Path, repeats: usize) -> Result<Value, Failure> {
    let (seconds, _) = timed(repeats, || {
        let item = scanned(folder)?;
        let middle = item.grid.as_ref().map_or(0, |g| g.shape()[2] / 2);
        open::load_slices(&item, 0, middle..middle + 1, &JobContext::default())
            .map_err(|e| Failure::new("E-LOAD", e.to_string()))
    })?;
    Ok(json!({
        "set": "phantom ct500, uncompressed", "quantity": "first image", "ours": seconds,
        "unit": "s", "limit": FIRST_IMAGE_S, "ok": seconds <= FIRST_IMAGE_S,
        "method": "all headers of the folder and the middle slice; median, warm file cache",
    }))
}

/// Rows of one series: time beside each peer, and memory.
fn series(settings: &Settings, script: &Path, set: &Set) -> Result<Vec<Value>, Failure> {
    let load = || {
        let item = scanned(&set.folder)?;
        open::load(&item, 0, &JobContext::default())
            .map_err(|e| Failure::new("E-LOAD", e.to_string()))
    };
    let before = memory::forget_peak();
    let (ours, volume) = timed(settings.repeats, load)?;
    let mut rows = Vec::new();
    let method = "listing, headers and all voxels; median, warm file cache";
    let itk = python::run(
        settings.peers,
        script,
        &[
            "read".as_ref(),
            set.folder.as_ref(),
            settings.repeats.to_string().as_ref(),
        ],
    )
    .and_then(|text| serde_json::from_str::<Value>(&text).map_err(|e| e.to_string()));
    let niix = dcm2niix(settings, &set.folder);
    let peers = [
        (
            "SimpleITK ImageSeriesReader (GDCM)",
            itk.and_then(|v| v["seconds"].as_f64().ok_or_else(|| "no time".to_owned())),
        ),
        ("dcm2niix -b n -z n, into a RAM folder", niix),
    ];
    let fastest = peers
        .iter()
        .filter_map(|(_, seconds)| seconds.as_ref().ok().copied())
        .fold(f64::INFINITY, f64::min);
    for (n, (peer, seconds)) in peers.into_iter().enumerate() {
        rows.push(match seconds {
            Ok(seconds) => {
                let ratio = seconds / ours;
                let wanted = match (set.compressed, n) {
                    (false, 0) => FASTER_THAN_SIMPLEITK,
                    (false, _) => 1.0,
                    // Only the fastest peer counts.
                    (true, _) if seconds > fastest => 0.0,
                    (true, _) => 1.0 / SLOWER_COMPRESSED,
                };
                json!({
                    "set": set.name, "quantity": "whole series", "ours": ours, "unit": "s",
                    "peer": peer, "peer_value": seconds, "ratio": ratio, "limit": wanted,
                    "ok": ratio >= wanted, "method": method,
                })
            }
            Err(reason) => missing(&set.name, peer, &reason),
        });
    }
    if let (Some(volume), true, Some(peak)) = (volume, before, memory::peak_mib()) {
        let bytes = match volume.samples() {
            crate::volume::Samples::F32(a) => a.len() * 4,
            crate::volume::Samples::I16(a) => a.len() * 2,
            crate::volume::Samples::U16(a) => a.len() * 2,
        };
        let limit = 1.2 * bytes as f64 / f64::from(1 << 20) + 250.0;
        rows.push(json!({
            "set": set.name, "quantity": "peak memory", "ours": peak, "unit": "MiB",
            "limit": limit, "ok": peak <= limit,
            "method": "largest resident set of the process while loading (VmHWM)",
        }));
    }
    Ok(rows)
}

/// Seconds dcm2niix takes, process and writing included.
fn dcm2niix(settings: &Settings, folder: &Path) -> Result<f64, String> {
    let program = settings.peers.join("bin").join("dcm2niix");
    let out = settings.scratch.join("nifti");
    let mut seconds = Vec::new();
    for _ in 0..settings.repeats.max(1) {
        if out.exists() {
            std::fs::remove_dir_all(&out).map_err(|e| e.to_string())?;
        }
        std::fs::create_dir_all(&out).map_err(|e| e.to_string())?;
        let start = Instant::now();
        let output = Command::new(&program)
            .args(["-b", "n", "-z", "n", "-o"])
            .arg(&out)
            .arg(folder)
            .output()
            .map_err(|e| format!("{e}: run benches/peers/setup.sh DIR and give --peers DIR"))?;
        seconds.push(start.elapsed().as_secs_f64());
        let written = std::fs::read_dir(&out).is_ok_and(|mut d| d.next().is_some());
        if !output.status.success() || !written {
            return Err("dcm2niix converted nothing".to_owned());
        }
    }
    Ok(median(seconds))
}

/// Rows for people.
pub(super) fn table(rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        if row["missing"].is_string() {
            text.push_str(&format!(
                "{:<32} {:<13} {} is missing: {}\n",
                word("set"),
                word("quantity"),
                word("peer"),
                word("missing")
            ));
            continue;
        }
        let verdict = if row["ok"] == true {
            ""
        } else {
            " NOT REACHED"
        };
        text.push_str(&format!(
            "{:<32} {:<13} {:>9.3} {}",
            word("set"),
            word("quantity"),
            number("ours"),
            word("unit")
        ));
        if row["peer"].is_string() {
            text.push_str(&format!(
                " – {} {:.3} {}, ratio {:.2} (at least {:.2}){verdict}\n",
                word("peer"),
                number("peer_value"),
                word("unit"),
                number("ratio"),
                number("limit")
            ));
        } else {
            text.push_str(&format!(" (limit {:.3}){verdict}\n", number("limit")));
        }
    }
    text
}
