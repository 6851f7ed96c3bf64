//! What laws and methods are called, for programs and for people.

use crate::twin::population::age::Method;
use crate::twin::population::{Law, Shared};

/// A law in tables.
pub(super) fn title(law: &Law) -> &'static str {
    match law {
        Law::Exponential => "exponential",
        Law::FreeExponential => "exponential, V₀ free",
        Law::Logistic => "logistic",
        Law::PowerLaw => "power law",
        Law::Gompertz => "Gompertz",
        Law::ReducedGompertz { .. } => "reduced Gompertz",
    }
}

/// What tumours share under a reduced law, as an equation.
fn tie(shared: Shared) -> Option<&'static str> {
    match shared {
        Shared::None => None,
        Shared::Slope => Some("a = kb"),
        Shared::SlopeAndIntercept => Some("a = kb + c"),
    }
}

/// A law and what its tumours share, in tables.
pub(super) fn group_title(law: &Law, shared: Shared) -> String {
    let tie = tie(shared).map_or_else(String::new, |tie| format!(", {tie}"));
    format!("{}{tie}", title(law))
}

/// The same for programs.
pub(super) fn group_name(law: &Law, shared: Shared) -> String {
    let tie = match shared {
        Shared::None => "",
        Shared::Slope => "_slope",
        Shared::SlopeAndIntercept => "_line",
    };
    format!("{}{tie}", law.name())
}

/// A way to predict an age, in tables.
pub(super) fn method_title(method: Method) -> &'static str {
    match method {
        Method::Bayesian => "Bayesian",
        Method::BayesianFirstTwice => "Bayesian, first reading twice",
        Method::Likelihood => "likelihood",
    }
}

/// The same for programs.
pub(super) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Bayesian => "bayesian",
        Method::BayesianFirstTwice => "bayesian_first_twice",
        Method::Likelihood => "likelihood",
    }
}
