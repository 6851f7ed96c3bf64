//! Damage is found, and said of each file.

use super::*;

#[test]
fn damage_of_every_kind_is_found() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    fetched(&library, &means).unwrap();
    let findings = || -> Vec<Finding> {
        let checked = verify(&library, "Small-Model", &job()).unwrap();
        checked.into_iter().map(|file| file.finding).collect()
    };
    assert_eq!(findings(), [Finding::Ok, Finding::Ok, Finding::Ok]);
    let folder = library.folder("Small-Model");
    std::fs::remove_file(folder.join("config.json")).unwrap();
    let mut weights = std::fs::read(folder.join("model.safetensors")).unwrap();
    weights[2_999_999] ^= 0x80;
    std::fs::write(folder.join("model.safetensors"), &weights).unwrap();
    let words = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.join("tokenizer.json"));
    words.unwrap().set_len(39_999).unwrap();
    let changed = Finding::OtherContent {
        found: sha256(&weights),
    };
    let cut = Finding::OtherSize { found: 39_999 };
    assert_eq!(findings(), [Finding::Missing, changed, cut]);
    let rows = library.list().unwrap();
    let row = rows.iter().find(|row| row.name == "Small-Model").unwrap();
    let State::Installed { faults, .. } = &row.state else {
        panic!("{row:?}")
    };
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(
        library.find("Small-Model").unwrap_err().code(),
        "E-MODEL-FILE"
    );
}

#[test]
fn what_is_not_installed_cannot_be_checked() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["gemma-3-270m", "../x", ""] {
        let error = verify(&library(&dir), name, &job()).unwrap_err();
        assert_eq!(error.code(), "E-MODEL-NAME", "{name}");
    }
}

#[test]
fn a_receipt_that_was_changed_with_its_file_is_found_by_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let library = library(&dir);
    let folder = library.folder("gemma-3-270m");
    std::fs::create_dir_all(&folder).unwrap();
    let own = b"other words".to_vec();
    std::fs::write(folder.join("tokenizer.json"), &own).unwrap();
    let receipt = Receipt {
        format: 1,
        name: "gemma-3-270m".to_owned(),
        title: String::new(),
        date: now(),
        licence: None,
        origin: Origin::Packages {
            packages: Vec::new(),
        },
        files: vec![Record {
            path: "tokenizer.json".to_owned(),
            bytes: own.len() as u64,
            sha256: sha256(&own),
        }],
    };
    receipt.write(&folder).unwrap();
    let checked = verify(&library, "gemma-3-270m", &job()).unwrap();
    let found = sha256(&own);
    assert_eq!(checked[0].finding, Finding::OtherContent { found });
    let published = &Manifest::own().find("gemma-3-270m").unwrap().files[1];
    assert_eq!(Some(&checked[0].sha256), published.sha256.as_ref());
}

#[test]
fn a_receipt_that_cannot_be_understood_is_listed_so() {
    let dir = tempfile::tempdir().unwrap();
    let library = library(&dir);
    for name in ["broken", "nothing"] {
        std::fs::create_dir_all(library.folder(name)).unwrap();
    }
    std::fs::write(library.folder("broken").join("receipt.toml"), "format = ").unwrap();
    let rows = library.list().unwrap();
    assert_eq!(rows.len(), Manifest::own().models.len() + 1);
    let row = rows.last().unwrap();
    assert!(matches!(row.state, State::Unreadable { .. }), "{row:?}");
    assert_eq!(
        library.find("broken").unwrap_err().code(),
        "E-MODEL-RECEIPT"
    );
}
