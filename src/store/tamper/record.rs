//! The small record that is tampered with.

use std::path::Path;

use jiff::Timestamp;

use super::{Scene, copy_folder};
use crate::store::error::Error;
use crate::store::{Access, OpenOptions, Refusal, Rehearsal, RehearsedAct, Workspace};

/// Makes the record and the states that tampering begins with.
pub(super) fn make(scratch: &Path) -> Result<Scene, Error> {
    let mut scene = Scene {
        case: scratch.join("case"),
        keys: scratch.join("keys"),
        model: scratch.join("model"),
        older: scratch.join("older"),
        open: scratch.join("open"),
        head: String::new(),
    };
    let acts = acts().map_err(|refusal| Error::Refused(refusal.to_string()))?;
    let keep = |state: &Path| {
        copy_folder(&scene.case, &state.join("case"))?;
        copy_folder(&scene.keys, &state.join("keys"))
    };
    let early = acts.len() / 2;
    let workspace = open(&scene)?;
    for act in &acts[..early] {
        act.perform(&workspace)?;
    }
    drop(workspace);
    keep(&scene.older)?;
    let workspace = open(&scene)?;
    for act in &acts[early..] {
        act.perform(&workspace)?;
    }
    keep(&scene.open)?;
    drop(workspace);
    keep(&scene.model)?;
    // Another user, with a workspace and a key of their own.
    let other = OpenOptions {
        anchors: Some(scratch.join("other")),
        ..options(&scene)
    };
    drop(Workspace::open(&scratch.join("elsewhere"), other)?);
    let (workspace, _) = Workspace::open(
        &scene.model.join("case"),
        OpenOptions {
            access: Access::Read,
            ..options(&scene)
        },
    )?;
    scene.head = workspace.audit_head();
    Ok(scene)
}

fn options(scene: &Scene) -> OpenOptions {
    OpenOptions {
        clock: Box::new(|| Timestamp::UNIX_EPOCH),
        app_version: "rehearsal".to_owned(),
        anchors: Some(scene.keys.clone()),
        access: Access::Write,
        file_system: None,
    }
}

fn open(scene: &Scene) -> Result<Workspace, Error> {
    Ok(Workspace::open(&scene.case, options(scene))?.0)
}

fn acts() -> Result<Vec<RehearsedAct>, Refusal> {
    let mut r = Rehearsal::new(1);
    let mut acts = vec![r.enter_reader("Dr Rehearsal")?];
    let (patient, act) = r.enter_patient("Alice^Kept")?;
    acts.push(act);
    let (gone, act) = r.enter_patient("Zacharias^Erased")?;
    acts.push(act);
    let (theirs, act) = r.import(gone)?;
    acts.push(act);
    let (_, their_mark, act) = r.draw(theirs, None)?;
    acts.push(act);
    acts.push(r.mask(their_mark, 18)?);
    let (series, act) = r.import(patient)?;
    acts.push(act);
    let (lesion, mark, act) = r.draw(series, None)?;
    acts.push(act);
    acts.push(r.mask(mark, 12)?);
    acts.push(r.look(series, 7)?);
    acts.push(r.erase(gone)?);
    acts.push(r.treat(patient)?);
    acts.push(r.measure_length(series)?);
    let (later, act) = r.import(patient)?;
    acts.push(act);
    let (_, second, act) = r.draw(later, Some(lesion))?;
    acts.push(act);
    acts.push(r.mask(second, 15)?);
    acts.push(r.adjust(mark, 14.5)?);
    if let Some(act) = r.undo()? {
        acts.push(act);
    }
    acts.push(r.sign(series)?);
    acts.push(r.adjust(second, 15.5)?);
    acts.push(r.mask(second, 16)?);
    Ok(acts)
}
