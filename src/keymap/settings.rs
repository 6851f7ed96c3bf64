//! Profile and own changes, and the map that they make.

use std::collections::BTreeMap;

use super::mouse::{Button, Drag, Held, MouseMap};
use super::{Action, Profile, Shortcut};

/// What a person chose: nothing else is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The profile.
    pub profile: Profile,
    /// Actions whose keys are others than those of the profile. No two of them share a key.
    pub changes: BTreeMap<Action, Vec<Shortcut>>,
    /// Drags of the mouse that do something else than in the profile.
    pub drags: BTreeMap<(Button, Held), Drag>,
}

impl Settings {
    /// Keys of an action in the profile, without own changes.
    #[must_use]
    pub fn profile_keys(&self, action: Action) -> Vec<Shortcut> {
        let differs = self.profile.keys().iter().find(|(a, _)| *a == action);
        differs.map_or_else(|| action.default_keys(), |(_, keys)| Shortcut::list(keys))
    }

    /// Gives an action one more key, and takes the key from the action that had it.
    pub fn bind(&mut self, action: Action, shortcut: Shortcut) {
        let map = KeyMap::new(self.clone());
        let before = map.action(shortcut);
        if before == Some(action) {
            return;
        }
        if let Some(other) = before {
            self.unbind(other, shortcut);
        }
        let mut keys = map.keys(action).to_vec();
        keys.push(shortcut);
        self.put(action, keys);
    }

    /// Takes a key from an action.
    pub fn unbind(&mut self, action: Action, shortcut: Shortcut) {
        let map = KeyMap::new(self.clone());
        let mut keys = map.keys(action).to_vec();
        keys.retain(|k| *k != shortcut);
        self.put(action, keys);
    }

    /// Gives an action the keys of the profile again; other actions to which those were given keep
    /// them.
    pub fn reset(&mut self, action: Action) {
        self.changes.remove(&action);
    }

    /// Gives a drag of the mouse a meaning.
    pub fn set_drag(&mut self, button: Button, held: Held, drag: Drag) {
        if drag == self.profile.mouse().drag(button, held) {
            self.drags.remove(&(button, held));
        } else {
            self.drags.insert((button, held), drag);
        }
    }

    fn put(&mut self, action: Action, keys: Vec<Shortcut>) {
        if keys == self.profile_keys(action) {
            self.changes.remove(&action);
        } else {
            self.changes.insert(action, keys);
        }
    }
}

/// Which key means which action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMap {
    settings: Settings,
    keys: BTreeMap<Action, Vec<Shortcut>>,
    actions: BTreeMap<Shortcut, Action>,
}

impl Default for KeyMap {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl KeyMap {
    /// The map that settings make: a key that was given to an action goes from the one that the
    /// profile gave it to.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut actions: BTreeMap<Shortcut, Action> = BTreeMap::new();
        for (action, keys) in &settings.changes {
            for key in keys {
                actions.entry(*key).or_insert(*action);
            }
        }
        let unchanged = Action::all().filter(|a| !settings.changes.contains_key(a));
        for action in unchanged {
            for key in settings.profile_keys(action) {
                actions.entry(key).or_insert(action);
            }
        }
        let keys = Action::all()
            .map(|action| {
                let of = settings.changes.get(&action).cloned();
                let mut of = of.unwrap_or_else(|| settings.profile_keys(action));
                of.retain(|key| actions.get(key) == Some(&action));
                (action, of)
            })
            .collect();
        Self {
            settings,
            keys,
            actions,
        }
    }

    /// What it was made of.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What dragging does.
    #[must_use]
    pub fn mouse(&self) -> MouseMap {
        let own = self.settings.drags.iter();
        own.fold(self.settings.profile.mouse(), |map, (of, drag)| {
            map.with(of.0, of.1, *drag)
        })
    }

    /// What exactly this key means.
    #[must_use]
    pub fn action(&self, shortcut: Shortcut) -> Option<Action> {
        self.actions.get(&shortcut).copied()
    }

    /// What this key means where Shift may be held because the keyboard asks for it, as for `?`, or
    /// digits on some. Letters mean another thing with Shift.
    #[must_use]
    pub fn meant(&self, shortcut: Shortcut) -> Option<Action> {
        let plain = Shortcut {
            shift: false,
            ..shortcut
        };
        let loose = || self.action(plain).filter(|_| !shortcut.key.is_letter());
        self.action(shortcut).or_else(loose)
    }

    /// Keys of an action.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Shortcut] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key that is named beside a button.
    #[must_use]
    pub fn first(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(|key| key.text())
    }

    /// A text with the key of an action behind it, `Masks on or off (G)`.
    #[must_use]
    pub fn hint(&self, text: &str, action: Action) -> String {
        let key = self.first(action);
        key.map_or_else(|| text.to_owned(), |key| format!("{text} ({key})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Shortcut {
        Shortcut::parse(text).expect("a key")
    }

    #[test]
    fn no_key_of_a_profile_means_two_things_and_every_named_one_is_there() {
        for profile in Profile::ALL {
            let map = KeyMap::new(Settings {
                profile,
                ..Settings::default()
            });
            for action in Action::all() {
                let named = map.settings.profile_keys(action);
                assert_eq!(map.keys(action), named, "{profile:?} {action:?}");
                let needs_none = action.default_keys().is_empty();
                assert!(needs_none || !named.is_empty(), "{profile:?} {action:?}");
            }
            for (action, keys) in profile.keys() {
                let named = keys.split_whitespace().count();
                assert_eq!(map.keys(*action).len(), named, "{profile:?} {action:?}");
            }
        }
    }

    #[test]
    fn a_key_that_is_given_away_goes_from_where_it_was() {
        let mut settings = Settings::default();
        settings.bind(Action::Cine, key("D"));
        let map = KeyMap::new(settings.clone());
        assert_eq!(map.action(key("D")), Some(Action::Cine));
        assert_eq!(map.keys(Action::Diameter), []);
        assert_eq!(map.keys(Action::Cine), [key("C"), key("D")]);
        settings.reset(Action::Diameter);
        let map = KeyMap::new(settings.clone());
        assert_eq!(map.action(key("D")), Some(Action::Cine), "still given away");
        settings.reset(Action::Cine);
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn what_is_bound_back_is_no_change() {
        let mut settings = Settings::default();
        settings.unbind(Action::Cine, key("C"));
        assert_eq!(KeyMap::new(settings.clone()).action(key("C")), None);
        settings.bind(Action::Cine, key("C"));
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn shift_makes_other_letters_and_the_same_digits() {
        let map = KeyMap::default();
        assert_eq!(map.meant(key("Shift+1")), Some(Action::Preset1));
        assert_eq!(map.meant(key("Shift+?")), Some(Action::Help));
        assert_eq!(map.meant(key("Shift+D")), None);
        assert_eq!(map.meant(key("Shift+Tab")), Some(Action::PreviousLesion));
    }
}
