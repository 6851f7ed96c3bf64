//! What belongs to a person: keys and mouse.

use std::sync::Arc;

use super::State;
use crate::app::effect::Effect;
use crate::app::view::Severity;
use crate::keymap::{KeyMap, Settings};
use crate::texts::tr;

impl State {
    /// Takes in what the user's file says, and what is wrong with it.
    pub(in crate::app) fn take_keys(&mut self, settings: Settings, wrong: &str) {
        self.keys = Arc::new(KeyMap::new(settings));
        if !wrong.is_empty() {
            let hint = tr!(
                "Correct the file and start again, or change keys in the window (Change \
                        keys…), which writes a new file and keeps this one beside it."
            );
            self.say(Severity::Warning, wrong, hint);
        }
    }

    pub(super) fn set_keys(&mut self, settings: Settings, effects: &mut Vec<Effect>) {
        if *self.keys.settings() == settings {
            return;
        }
        self.keys = Arc::new(KeyMap::new(settings.clone()));
        effects.push(Effect::KeepKeys(settings));
    }
}
