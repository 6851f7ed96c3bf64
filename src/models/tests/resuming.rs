//! What was broken off goes on.

use super::*;

fn model(library: &Library) -> Vec<u8> {
    std::fs::read(library.folder("Small-Model").join("model.safetensors")).unwrap()
}

#[test]
fn a_connection_that_breaks_off_goes_on_where_it_did() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    stage.manners.lock().cuts = vec![1_000_000, 500_000, 1];
    fetched(&library, &means).unwrap();
    assert_eq!(model(&library), stage.content["model.safetensors"]);
    let ranges: Vec<Option<u64>> = stage.files_asked().iter().map(|r| r.range).collect();
    assert_eq!(
        ranges,
        [None, Some(1_000_000), Some(1_500_000), Some(1_500_001)]
    );
}

#[test]
fn a_fetch_that_was_given_up_is_shown_and_goes_on_with_the_same_commit() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    stage.manners.lock().cuts = vec![1_200_000];
    stage.manners.lock().always = Some(0);
    let error = fetched(&library, &means).unwrap_err();
    assert_eq!(error.code(), "E-NETWORK", "{}", text(&error));
    assert!(library.receipt("Small-Model").unwrap().is_none());
    let rows = library.list().unwrap();
    let row = rows.iter().find(|row| row.name == "Small-Model").unwrap();
    let whole: usize = ["config.json", "model.safetensors", "tokenizer.json"]
        .map(|name| stage.content[name].len())
        .iter()
        .sum();
    let present = 1_200_000 + stage.content["config.json"].len();
    assert_eq!(
        row.state,
        State::Partial {
            present: present as u64,
            bytes: whole as u64
        }
    );
    stage.manners.lock().always = None;
    stage.manners.lock().commit = Some("f".repeat(40));
    let asked = stage.asked().len();
    let receipt = fetched(&library, &means).unwrap();
    assert!(
        stage.asked()[asked..]
            .iter()
            .all(|r| !r.path.starts_with("/api/"))
    );
    assert!(receipt.origin.text().contains(COMMIT));
    assert_eq!(stage.files_asked().last().unwrap().range, Some(1_200_000));
    assert_eq!(model(&library), stage.content["model.safetensors"]);
}

#[test]
fn a_host_that_ignores_ranges_begins_anew() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    stage.manners.lock().ignores_ranges = true;
    stage.manners.lock().cuts = vec![1_000_000];
    fetched(&library, &means).unwrap();
    assert_eq!(model(&library), stage.content["model.safetensors"]);
    stage.manners.lock().always = Some(2_000_000);
    std::fs::remove_dir_all(library.folder("Small-Model")).unwrap();
    let error = fetched(&library, &means).unwrap_err();
    assert_eq!(error.code(), "E-NETWORK", "{}", text(&error));
}

#[test]
fn leftovers_that_fit_nothing_are_found_by_their_checksum() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let folder = library.folder("Small-Model");
    std::fs::create_dir_all(&folder).unwrap();
    let part = folder.join("model.safetensors.part");
    for left in [noise(2_000_000, 9), noise(3_000_000, 9)] {
        std::fs::write(&part, left).unwrap();
        let error = fetched(&library, &means).unwrap_err();
        assert_eq!(error.code(), "E-MODEL-CHECKSUM", "{}", text(&error));
        assert!(!part.exists());
    }
    // One that is too long cannot be a part of it.
    std::fs::write(&part, noise(3_000_001, 9)).unwrap();
    fetched(&library, &means).unwrap();
    assert_eq!(model(&library), stage.content["model.safetensors"]);
}

#[test]
fn other_content_than_published_is_removed() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let right = stage.content["model.safetensors"].clone();
    let mut wrong = right.clone();
    wrong[7] ^= 1;
    let (mut longer, shorter) = (right.clone(), right[..2_999_999].to_vec());
    longer.push(0);
    for (content, words) in [
        (wrong.clone(), [sha256(&right), sha256(&wrong)]),
        (
            longer,
            ["3000000 bytes".to_owned(), "more bytes".to_owned()],
        ),
        (
            shorter,
            ["3000000 bytes".to_owned(), "2999999 bytes".to_owned()],
        ),
    ] {
        let swapped = [("model.safetensors".to_owned(), content)];
        stage.manners.lock().swapped = swapped.into();
        let error = fetched(&library, &means).unwrap_err();
        assert_eq!(error.code(), "E-MODEL-CHECKSUM", "{}", text(&error));
        for word in words {
            assert!(error.to_string().contains(&word), "{error}");
        }
        let folder = library.folder("Small-Model");
        assert!(!folder.join("model.safetensors").exists());
        assert!(!folder.join("model.safetensors.part").exists());
        assert!(library.receipt("Small-Model").unwrap().is_none());
    }
    std::fs::remove_file(library.folder("Small-Model").join("config.json")).unwrap();
    let settings = [(
        "config.json".to_owned(),
        b"{\"model_type\": \"gemma4\"}".to_vec(),
    )];
    stage.manners.lock().swapped = settings.into();
    let error = fetched(&library, &means).unwrap_err();
    assert!(error.to_string().contains("git blob"), "{error}");
    stage.manners.lock().swapped.clear();
    fetched(&library, &means).unwrap();
}

#[test]
fn another_revision_begins_anew() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    stage.manners.lock().always = Some(0);
    fetched(&library, &means).unwrap_err();
    stage.manners.lock().always = None;
    stage.manners.lock().commit = Some("f".repeat(40));
    let wish: Wish = format!("hub:{REPOSITORY}@refs/pr/1").parse().unwrap();
    let plan = plan(&library, &wish, None, &[], &means, &job()).unwrap();
    assert!(
        stage
            .asked()
            .iter()
            .any(|r| r.path.contains("/refs%2Fpr%2F1?"))
    );
    let receipt = fetch(&library, &plan, true, &means, now(), &job()).unwrap();
    assert!(receipt.origin.text().ends_with(&"f".repeat(40)));
}

#[test]
fn who_stops_keeps_what_has_arrived() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let plan = planned(&library, &means).unwrap();
    let stopped = job();
    stopped.cancel.cancel();
    let error = fetch(&library, &plan, true, &means, now(), &stopped).unwrap_err();
    assert_eq!(error.code(), "E-CANCELLED");
    fetch(&library, &plan, true, &means, now(), &job()).unwrap();
}
