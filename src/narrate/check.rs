//! Whether sentences say what their facts say.
//!
//! The check reads the text alone and trusts no mark of the writer: it serves templates as a test
//! invariant and texts of other origin as a guard before they are shown or exported.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::fact::{Fact, FactTable, FactValue, Subject};
use super::template::{Narrative, Sentence};
use super::tokens::{Token, TokenValue, tokens};

/// What is wrong with a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// A number that no cited fact bears out.
    Number,
    /// The number of a cited fact with another unit.
    Unit,
    /// A date that no cited fact bears out.
    Date,
    /// A change whose words, or sign, point the wrong way.
    Direction,
    /// A response category other than the cited one.
    Category,
    /// A lesion that the sentence's facts are about is not named, or another one is.
    Entity,
    /// Advice, prognosis or the like.
    Forbidden,
    /// A projection without the conditional, or without naming the model.
    Mood,
    /// A cited fact that the sentence does not state, or a citation of no fact at all.
    Coverage,
}

/// One fault of one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Zero-based sentence.
    pub sentence: usize,
    /// What is wrong.
    pub kind: ViolationKind,
    /// Where and why, in words.
    pub detail: String,
}

/// Word beginnings that no sentence may contain: advice and prognosis are not ours to give.
const FORBIDDEN: [&str; 12] = [
    "recommend",
    "should",
    "advis",
    "advice",
    "prognos",
    "surviv",
    "curable",
    "cure",
    "life expectancy",
    "palliat",
    "must be treated",
    "toxicity",
];

const INCREASE: [&str; 8] = [
    "increas", "larger", "grew", "grown", "rose", "risen", "above", "longer",
];
const DECREASE: [&str; 9] = [
    "decreas", "smaller", "shrank", "shrunk", "fell", "fallen", "reduc", "below", "shorter",
];

/// Response categories as whole words.
const CATEGORIES: [&str; 7] = ["CR", "PR", "SD", "PD", "NE", "iUPD", "iCPD"];

/// Names with digits that belong to the language, not to the case.
const TERMS: [&str; 1] = ["RECIST 1.1"];

/// Reads every sentence against the facts that it cites.
///
/// Each number must equal a cited fact at the precision printed, with its unit (cm for mm, mm³ for
/// mL and weeks for days pass after conversion); each cited fact must be stated; a change printed
/// without sign needs a word of the right direction before it; projections need "would" and "model".
/// Digits inside cited names and texts are the names' own.
#[must_use]
pub fn check(table: &FactTable, narrative: &Narrative) -> Vec<Violation> {
    let mut out = Vec::new();
    for (index, sentence) in narrative.sentences.iter().enumerate() {
        for (kind, detail) in check_sentence(table, sentence) {
            out.push(Violation {
                sentence: index,
                kind,
                detail,
            });
        }
    }
    out
}

type Fault = (ViolationKind, String);

fn check_sentence(table: &FactTable, sentence: &Sentence) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut cited: Vec<&Fact> = Vec::new();
    for &id in &sentence.facts {
        match table.get(id) {
            Some(fact) => cited.push(fact),
            None => faults.push((ViolationKind::Coverage, format!("{id} is not in the table"))),
        }
    }
    let text = sentence.text.as_str();
    let free = free_texts(text, &cited);
    numbers(text, &cited, &free, &mut faults);
    names(table, text, &cited, &free, &mut faults);
    words(text, &cited, &free, &mut faults);
    faults
}

/// A number that a cited fact has to offer.
struct Offer<'a> {
    fact: &'a Fact,
    value: f64,
    unit: &'a str,
    decimals: u8,
    /// Whether its sign is a direction.
    directed: bool,
    stated: bool,
}

fn offers<'a>(cited: &[&'a Fact]) -> Vec<Offer<'a>> {
    let mut out = Vec::new();
    for &fact in cited {
        let mut offer = |value: f64, unit: &'a str, decimals: u8| {
            out.push(Offer {
                fact,
                value,
                unit,
                decimals,
                directed: fact.kind.is_change(),
                stated: false,
            });
        };
        match &fact.value {
            FactValue::Number {
                value,
                unit,
                decimals,
            } => offer(*value, unit, *decimals),
            FactValue::Range {
                median,
                low,
                high,
                level,
                unit,
                decimals,
            } => {
                if let Some(m) = median {
                    offer(*m, unit, *decimals);
                }
                offer(*low, unit, *decimals);
                offer(*high, unit, *decimals);
                out.push(Offer {
                    fact,
                    value: level * 100.0,
                    unit: "%",
                    decimals: 0,
                    directed: false,
                    stated: false,
                });
            }
            FactValue::Shares { items, decimals } => {
                for item in items {
                    offer(item.percent, "%", *decimals);
                }
            }
            FactValue::Date { .. } | FactValue::Category { .. } | FactValue::Text { .. } => {}
        }
    }
    out
}

