//! `audit verify` and `audit export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::args::{AuditArgs, AuditVerb, TrailFormat};
use super::output::{Failure, Output};
use crate::audit_export::{self, Format};
use crate::case::{AuditAction, AuditNote, StepId, Transaction};
use crate::store::{self, Access, OpenOptions, VerifyReport, Which, Workspace};

/// The workspace that was named, or the platform's.
pub(super) fn workspace_dir(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    named.map_or_else(
        || Workspace::default_dir().map_err(store_failure),
        |dir| Ok(dir.clone()),
    )
}

pub(super) fn store_failure(error: store::Error) -> Failure {
    let code = match error {
        store::Error::Locked { .. } => "E-LOCKED",
        _ => "E-STORE",
    };
    Failure::new(code, error.to_string())
}

pub(super) fn audit(args: &AuditArgs) -> Result<Output, Failure> {
    match &args.verb {
        AuditVerb::Verify { workspace, head } => {
            let dir = workspace_dir(workspace.as_ref())?;
            verify(&dir, head.as_deref())
        }
        AuditVerb::Export {
            workspace,
            format,
            out,
        } => {
            let dir = workspace_dir(workspace.as_ref())?;
            let format = match format {
                TrailFormat::Csv => Format::Csv,
                TrailFormat::Json => Format::Json,
                TrailFormat::Dicom => Format::Dicom,
            };
            export(&dir, format, out)
        }
    }
}

fn verify(dir: &Path, head: Option<&str>) -> Result<Output, Failure> {
    let options = store::VerifyOptions {
        anchors: store::default_anchor_folder(),
        head: head.map(str::to_ascii_lowercase),
    };
    let report =
        store::verify(dir, &options).map_err(|error| store_failure(error).at(dir.display()))?;
    let mut text = format!("{} entries, head {}\n", report.entries, report.head);
    text.push_str(&checks(&report));
    for defect in &report.defects {
        let seq = defect
            .seq
            .map(|n| format!("entry {n}: "))
            .unwrap_or_default();
        text.push_str(&format!("{seq}{}\n", defect.message));
    }
    text.push_str(if report.ok {
        "The audit trail is whole.\n"
    } else {
        "The audit trail is NOT whole.\n"
    });
    Ok(Output {
        text,
        json: json!(report),
        is_refusal: !report.ok,
    })
}

/// Which checks were made; what was not checked proves nothing.
fn checks(report: &VerifyReport) -> String {
    let replay = match report.rows_compared {
        Some(rows) => format!(
            "{} changes replayed, {rows} rows of the record compared with them",
            report.replayed
        ),
        None => {
            "not replayed: an older version wrote this trail; open the workspace once".to_owned()
        }
    };
    let anchors = match report.anchors {
        0 => "none of this user's; a cut end of the trail would not be seen".to_owned(),
        n => format!("{n} compared"),
    };
    let head = match report.head_found_at {
        Some(seq) => format!("the printed hash is that of entry {seq}\n"),
        None => String::new(),
    };
    format!(
        "chain and journals: every hash recomputed, {} journals erased with their patients\n\
         record: {replay}\n\
         anchors: {anchors}\n\
         artifacts: {} hashed\n\
         database: integrity and schema checked\n{head}",
        report.erased, report.artifacts
    )
}

/// Writes the trail to `out` in one step, and enters into the trail that it was read out.
fn export(dir: &Path, format: Format, out: &Path) -> Result<Output, Failure> {
    // Opening founds a workspace where there is none; reading refuses.
    let no_entry = Which::Seq(0);
    store::Query::new(dir)
        .entries(&no_entry)
        .map_err(|error| store_failure(error).at(dir.display()))?;
    let options = OpenOptions {
        clock: Box::new(Timestamp::now),
        app_version: crate::app::VERSION.to_owned(),
        anchors: store::default_anchor_folder(),
        access: Access::WriteOrRead,
        file_system: None,
    };
    let (workspace, opened) =
        Workspace::open(dir, options).map_err(|error| store_failure(error).at(dir.display()))?;
    let written = write(&workspace, format, out)?;
    let is_logged = opened.read_only.is_none();
    if is_logged {
        let note = AuditNote::new(
            "audit.export",
            AuditAction::R,
            "session",
            workspace.session(),
        )
        .detail(json!({
            "format": format.name(), "entries": written.entries, "sha256": written.sha256,
        }));
        let transaction = Transaction {
            id: StepId(Uuid::now_v7()),
            changes: Vec::new(),
            inverse: Vec::new(),
            audit: Some(note),
        };
        workspace
            .commit_now(transaction)
            .map_err(|error| store_failure(error).at(dir.display()))?;
    }
    let mut text = format!(
        "{} entries in {}, SHA-256 {}\n",
        written.entries,
        out.display(),
        written.sha256
    );
    for alert in &opened.alerts {
        text.push_str(&format!("{alert}\n"));
    }
    if let Some(reason) = &opened.read_only {
        text.push_str(&format!(
            "The export is not in the trail itself: {reason}\n"
        ));
    }
    let json = json!({
        "out": out, "format": format.name(), "entries": written.entries, "sha256": written.sha256,
        "logged": is_logged, "alerts": opened.alerts,
    });
    Ok(Output::new(text, json))
}

struct Written {
    entries: u64,
    sha256: String,
}

/// Hashes what passes.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn write(workspace: &Workspace, format: Format, out: &Path) -> Result<Written, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new("E-WRITE", error.to_string())
            .at(out.display())
            .hint("Nothing was written; choose a folder that can be written and has space.")
    };
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    let mut target = Hashing {
        inner: BufWriter::new(file),
        hasher: Sha256::new(),
    };
    let mut entries = 0;
    let mut put = |text: Result<String, audit_export::Error>| {
        let text = text.map_err(|e| Failure::new("E-TRAIL", e.to_string()))?;
        target.write_all(text.as_bytes()).map_err(|e| failed(&e))
    };
    let mut outcome = put(audit_export::opening(format));
    workspace
        .query()
        .visit(&Which::All, |entry| {
            if outcome.is_ok() {
                entries += 1;
                outcome = put(audit_export::line(format, &entry));
            }
        })
        .map_err(|error| store_failure(error).at(workspace.dir().display()))?;
    outcome?;
    let file = target.inner.into_inner().map_err(|e| failed(&e))?;
    file.as_file().sync_all().map_err(|e| failed(&e))?;
    file.persist(out).map_err(|e| failed(&e))?;
    if cfg!(unix) {
        File::open(folder)
            .and_then(|dir| dir.sync_all())
            .map_err(|e| failed(&e))?;
    }
    let digest = target.hasher.finalize();
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Written { entries, sha256 })
}
