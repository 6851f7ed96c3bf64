//! `oncotwin models`, from the command line, with no network but that of this computer.

use std::path::Path;
use std::process::Command;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sha2::Digest as _;

#[allow(dead_code, reason = "the tests beside the module ask it for more")]
#[path = "../../src/models/tests/loopback.rs"]
mod loopback;
#[path = "../../src/models/tests/weights.rs"]
mod weights;

fn sha256(bytes: &[u8]) -> String {
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn noise(n: usize, seed: u32) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed.into());
    (0..n).map(|_| random.random()).collect()
}

/// The program, with a folder of models in `dir` and nothing of the user's own.
fn program(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oncotwin"));
    command.args(args).arg("--json");
    command.env("ONCOTWIN_CRASH_DIR", dir);
    command.env("ONCOTWIN_MODELS", dir.join("models"));
    command.env("HF_HOME", dir).env("NO_PROXY", "*");
    command.env_remove("HF_TOKEN").env_remove("HF_ENDPOINT");
    command
}

/// Exit code and answer.
fn run(dir: &Path, args: &[&str]) -> (i32, Value) {
    let done = program(dir, args).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let answer = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    (done.status.code().unwrap(), answer)
}

fn row<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut rows = list["models"].as_array().unwrap().iter();
    rows.find(|row| row["name"] == name).unwrap()
}

#[test]
fn known_models_are_listed_with_their_licences() {
    let dir = tempfile::tempdir().unwrap();
    let (code, list) = run(dir.path(), &["models", "list"]);
    assert_eq!(code, 0);
    let small = row(&list, "gemma-3-270m");
    assert_eq!(small["state"], "known");
    assert_eq!(small["bytes"], 253_113_024 + 33_384_568);
    let medical = row(&list, "medgemma-4b-it");
    assert_eq!(medical["source"], "hub:google/medgemma-4b-it");
    let licence = medical["licence"]["url"].as_str().unwrap();
    assert!(licence.contains("health-ai-developer-foundations"));
    let elsewhere = dir.path().join("elsewhere");
    let named = ["models", "list", "--models", elsewhere.to_str().unwrap()];
    let (_, list) = run(dir.path(), &named);
    assert_eq!(list["dir"], elsewhere.to_str().unwrap());
}

#[test]
fn nothing_is_fetched_without_a_name_and_a_licence() {
    let dir = tempfile::tempdir().unwrap();
    for (name, refusal) in [
        ("gemma-3-270m", "E-MODEL-LICENCE"),
        ("gemma", "E-MODEL-NAME"),
        ("hub:google", "E-MODEL-NAME"),
    ] {
        let (code, answer) = run(dir.path(), &["models", "fetch", name]);
        assert_eq!(code, 1, "{answer}");
        assert_eq!(answer["error"]["code"], refusal);
        assert!(!answer["error"]["hint"].as_str().unwrap().is_empty());
    }
    assert!(!dir.path().join("models").exists());
}

#[test]
fn a_model_is_taken_over_checked_and_opened_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tiny.gguf");
    weights::gguf(&file);
    let path = file.to_str().unwrap();
    let (code, answer) = run(dir.path(), &["models", "import", path]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["name"], "tiny");
    assert_eq!(answer["origin"]["kind"], "import");
    let (code, answer) = run(dir.path(), &["models", "import", path]);
    assert_eq!(
        (code, &answer["error"]["code"]),
        (1, &Value::from("E-EXISTS"))
    );
    let (_, list) = run(dir.path(), &["models", "list"]);
    assert_eq!(row(&list, "tiny")["state"], "installed");
    let (code, answer) = run(dir.path(), &["models", "verify"]);
    assert_eq!((code, &answer["whole"]), (0, &Value::from(true)));

    // It has a header and nothing to run: what is said of it is of the installed file.
    let text = dir.path().join("text.txt");
    std::fs::write(&text, "words").unwrap();
    let text = text.to_str().unwrap();
    let (code, answer) = run(
        dir.path(),
        &["score", "--model", "tiny", "--text-file", text],
    );
    assert_eq!(code, 1);
    assert_ne!(answer["error"]["code"], "E-MODEL-FILE", "{answer}");
    let (_, answer) = run(
        dir.path(),
        &["score", "--model", "other", "--text-file", text],
    );
    assert_eq!(answer["error"]["code"], "E-MODEL-FILE");

    let installed = dir.path().join("models/tiny/tiny.gguf");
    let mut bytes = std::fs::read(&installed).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&installed, bytes).unwrap();
    let (code, answer) = run(dir.path(), &["models", "verify", "tiny"]);
    assert_eq!(code, 1);
    let found = &answer["models"][0]["files"][0];
    assert_eq!(found["finding"], "other-content", "{answer}");
    std::fs::remove_file(&installed).unwrap();
    let (code, answer) = run(dir.path(), &["models", "verify", "tiny"]);
    assert_eq!(
        (code, &answer["models"][0]["whole"]),
        (1, &Value::from(false))
    );
    let (code, answer) = run(dir.path(), &["models", "verify", "nothing"]);
    assert_eq!(
        (code, &answer["error"]["code"]),
        (1, &Value::from("E-MODEL-NAME"))
    );
}

#[test]
fn a_folder_can_stay_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own");
    std::fs::create_dir(&own).unwrap();
    weights::safetensors(&own);
    let path = own.to_str().unwrap();
    let import = ["models", "import", path, "--name", "mine", "--in-place"];
    let (code, answer) = run(dir.path(), &import);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["files"].as_array().unwrap().len(), 3);
    let (_, list) = run(dir.path(), &["models", "list"]);
    assert_eq!(row(&list, "mine")["path"], path);
    assert!(!dir.path().join("models/mine/model.safetensors").exists());
}

#[test]
fn a_repository_is_fetched_and_no_key_is_written_out() {
    let (stage, dir) = (loopback::Stage::new(), tempfile::tempdir().unwrap());
    let wish = format!("hub:{}", loopback::REPOSITORY);
    let args = ["models", "fetch", &wish, "--accept-licence"];
    let mut program = program(dir.path(), &args);
    program.env("HF_ENDPOINT", stage.endpoint());
    program.env("HF_TOKEN", "hf_secret");
    program.env("ONCOTWIN_LOG", "trace");
    let done = program.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answer["origin"]["revision"], loopback::COMMIT);
    assert!(said.contains("https://example.org/terms"), "{said}");
    for key in ["hf_secret", "s3cr3t"] {
        assert!(!said.contains(key), "{said}");
    }
    for request in stage.files_asked() {
        assert_eq!(request.authorization, None);
    }
    let (code, answer) = run(dir.path(), &["models", "verify", "Small-Model"]);
    assert_eq!((code, &answer["whole"]), (0, &Value::from(true)));
}
