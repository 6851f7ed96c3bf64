//! How a drug is given over time.

use serde::{Deserialize, Serialize};

/// How a drug is given from its first day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "given", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// On its first day alone.
    Once,
    /// On single days, the dose being that of each.
    Repeated {
        /// Days from one dose to the next.
        every_days: u32,
        /// Number of doses, the first included.
        times: u32,
    },
    /// For the length of the treatment; a dose is one per day.
    Span,
    /// Until it is stopped; a dose is one per day.
    Ongoing,
}
