//! `draft`: the narrative that a language model would write, from the facts of a workspace.

use serde_json::json;

use super::args::DraftArgs;
use super::audit::workspace_dir;
use super::output::{Failure, Output};
use super::session::{choose_patient, show, start};
use crate::app::Command;
use crate::draft::{Found, default_folder, find_one};
use crate::store::Access;

pub(super) fn draft(args: &DraftArgs) -> Result<Output, Failure> {
    let model = model(args)?;
    let workspace = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&workspace, Access::Write)?;
    session.settle();
    let patient = choose_patient(&session, args.patient.as_ref())?;
    show(&mut session, patient);
    session.send(Command::SetDraftExtent { long: args.long });
    session.send(Command::Draft { model });
    session.settle();
    match session.state().draft_of(patient) {
        Some(Ok(draft)) => {
            let p = &draft.provenance;
            let note = format!(
                "(unchecked draft by {}; {} facts read, {} did not fit; it enters no report)",
                p.model, p.facts, p.facts_left_out
            );
            let json = json!({
                "status": "unchecked draft", "text": draft.text, "is_cut": draft.is_cut,
                "provenance": p,
            });
            Ok(Output::new(format!("{}\n\n{note}", draft.text), json))
        }
        Some(Err((text, hint))) => Err(Failure::new("E-DRAFT", text).hint(hint)),
        None => {
            let said = session.state().messages().last();
            let (text, hint) = said.map_or(("nothing was written", ""), |m| (&m.text, &m.hint));
            Err(Failure::new("E-DRAFT", text).hint(hint))
        }
    }
}

fn model(args: &DraftArgs) -> Result<Found, Failure> {
    let installed = || find_one(&default_folder()?, args.model.as_os_str());
    let found = Found::at(&args.model).or_else(installed);
    found.ok_or_else(|| {
        Failure::new("E-MODEL-FILE", "there is no model of this name")
            .at(args.model.display())
            .hint("`oncotwin models list` names those that are installed.")
    })
}
