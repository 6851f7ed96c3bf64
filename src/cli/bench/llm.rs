//! `bench llm`: reading, writing and looking beside llama.cpp on the same machine, turn by turn.

mod document;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::cli::memory;
use crate::cli::model::failure;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::nn::gemma::{Files, Gemma, Input, Options};
use crate::nn::plan::Place;
use crate::nn::processor::{Rgb, pixels};
use crate::nn::weights::{Target, Weights};
use crate::nn::{Error, Result, Tensor};

pub(super) use document::document;

const PEER: &str = "llama.cpp";
/// What to do where it is not there.
const NO_PEER: &str = "benches/peers/llama/setup.sh DIR builds it; give --peers DIR";
/// Of llama.cpp's speed.
const WRITING: f64 = 1.0;
const READING: f64 = 0.8;
const LOOKING: f64 = 1.0;
/// From asking to stop until it has stopped, s.
const STOPPING: f64 = 0.2;
/// Side of the picture that is looked at.
const SIDE: usize = 896;
/// Of llama.cpp's memory.
const MEMORY: f64 = 1.2;
/// Bytes that are read to see how fast memory is.
const STREAM: usize = 1 << 30;

/// What to measure.
pub(super) struct Settings<'a> {
    pub(super) model: &'a Path,
    pub(super) vision: Option<&'a Path>,
    pub(super) peers: &'a Path,
    pub(super) rounds: usize,
    /// Tokens that are read, and that are written.
    pub(super) tokens: [usize; 2],
}

/// All rows.
pub(super) fn rows(settings: &Settings) -> std::result::Result<Vec<Value>, Failure> {
    measure(settings).map_err(|e| failure(&e))
}

fn measure(settings: &Settings) -> Result<Vec<Value>> {
    let bytes = Weights::open(settings.model, Target::cpu())?.bytes();
    let open = |vision: Option<&Path>| {
        let files = Files {
            weights: settings.model.to_owned(),
            vision: vision.map(Path::to_owned),
        };
        let options = Options {
            place: Place::Processor,
            ..Options::auto(4096)
        };
        let model = Gemma::open(&files, &options, &JobContext::default())?.model;
        Ok::<_, Error>(model)
    };
    // Without the part for images, as the peer: its memory is compared.
    let model = open(None)?;
    let [prompt, fresh] = settings.tokens;
    // Once unmeasured, as the peer does.
    read(&model, prompt)?;
    write(&model, fresh)?;
    let (mut reading, mut writing, mut seeing) =
        (Sides::default(), Sides::default(), Sides::default());
    let mut peer_mib = None;
    for _ in 0..settings.rounds {
        let threads = rayon::current_num_threads().to_string();
        let sizes = [prompt.to_string(), fresh.to_string()];
        let theirs = peer(
            settings,
            "text",
            &[as_text(settings.model), &sizes[0], &sizes[1], &threads],
        );
        reading.add(
            read(&model, prompt)?,
            theirs.as_ref().ok().and_then(|t| t["read_s"].as_f64()),
        );
        writing.add(
            write(&model, fresh)?,
            theirs.as_ref().ok().and_then(|t| t["wrote_s"].as_f64()),
        );
        peer_mib = theirs
            .ok()
            .and_then(|t| t["peak_mib"].as_f64())
            .or(peer_mib);
    }
    let peak = memory::peak_mib();
    let stopped = waits(|job| read_until(&model, prompt, job))?;
    drop(model);
    let mut stopped_looking = None;
    if let Some(vision) = settings.vision {
        let model = open(Some(vision))?;
        let threads = rayon::current_num_threads().to_string();
        for _ in 0..settings.rounds.min(2) {
            let theirs = peer(
                settings,
                "vision",
                &[as_text(vision), as_text(settings.model), &threads],
            );
            seeing.add(look(&model)?, theirs.ok().and_then(|t| t["see_s"].as_f64()));
        }
        let picture = pattern(SIDE)?;
        stopped_looking = Some(waits(|job| model.see(&picture, job).map(drop))?);
    }
    let name = settings
        .model
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut rows = vec![
        reading.row(
            &name,
            &format!("reading {prompt} tokens"),
            prompt as f64,
            "tokens/s",
            READING,
        ),
        writing.row(
            &name,
            &format!("writing {fresh} tokens"),
            fresh as f64,
            "tokens/s",
            WRITING,
        ),
        memory_row(&name, peak, peer_mib),
    ];
    if settings.vision.is_some() {
        rows.push(seeing.row(
            &name,
            "looking at a picture of 896²",
            1.0,
            "pictures/s",
            LOOKING,
        ));
    }
    rows.push(stop_row(&name, "reading", stopped));
    rows.extend(stopped_looking.map(|wait| stop_row(&name, "looking", wait)));
    let bandwidth = stream();
    let share = 100.0 * fresh as f64 / median(&mut writing.ours) * bytes as f64 / 1e9 / bandwidth;
    rows.push(json!({
        "set": name, "quantity": "writing, of what memory allows", "unit": "%", "ours": share,
        "method": format!("{:.3} GB of weights for each token; memory reads {bandwidth:.1} GB/s", bytes as f64 / 1e9),
    }));
    Ok(rows)
}

