//! `bench tamper`, `bench record`, `bench load`, `bench segment`, `bench view`, `bench laleh`, `bench mice`,
//! `bench sbc` and `bench llm`.

mod aims;
mod csv_rows;
mod figure;
mod laleh;
mod llm;
mod load;
mod measured;
mod mice;
mod python;
mod sbc;
mod segment;
mod view;
mod words;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::args::{BenchArgs, BenchVerb};
use super::audit::store_failure;
use super::output::{self, Failure, Output};
use crate::store::{self, RecordFigures, Tampering};
use measured::Measured;

pub(super) fn bench(args: &BenchArgs) -> Result<Output, Failure> {
    let start = Instant::now();
    check_out(&args.verb)?;
    let scratch = match args.verb {
        BenchVerb::Load { .. } | BenchVerb::Segment { .. } | BenchVerb::View { .. } => {
            memory_folder()
        }
        _ => tempfile::tempdir(),
    }
    .map_err(|e| Failure::new("E-WRITE", e.to_string()).hint("TMPDIR names another folder."))?;
    let (name, text, rows, is_refusal) = match &args.verb {
        BenchVerb::Load {
            data,
            peers,
            repeats,
        } => {
            let data = data.clone().unwrap_or_else(shared_data);
            let rows = load::rows(&load::Settings {
                scratch: scratch.path(),
                data: &data,
                peers,
                repeats: *repeats,
            })?;
            ("load", load::table(&rows), rows, false)
        }
        BenchVerb::Segment {
            data,
            peers,
            out,
            tuning,
            largest,
        } => {
            let data = data.clone().unwrap_or_else(shared_data);
            let measured = segment::run(&segment::Settings {
                scratch: scratch.path(),
                data: &data,
                peers,
                only_tuning: *tuning,
                largest: *largest,
            })?;
            if let Some(out) = out {
                write_document(out, &measured.document)?;
            }
            ("segment", measured.document, measured.rows, false)
        }
        BenchVerb::View {
            data,
            peers,
            starts,
            pictures,
            registration,
            cycles,
            window,
            out,
        } => {
            let data = data.clone().unwrap_or_else(shared_data);
            let settings = view::Settings {
                scratch: scratch.path(),
                data: &data,
                peers,
                starts: *starts,
                has_pictures: !*registration,
                has_registration: !*pictures,
                cycles: *cycles,
            };
            let measured = view::run(&settings, window)?;
            if let Some(out) = out {
                write_document(out, &measured.document)?;
            }
            let rows = measured.rows;
            ("view", view::table(&rows), rows, false)
        }
        BenchVerb::Laleh { data, program, out } => {
            let data = data.clone().unwrap_or_else(shared_data);
            let measured = output::watched(|job| laleh::run(&data, *program, job))?;
            kept("laleh", measured, out.as_deref())?
        }
        BenchVerb::Mice {
            data,
            peers,
            without_ages,
            out,
        } => {
            let data = data.clone().unwrap_or_else(shared_data);
            let settings = mice::Settings {
                scratch: scratch.path(),
                data: &data,
                peers,
                has_ages: !*without_ages,
            };
            let measured = output::watched(|job| mice::run(&settings, job))?;
            kept("mice", measured, out.as_deref())?
        }
        BenchVerb::Sbc {
            draws,
            seed,
            second_seed,
            models,
            all_draws,
            peers,
            out,
        } => {
            let settings = sbc::Settings {
                scratch: scratch.path(),
                peers,
                draws: *draws,
                seeds: [*seed, *second_seed],
                models: models.clone(),
                all_draws: *all_draws,
            };
            let measured = output::watched(|job| sbc::run(&settings, job))?;
            kept("sbc", measured, out.as_deref())?
        }
        BenchVerb::Llm {
            model,
            mmproj,
            peers,
            rounds,
            prompt,
            new,
            out,
        } => {
            let rows = llm::rows(&llm::Settings {
                model,
                vision: mmproj.as_deref(),
                peers,
                rounds: (*rounds).max(1),
                tokens: [*prompt, *new].map(|n| n.clamp(1, 4096)),
            })?;
            if let Some(out) = out {
                write_document(out, &llm::document(&rows))?;
            }
            ("llm", llm::table(&rows), rows, false)
        }
        BenchVerb::Tamper { seed } => {
            let matrix = store::tamper(scratch.path(), *seed).map_err(store_failure)?;
            let rows = matrix.iter().map(|row| json!(row)).collect();
            let failed = matrix.iter().any(|row| !row.ok);
            ("tamper", table(&matrix), rows, failed)
        }
        BenchVerb::Record { gestures } => {
            let figures = store::bench_record(scratch.path(), *gestures).map_err(store_failure)?;
            let rows = figure_rows(&figures);
            ("record", figure_table(&rows), rows, false)
        }
    };
    let wall_s = start.elapsed().as_secs_f64();
    let machine = machine();
    Ok(Output {
        text: format!("{text}\n{machine}, {wall_s:.1} s\n"),
        json: json!({"bench": name, "machine": machine, "wall_s": wall_s, "rows": rows}),
        is_refusal,
    })
}

