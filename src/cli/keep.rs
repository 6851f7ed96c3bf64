//! `backup`, `restore`, `salvage` and `crashes`: keeping and getting back what was recorded.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::args::{BackupArgs, CrashVerb, CrashesArgs, RestoreArgs, SalvageArgs};
use super::audit::workspace_dir;
use super::output::{Failure, Output};
use crate::app::VERSION;
use crate::case::{AuditAction, AuditNote, StepId, Transaction};
use crate::crash;
use crate::jobs::JobContext;
use crate::store::{self, Access, Error, Gap, OpenOptions, Workspace};

fn failure(error: Error, at: &Path) -> Failure {
    let hint = match &error {
        Error::Damaged { .. } => "`oncotwin salvage` copies what can be read into a new workspace.",
        _ => "",
    };
    Failure::new(error.code(), error.to_string())
        .at(at.display())
        .hint(hint)
}

/// Enters what was done to a workspace into its audit trail; whether that could be done (it may be
/// open elsewhere, or lie where nothing can be written).
fn enter(dir: &Path, event: &str, detail: serde_json::Value) -> bool {
    let options = OpenOptions {
        clock: Box::new(Timestamp::now),
        app_version: VERSION.to_owned(),
        anchors: store::default_anchor_folder(),
        access: Access::Write,
        file_system: None,
    };
    let note = AuditNote::new(event, AuditAction::E, "workspace", "").detail(detail);
    let transaction = Transaction {
        id: StepId(Uuid::now_v7()),
        changes: Vec::new(),
        inverse: Vec::new(),
        audit: Some(note),
    };
    let entered =
        Workspace::open(dir, options).and_then(|(workspace, _)| workspace.commit_now(transaction));
    if let Err(error) = &entered {
        tracing::warn!("{event} was not entered into the audit trail: {error}");
    }
    entered.is_ok()
}

/// A report with whether it is in the audit trail.
fn with_trail(report: impl serde::Serialize, entered: bool) -> serde_json::Value {
    let mut json = json!(report);
    json["in_audit_trail"] = entered.into();
    json
}

const NOT_ENTERED: &str = "This could not be entered into the audit trail.\n";

/// One line for each artifact that is not there.
fn gaps(missing: &[Gap]) -> String {
    missing
        .iter()
        .map(|gap| format!("artifact {}: {}\n", gap.sha256, gap.reason))
        .collect()
}

pub(super) fn backup(args: &BackupArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let job = JobContext::default();
    let report = store::backup(&dir, &args.out, VERSION, Timestamp::now(), &job)
        .map_err(|error| failure(error, &dir))?;
    let mut text = format!(
        "{} bytes written to {}: {} audit entries, head {}, {} artifacts\n",
        report.bytes,
        report.path.display(),
        report.audit_entries,
        report.audit_head,
        report.artifacts
    );
    if !report.complete {
        text.push_str("The backup is NOT complete:\n");
        text.push_str(&gaps(&report.missing));
    }
    let detail = json!({"head": report.audit_head, "complete": report.complete});
    let entered = enter(&dir, "backup.make", detail);
    if !entered {
        text.push_str(NOT_ENTERED);
    }
    Ok(Output {
        text,
        json: with_trail(&report, entered),
        is_refusal: !report.complete,
    })
}

pub(super) fn restore(args: &RestoreArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let report = store::restore(&args.backup, &dir, &JobContext::default())
        .map_err(|error| failure(error, &args.backup))?;
    let mut text = format!(
        "The backup of {} was restored to {}: {} audit entries, head {}, {} artifacts\n",
        report.created,
        report.dir.display(),
        report.audit_entries,
        report.audit_head,
        report.artifacts
    );
    if !report.complete {
        text.push_str("It did not hold everything:\n");
        text.push_str(&gaps(&report.missing));
    }
    // Whoever restores on purpose is not to be told that an older copy stands here.
    if let Some(folder) = store::default_anchor_folder() {
        store::forget_anchors(&dir, &folder).map_err(|error| failure(error, &folder))?;
    }
    let detail = json!({"head": report.audit_head, "complete": report.complete});
    let entered = enter(&dir, "workspace.restore", detail);
    if !entered {
        text.push_str(NOT_ENTERED);
    }
    Ok(Output {
        text,
        json: with_trail(&report, entered),
        is_refusal: !report.complete,
    })
}

pub(super) fn salvage(args: &SalvageArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let report = store::salvage(&dir, &args.out, &JobContext::default())
        .map_err(|error| failure(error, &dir))?;
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("found: {finding}\n"));
    }
    text.push_str(&format!(
        "{:<26}{:>9}{:>9}{:>10}  lost\n",
        "table", "read", "written", "left out"
    ));
    for table in &report.tables {
        let lost = match (table.lost, table.more_may_be_lost) {
            (lost, false) => lost.to_string(),
            (0, true) => "an unknown number".to_owned(),
            (lost, true) => format!("{lost} and an unknown number more"),
        };
        text.push_str(&format!(
            "{:<26}{:>9}{:>9}{:>10}  {lost}\n",
            table.name, table.read, table.written, table.left_out
        ));
    }
    text.push_str(&format!("{} artifacts copied\n", report.artifacts));
    text.push_str(&gaps(&report.missing));
    if report.new_identity {
        text.push_str("The id of the workspace was lost; it has a new one.\n");
    }
    text.push_str(&format!(
        "{} {}\n",
        if report.whole {
            "Nothing is known to be lost. The copy is in"
        } else {
            "What could be read is in"
        },
        report.dir.display()
    ));
    let detail = json!({"whole": report.whole});
    let entered = enter(&args.out, "workspace.salvage", detail);
    if !entered {
        text.push_str(NOT_ENTERED);
    }
    Ok(Output::new(text, with_trail(&report, entered)))
}

pub(super) fn crashes(args: &CrashesArgs) -> Result<Output, Failure> {
    let settled = |path: &Path, keep: bool| {
        crash::settle(path, keep)
            .map_err(|error| Failure::new("E-CRASH", error.to_string()).at(path.display()))?;
        let done = if keep { "kept" } else { "deleted" };
        Ok(Output::new(
            format!("{} was {done}", path.display()),
            json!({"path": path, "done": done}),
        ))
    };
    match &args.verb {
        CrashVerb::List => list(),
        CrashVerb::Show { path } => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::new("E-CRASH", error.to_string()).at(path.display()))?;
            let json = json!({"path": path, "text": text});
            Ok(Output::new(text, json))
        }
        CrashVerb::Keep { path } => settled(path, true),
        CrashVerb::Delete { path } => settled(path, false),
    }
}

fn list() -> Result<Output, Failure> {
    let dir = crash::default_dir().ok_or_else(|| {
        Failure::new("E-NO-HOME", "no folder for crash reports is known")
            .hint("Set ONCOTWIN_CRASH_DIR to the folder.")
    })?;
    let reports = crash::pending(&dir);
    let mut text = String::new();
    for report in &reports {
        text.push_str(&format!(
            "{}  {}\n    {}\n",
            report.created,
            report.summary,
            report.path.display()
        ));
    }
    if reports.is_empty() {
        text.push_str("There is no crash report that was not dealt with.\n");
    }
    let listed: Vec<_> = reports
        .iter()
        .map(|r| json!({"path": r.path, "created": r.created, "summary": r.summary}))
        .collect();
    Ok(Output::new(text, json!({"dir": dir, "reports": listed})))
}
