//! What the hub, the network and the disk say, and what the user hears of it.

use super::*;

#[test]
fn each_status_has_its_own_words() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let page = format!("{}/{REPOSITORY}", stage.endpoint());
    for (status, header, code, words) in [
        (401, "None", "E-HUB-TOKEN", page.as_str()),
        (401, "GatedRepo", "E-HUB-TOKEN", "HF_TOKEN"),
        (401, "RepoNotFound", "E-HUB-NAME", REPOSITORY),
        (403, "GatedRepo", "E-HUB-LICENCE", page.as_str()),
        (404, "RevisionNotFound", "E-HUB-NAME", "such revision"),
        (404, "EntryNotFound", "E-HUB-NAME", "such file"),
        (404, "None", "E-HUB-NAME", REPOSITORY),
        (400, "None", "E-HUB", "400"),
    ] {
        stage.manners.lock().refusals = vec![(status, header)];
        let error = planned(&library, &means).unwrap_err();
        let text = text(&error);
        assert_eq!(error.code(), code, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("hf_secret"), "{text}");
    }
}

#[test]
fn the_licence_may_be_missed_at_the_file_only() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let plan = planned(&library, &means).unwrap();
    stage.manners.lock().refusals = vec![(403, "GatedRepo")];
    let error = fetch(&library, &plan, true, &means, now(), &job()).unwrap_err();
    assert_eq!(error.code(), "E-HUB-LICENCE");
}

#[test]
fn a_hub_that_is_busy_is_asked_again() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    stage.manners.lock().refusals = vec![(503, "None"), (429, "None"), (500, "None")];
    fetched(&library, &means).unwrap();
    stage.manners.lock().refusals = vec![(503, "None"); 20];
    std::fs::remove_dir_all(library.folder("Small-Model")).unwrap();
    let error = fetched(&library, &means).unwrap_err();
    assert_eq!(error.code(), "E-NETWORK");
    assert!(error.to_string().contains("503"), "{error}");
}

#[test]
fn nobody_there_is_said_so() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let dir = tempfile::tempdir().unwrap();
    let (library, means) = (library(&dir), means(&format!("http://127.0.0.1:{port}")));
    assert_eq!(planned(&library, &means).unwrap_err().code(), "E-NETWORK");
    for endpoint in [
        "http://user:word@127.0.0.1",
        "ftp://127.0.0.1",
        "no address",
    ] {
        let means = super::means(endpoint);
        let error = planned(&library, &means).unwrap_err();
        assert_eq!(error.code(), "E-HUB", "{endpoint}");
        assert!(!text(&error).contains("word@"), "{}", text(&error));
    }
}

#[test]
fn what_would_not_fit_is_not_begun() {
    fn little(_: &Path) -> std::io::Result<u64> {
        Ok(1_000_000)
    }
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, mut means) = (library(&dir), means(&stage.endpoint()));
    means.free = little;
    let error = fetched(&library, &means).unwrap_err();
    assert_eq!(error.code(), "E-MODEL-SPACE");
    assert_eq!(
        error.to_string(),
        "3.0 MB more are needed and 1.0 MB are free"
    );
    assert!(stage.files_asked().is_empty());
    // What is there already needs no more space.
    let folder = library.folder("Small-Model");
    let begun = &stage.content["model.safetensors"][..2_500_000];
    std::fs::write(folder.join("model.safetensors.part"), begun).unwrap();
    fetched(&library, &means).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_is_said_so() {
    let (stage, dir) = (Stage::new(), tempfile::tempdir().unwrap());
    let (library, means) = (library(&dir), means(&stage.endpoint()));
    let folder = library.folder("Small-Model");
    std::fs::create_dir_all(&folder).unwrap();
    let part = folder.join("model.safetensors.part");
    // Whatever is written there, the system says that there is no space.
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = fetched(&library, &means).unwrap_err();
    assert_eq!(error.code(), "E-MODEL-SPACE", "{}", text(&error));
    assert_eq!(error.place(), Some(part.as_path()));
    std::fs::remove_file(&part).unwrap();
    fetched(&library, &means).unwrap();
}

#[test]
fn this_system_says_how_much_is_free() {
    assert!(space::free(&std::env::temp_dir()).unwrap() > 0);
}

#[test]
fn no_code_is_without_words() {
    let path = || Path::new("x").to_owned();
    let io = || std::io::Error::other("because");
    for error in [
        Error::Read {
            path: path(),
            source: io(),
        },
        Error::Write {
            path: path(),
            source: io(),
        },
        Error::NoHome,
        Error::ClientMissing {
            client: "pip",
            package: "p==1".to_owned(),
        },
        Error::Receipt {
            path: path(),
            reason: "r".to_owned(),
        },
    ] {
        assert!(error.code().starts_with("E-") && !error.hint().is_empty());
    }
}
