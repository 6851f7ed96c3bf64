//! Keys and mouse: which key means which action and which drag does what.
//!
//! Three layers, each of which goes before the one below: what a person changed, the profile, the
//! defaults of the table of actions. Plain data without a window; `ui` asks it what a key means, and
//! `app` keeps it in the user's configuration.

mod action;
mod file;
mod key;
mod mouse;
mod profile;
mod settings;

pub use action::{Action, Flag, Group};
pub use file::{Problem, parse, write};
pub use key::{Key, Shortcut};
pub use mouse::{Button, Drag, Held, MouseMap};
pub use profile::Profile;
pub use settings::{KeyMap, Settings};
