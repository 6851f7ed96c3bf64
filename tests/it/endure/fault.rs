//! Failing calls: `tests/fault/fault.c` makes them fail, this says which.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Plot, Role, Run, Transcript, check, for_each};

/// One fault to make.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault {
    library: PathBuf,
    /// Number of the call that fails, from 1; 0 for none.
    at: usize,
    errno: i32,
    /// So do all calls after it.
    lasts: bool,
}

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

impl Fault {
    pub(super) fn load(&self, command: &mut Command, root: &Path, log: &Path) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("ONCOTWIN_FAULT_DIR", root)
            .env("ONCOTWIN_FAULT_LOG", log)
            .env("ONCOTWIN_FAULT_AT", self.at.to_string())
            .env("ONCOTWIN_FAULT_ERRNO", self.errno.to_string())
            .env("ONCOTWIN_FAULT_LASTS", u8::from(self.lasts).to_string());
    }
}

/// The library, compiled once; `None`, said aloud, where it cannot be.
fn library() -> Option<PathBuf> {
    static BUILT: OnceLock<Result<(tempfile::TempDir, PathBuf), String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        if !cfg!(all(
            target_os = "linux",
            any(target_arch = "x86_64", target_arch = "aarch64")
        )) {
            return Err("the fault layer is for Linux on x86-64 and arm64".to_owned());
        }
        let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
        let library = dir.path().join("fault.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fault/fault.c");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(&compiler)
            .args([
                "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
            ])
            .args([&library, &source])
            .output()
            .map_err(|e| format!("no C compiler ({compiler:?}): {e}"))?;
        // What is there but does not compile is a failure, not a lack.
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok((dir, library))
    });
    match built {
        Ok((_, library)) => Some(library.clone()),
        Err(why) => {
            crate::common::skipped(why);
            None
        }
    }
}

/// Errors that the user may meet when a call fails.
const CODES: &[&str] = &[
    "E-DISK-FULL",
    "E-IO",
    "E-DATABASE",
    "E-READ-ONLY",
    "E-ANCHOR",
    // A backup that was finished when its folder could not be synced any more.
    "E-EXISTS",
];

/// Says what is wrong with an error; `None` when the user can understand it: what was being done,
/// where, and what to do.
fn not_understandable(root: &Path, code: &str, text: &str) -> Option<String> {
    let root = root.display().to_string();
    let complaint = if !CODES.contains(&code) {
        "an unexpected code"
    } else if !text.contains(&root) {
        "does not say where"
    } else if !["; ", ": free "].iter().any(|word| text.contains(word)) {
        "does not say what to do"
    } else if text.contains("panicked") || text.contains("Err(") || text.contains("Some(") {
        "speaks of the inside of the program"
    } else {
        return None;
    };
    Some(format!("{code}: {text:?} is {complaint}"))
}

fn disturbed(plot: &Plot, fault: &Fault) -> Result<Transcript, String> {
    let mut run = Run::start(plot, Some(fault));
    let transcript = run.end();
    let root = run.root();
    let call = transcript.calls.get(fault.at.saturating_sub(1));
    let here = |what: &str| format!("{fault:?} at {call:?}: {what}");
    if !transcript.status.success() {
        return Err(here(&format!("ended with {}", transcript.status)));
    }
    let checked = std::panic::catch_unwind(|| check(plot, &root, &transcript));
    checked.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        here(&format!("{text} after {:?}", transcript.errors))
    })?;
    let complaints: Vec<String> = transcript
        .errors
        .iter()
        .filter_map(|(code, text)| not_understandable(&root, code, text))
        .collect();
    if !complaints.is_empty() {
        return Err(here(&complaints.join("; ")));
    }
    // One failure must not stop the work; a lasting one may, but must then be told.
    if !transcript.finished && !fault.lasts {
        return Err(here(&format!("gave up after {:?}", transcript.errors)));
    }
    if !transcript.finished && transcript.errors.is_empty() {
        return Err(here("gave up and said nothing"));
    }
    Ok(transcript)
}

fn every_call_fails(role: Role) {
    let Some(library) = library() else {
        return;
    };
    let plot = Plot::new(role);
    let none = Fault {
        library,
        ..Fault::default()
    };
    let undisturbed = disturbed(&plot, &none).unwrap();
    let calls = undisturbed.calls.len();
    assert!(undisturbed.finished && calls > 50, "{calls} calls");
    let ways = [(ENOSPC, false), (EIO, true), (EIO, false), (ENOSPC, true)];
    // Each call in one way, its neighbours of the same kind in the others; or each in all ways.
    let in_all_ways = std::env::var("ONCOTWIN_FAULTS").is_ok_and(|v| v == "all");
    let runs = if in_all_ways {
        calls * ways.len()
    } else {
        calls
    };
    for_each(0..runs, |n| {
        let (errno, lasts) = ways[(n / calls + n) % ways.len()];
        let fault = Fault {
            at: n % calls + 1,
            errno,
            lasts,
            ..none.clone()
        };
        disturbed(&plot, &fault).map(drop)
    });
    eprintln!("{calls} calls, {runs} runs");
}

/// `ONCOTWIN_FAULTS=all` makes every call fail in all four ways.
#[test]
fn every_call_of_a_session_may_fail() {
    every_call_fails(Role::Session);
}

#[test]
fn every_call_of_a_session_on_a_network_file_system_may_fail() {
    every_call_fails(Role::Rollback);
}

#[test]
fn every_call_of_a_backup_may_fail() {
    every_call_fails(Role::Backup);
}

#[test]
fn every_call_of_a_migration_may_fail() {
    every_call_fails(Role::Migration);
}
