//! Shared data for tests.

use std::io::Write as _;
use std::path::PathBuf;

/// A path below the folder of shared data (`ONCOTWIN_SHARED`, default `../shared`), or `None` where
/// it is absent. `ONCOTWIN_REQUIRE_SHARED=1` makes absence a failure; otherwise the test that asked is
/// noted in the file `ONCOTWIN_SKIP_LOG`, from which `scripts/test.sh` prints the count of skipped
/// tests (the test harness shows nothing of tests that pass).
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("ONCOTWIN_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let full = root.join(path);
    if full.exists() {
        return Some(full);
    }
    let required = std::env::var("ONCOTWIN_REQUIRE_SHARED").is_ok_and(|v| v == "1");
    assert!(!required, "shared data missing: {}", full.display());
    skipped(&format!("{} is absent", full.display()));
    None
}

/// A file of weights in the folder `ONCOTWIN_MODELS`, installed there or lying in it; or `None`, noted as
/// [`shared`] does it. Weights are too large for the project; `oncotwin models fetch gemma-3-270m` gets these.
pub(crate) fn model(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ONCOTWIN_MODELS").map(PathBuf::from);
    let path = folder.and_then(|folder| {
        let places = [folder.join("gemma-3-270m").join(name), folder.join(name)];
        places.into_iter().find(|path| path.exists())
    });
    if path.is_none() {
        skipped(&format!("{name} is not in ONCOTWIN_MODELS"));
    }
    path
}

/// Notes that a test could not be made here, and why.
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    if let Some(log) = std::env::var_os("ONCOTWIN_SKIP_LOG") {
        let file = std::fs::File::options().create(true).append(true).open(log);
        let test = std::thread::current();
        writeln!(file.unwrap(), "{}", test.name().unwrap_or("a test")).unwrap();
    }
}
