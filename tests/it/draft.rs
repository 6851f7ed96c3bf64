//! Drafts by language models: through the session that the window has, with a model of random weights,
//! and with the real one of 270 million where it is at hand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use oncotwin::app::view::DraftState;
use oncotwin::app::{Command, Session};
use oncotwin::audit_export::{self, line};
use oncotwin::draft::{Found, Read};
use oncotwin::report::Format;
use oncotwin::store::{Query, Which};

use crate::common;
use crate::review;
use crate::tiny_model;

/// A patient with a measured lesion.
fn measured(dir: &Path) -> Session {
    let mut session = review::session(&dir.join("case"));
    review::measure_first_lesion(&mut session, dir);
    session
}

fn tiny(dir: &Path) -> Found {
    tiny_model::write(&dir.join("models/tiny"));
    Found::at(&dir.join("models/tiny")).unwrap()
}

fn text_of(session: &Session) -> String {
    let patient = session.state().shown_patient().unwrap();
    let draft = session.state().draft_of(patient).unwrap();
    draft.unwrap().text.clone()
}

fn draft(session: &mut Session, model: &Found) {
    let model = model.clone();
    session.send(Command::Draft { model });
    session.settle();
}

fn failure(session: &Session) -> String {
    let patient = session.state().shown_patient().unwrap();
    let draft = session.state().draft_of(patient).unwrap();
    draft.unwrap_err().0.to_owned()
}

/// What the audit trail says of an event, in order.
fn trail(case: &Path, event: &str) -> Vec<String> {
    let entries = Query::new(case).entries(&Which::All).unwrap();
    let of_event = entries.iter().filter(|entry| entry.event == event);
    of_event
        .map(|entry| line(audit_export::Format::Json, entry).unwrap())
        .collect()
}

/// Everything that was written into a folder.
fn written(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(written(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files
}

#[test]
fn a_draft_is_written_noted_and_kept_out_of_reports() {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny(dir.path());
    let mut session = measured(dir.path());
    draft(&mut session, &model);
    let first = text_of(&session);
    assert!(!first.is_empty());
    let patient = session.state().shown_patient().unwrap();
    let made = session.state().draft_of(patient).unwrap().unwrap();
    let p = made.provenance.clone();
    assert_eq!((p.model.as_str(), p.prompt), ("tiny", "draft-1"));
    assert_eq!(p.weights.len(), 1);
    assert_eq!((p.weights[0].sha256.len(), p.known_tokens), (64, 0));
    assert!(p.facts > 0 && p.prompt_tokens <= 900, "{p:?}");

    // What was read before is not read again, and changes nothing.
    draft(&mut session, &model);
    assert_eq!(text_of(&session), first);
    let made = session.state().draft_of(patient).unwrap().unwrap();
    assert!(made.provenance.known_tokens > 100, "{:?}", made.provenance);
    assert_eq!(made.provenance.text_sha256, p.text_sha256);

    // With more facts it is another prompt.
    session.send(Command::SetDraftExtent { long: true });
    draft(&mut session, &model);
    let long = session.state().draft_of(patient).unwrap().unwrap();
    assert!(long.provenance.facts > p.facts, "{:?}", long.provenance);
    session.send(Command::SetDraftExtent { long: false });
    draft(&mut session, &model);

    let out = dir.path().join("report");
    session.send(Command::Export {
        dir: out.clone(),
        formats: vec![Format::Html, Format::Md, Format::Csv],
    });
    session.settle();
    let files = written(&out);
    assert!(files.len() >= 3);
    let start: String = first.chars().take(20).collect();
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&start), "{} has the draft", path.display());
    }

    // The trail notes that it was made, and how, and nothing of what it says.
    let noted = trail(&dir.path().join("case"), "draft.make");
    let of_draft = noted.first().unwrap();
    assert!(of_draft.contains(&p.text_sha256), "{of_draft}");
    assert!(of_draft.contains("\"place\":\"cpu\"") && of_draft.contains("draft-1"));
    assert!(!of_draft.contains(&start));
    session.send(Command::DropDraft);
    assert!(session.state().draft_of(patient).is_none());
    drop(session);
    let report = oncotwin::store::verify(
        &dir.path().join("case"),
        &oncotwin::store::VerifyOptions::default(),
    )
    .unwrap();
    assert!(report.ok, "{report:?}");
}

