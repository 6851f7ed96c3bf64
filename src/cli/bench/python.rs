//! Peers written in Python.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What a script says on standard output, in the environment that benches/peers/setup.sh makes; or why
/// it says nothing.
pub(super) fn run(peers: &Path, script: &Path, arguments: &[&OsStr]) -> Result<String, String> {
    let output = Command::new(peers.join("bin").join("python"))
        .arg(script)
        .args(arguments)
        .output()
        .map_err(|e| format!("{e}: run benches/peers/setup.sh DIR and give --peers DIR"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(text.lines().last().unwrap_or_default().to_owned())
    }
}
