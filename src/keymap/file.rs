//! The file that keeps what a person chose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use toml::Spanned;

use super::mouse::{self, Drag};
use super::{Action, Profile, Settings, Shortcut};
use crate::texts::tr;

/// Something in the file that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it, and what holds instead.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Option<Spanned<String>>,
    #[serde(default)]
    keys: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
    #[serde(default)]
    mouse: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}

/// Reads the file. What cannot be read is named, and the defaults hold in its place: of a line, where
/// only that line is wrong, else of everything.
#[must_use]
pub fn parse(text: &str) -> (Settings, Vec<Problem>) {
    let line_of = |at: usize| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(span.start));
            let text = tr!(
                "{error}: nothing in the file holds",
                error = error.message().trim()
            );
            return (Settings::default(), vec![Problem { line, text }]);
        }
    };
    let mut settings = Settings::default();
    let mut problems = Vec::new();
    if let Some(profile) = file.profile {
        let line = line_of(profile.span().start);
        match Profile::named(profile.get_ref()) {
            Some(found) => settings.profile = found,
            None => problems.push(Problem {
                line,
                text: tr!(
                    "there is no profile “{name}”, only {all}: OncoTwin's holds",
                    name = profile.get_ref(),
                    all = Profile::ALL.map(Profile::id).join(", ")
                ),
            }),
        }
    }
    let mut entries: Vec<_> = file.keys.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut taken = BTreeMap::new();
    for (name, value) in entries {
        let line = line_of(name.span().start);
        let mut say = |text: String| problems.push(Problem { line, text });
        let Some(action) = Action::named(name.get_ref()) else {
            say(tr!("there is no action “{name}”", name = name.get_ref()));
            continue;
        };
        let Some(words) = words(value.get_ref()) else {
            say(tr!(
                "the keys of “{id}” are to be a list of texts like [\"Ctrl+D\"]; those of the profile \
                 hold",
                id = action.id()
            ));
            continue;
        };
        let mut keys = Vec::new();
        for word in words {
            match Shortcut::parse(word) {
                Ok(key) => match taken.insert(key, action) {
                    None => keys.push(key),
                    Some(first) => {
                        taken.insert(key, first);
                        if first != action {
                            say(tr!(
                                "{key} is given to “{first}” and to “{second}”; the first has it",
                                key,
                                first = first.id(),
                                second = action.id()
                            ));
                        }
                    }
                },
                Err(part) => say(tr!("“{part}” in “{word}” is no key", part, word)),
            }
        }
        settings.changes.insert(action, keys);
    }
    settings.forget_what_is_as_ever();
    for (name, value) in file.mouse {
        let line = line_of(name.span().start);
        let mut say = |text: String| problems.push(Problem { line, text });
        let Some((button, held)) = mouse::drag_named(name.get_ref()) else {
            say(tr!(
                "there is no drag “{name}”, only left, middle and right, alone, with shift+ or with ctrl+",
                name = name.get_ref()
            ));
            continue;
        };
        match value.get_ref().as_str().and_then(Drag::named) {
            Some(drag) => settings.set_drag(button, held, drag),
            None => say(tr!(
                "what “{name}” does is to be one of {all}; it does as in the profile",
                name = name.get_ref(),
                all = Drag::ALL.map(Drag::id).join(", ")
            )),
        }
    }
    problems.sort_by_key(|problem| problem.line);
    (settings, problems)
}

fn words(value: &toml::Value) -> Option<Vec<&str>> {
    match value {
        toml::Value::String(one) => Some(vec![one]),
        toml::Value::Array(all) => all.iter().map(toml::Value::as_str).collect(),
        _ => None,
    }
}

impl Settings {
    fn forget_what_is_as_ever(&mut self) {
        let as_ever: BTreeSet<Action> = self
            .changes
            .iter()
            .filter(|(action, keys)| **keys == self.profile_keys(**action))
            .map(|(action, _)| *action)
            .collect();
        // A change that repeats the profile still keeps its key from another one that took it.
        self.changes.retain(|action, _| !as_ever.contains(action));
    }
}

