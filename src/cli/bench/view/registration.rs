//! Rows of registration: time, error at known transforms, images across modalities, and random starts.

mod cases;
mod moved;
mod score;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Settings, peer};
use crate::cli::output::Failure;
use crate::export;
use crate::jobs::JobContext;
use crate::register::{self, Metric, Params, Rigid};
use crate::volume::Volume;
use cases::Pair;

/// Longest time for two images of 256³ voxels on two cores, s.
const TIME_S: f64 = 2.0;
/// Largest mean error of points of the body at known transforms, mm.
const ERROR_MM: f64 = 1.0;
/// An error beyond this is a failure, mm.
const FAILED_MM: f64 = 5.0;
const PEER: &str = "SimpleITK 2 threads";

/// A transform that somebody found, and how long it took.
struct Answer {
    transform: Rigid,
    seconds: f64,
}

pub(super) fn rows(settings: &Settings, script: &Path) -> Result<Vec<Value>, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .map_err(|e| Failure::new("E-STOPPED", e.to_string()))?;
    let mut rows = Vec::new();
    let bench = Bench {
        settings,
        script,
        pool: &pool,
    };
    let sets = cases::sets(settings.data, settings.scratch);
    rows.extend(sets.iter().filter_map(|set| {
        let reason = set.volumes.as_ref().err()?;
        Some(missing(&set.name, "data", reason))
    }));
    if let Some(pair) = cases::cubes(&sets) {
        rows.extend(bench.time(&pair));
    }
    for pair in cases::known(&sets) {
        rows.extend(bench.known(&pair));
    }
    for (pair, masks) in cases::across(settings.data) {
        rows.extend(bench.across(&pair, &masks));
    }
    for (name, pairs) in cases::starts(&sets, settings.data, settings.starts) {
        rows.push(bench.starts(&name, &pairs));
    }
    rows.push(bench.file());
    Ok(rows)
}

fn missing(set: &str, peer: &str, reason: &str) -> Value {
    json!({"set": set, "quantity": "registration", "peer": peer, "missing": reason})
}

struct Bench<'a> {
    settings: &'a Settings<'a>,
    script: &'a Path,
    pool: &'a rayon::ThreadPool,
}

