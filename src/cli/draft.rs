//! `draft`: the narrative that a language model would write, from the facts of a workspace.

use serde_json::json;

use super::args::DraftArgs;
use super::audit::workspace_dir;
use super::output::{Failure, Output};
use super::session::{choose_patient, show, start};
use crate::app::{Command, Session};
use crate::case::SeriesId;
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
    if args.describe {
        let series = shown_series(&mut session, args.visit)?;
        session.send(Command::Describe { model, series });
    } else {
        session.send(Command::Draft { model });
    }
    session.settle();
    let state = session.state();
    let written = if args.describe {
        state.description_of(patient)
    } else {
        state.draft_of(patient)
    };
    match written {
        Some(Ok(draft)) => {
            let p = &draft.provenance;
            let (status, note) = if args.describe {
                let note = format!(
                    "(experiment by {}, no finding; it enters no report)",
                    p.model
                );
                ("experiment, no finding", note)
            } else {
                let note = format!(
                    "(unchecked draft by {}; {} facts read, {} did not fit; it enters no report)",
                    p.model, p.facts, p.facts_left_out
                );
                ("unchecked draft", note)
            };
            let json = json!({
                "status": status, "text": draft.text, "is_cut": draft.is_cut, "provenance": p,
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

/// The series that a time point shows, at the first lesion.
fn shown_series(session: &mut Session, visit: Option<usize>) -> Result<SeriesId, Failure> {
    let first = session
        .view()
        .patient
        .and_then(|p| p.lesions.first().map(|l| l.id));
    session.send(Command::SelectLesion { lesion: first });
    session.settle();
    let columns = session
        .view()
        .patient
        .map(|p| p.columns)
        .unwrap_or_default();
    let shown: Vec<Option<SeriesId>> = columns
        .iter()
        .map(|column| Some(column.series.iter().find(|tab| tab.shown)?.id))
        .collect();
    let series = match visit {
        Some(n) => n
            .checked_sub(1)
            .and_then(|n| shown.get(n).copied().flatten()),
        None => shown.iter().rev().flatten().next().copied(),
    };
    series.ok_or_else(|| {
        Failure::new("E-DRAFT", "there is no image at this time point")
            .hint("--visit counts the patient's time points from 1.")
    })
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