/// The file that holds these settings.
#[must_use]
pub fn write(settings: &Settings) -> String {
    let mut text = String::from(
        "# Keys of OncoTwin. The window writes this file anew when keys are changed in it.\n\
         # Profiles: oncotwin, pacs, itk-snap. What is not listed is as in the profile.\n",
    );
    // Writing into a string does not fail.
    let _ok = writeln!(text, "profile = \"{}\"\n\n[keys]", settings.profile.id());
    for (action, keys) in &settings.changes {
        let keys: Vec<String> = keys.iter().map(|k| format!("\"{k}\"")).collect();
        let _ok = writeln!(text, "\"{}\" = [{}]", action.id(), keys.join(", "));
    }
    if !settings.drags.is_empty() {
        text.push_str("\n[mouse]\n");
    }
    for ((button, held), drag) in &settings.drags {
        let name = mouse::drag_id(*button, *held);
        let _ok = writeln!(text, "\"{name}\" = \"{}\"", drag.id());
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Key, KeyMap};
    use super::*;

    fn key(text: &str) -> Shortcut {
        Shortcut::parse(text).expect("a key")
    }

    #[test]
    fn a_file_says_what_drags_do() {
        use super::super::{Button, Held};
        let text = "profile = \"pacs\"\n[mouse]\n\"left\" = \"pan\"\n\"ctrl+right\" = \"page\"\n";
        let (settings, problems) = parse(text);
        assert_eq!(problems, []);
        let map = KeyMap::new(settings.clone());
        assert_eq!(map.mouse().drag(Button::Left, Held::Nothing), Drag::Pan);
        assert_eq!(map.mouse().drag(Button::Right, Held::Ctrl), Drag::Page);
        let as_ever = Profile::Pacs.mouse().drag(Button::Middle, Held::Nothing);
        assert_eq!(map.mouse().drag(Button::Middle, Held::Nothing), as_ever);
        assert_eq!(parse(&write(&settings)), (settings, Vec::new()));

        let (settings, problems) = parse("[mouse]\n\"thumb\" = \"pan\"\n\"left\" = 7\n");
        assert_eq!(settings, Settings::default());
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3]);
        // The meaning that it has anyway is no change.
        let (settings, _) = parse("[mouse]\n\"left\" = \"window\"\n");
        assert!(settings.drags.is_empty());
    }

    #[test]
    fn a_file_says_profile_and_keys() {
        let (settings, problems) =
            parse("profile = \"pacs\"\n[keys]\n\"tool.diameter\" = \"Ctrl+D\"\n\"cine\" = []\n");
        assert_eq!(problems, []);
        assert_eq!(settings.profile, Profile::Pacs);
        let map = KeyMap::new(settings);
        assert_eq!(map.keys(Action::Diameter), [key("Ctrl+D")]);
        assert_eq!(map.keys(Action::Cine), []);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_rest_holds() {
        let text = "profile = \"osirix\"\n[keys]\n\"tool.diametre\" = [\"D\"]\n\
                    \"cine\" = [\"Hyper+C\", \"U\"]\n\"fit\" = 7\n\"invert\" = [\"U\"]\n";
        let (settings, problems) = parse(text);
        let lines: Vec<usize> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6], "{problems:?}");
        assert!(problems[2].text.contains("Hyper"));
        let map = KeyMap::new(settings);
        assert_eq!(map.keys(Action::Cine), [key("U")]);
        assert_eq!(map.keys(Action::Fit), [key("F")]);
        assert_eq!(map.keys(Action::Invert), []);
    }

    #[test]
    fn of_a_file_that_is_none_nothing_holds() {
        for text in [
            "profile = \"pacs\"\n[keys\n",
            "\n\nfoo = 1\n",
            "profile = 3",
        ] {
            let (settings, problems) = parse(text);
            assert_eq!(settings, Settings::default());
            assert_eq!(problems.len(), 1, "{problems:?}");
        }
    }

    fn shortcuts() -> impl Strategy<Value = Shortcut> {
        let keys: Vec<Key> = Key::all().collect();
        let held = any::<[bool; 3]>();
        (prop::sample::select(keys), held).prop_map(|(key, [ctrl, alt, shift])| Shortcut {
            key,
            ctrl,
            alt,
            shift,
        })
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let actions: Vec<Action> = Action::all().collect();
        let acts =
            prop::collection::vec((prop::sample::select(actions), shortcuts(), 0..3_u8), 0..20);
        (prop::sample::select(&Profile::ALL[..]), acts).prop_map(|(profile, acts)| {
            let mut settings = Settings {
                profile,
                ..Settings::default()
            };
            for (action, shortcut, act) in acts {
                match act {
                    0 => settings.bind(action, shortcut),
                    1 => settings.unbind(action, shortcut),
                    _ => settings.reset(action),
                }
            }
            settings
        })
    }

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_written(key in shortcuts()) {
            prop_assert_eq!(Shortcut::parse(&key.to_string()), Ok(key));
        }

        #[test]
        fn settings_are_read_as_they_were_written(settings in settings()) {
            let (read, problems) = parse(&write(&settings));
            prop_assert_eq!(problems, []);
            prop_assert_eq!(KeyMap::new(read.clone()), KeyMap::new(settings));
            // What was read once is written the same again.
            prop_assert_eq!(parse(&write(&read)).0, read);
        }

        #[test]
        fn keys_and_actions_agree(settings in settings()) {
            let map = KeyMap::new(settings);
            for action in Action::all() {
                for key in map.keys(action) {
                    prop_assert_eq!(map.action(*key), Some(action));
                }
            }
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC*") {
            let _settings = parse(&text);
        }

        #[test]
        fn no_damaged_file_breaks_it(
            settings in settings(),
            at in any::<prop::sample::Index>(),
            put in "[\"\\[\\]=+\\nA-Za-z0-9 ]{0,4}",
        ) {
            let mut text = write(&settings);
            let at = at.index(text.len());
            if text.is_char_boundary(at) {
                text.insert_str(at, &put);
                let (read, _) = parse(&text);
                let _map = KeyMap::new(read);
            }
        }
    }
}