#[test]
fn a_model_that_sees_is_shown_the_largest_lesion() {
    let dir = tempfile::tempdir().unwrap();
    tiny_model::write_seeing(&dir.path().join("models/seeing"));
    let model = Found::at(&dir.path().join("models/seeing")).unwrap();
    let mut session = measured(dir.path());
    draft(&mut session, &model);
    let patient = session.state().shown_patient().unwrap();
    let made = session.state().draft_of(patient).unwrap().unwrap();
    let p = &made.provenance;
    assert!(!p.images.is_empty(), "{p:?}");
    assert!(p.images.iter().all(|hash| hash.len() == 64));
    assert!(p.facts > 0 && !made.text.is_empty());
}

#[test]
fn a_description_is_off_until_asked_for_and_is_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("models");
    let model = tiny(dir.path());
    tiny_model::write_seeing(&folder.join("seeing"));
    let seeing = Found::at(&folder.join("seeing")).unwrap();
    let mut session = review::session_with_models(&dir.path().join("case"), Some(&folder));
    review::measure_first_lesion(&mut session, dir.path());
    let shown = |session: &mut Session| session.view().patient.unwrap().draft.unwrap();
    assert!(shown(&mut session).description.is_none());
    session.send(Command::OfferDescriptions { on: true });
    let offered = shown(&mut session);
    let sees: Vec<bool> = offered.models.iter().map(|m| m.sees).collect();
    assert_eq!(sees, [true, false]);
    let (_, series) = offered.description.unwrap().images[0].clone();

    let told = |session: &mut Session| {
        let rows = session.view().patient.unwrap().narrative;
        rows.into_iter()
            .map(|row| (row.text, row.facts))
            .collect::<Vec<_>>()
    };
    let before = told(&mut session);
    session.send(Command::Describe {
        model: seeing.clone(),
        series,
    });
    session.settle();
    let patient = session.state().shown_patient().unwrap();
    let first = session.state().description_of(patient).unwrap().unwrap();
    let (text, p) = (first.text.clone(), first.provenance.clone());
    assert!(!text.is_empty());
    assert_eq!((p.prompt, p.images.len(), p.facts), ("describe-1", 1, 0));
    let view = shown(&mut session).description.unwrap();
    assert!(view.title.contains("slice"), "{}", view.title);
    assert!(matches!(view.state, DraftState::Made { is_old: false, .. }));
    assert!(shown(&mut session).is_open);
    // It is no draft, and no fact has changed by it.
    assert!(session.state().draft_of(patient).is_none());
    assert_eq!(told(&mut session), before);

    // Another slice is another image.
    let slice = session.view().patient.unwrap().columns[0]
        .shown
        .as_ref()
        .unwrap()
        .slice;
    session.send(Command::SetSlice {
        series,
        slice: slice.saturating_sub(1),
    });
    session.send(Command::Describe {
        model: seeing,
        series,
    });
    session.settle();
    let second = session.state().description_of(patient).unwrap().unwrap();
    assert_ne!(second.provenance.images, p.images);
    assert_eq!(second.provenance.known_tokens, 0);

    // A report has nothing of it.
    let out = dir.path().join("report");
    session.send(Command::Export {
        dir: out.clone(),
        formats: vec![Format::Html, Format::Md, Format::Csv],
    });
    session.settle();
    let start: String = text.chars().take(20).collect();
    for (path, bytes) in written(&out) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&start), "{} has it", path.display());
    }

    // A model that only reads says so.
    session.send(Command::Describe { model, series });
    session.settle();
    let (said, _) = session
        .state()
        .description_of(patient)
        .unwrap()
        .unwrap_err();
    assert!(said.contains("reads text only"), "{said}");
    session.send(Command::DropDescription);
    assert!(session.state().description_of(patient).is_none());
    session.send(Command::CloseModel);
    session.settle();
    assert!(!shown(&mut session).is_open);
}