impl Bench<'_> {
    fn ours(&self, pair: &Pair) -> Result<Answer, String> {
        let params = Params {
            same_frame_of_reference: pair.is_same_frame,
            ..Params::default()
        };
        let job = JobContext::default();
        let begin = Instant::now();
        let found = self
            .pool
            .install(|| register::register(&pair.fixed, &pair.moving, &params, &job))
            .map_err(|e| e.to_string())?;
        Ok(Answer {
            transform: found.transform,
            seconds: begin.elapsed().as_secs_f64(),
        })
    }

    /// What SimpleITK finds for each pair.
    fn theirs(&self, pairs: &[Pair]) -> Vec<Result<Answer, String>> {
        let all = |reason: String| pairs.iter().map(|_| Err(reason.clone())).collect();
        let mut jobs = Vec::new();
        for (n, pair) in pairs.iter().enumerate() {
            let write = |volume: &Volume, name: &str| {
                let path = self.settings.scratch.join(format!("{n}-{name}.nii.gz"));
                export::write_nifti_volume(volume, &path).map_err(|e| e.to_string())?;
                Ok::<_, String>(path)
            };
            match (write(&pair.fixed, "fixed"), write(&pair.moving, "moving")) {
                (Ok(fixed), Ok(moving)) => {
                    let metric = Metric::suiting(&pair.fixed, &pair.moving);
                    // The row of time asks for mutual information, whatever the modality.
                    let word = if pair.is_timed { "mi" } else { metric.word() };
                    jobs.push(json!({
                        "fixed": fixed, "moving": moving, "metric": word,
                        "same_frame": pair.is_same_frame,
                    }));
                }
                (Err(reason), _) | (_, Err(reason)) => return all(reason),
            }
        }
        let list = self.settings.scratch.join("jobs.json");
        if let Err(reason) = std::fs::write(&list, json!(jobs).to_string()) {
            return all(reason.to_string());
        }
        let arguments: [&OsStr; 2] = ["registration".as_ref(), list.as_ref()];
        match peer(self.settings, self.script, &arguments) {
            Err(reason) => all(reason),
            Ok(answers) => (0..pairs.len()).map(|n| answer(&answers[n])).collect(),
        }
    }

    fn both(&self, pair: &Pair) -> (Result<Answer, String>, Result<Answer, String>) {
        let theirs = self.theirs(std::slice::from_ref(pair)).pop();
        let none = || Err("no answer".to_owned());
        (self.ours(pair), theirs.unwrap_or_else(none))
    }

    fn time(&self, pair: &Pair) -> Vec<Value> {
        let (ours, theirs) = self.both(pair);
        // The first run has the pages of the images still to fetch; the best of three is the engine's time.
        let again = (0..2).filter_map(|_| Some(self.ours(pair).ok()?.seconds));
        let seconds = ours.as_ref().ok().map(|a| again.fold(a.seconds, f64::min));
        let mut row = json!({
            "set": pair.name, "quantity": "time", "unit": "s", "limit": TIME_S,
            "method": "256³ voxels each, both in memory, to the checked transform; 2 threads, best of 3",
            "ok": seconds.is_some_and(|s| s <= TIME_S),
        });
        add(&mut row, "ours", seconds.ok_or_else(|| reason_of(&ours)));
        add_peer(&mut row, theirs.as_ref().map(|a| a.seconds));
        vec![row, error_row(pair, &ours, &theirs, Some(ERROR_MM))]
    }

    fn known(&self, pair: &Pair) -> Vec<Value> {
        let (ours, theirs) = self.both(pair);
        let mut rows = vec![error_row(pair, &ours, &theirs, Some(ERROR_MM))];
        if let Ok(theirs) = &theirs {
            let mut row = json!({
                "set": pair.name, "quantity": "time", "unit": "s", "peer": PEER,
                "peer_value": theirs.seconds, "method": "both images in memory, 2 threads",
            });
            add(&mut row, "ours", ours.map(|a| a.seconds));
            rows.push(row);
        }
        rows
    }

    /// Two modalities whose headers share a frame of reference: how far each finds from the identity, how
    /// far the middles of the tumour's masks lie apart, and how well each agrees with itself when the
    /// patient is moved by known transforms. Only the last is a truth: the other two are distances from the
    /// alignment by which the set's makers resampled the MR and copied the drawing.
    fn across(&self, pair: &Pair, masks: &score::Masks) -> Vec<Value> {
        let centre = moved::middle(&pair.moving);
        let moves: Vec<Rigid> = moved::transforms(pair.seed, self.settings.starts.clamp(2, 6))
            .iter()
            .map(|m| moved::about(centre, m))
            .collect();
        let mut pairs = vec![pair.clone()];
        pairs.extend(moves.iter().map(|m| pair.with_moving_carried(m)));
        let theirs = self.theirs(&pairs);
        let ours: Vec<_> = pairs.iter().map(|p| self.ours(p)).collect();
        let points = score::body_points(&pair.fixed, &pair.moving, &Rigid::identity());
        let judged = |answers: &[Result<Answer, String>]| -> Result<[f64; 3], String> {
            let own = answers[0].as_ref().map_err(String::clone)?;
            let from_header = score::error(&own.transform, &Rigid::identity(), &points).0;
            let tumour = masks.apart(&own.transform);
            let answered: Vec<f64> = moves
                .iter()
                .zip(&answers[1..])
                .filter_map(|(m, answer)| {
                    let found = &answer.as_ref().ok()?.transform;
                    Some(score::error(found, &own.transform.then(m), &points).0)
                })
                .collect();
            let mean = answered.iter().sum::<f64>() / answered.len() as f64;
            Ok([from_header, tumour, mean])
        };
        let refused = ours[1..].iter().filter(|a| a.is_err()).count();
        let (ours, theirs) = (judged(&ours), judged(&theirs));
        let header = masks.apart(&Rigid::identity());
        [
            (
                "from the header",
                "mean distance from the header's alignment, body points; the set's makers had aligned MR to \
                 CT rigidly and resampled it: another's answer, not the truth"
                    .to_owned(),
            ),
            (
                "tumour",
                format!(
                    "middles of the tumour in either image's mask apart; {header:.2} mm by the headers, one \
                     drawing carried by the makers' alignment"
                ),
            ),
            (
                "consistency",
                "moving image carried by known transforms (±15°, ±30 mm), no frame of reference in common: \
                 mean distance from the first answer carried along, where there is an answer"
                    .to_owned(),
            ),
        ]
        .into_iter()
        .enumerate()
        .map(|(n, (quantity, method))| {
            let ours = ours.as_ref().map(|v| v[n]).map_err(String::clone);
            let theirs = theirs.as_ref().map(|v| v[n]).map_err(String::clone);
            let is_ok = match (&ours, &theirs) {
                // Refusing every move is no agreement; the mean is then no number.
                (Ok(ours), Ok(theirs)) => ours <= theirs,
                (Ok(_), Err(_)) => true,
                (Err(_), _) => false,
            };
            let mut row = json!({
                "set": pair.name, "quantity": quantity, "unit": "mm", "method": method, "ok": is_ok,
            });
            if let Ok(theirs) = &theirs {
                row["limit"] = json!(theirs);
            }
            if n == 2 {
                row["refused"] = json!(refused);
            }
            add(&mut row, "ours", ours);
            add_peer(&mut row, theirs.as_ref().map(|v| *v));
            row
        })
        .collect()
    }

    fn starts(&self, name: &str, pairs: &[Pair]) -> Value {
        let failures = |answers: &[Result<Answer, String>]| {
            let failed = |(pair, answer): (&Pair, &Result<Answer, String>)| match answer {
                Ok(answer) => pair.error(&answer.transform).0 > FAILED_MM,
                Err(_) => true,
            };
            pairs.iter().zip(answers).filter(|p| failed(*p)).count()
        };
        let ours: Vec<_> = pairs.iter().map(|p| self.ours(p)).collect();
        let refused = ours.iter().filter(|a| a.is_err()).count();
        let theirs = self.theirs(pairs);
        let (n_ours, n_theirs) = (failures(&ours), failures(&theirs));
        let mut row = json!({
            "set": name, "quantity": "failed starts", "unit": format!("of {}", pairs.len()),
            "ours": n_ours, "refused": refused, "limit": 0, "ok": n_ours == 0,
            "method": "mean error above 5 mm, or refused; turned up to ±15° about each axis, shifted up to \
                       ±30 mm along each",
        });
        let no_peer = theirs.iter().all(Result::is_err);
        let reason = theirs.first().and_then(|a| a.as_ref().err());
        add_peer(
            &mut row,
            match (no_peer, reason) {
                (true, Some(reason)) => Err(reason),
                _ => Ok(n_theirs as f64),
            },
        );
        row
    }

    /// Whether a transform file means the same to SimpleITK.
    fn file(&self) -> Value {
        let mut row = json!({
            "set": "transform file, .tfm", "quantity": "points apart", "unit": "mm", "limit": 1e-6,
            "method": "eight corners of a cube of 1 m, by the program and by SimpleITK's ReadTransform; \
                       largest distance over 20 transforms",
        });
        let found = self.file_apart();
        row["ok"] = json!(found.as_ref().is_ok_and(|v| *v <= 1e-6));
        match found {
            Ok(apart) => {
                row["ours"] = json!(apart);
                row["peer"] = json!(PEER);
            }
            Err(reason) => {
                row["peer"] = json!(PEER);
                row["missing"] = json!(reason);
            }
        }
        row
    }

    fn file_apart(&self) -> Result<f64, String> {
        let corners = score::cube(500.0);
        let list: Vec<[f64; 3]> = corners.iter().map(|p| (*p).into()).collect();
        let points = self.settings.scratch.join("points.json");
        std::fs::write(&points, json!(list).to_string()).map_err(|e| e.to_string())?;
        let file = self.settings.scratch.join("transform.tfm");
        let mut apart = 0.0f64;
        for transform in moved::transforms(7, 20) {
            std::fs::write(&file, transform.to_itk_text()).map_err(|e| e.to_string())?;
            let arguments: [&OsStr; 3] = ["transform".as_ref(), file.as_ref(), points.as_ref()];
            let answer = peer(self.settings, self.script, &arguments)?;
            let theirs: Vec<crate::geometry::Point> =
                serde_json::from_value(answer).map_err(|e| e.to_string())?;
            for (p, q) in corners.iter().zip(theirs) {
                apart = apart.max(transform.apply(*p).distance(q).0);
            }
        }
        Ok(apart)
    }
}