/// Refuses a document that could not be written, before minutes of measuring.
fn check_out(verb: &BenchVerb) -> Result<(), Failure> {
    let out = match verb {
        BenchVerb::Segment { out, .. }
        | BenchVerb::View { out, .. }
        | BenchVerb::Laleh { out, .. }
        | BenchVerb::Mice { out, .. }
        | BenchVerb::Sbc { out, .. }
        | BenchVerb::Llm { out, .. } => out,
        BenchVerb::Load { .. } | BenchVerb::Tamper { .. } | BenchVerb::Record { .. } => &None,
    };
    let Some(out) = out else { return Ok(()) };
    let folder = out.parent().filter(|f| !f.as_os_str().is_empty());
    let reason = if out.is_dir() {
        "it is a folder"
    } else if folder.is_some_and(|f| !f.is_dir()) {
        "its folder does not exist"
    } else {
        return Ok(());
    };
    Err(Failure::new("E-WRITE", reason)
        .at(out.display())
        .hint("--out names a file in a folder that exists."))
}

/// What a benchmark of the twin answers; its document is written where a file is named.
fn kept(
    name: &'static str,
    measured: Measured,
    out: Option<&Path>,
) -> Result<(&'static str, String, Vec<Value>, bool), Failure> {
    if let Some(out) = out {
        write_document(out, &measured.document)?;
    }
    Ok((name, measured.tables, measured.rows, false))
}

/// Writes figures with the machine that they are of.
fn write_document(out: &Path, document: &str) -> Result<(), Failure> {
    let text = format!("{document}\nMeasured on {}{}.\n", machine(), load_average());
    std::fs::write(out, text).map_err(|e| {
        Failure::new("E-WRITE", e.to_string())
            .at(out.display())
            .hint("--out names a file that can be written.")
    })
}

/// How busy the machine was in the last minute, where the system tells.
fn load_average() -> String {
    let about = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let last = about.split_whitespace().next();
    last.map_or_else(String::new, |load| format!(", load average {load}"))
}

/// The image sets among the shared data.
fn shared_data() -> PathBuf {
    std::env::var_os("ONCOTWIN_SHARED")
        .map_or_else(|| "../shared".into(), PathBuf::from)
        .join("data")
}

/// A folder in memory where there is one, so that disks play no part.
fn memory_folder() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return Ok(folder);
    }
    tempfile::tempdir()
}

