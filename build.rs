//! States the commit in release builds, so that audit entries and reports name exactly what made
//! them. Other builds name the version only: naming the commit would build the crate anew for each.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=ONCOTWIN_COMMIT");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // Packagers who build without the repository name the commit themselves.
    let commit = std::env::var("ONCOTWIN_COMMIT").ok();
    let commit = commit.or_else(|| is_release.then(described).flatten());
    let suffix = commit.map_or_else(String::new, |commit| format!("+{commit}"));
    println!("cargo:rustc-env=ONCOTWIN_BUILD={suffix}");
}

/// The commit, marked when files differ from it; `None` outside a repository.
fn described() -> Option<String> {
    for watched in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(watched).exists() {
            println!("cargo:rerun-if-changed={watched}");
        }
    }
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12", "--match="])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
