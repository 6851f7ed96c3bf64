//! The application without its window: commands in, state, effects and a view model out.
//!
//! [`Command`] → `State::apply` → effects → [`Session`] runs them → events → `State::absorb`.

pub(crate) mod caliper;
mod command;
pub(crate) mod consistency;
mod effect;
pub(crate) mod figure_text;
mod files;
mod grouping;
mod history;
mod ids;
mod layout;
mod lookup;
mod preferences;
mod reading;
mod report_input;
pub mod review;
mod samples;
mod session;
mod state;
pub(crate) mod steps;
mod sum_input;
mod summary;
pub mod trace;
mod treatments;
mod twin_input;
mod value;
mod versions;
pub mod view;
mod view_build;
mod work;

pub use command::{Beginning, Command, Fusion, HeaderOf, JumpTo, Script, Step, Subject};
pub use samples::samples;
pub use session::{Ask, Clock, Session, SessionConfig, SessionError};
pub use state::{Sample, SampleSource, ShownMask, State};
pub use treatments::TreatmentEntry;

/// Version of the program with the commit of release builds, in the audit trail, reports and caches.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("ONCOTWIN_BUILD"));

/// A seed for identifiers that no other session has.
#[must_use]
pub fn random_seed() -> [u8; 32] {
    rand::random()
}
