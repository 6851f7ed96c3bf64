//! What is said of masks that depend on just where the hand was.

use crate::narrate::LOW_CONSISTENCY;
use crate::warning::{Warning, WarningCode};

/// What to know of a mask whose [`crate::segment::consistency`] is this.
pub(crate) fn warning(consistency: f64) -> Option<Warning> {
    let said = || {
        format!(
            "the outline depends on just where the gesture was made: made a pixel or two beside, the \
             same gesture gives masks that agree with this one by a Dice of only {consistency:.2} (1 is \
             the same mask); look at the outline, or draw again where the lesion stands out best"
        )
    };
    (consistency < LOW_CONSISTENCY).then(|| Warning::new(WarningCode::Doubtful, said()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_depends_on_the_hand_is_warned_of() {
        assert!(warning(1.0).is_none());
        assert!(warning(LOW_CONSISTENCY).is_none());
        let said = warning(0.71).expect("warned of");
        assert_eq!(said.code, WarningCode::Doubtful);
        assert!(said.message.contains("0.71"));
    }
}