fn as_text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// Seconds of either side.
#[derive(Default)]
struct Sides {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Sides {
    fn add(&mut self, ours: f64, theirs: Option<f64>) {
        self.ours.push(ours);
        self.theirs.extend(theirs);
    }

    /// Amounts of work per second, medians.
    fn row(&mut self, set: &str, quantity: &str, amount: f64, unit: &str, least: f64) -> Value {
        let ours = amount / median(&mut self.ours);
        if self.theirs.is_empty() {
            return json!({
                "set": set, "quantity": quantity, "unit": unit, "ours": ours, "peer": PEER,
                "missing": NO_PEER,
            });
        }
        let theirs = amount / median(&mut self.theirs);
        json!({
            "set": set, "quantity": quantity, "unit": unit, "ours": ours, "peer": PEER,
            "peer_value": theirs, "ratio": ours / theirs, "limit": least, "least": true,
            "ok": ours / theirs >= least, "rounds": self.ours.len(),
        })
    }
}

fn memory_row(set: &str, ours: Option<f64>, theirs: Option<f64>) -> Value {
    let mut row = json!({
        "set": set, "quantity": "largest resident set", "unit": "MiB", "ours": ours, "peer": PEER,
    });
    match ours.zip(theirs) {
        Some((ours, theirs)) => {
            let ratio = ours / theirs;
            row["peer_value"] = json!(theirs);
            row["ratio"] = json!(ratio);
            row["limit"] = json!(MEMORY);
            row["least"] = json!(false);
            row["ok"] = json!(ratio <= MEMORY);
        }
        None => row["missing"] = json!(NO_PEER),
    }
    row
}

fn stop_row(set: &str, while_doing: &str, wait: f64) -> Value {
    json!({
        "set": set, "quantity": format!("longest wait for the end of {while_doing}"), "unit": "ms",
        "ours": wait * 1e3, "limit": STOPPING * 1e3, "least": false, "ok": wait <= STOPPING,
        "method": format!("stopped at {} moments", MOMENTS.len()),
    })
}

/// When work is stopped, ms after it has begun.
const MOMENTS: [u64; 6] = [40, 90, 170, 310, 450, 700];

/// The longest time that work goes on for after it was asked to stop. What ends before that counts as no time.
fn waits(work: impl Fn(&JobContext) -> Result<()>) -> Result<f64> {
    let mut longest: f64 = 0.0;
    for moment in MOMENTS {
        let job = JobContext::default();
        let cancel = job.cancel.clone();
        let stop = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(moment));
            let asked = Instant::now();
            cancel.cancel();
            asked
        });
        let ended = match work(&job) {
            Ok(()) | Err(Error::Cancelled(_)) => Instant::now(),
            Err(error) => return Err(error),
        };
        if let Ok(asked) = stop.join() {
            let wait = ended.saturating_duration_since(asked);
            longest = longest.max(wait.as_secs_f64());
        }
    }
    Ok(longest)
}