/// Factor from a fact's unit to the unit of a token, where the two measure the same.
fn factor(fact_unit: &str, token_unit: &str) -> Option<f64> {
    match (fact_unit, token_unit) {
        (a, b) if a == b => Some(1.0),
        ("mm", "cm") => Some(0.1),
        ("mL", "mm³") => Some(1000.0),
        ("days", "weeks") => Some(1.0 / 7.0),
        _ => None,
    }
}

/// Whether `digits` are the magnitude of `value`, rounded to as many decimals as written.
fn same_digits(value: f64, digits: &str) -> bool {
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    format!("{:.decimals$}", value.abs()) == digits
}

fn numbers(text: &str, cited: &[&Fact], free: &[Range<usize>], faults: &mut Vec<Fault>) {
    let mut offers = offers(cited);
    for token in tokens(text) {
        let inside = free
            .iter()
            .any(|r| r.start <= token.range.start && token.range.end <= r.end);
        if inside {
            continue;
        }
        match &token.value {
            TokenValue::Date(written) => {
                let known = cited.iter().any(
                    |f| matches!(&f.value, FactValue::Date { date } if date.to_string() == *written),
                );
                if !known {
                    faults.push((
                        ViolationKind::Date,
                        format!("{written} is of no cited fact"),
                    ));
                }
            }
            TokenValue::Number { sign, digits, unit } => {
                number(text, &token, (*sign, digits, unit), &mut offers, faults);
            }
        }
    }
    for offer in offers.iter().filter(|o| !o.stated) {
        faults.push((
            ViolationKind::Coverage,
            format!("{} of {} is not stated", offer.value, offer.fact.id),
        ));
    }
}

fn number(
    text: &str,
    token: &Token,
    (sign, digits, unit): (Option<char>, &str, &str),
    offers: &mut [Offer<'_>],
    faults: &mut Vec<Fault>,
) {
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    let fits = |o: &Offer<'_>| {
        factor(o.unit, unit).is_some_and(|f| {
            let finer = if f < 1.0 { 1 } else { 0 };
            decimals <= usize::from(o.decimals) + finer && same_digits(o.value * f, digits)
        })
    };
    let signed_right = |o: &Offer<'_>| points_right(text, token, sign, o);
    // The fact not yet stated comes first, so that two facts of one value are both accounted for.
    let best = (0..offers.len())
        .filter(|&i| fits(&offers[i]))
        .min_by_key(|&i| (!signed_right(&offers[i]), offers[i].stated));
    match best {
        Some(i) => {
            if !signed_right(&offers[i]) {
                faults.push((
                    ViolationKind::Direction,
                    format!(
                        "{digits} {unit} is stated in the wrong direction; {} is {}",
                        offers[i].fact.id, offers[i].fact.text
                    ),
                ));
            }
            offers[i].stated = true;
        }
        None => {
            let other_unit = offers
                .iter()
                .find(|o| o.unit != unit && same_digits(o.value, digits));
            faults.push(match other_unit {
                Some(o) => (
                    ViolationKind::Unit,
                    format!("{digits} is {} in {}, not {unit:?}", o.unit, o.fact.id),
                ),
                None => (
                    ViolationKind::Number,
                    format!("{digits} {unit} is of no cited fact"),
                ),
            });
        }
    }
}

/// Whether sign or words in front of a number agree with the fact's sign.
fn points_right(text: &str, token: &Token, sign: Option<char>, offer: &Offer<'_>) -> bool {
    let printed = super::fact::print_number(offer.value, offer.decimals, true);
    let negative = printed.starts_with('\u{2212}');
    let positive = printed.starts_with('+');
    match sign {
        Some('+') => !negative,
        Some(_) => !positive,
        None if offer.directed && (negative || positive) => {
            if matches!(offer.fact.value, FactValue::Range { .. }) {
                return false;
            }
            let before = text[..token.range.start].to_lowercase();
            let last = |words: &[&str]| words.iter().filter_map(|w| before.rfind(w)).max();
            match (last(&INCREASE), last(&DECREASE)) {
                (Some(up), Some(down)) => positive == (up > down),
                (Some(_), None) => positive,
                (None, Some(_)) => negative,
                (None, None) => false,
            }
        }
        None => !negative,
    }
}

