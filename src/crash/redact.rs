//! Taking out of a backtrace what tells of the person at the computer.

/// A backtrace without absolute paths: of each only what follows the last folder that has the name
/// of a source tree (`src`, `library`), with the crate's folder before it. The names of functions stay.
pub(super) fn without_homes(backtrace: &str) -> String {
    backtrace
        .lines()
        .map(|line| match line.trim_start().strip_prefix("at ") {
            Some(place) => format!("             at {}\n", relative(place)),
            None => format!("{line}\n"),
        })
        .collect()
}

/// A path of source code without the folders that differ from computer to computer.
pub(super) fn relative(path: &str) -> String {
    let is_absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    if !is_absolute {
        return path.to_owned();
    }
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|p| !p.is_empty()).collect();
    let tree = parts
        .iter()
        .rposition(|part| ["src", "library"].contains(part));
    let kept = match tree {
        Some(at) if parts[at] == "src" => &parts[at.saturating_sub(1).max(1).min(at)..],
        Some(at) => &parts[at..],
        None => &parts[parts.len().saturating_sub(1)..],
    };
    format!("…/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_taken_out_of_places() {
        for (path, kept) in [
            (
                "/home/ada/.cargo/registry/src/index.crates.io-1949/rayon-1.12.0/src/job.rs:12:5",
                "…/rayon-1.12.0/src/job.rs:12:5",
            ),
            (
                "/rustc/4a4ef493e3a1488c6e321570238084b38948f6db/library/std/src/panicking.rs:1",
                "…/std/src/panicking.rs:1",
            ),
            (
                "C:\\Users\\Ada\\oncotwin\\src\\app.rs:3",
                "…/oncotwin/src/app.rs:3",
            ),
            ("/home/ada/x.rs:3", "…/x.rs:3"),
            ("/src/app.rs:3", "…/src/app.rs:3"),
            ("src/app.rs:3", "src/app.rs:3"),
            ("./src/app.rs:3", "./src/app.rs:3"),
        ] {
            assert_eq!(relative(path), kept);
        }
    }

    #[test]
    fn frames_keep_their_functions() {
        let trace =
            "   3: oncotwin::app::run\n             at /home/ada/oncotwin/src/app.rs:10:5\n";
        assert_eq!(
            without_homes(trace),
            "   3: oncotwin::app::run\n             at …/oncotwin/src/app.rs:10:5\n"
        );
    }
}