/// Reads so many tokens again and again, until it is stopped.
fn read_until(model: &Gemma, n: usize, job: &JobContext) -> Result<()> {
    let input = Input {
        tokens: tokens(model, n),
        images: Vec::new(),
    };
    loop {
        model.read(&input, 1, &mut model.cache(n)?, job)?;
    }
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Tokens without meaning, of all parts of the vocabulary.
fn tokens(model: &Gemma, n: usize) -> Vec<u32> {
    let rows = model.vocabulary().min(200_000);
    (0..n).map(|n| ((n * 7919 + 13) % rows) as u32).collect()
}

/// Seconds to read so many tokens.
fn read(model: &Gemma, n: usize) -> Result<f64> {
    let mut cache = model.cache(n)?;
    let input = Input {
        tokens: tokens(model, n),
        images: Vec::new(),
    };
    let start = Instant::now();
    let state = model.read(&input, 1, &mut cache, &JobContext::default())?;
    black_box(model.logits(&state)?.flatten_all()?.to_vec1::<f32>()?);
    Ok(start.elapsed().as_secs_f64())
}

/// Seconds to write so many tokens, the likeliest each time.
fn write(model: &Gemma, n: usize) -> Result<f64> {
    let mut cache = model.cache(n)?;
    let mut token = 2;
    let start = Instant::now();
    for _ in 0..n {
        let input = Input {
            tokens: vec![token],
            images: Vec::new(),
        };
        let state = model.read(&input, 1, &mut cache, &JobContext::default())?;
        let logits = model.logits(&state)?.flatten_all()?.to_vec1::<f32>()?;
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        token = best.map_or(2, |(token, _)| token as u32);
    }
    Ok(start.elapsed().as_secs_f64())
}

/// A picture that is not smooth.
fn pattern(side: usize) -> Result<Tensor> {
    let pixel = |n: usize| {
        let (x, y) = (n % side, n / side);
        [
            x * 255 / (side - 1),
            y * 255 / (side - 1),
            (x * y / 64) % 256,
        ]
        .map(|v| v as u8)
    };
    let picture = Rgb {
        size: [side, side],
        pixels: (0..side * side).flat_map(pixel).collect(),
    };
    pixels(&picture, side)
}

/// Seconds from pixels to soft tokens.
fn look(model: &Gemma) -> Result<f64> {
    let picture = pattern(SIDE)?;
    let start = Instant::now();
    black_box(
        model
            .see(&picture, &JobContext::default())?
            .to_vec2::<f32>()?,
    );
    Ok(start.elapsed().as_secs_f64())
}

/// GB that all cores together read in a second, best of five.
fn stream() -> f64 {
    let words = vec![1u64; STREAM / size_of::<u64>()];
    let once = || {
        let start = Instant::now();
        let sum: u64 = words
            .par_chunks(1 << 20)
            .map(|part| part.iter().sum::<u64>())
            .sum();
        black_box(sum);
        STREAM as f64 / 1e9 / start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}

/// What a program of the peer prints.
fn peer(settings: &Settings, program: &str, arguments: &[&str]) -> Result<Value> {
    let path = settings.peers.join(program);
    let output = Command::new(&path)
        .args(arguments)
        .output()
        .map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
    serde_json::from_slice(&output.stdout).map_err(|e| Error::Damaged {
        path,
        reason: e.to_string(),
    })
}

/// Rows for people.
pub(super) fn table(rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        text.push_str(&format!(
            "{:<32} {:>9.2} {}",
            word("quantity"),
            number("ours"),
            word("unit")
        ));
        if let Some(missing) = row["missing"].as_str() {
            text.push_str(&format!(" – {} is missing: {missing}", word("peer")));
        } else if row["peer"].is_string() {
            let verdict = if row["ok"] == true {
                ""
            } else {
                " NOT REACHED"
            };
            let bound = if row["least"] == true {
                "at least"
            } else {
                "at most"
            };
            text.push_str(&format!(
                " – {} {:.2}, ratio {:.2} ({bound} {:.2}){verdict}",
                word("peer"),
                number("peer_value"),
                number("ratio"),
                number("limit")
            ));
        } else {
            text.push_str(&format!(" ({})", word("method")));
        }
        text.push('\n');
    }
    text
}
