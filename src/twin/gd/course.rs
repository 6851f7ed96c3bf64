//! The burden of one patient over time.

use crate::units::Days;

/// Readings of one patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Who it is, as written.
    pub name: String,
    /// Day and size or marker, in order of time. The unit does not matter: only shares of the first
    /// reading are looked at.
    pub readings: Vec<(Days, f64)>,
}
