//! How time points follow each other, in words.

use crate::app::state::State;
use crate::app::view::{LinkMode, LinkTrust, LinkView, RegistrationView};
use crate::case::SeriesId;
use crate::register::Registration;
use crate::texts::tr;

impl State {
    /// How a series is linked to that of the first time point; `None` where there is but one.
    pub(super) fn link_view(&self, series: SeriesId) -> Option<LinkView> {
        let shown = self.series_on_screen();
        let reference = *shown.first()?;
        if shown.len() < 2 {
            return None;
        }
        let mode = self.link_mode(series);
        let (pending, found) = self.registration_of(series);
        let way = self.way(reference, series);
        let is_registered = way.is_some_and(|(_, trust)| trust.registered);
        let (trust, text) = match (mode, way) {
            (LinkMode::Off, _) => (
                LinkTrust::Off,
                tr!("Not linked: it stays where it is").to_owned(),
            ),
            (LinkMode::Offset, _) => (
                LinkTrust::Offset,
                tr!("Linked by offset: slices keep their distance, whatever they show").to_owned(),
            ),
            (LinkMode::Position, _) if series == reference => {
                let follow = |other: &SeriesId| {
                    let known = self.way(reference, *other).is_some();
                    known && self.link_mode(*other) == LinkMode::Position
                };
                match shown[1..].iter().filter(|other| follow(other)).count() {
                    0 => (
                        LinkTrust::Unknown,
                        tr!("No other time point is linked to this one").to_owned(),
                    ),
                    n => (
                        LinkTrust::Frame,
                        tr!("Another time point is linked to this one"
                            | "{n} other time points are linked to this one" % n),
                    ),
                }
            }
            (LinkMode::Position, None) => (
                LinkTrust::Unknown,
                tr!("Not linked: where its places lie in the first time point is unknown")
                    .to_owned(),
            ),
            (LinkMode::Position, Some((_, trust))) if trust.registered => {
                let residual = trust.residual.map_or_else(
                    || tr!("how far off is unknown").to_owned(),
                    |mm| tr!("local anatomy lies {mm} off (median)", mm),
                );
                if trust.proposed {
                    let text = tr!("Linked as proposed: {residual}", residual);
                    (LinkTrust::Proposed, text)
                } else {
                    let text = tr!("Linked by an accepted alignment: {residual}", residual);
                    (LinkTrust::Registered, text)
                }
            }
            (LinkMode::Position, Some(_)) => (
                LinkTrust::Frame,
                tr!("Linked: the scanner states one frame of reference").to_owned(),
            ),
        };
        Some(LinkView {
            series,
            mode,
            trust,
            text,
            pending: pending.is_some(),
            proposed: found.map(registration_view),
            is_reference: series == reference,
            is_registered,
        })
    }
}

fn registration_view(found: &Registration) -> RegistrationView {
    let residual = found.residual.map_or_else(
        || tr!("too few parts were found again to say how far off").to_owned(),
        |r| {
            tr!(
                "half within {median}, 95 % within {p95}",
                median = r.median,
                p95 = r.p95
            )
        },
    );
    RegistrationView {
        text: tr!(
            "Aligned: {residual}; {overlap:.0} % overlap",
            residual,
            overlap = found.overlap * 100.0
        ),
        warnings: found.warnings.iter().map(|w| w.message.clone()).collect(),
    }
}
