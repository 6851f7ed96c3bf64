//! Models that are on this computer already.

use super::loopback::Stage;
use super::*;
use crate::models::tests::weights::{gguf, safetensors};

fn import_from(
    library: &Library,
    path: &Path,
    name: Option<&str>,
    in_place: bool,
) -> Result<Receipt> {
    let what = Import {
        path,
        name,
        in_place,
    };
    import(library, &what, &means("http://127.0.0.1:1"), now(), &job())
}

#[test]
fn a_file_is_copied_under_its_own_name() {
    let (dir, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (library, path) = (library(&dir), from.path().join("Tiny-Q8_0.gguf"));
    gguf(&path);
    let receipt = import_from(&library, &path, None, false).unwrap();
    assert_eq!(receipt.name, "Tiny-Q8_0");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let found = library.find("Tiny-Q8_0").unwrap().unwrap();
    assert_eq!(std::fs::read(&found.weights).unwrap(), bytes);
    assert_eq!(receipt.files[0].sha256, sha256(&bytes));
    assert_eq!((receipt.licence, receipt.date), (None, now()));
}

#[test]
fn a_folder_is_taken_over_with_what_belongs_to_it() {
    let (dir, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let library = library(&dir);
    safetensors(from.path());
    std::fs::write(from.path().join("diary.txt"), "private").unwrap();
    let receipt = import_from(&library, from.path(), Some("mine"), false).unwrap();
    let names: Vec<&str> = receipt.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        names,
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
    let found = library.find("mine").unwrap().unwrap();
    assert_eq!(found.weights, library.folder("mine"));
    assert!(!library.folder("mine").join("diary.txt").exists());
}

#[test]
fn what_stays_in_place_is_found_there() {
    let (dir, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let library = library(&dir);
    safetensors(from.path());
    let weights = from.path().join("model.safetensors");
    import_from(&library, &weights, Some("mine"), true).unwrap();
    let found = library.find("mine").unwrap().unwrap();
    assert_eq!(found.weights, from.path());
    assert_eq!(found.tokenizer, Some(from.path().join("tokenizer.json")));
    assert!(!library.folder("mine").join("model.safetensors").exists());
    let checked = verify(&library, "mine", &job()).unwrap();
    assert!(checked.iter().all(|file| file.finding == Finding::Ok));
    std::fs::remove_file(weights).unwrap();
    assert_eq!(library.find("mine").unwrap_err().code(), "E-MODEL-FILE");
}

#[test]
fn another_model_is_not_overwritten() {
    let (dir, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (library, path) = (library(&dir), from.path().join("a.gguf"));
    gguf(&path);
    import_from(&library, &path, Some("mine"), false).unwrap();
    let error = import_from(&library, &path, Some("mine"), false).unwrap_err();
    assert_eq!(error.code(), "E-EXISTS");
    let stage = Stage::new();
    let means = means(&stage.endpoint());
    let wish: Wish = format!("hub:{REPOSITORY}").parse().unwrap();
    let error = plan(&library, &wish, Some("mine"), &[], &means, &job()).unwrap_err();
    assert_eq!(error.code(), "E-EXISTS");
    // Nor is a fetch that goes on later.
    stage.manners.lock().always = Some(0);
    fetched(&library, &means).unwrap_err();
    let error = import_from(&library, &path, Some("Small-Model"), false).unwrap_err();
    assert_eq!(error.code(), "E-EXISTS");
}

#[test]
fn what_is_no_model_is_refused_and_leaves_nothing() {
    let (dir, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let library = library(&dir);
    let at = |name: &str| from.path().join(name);
    std::fs::write(at("words.gguf"), "words").unwrap();
    std::fs::write(at("words.txt"), "words").unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    for (name, code) in [
        ("words.gguf", "E-MODEL-DAMAGED"),
        ("words.txt", "E-MODEL-FILE"),
        ("empty", "E-MODEL-FILE"),
        ("nowhere", "E-READ"),
    ] {
        let error = import_from(&library, &at(name), None, false).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {}", text(&error));
    }
    gguf(&at("one.gguf"));
    gguf(&at("two.gguf"));
    let error = import_from(&library, from.path(), Some("two"), false).unwrap_err();
    assert!(error.to_string().contains("several"), "{error}");
    let mut means = means("http://127.0.0.1:1");
    means.free = |_| Ok(3);
    let path = at("one.gguf");
    let what = Import {
        path: &path,
        name: None,
        in_place: false,
    };
    let error = import(&library, &what, &means, now(), &job()).unwrap_err();
    assert_eq!(error.code(), "E-MODEL-SPACE");
    let rows = library.list().unwrap();
    assert!(
        rows.iter()
            .all(|row| matches!(row.state, State::Known { .. }))
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
