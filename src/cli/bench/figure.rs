//! One measured number, what it stands beside and what it has to reach.

use serde_json::{Value, json};

/// What a figure has to reach.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// As near to the peer's value as this share of it.
    Share(f64),
    /// As near to the peer's value as this.
    Apart(f64),
    Least(f64),
    Most(f64),
}

/// A measured number.
pub(super) struct Figure {
    pub(super) set: &'static str,
    /// The law, and what tumours share under it.
    pub(super) model: Option<String>,
    /// How it was fitted.
    pub(super) fit: Option<&'static str>,
    pub(super) quantity: String,
    pub(super) unit: &'static str,
    pub(super) ours: f64,
    pub(super) method: &'static str,
    /// Who has it too, and their value.
    pub(super) peer: Option<(&'static str, f64)>,
    /// What it has to reach, and for what.
    pub(super) aim: Option<(&'static str, Bound)>,
}

impl Figure {
    pub(super) fn new(
        set: &'static str,
        quantity: impl Into<String>,
        ours: f64,
        unit: &'static str,
        method: &'static str,
    ) -> Self {
        Self {
            set,
            model: None,
            fit: None,
            quantity: quantity.into(),
            unit,
            ours,
            method,
            peer: None,
            aim: None,
        }
    }

    pub(super) fn of(mut self, model: impl Into<String>, fit: &'static str) -> Self {
        self.model = Some(model.into());
        self.fit = Some(fit);
        self
    }

    pub(super) fn beside(mut self, peer: &'static str, value: f64) -> Self {
        self.peer = Some((peer, value));
        self
    }

    pub(super) fn aiming(mut self, aim: &'static str, bound: Bound) -> Self {
        self.aim = Some((aim, bound));
        self
    }

    /// How far the figure may lie from the peer's.
    fn tolerance(&self) -> Option<f64> {
        let (_, theirs) = self.peer?;
        match self.aim?.1 {
            Bound::Share(share) => Some(share * theirs.abs()),
            Bound::Apart(distance) => Some(distance),
            Bound::Least(_) | Bound::Most(_) => None,
        }
    }

    /// Whether the figure reaches what it has to; `None` where nothing was set.
    pub(super) fn is_reached(&self) -> Option<bool> {
        let (_, bound) = self.aim?;
        Some(match bound {
            Bound::Least(least) => self.ours >= least,
            Bound::Most(most) => self.ours <= most,
            Bound::Share(_) | Bound::Apart(_) => {
                let (_, theirs) = self.peer?;
                (self.ours - theirs).abs() <= self.tolerance()?
            }
        })
    }
}

/// A figure, or a peer that is not there.
pub(super) enum Row {
    Figure(Figure),
    Missing {
        set: &'static str,
        quantity: &'static str,
        peer: &'static str,
        reason: String,
    },
}

impl Row {
    pub(super) fn figure(&self) -> Option<&Figure> {
        match self {
            Self::Figure(figure) => Some(figure),
            Self::Missing { .. } => None,
        }
    }

    pub(super) fn json(&self) -> Value {
        let figure = match self {
            Self::Figure(figure) => figure,
            Self::Missing {
                set,
                quantity,
                peer,
                reason,
            } => {
                return json!({"set": set, "quantity": quantity, "peer": peer, "missing": reason});
            }
        };
        let mut row = json!({
            "set": figure.set, "model": figure.model, "fit": figure.fit, "quantity": figure.quantity,
            "ours": figure.ours, "unit": figure.unit, "method": figure.method,
        });
        if !figure.ours.is_finite() {
            row["reason"] = "no finite value".into();
        }
        if let Some((peer, value)) = figure.peer {
            row["peer"] = peer.into();
            row["peer_value"] = value.into();
            row["ratio"] = (figure.ours / value).into();
        }
        match figure.aim {
            Some((_, Bound::Least(limit))) => {
                row["limit"] = limit.into();
                row["least"] = true.into();
            }
            Some((_, Bound::Most(limit))) => {
                row["limit"] = limit.into();
                row["least"] = false.into();
            }
            _ => row["tolerance"] = Value::from(figure.tolerance()),
        }
        if let Some((aim, _)) = figure.aim {
            row["aim"] = aim.into();
            row["ok"] = figure.is_reached().into();
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_are_reached_or_not() {
        let figure = |ours: f64| Figure::new("set", "a", ours, "1", "by hand").beside("peer", 2.0);
        let near = |ours| figure(ours).aiming("aim", Bound::Share(0.03)).is_reached();
        assert_eq!(near(2.05), Some(true));
        assert_eq!(near(1.93), Some(false));
        assert_eq!(near(f64::NAN), Some(false));
        let apart = figure(5.0).aiming("aim", Bound::Apart(0.0));
        assert_eq!(apart.is_reached(), Some(false));
        let row = Row::Figure(figure(3.0).aiming("aim", Bound::Least(2.5))).json();
        assert_eq!((&row["ok"], &row["least"]), (&json!(true), &json!(true)));
        assert_eq!(row["ratio"], 1.5);
        let open = Row::Figure(figure(f64::NEG_INFINITY)).json();
        assert!(open["ours"].is_null() && open["ok"].is_null() && open["reason"].is_string());
    }
}
