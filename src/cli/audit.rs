//! `audit verify`.

use std::path::PathBuf;

use serde_json::json;

use super::args::{AuditArgs, AuditVerb};
use super::output::{Failure, Output};
use crate::store::{self, Workspace};

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
    let AuditVerb::Verify { workspace, head } = &args.verb;
    let dir = workspace_dir(workspace.as_ref())?;
    let options = store::VerifyOptions {
        anchors: store::default_anchor_folder(),
        head: head.as_ref().map(|h| h.to_ascii_lowercase()),
    };
    let report =
        store::verify(&dir, &options).map_err(|error| store_failure(error).at(dir.display()))?;
    let mut text = format!("{} entries, head {}\n", report.entries, report.head);
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
