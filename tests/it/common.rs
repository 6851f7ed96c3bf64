//! Shared data for tests.

use std::path::PathBuf;

/// A path below the folder of shared data (`ONCOTWIN_SHARED`, default `../shared`), or `None`, said
/// on standard error, where it is absent. `ONCOTWIN_REQUIRE_SHARED=1` makes absence a failure.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("ONCOTWIN_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let full = root.join(path);
    if full.exists() {
        return Some(full);
    }
    let required = std::env::var("ONCOTWIN_REQUIRE_SHARED").is_ok_and(|v| v == "1");
    assert!(!required, "shared data missing: {}", full.display());
    eprintln!("skipped: {} is absent", full.display());
    None
}