/// Byte ranges at which `phrase` stands as whole words.
fn whole(text: &str, phrase: &str) -> Vec<Range<usize>> {
    if phrase.is_empty() {
        return Vec::new();
    }
    text.match_indices(phrase)
        .map(|(at, found)| at..at + found.len())
        .filter(|r| {
            let joins = |inner: Option<char>, outer: Option<char>| {
                inner.is_some_and(char::is_alphanumeric) && outer.is_some_and(char::is_alphanumeric)
            };
            !joins(phrase.chars().next(), text[..r.start].chars().next_back())
                && !joins(phrase.chars().next_back(), text[r.end..].chars().next())
        })
        .collect()
}

/// Where the sentence quotes names and texts of its facts, whose digits and words are their own.
fn free_texts(text: &str, cited: &[&Fact]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for term in TERMS {
        out.extend(whole(text, term));
    }
    for fact in cited {
        match &fact.subject {
            Subject::Patient => {}
            Subject::TimePoint(label) => {
                out.extend(whole(text, label));
                out.extend(whole(text, &label.to_lowercase()));
            }
            Subject::Lesion(label) => {
                for word in ["lesion", "Lesion"] {
                    out.extend(whole(text, &format!("{word} {label}")));
                }
            }
        }
        match &fact.value {
            FactValue::Category { code: quoted } | FactValue::Text { text: quoted } => {
                out.extend(quoted_at(text, quoted));
            }
            FactValue::Shares { items, .. } => {
                for item in items {
                    out.extend(whole(text, &item.label));
                }
            }
            FactValue::Number { .. } | FactValue::Range { .. } | FactValue::Date { .. } => {}
        }
    }
    out
}

/// Where a text is quoted. A text that could pass for a number with its unit does not count: it
/// would vouch for digits anywhere.
fn quoted_at(text: &str, quoted: &str) -> Vec<Range<usize>> {
    let bare = quoted
        .chars()
        .all(|c| c.is_numeric() || c.is_whitespace() || c.is_ascii_punctuation());
    if bare {
        whole(text, &format!("({quoted})"))
    } else {
        whole(text, quoted)
    }
}

fn names(
    table: &FactTable,
    text: &str,
    cited: &[&Fact],
    free: &[Range<usize>],
    faults: &mut Vec<Fault>,
) {
    for fact in cited {
        let named = match &fact.subject {
            Subject::Patient => true,
            Subject::TimePoint(label) => {
                !whole(text, label).is_empty() || !whole(text, &label.to_lowercase()).is_empty()
            }
            Subject::Lesion(label) => ["lesion", "Lesion"]
                .iter()
                .any(|w| !whole(text, &format!("{w} {label}")).is_empty()),
        };
        if !named {
            faults.push((
                ViolationKind::Entity,
                format!("{} is on {}, which is not named", fact.id, fact.subject),
            ));
        }
        let quoted = match &fact.value {
            FactValue::Category { code } => Some(code),
            FactValue::Text { text } => Some(text),
            _ => None,
        };
        if let Some(quoted) = quoted
            && !text.contains(quoted.as_str())
        {
            faults.push((
                ViolationKind::Coverage,
                format!("{} ({quoted}) is not stated", fact.id),
            ));
        }
        if let FactValue::Date { date } = &fact.value
            && !text.contains(&date.to_string())
        {
            faults.push((
                ViolationKind::Coverage,
                format!("{} ({date}) is not stated", fact.id),
            ));
        }
    }
    for label in table.lesions() {
        let is_cited = cited
            .iter()
            .any(|f| matches!(&f.subject, Subject::Lesion(l) if l == label));
        if is_cited {
            continue;
        }
        for word in ["lesion", "Lesion"] {
            for found in whole(text, &format!("{word} {label}")) {
                if !free
                    .iter()
                    .any(|r| r.start <= found.start && found.end <= r.end)
                {
                    faults.push((
                        ViolationKind::Entity,
                        format!("lesion {label} is named, but no fact on it is cited"),
                    ));
                }
            }
        }
    }
}

