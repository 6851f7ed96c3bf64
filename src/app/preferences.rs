//! What belongs to a person and not to a workspace: keys and mouse, in a file of the user's
//! configuration folder.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::keymap::{self, Settings};
use crate::texts::tr;

/// Name of the file.
const FILE: &str = "keys.toml";
/// What a file that could not be understood is kept as, once another takes its place.
const KEPT: &str = "keys.toml.bak";

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) settings: Settings,
    /// What is wrong with the file; empty when nothing is.
    pub(super) wrong: String,
}

/// Reads the file of a folder; without a file the defaults hold.
pub(super) fn read(folder: &Path) -> Read {
    let path = folder.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read::default(),
        Err(error) => {
            return Read {
                settings: Settings::default(),
                wrong: tr!(
                    "Keys: {path} cannot be read ({error}): the default keys hold",
                    path = path.display(),
                    error
                ),
            };
        }
    };
    let (settings, problems) = keymap::parse(&text);
    let problems: Vec<String> = problems
        .iter()
        .map(|p| tr!("line {line}: {text}", line = p.line, text = p.text))
        .collect();
    let wrong = if problems.is_empty() {
        String::new()
    } else {
        tr!(
            "Keys: {path}, {problems}",
            path = path.display(),
            problems = problems.join("; ")
        )
    };
    Read { settings, wrong }
}

/// Writes the file of a folder, whole or not at all. A file that is there and could not be understood is kept
/// beside it.
pub(super) fn write(folder: &Path, settings: &Settings) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    if !read(folder).wrong.is_empty() {
        std::fs::rename(&path, folder.join(KEPT))?;
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(keymap::write(settings).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|e| e.error)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::{Action, Profile, Shortcut};

    #[test]
    fn settings_come_back_and_a_broken_file_is_named_and_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(read(dir.path()), Read::default());
        let mut settings = Settings {
            profile: Profile::Pacs,
            ..Settings::default()
        };
        settings.bind(Action::Cine, Shortcut::parse("Ctrl+J").expect("a key"));
        let folder = dir.path().join("new");
        let path = write(&folder, &settings).expect("written");
        let found = read(&folder);
        assert_eq!((found.settings, &*found.wrong), (settings.clone(), ""));

        std::fs::write(&path, b"profile = \"pacs\"\n[keys]\ncine = [\n").expect("written");
        let found = read(&folder);
        assert_eq!(found.settings, Settings::default());
        assert!(found.wrong.contains("keys.toml, line "), "{}", found.wrong);
        write(&folder, &settings).expect("written");
        let kept = std::fs::read_to_string(folder.join(KEPT)).expect("kept");
        assert!(kept.ends_with("cine = [\n"));
        assert_eq!(read(&folder).settings, settings);
    }
}