fn table(matrix: &[Tampering]) -> String {
    let mut text = String::new();
    for row in matrix {
        let found: Vec<&str> = row.found_by.keys().map(String::as_str).collect();
        let mut verdict = found.join(", ");
        if row.tried > 1 {
            verdict = format!(
                "{} of {} found ({verdict}), {} harmless",
                row.found, row.tried, row.harmless
            );
        }
        if row.found == 0 {
            verdict = match row.excuse {
                Some(reason) => format!("not detectable: {reason}"),
                None => "NOT FOUND".to_owned(),
            };
        } else if !row.ok {
            verdict.push_str(" – NOT ALL FOUND");
        }
        text.push_str(&format!("{} | {} | {verdict}\n", row.what, row.place));
    }
    let missed = matrix.iter().filter(|row| !row.ok).count();
    let excused = matrix.iter().filter(|row| row.found == 0 && row.ok).count();
    text.push_str(&format!(
        "{} tamperings: {} found, {excused} not detectable for the reason given, {missed} missed\n",
        matrix.len(),
        matrix.len() - excused - missed
    ));
    text
}

/// Limits are those that the program sets itself for 100 000 gestures.
fn figure_rows(f: &RecordFigures) -> Vec<Value> {
    let row = |quantity: &str, value: f64, unit: &str, limit: Option<f64>, method: &str| {
        json!({
            "quantity": quantity, "value": value, "unit": unit, "limit": limit, "method": method,
        })
    };
    let mut rows = vec![
        row(
            "gestures",
            f.gestures as f64,
            "1",
            None,
            "20 patients; draw, move, move, undo; masks follow",
        ),
        row(
            "entries",
            f.entries as f64,
            "1",
            None,
            "audit entries at the end",
        ),
        row(
            "fill",
            f.fill_s,
            "s",
            None,
            "commits queued, up to 512 waiting",
        ),
        row(
            "open",
            f.open_s,
            "s",
            Some(1.0),
            "median of 3, all records loaded",
        ),
        row(
            "undo, median",
            f.undo_median_ms,
            "ms",
            Some(50.0),
            "parse what takes a step back, apply it in memory, commit it; 200 times",
        ),
        row("undo, 95 %", f.undo_p95_ms, "ms", Some(50.0), "same"),
        row(
            "steps, median",
            f.steps_median_ms,
            "ms",
            None,
            &format!(
                "reading {} steps when the patient is shown",
                f.steps_of_patient
            ),
        ),
        row(
            "verify",
            f.verify_entries_per_s,
            "entries/s",
            Some(20_000.0),
            "all checks, with replay",
        ),
        row(
            "growth",
            f.bytes_per_gesture,
            "bytes/gesture",
            None,
            "database file, masks' rows with it",
        ),
        row(
            "database",
            f.database_bytes as f64,
            "bytes",
            None,
            "after filling",
        ),
    ];
    rows.push(json!({
        "quantity": "commit", "value": f.commits_per_s, "unit": "commits/s", "limit": null,
        "method": "one gesture at a time, waited for; record, audit entry, journal, both anchors",
        "peer": "bare SQLite, same settings, one INSERT of the same bytes per transaction",
        "peer_value": f.peer_commits_per_s, "peer_bytes": f.peer_bytes,
        "ratio": f.commits_per_s / f.peer_commits_per_s,
    }));
    rows
}

fn figure_table(rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        let limit = row["limit"]
            .as_f64()
            .map_or_else(String::new, |l| format!(" (limit {l})"));
        text.push_str(&format!(
            "{:<14} {:>14.3} {}{limit} – {}\n",
            word("quantity"),
            number("value"),
            word("unit"),
            word("method"),
        ));
        if row["peer"].is_string() {
            text.push_str(&format!(
                "{:<14} {:>14.3} {} – {}; ratio {:.2}\n",
                "  peer",
                number("peer_value"),
                word("unit"),
                word("peer"),
                number("ratio"),
            ));
        }
    }
    text
}

/// Processor, cores and system, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let build = if cfg!(debug_assertions) {
        "debug build"
    } else {
        "release build"
    };
    format!("{model}, {cores} cores, {}, {build}", std::env::consts::OS)
}