fn answer(found: &Value) -> Result<Answer, String> {
    if let Some(reason) = found["error"].as_str() {
        return Err(reason.to_owned());
    }
    let rows: Vec<[f64; 4]> =
        serde_json::from_value(found["matrix"].clone()).map_err(|e| e.to_string())?;
    let [a, b, c] = rows[..] else {
        return Err("a matrix of other than three rows".to_owned());
    };
    Ok(Answer {
        transform: score::rigid([a, b, c]),
        seconds: found["seconds"].as_f64().unwrap_or(f64::NAN),
    })
}

fn reason_of(answer: &Result<Answer, String>) -> String {
    answer.as_ref().err().cloned().unwrap_or_default()
}

fn add(row: &mut Value, key: &str, value: Result<f64, String>) {
    match value {
        Ok(value) => row[key] = json!(value),
        Err(reason) => row["reason"] = json!(reason),
    }
}

fn add_peer(row: &mut Value, value: Result<f64, &String>) {
    row["peer"] = json!(PEER);
    match value {
        Ok(value) => row["peer_value"] = json!(value),
        Err(reason) => row["peer_reason"] = json!(reason),
    }
}

fn error_row(
    pair: &Pair,
    ours: &Result<Answer, String>,
    theirs: &Result<Answer, String>,
    limit: Option<f64>,
) -> Value {
    let mean = ours.as_ref().map(|a| pair.error(&a.transform));
    let mut row = json!({
        "set": pair.name, "quantity": "error of points", "unit": "mm", "limit": limit,
        "method": pair.method,
        "ok": mean.as_ref().is_ok_and(|(mean, _)| limit.is_none_or(|l| *mean <= l)),
    });
    add(&mut row, "ours", mean.map(|m| m.0).map_err(String::clone));
    if let Ok((_, max)) = mean {
        row["max"] = json!(max);
    }
    let theirs = theirs.as_ref().map(|a| pair.error(&a.transform));
    if let Ok((_, max)) = theirs {
        row["peer_max"] = json!(max);
    }
    add_peer(&mut row, theirs.map(|t| t.0));
    row
}