fn words(text: &str, cited: &[&Fact], free: &[Range<usize>], faults: &mut Vec<Fault>) {
    let is_free = |found: &Range<usize>| {
        free.iter()
            .any(|r| r.start <= found.start && found.end <= r.end)
    };
    // ASCII lower case keeps byte positions.
    let lower = text.to_ascii_lowercase();
    for word in FORBIDDEN {
        for (at, found) in lower.match_indices(word) {
            let inside_word = lower[..at]
                .chars()
                .next_back()
                .is_some_and(char::is_alphabetic);
            if !inside_word && !is_free(&(at..at + found.len())) {
                faults.push((
                    ViolationKind::Forbidden,
                    format!("{word:?} is advice or prognosis"),
                ));
            }
        }
    }
    for category in CATEGORIES {
        let stated = whole(text, category)
            .into_iter()
            .any(|found| !is_free(&found));
        if stated {
            faults.push((
                ViolationKind::Category,
                format!("{category} is of no cited fact"),
            ));
        }
    }
    let projected = cited.iter().any(|f| f.kind.is_projection());
    if projected && !(lower.contains("would") && lower.contains("model")) {
        faults.push((
            ViolationKind::Mood,
            "a projection is stated without \"would\" and \"model\"".into(),
        ));
    }
}

impl Violation {
    /// The violations as one line each, for messages.
    #[must_use]
    pub fn describe(violations: &[Self]) -> String {
        violations
            .iter()
            .map(|v| format!("sentence {}: {}", v.sentence + 1, v.detail))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::narrate::fact::{FactId, FactKind};
    use crate::narrate::template::Source;

    fn fact(id: u32, kind: FactKind, value: f64, unit: &str) -> Fact {
        Fact {
            id: FactId(id),
            subject: Subject::Lesion("L1".into()),
            time_point: Some(0),
            date: None,
            day: None,
            kind,
            value: FactValue::Number {
                value,
                unit: unit.into(),
                decimals: 1,
            },
            text: format!("{value:.1} {unit}"),
        }
    }

    fn kinds(text: &str, facts: &[Fact]) -> Vec<ViolationKind> {
        let table = FactTable {
            facts: facts.to_vec(),
        };
        let narrative = Narrative {
            sentences: vec![Sentence {
                text: text.into(),
                source: Source::Edited,
                facts: facts.iter().map(|f| f.id).collect(),
                spans: Vec::new(),
            }],
        };
        check(&table, &narrative)
            .into_iter()
            .map(|v| v.kind)
            .collect()
    }

    #[test]
    fn numbers_units_and_conversions() {
        let f = [fact(1, FactKind::LongestDiameter, 32.14, "mm")];
        assert!(kinds("Lesion L1 measured 32.1 mm.", &f).is_empty());
        assert!(kinds("Lesion L1 measured 32 mm.", &f).is_empty());
        assert!(kinds("Lesion L1 measured 3.2 cm.", &f).is_empty());
        assert!(kinds("Lesion L1 measured 32.4 mm.", &f).contains(&ViolationKind::Number));
        assert!(kinds("Lesion L1 measured 32.14 mm.", &f).contains(&ViolationKind::Number));
        assert!(kinds("Lesion L1 measured 32.1 mL.", &f).contains(&ViolationKind::Unit));
        assert!(kinds("Lesion L2 measured 32.1 mm.", &f).contains(&ViolationKind::Entity));
        assert!(kinds("Lesion L1 is there.", &f).contains(&ViolationKind::Coverage));
    }

    #[test]
    fn directions_words_and_mood() {
        let f = [fact(1, FactKind::ChangeFromBaseline, -12.0, "%")];
        assert!(kinds("Lesion L1 decreased by 12.0 %.", &f).is_empty());
        assert!(kinds("Lesion L1 changed by \u{2212}12.0 %.", &f).is_empty());
        assert_eq!(
            kinds("Lesion L1 increased by 12.0 %.", &f),
            [ViolationKind::Direction]
        );
        assert_eq!(
            kinds("Lesion L1 changed by +12.0 %.", &f),
            [ViolationKind::Direction]
        );
        assert_eq!(
            kinds("Lesion L1 decreased by 12.0 %; surgery is recommended.", &f),
            [ViolationKind::Forbidden]
        );
        assert_eq!(
            kinds("Lesion L1 decreased by 12.0 %: PR.", &f),
            [ViolationKind::Category]
        );
        let f = [fact(1, FactKind::ProjectedSize, 5.0, "mL")];
        assert_eq!(
            kinds("Lesion L1 will measure 5.0 mL.", &f),
            [ViolationKind::Mood]
        );
    }
}