#[test]
fn a_draft_says_when_the_facts_have_changed() {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny(dir.path());
    let folder = dir.path().join("models");
    let mut session = review::session_with_models(&dir.path().join("case"), Some(&folder));
    review::measure_first_lesion(&mut session, dir.path());
    let shown = |session: &mut Session| session.view().patient.unwrap().draft.unwrap();
    let before = shown(&mut session);
    assert_eq!(before.models.len(), 1);
    assert_eq!(before.models[0].found, model);
    let needs = before.models[0].needs.as_ref().unwrap();
    assert!(needs.contains("floats"), "{needs}");
    assert!(matches!(before.state, DraftState::None));
    draft(&mut session, &model);
    let is_old = |session: &mut Session| match shown(session).state {
        DraftState::Made { is_old, .. } => is_old,
        other => panic!("{other:?}"),
    };
    assert!(!is_old(&mut session));
    session.send(Command::Undo);
    session.settle();
    assert!(is_old(&mut session));
}

#[test]
fn what_is_wrong_with_weights_is_said_and_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny(dir.path());
    let folder = dir.path().join("models/tiny");
    let mut session = measured(dir.path());
    let lesions = session.state().records().lesions.len();
    let spoil = |name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let path = folder.join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, change(whole.clone())).unwrap();
        (path, whole)
    };
    let replaced = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from));
            text.replace(from, to).into_bytes()
        }
    };
    type Spoil = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;
    let cases: Vec<(&str, Spoil, &str)> = vec![
        (
            "model.safetensors",
            Box::new(|bytes| bytes[..bytes.len() / 2].to_vec()),
            "model.safetensors",
        ),
        (
            "model.safetensors",
            Box::new(|mut bytes| {
                let n = bytes.len();
                bytes[n - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
                bytes
            }),
            "not a number",
        ),
        (
            "config.json",
            Box::new(replaced("gemma3_text", "llama")),
            "llama",
        ),
        (
            "config.json",
            Box::new(replaced("\"vocab_size\":265", "\"vocab_size\":264")),
            "embed_tokens",
        ),
        (
            "tokenizer.json",
            Box::new(replaced("<start_of_turn>", "<start_of_tern>")),
            "<start_of_turn>",
        ),
    ];
    for (name, change, wanted) in cases {
        let (path, whole) = spoil(name, &*change);
        draft(&mut session, &model);
        let said = failure(&session);
        assert!(said.contains(wanted), "{name}: {said}");
        std::fs::write(path, whole).unwrap();
    }
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    draft(&mut session, &model);
    assert!(!failure(&session).is_empty());
    tiny_model::write(&folder);
    draft(&mut session, &model);
    assert!(!text_of(&session).is_empty());
    assert_eq!(session.state().records().lesions.len(), lesions);
}

#[test]
fn weights_that_are_not_what_arrived_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny(dir.path());
    let mut session = measured(dir.path());
    let arrived = |sha256: &str| Found {
        arrived: vec![Read {
            name: "model.safetensors".to_owned(),
            sha256: sha256.to_owned(),
        }],
        ..model.clone()
    };
    draft(&mut session, &arrived("00ff"));
    let said = failure(&session);
    assert!(
        said.contains("when it arrived") && said.contains("00ff"),
        "{said}"
    );
    draft(&mut session, &model);
    let patient = session.state().shown_patient().unwrap();
    let made = session.state().draft_of(patient).unwrap().unwrap();
    let own = made.provenance.weights[0].sha256.clone();
    draft(&mut session, &arrived(&own));
    assert!(!text_of(&session).is_empty());
}

#[test]
fn the_real_model_of_270_million_streams_and_stops() {
    let Some(weights) = common::model("gemma-3-270m-q4_k_m.gguf") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut session = review::session_with_models(&dir.path().join("case"), weights.parent());
    review::measure_first_lesion(&mut session, dir.path());
    let model = Found::at(&weights).unwrap();
    session.send(Command::Draft { model });
    let words = |session: &mut Session| {
        session.poll();
        let view = session.view().patient.unwrap().draft.unwrap();
        match view.state {
            DraftState::UnderWay { text, .. } => text,
            other => panic!("{other:?}"),
        }
    };
    let start = Instant::now();
    while words(&mut session).split_whitespace().count() < 5 {
        assert!(start.elapsed() < Duration::from_secs(300), "no words");
        std::thread::sleep(Duration::from_millis(5));
    }
    let job = session.view().jobs.last().unwrap().id;
    let stop = Instant::now();
    session.send(Command::CancelJob { job });
    session.settle();
    eprintln!("stopped after {:.0} ms", stop.elapsed().as_secs_f64() * 1e3);
    assert!(stop.elapsed() < Duration::from_secs(2));
    assert!(failure(&session).contains("cancelled"));
}
