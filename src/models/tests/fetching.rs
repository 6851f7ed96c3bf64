//! What arrives, from where, and what is written of it.

use super::*;

#[test]
fn a_repository_arrives_whole_and_its_receipt_says_so() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let receipt = fetched(&library, &means).unwrap();
    assert_eq!(receipt.name, "Small-Model");
    let names: Vec<&str> = receipt.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        names,
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
    let folder = library.folder("Small-Model");
    for file in &receipt.files {
        let bytes = std::fs::read(folder.join(&file.path)).unwrap();
        assert_eq!(bytes, stage.content[&file.path]);
        assert_eq!(file.sha256, sha256(&bytes));
    }
    let Origin::Hub { revision, .. } = &receipt.origin else {
        panic!("{:?}", receipt.origin)
    };
    assert_eq!(revision, COMMIT);
    let licence = receipt.licence.clone().unwrap();
    assert_eq!(licence.name, "terms-of-test");
    assert_eq!(licence.url, "https://example.org/terms");
    assert_eq!(library.receipt("Small-Model").unwrap(), Some(receipt));
    let mut left: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let wanted = [
        ".lock",
        "config.json",
        "model.safetensors",
        "receipt.toml",
        "tokenizer.json",
    ];
    assert_eq!(left, wanted);
    let found = library.find("Small-Model").unwrap().unwrap();
    assert_eq!(found.weights, folder);
    assert_eq!(found.tokenizer, Some(folder.join("tokenizer.json")));
    assert_eq!(library.find("other").unwrap(), None);
    assert_eq!(library.find("../Small-Model").unwrap(), None);
}

#[test]
fn the_token_goes_to_the_hub_and_to_nobody_else() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    fetched(&library(&dir), &means(&stage.endpoint())).unwrap();
    assert!(stage.asked().len() >= 4);
    for request in stage.asked() {
        assert_eq!(
            request.authorization.as_deref(),
            Some("Bearer hf_secret"),
            "{request:?}"
        );
    }
    assert!(!stage.files_asked().is_empty());
    for request in stage.files_asked() {
        assert_eq!(request.authorization, None, "{request:?}");
    }
}

#[test]
fn all_files_are_of_the_commit_that_was_found_first() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let plan = planned(&library, &means).unwrap();
    stage.manners.lock().commit = Some("f".repeat(40));
    fetch(&library, &plan, true, &means, now(), &job()).unwrap();
    let asked = stage.asked();
    let files = asked.iter().filter(|r| r.path.contains("/resolve/"));
    assert!(files.clone().count() == 3);
    for request in files {
        assert!(
            request.path.contains(&format!("/resolve/{COMMIT}/")),
            "{request:?}"
        );
    }
}

#[test]
fn a_model_that_is_here_is_checked_and_not_fetched_again() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let first = fetched(&library, &means).unwrap();
    let asked = stage.asked().len();
    assert_eq!(fetched(&library, &means).unwrap(), first);
    assert_eq!(stage.asked().len(), asked);
}

#[test]
fn a_damaged_model_is_mended() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let first = fetched(&library, &means).unwrap();
    let path = library.folder("Small-Model").join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let before = stage.files_asked().len();
    let again = fetched(&library, &means).unwrap();
    assert_eq!(again.files, first.files);
    assert_eq!(stage.files_asked().len(), before + 1);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        stage.content["model.safetensors"]
    );
}

#[test]
fn nothing_is_asked_before_the_licence_is_accepted() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let plan = planned(&library, &means).unwrap();
    let error = fetch(&library, &plan, false, &means, now(), &job()).unwrap_err();
    assert!(
        text(&error).contains("https://example.org/terms"),
        "{}",
        text(&error)
    );
    assert_eq!(error.code(), "E-MODEL-LICENCE");
    assert_eq!(stage.asked().len(), 1, "only what the repository holds");
    assert!(!library.folder("Small-Model").exists());
}

#[test]
fn another_commit_does_not_replace_an_installed_one() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    fetched(&library, &means).unwrap();
    stage.manners.lock().commit = Some("f".repeat(40));
    let wish: Wish = format!("hub:{REPOSITORY}@main").parse().unwrap();
    let error = plan(&library, &wish, None, &[], &means, &job()).unwrap_err();
    assert_eq!(error.code(), "E-EXISTS");
    let beside = plan(&library, &wish, Some("newer"), &[], &means, &job()).unwrap();
    assert_eq!(beside.name, "newer");
}

#[test]
fn files_can_be_chosen() {
    let content = [
        "a-Q4_K_M.gguf",
        "a-Q8_0.gguf",
        "mmproj-a.gguf",
        "config.json",
    ];
    let content = content.map(|name| (name.to_owned(), noise(2_000, name.len() as u32)));
    let (stage, dir) = (Stage::with(content.into()), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let error = planned(&library, &means).unwrap_err();
    assert!(
        text(&error).contains("--file among a-Q4_K_M.gguf"),
        "{}",
        text(&error)
    );
    let wish: Wish = format!("hub:{REPOSITORY}").parse().unwrap();
    let files = ["mmproj-a.gguf".to_owned(), "a-Q4_K_M.gguf".to_owned()];
    let plan = plan(&library, &wish, Some("a"), &files, &means, &job()).unwrap();
    fetch(&library, &plan, true, &means, now(), &job()).unwrap();
    let found = library.find("a").unwrap().unwrap();
    assert_eq!(found.weights, library.folder("a").join("a-Q4_K_M.gguf"));
    assert_eq!(
        found.vision,
        Some(library.folder("a").join("mmproj-a.gguf"))
    );
    assert_eq!(found.tokenizer, None);
    let other = ["a-Q8_0.gguf".to_owned()];
    let error = super::plan(&library, &wish, Some("a"), &other, &means, &job()).unwrap_err();
    assert_eq!(error.code(), "E-EXISTS");
}

#[test]
fn names_that_lead_elsewhere_are_not_followed() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let wish: Wish = format!("hub:{REPOSITORY}").parse().unwrap();
    let files = ["../escape.safetensors".to_owned()];
    let error = plan(&library, &wish, None, &files, &means, &job()).unwrap_err();
    assert_eq!(error.code(), "E-HUB");
    let error = plan(&library, &wish, Some("../up"), &[], &means, &job()).unwrap_err();
    assert_eq!(error.code(), "E-MODEL-NAME");
}

#[test]
fn one_process_at_a_time_works_on_a_model() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let held = lock::lock(&library.folder("Small-Model"), "Small-Model").unwrap();
    assert_eq!(
        fetched(&library, &means).unwrap_err().code(),
        "E-MODEL-BUSY"
    );
    drop(held);
    fetched(&library, &means).unwrap();
}

#[test]
fn progress_is_told_in_bytes() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let plan = planned(&library, &means).unwrap();
    let job = job();
    fetch(&library, &plan, true, &means, now(), &job).unwrap();
    let (step, share) = job.progress.read();
    assert!(step.starts_with("Fetching tokenizer.json: "), "{step}");
    assert!(step.contains(" of 3.0 MB"), "{step}");
    assert!(share > 0.9, "{share}");
}

#[test]
fn the_folder_is_that_named_or_that_of_the_environment() {
    let named = Library::choose(Some(Path::new("a")), Some("b".into())).unwrap();
    assert_eq!(named.dir(), Path::new("a"));
    let variable = Library::choose(None, Some("b".into())).unwrap();
    assert_eq!(variable.dir(), Path::new("b"));
    if let Ok(usual) = Library::choose(None, Some("".into())) {
        assert!(usual.dir().ends_with("models"));
    }
}
