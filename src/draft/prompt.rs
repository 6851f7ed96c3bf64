//! From facts to a conversation that fits.

use std::fmt::Write as _;

use crate::narrate::{Fact, FactKind, FactTable, Subject, time_point_label};
use crate::nn::chat::{Content, Message, Role};

/// Name and version of the prompt; another text gets another name.
const PROMPT: &str = "draft-1";

const ASKED: &str = include_str!("../../assets/prompts/draft-1.txt");

/// A conversation to be answered.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Its name and version.
    pub name: &'static str,
    /// What is said.
    pub messages: Vec<Message>,
    /// Facts that it holds.
    pub shown: usize,
    /// Facts that did not fit.
    pub left_out: usize,
}

/// What a prompt may take.
pub struct Budget<'a> {
    /// Tokens of its words.
    pub tokens: usize,
    /// Tokens of a text.
    pub count: &'a dyn Fn(&str) -> crate::nn::Result<usize>,
}

/// How little it would be missed: the kind first, then whether its visit is the first or the last one.
fn rank(fact: &Fact, last: Option<usize>) -> (u8, bool) {
    let is_between = fact.time_point.is_some_and(|n| n > 0) && fact.time_point != last;
    (rank_of(fact.kind), is_between)
}

const fn rank_of(kind: FactKind) -> u8 {
    use FactKind as K;
    match kind {
        K::Response | K::SumOfDiameters | K::LesionCount | K::TimePointCount | K::ScanDate => 0,
        K::RecistDiameter
        | K::ChangeFromBaseline
        | K::ChangeFromNadir
        | K::ChangeFromNadirLength
        | K::Warning
        | K::Treatment => 1,
        K::Volume | K::VolumeChange | K::Site | K::DiameterRepeatability => 2,
        K::DoublingTime
        | K::HalvingTime
        | K::ProjectionDay
        | K::Forecaster
        | K::ProgressionProbability
        | K::ProgressionProbabilityLocal
        | K::ProjectedSum
        | K::SumProgression
        | K::ProjectedSize
        | K::Horizon
        | K::ScenarioCondition
        | K::ScenarioSize
        | K::ScenarioDifference
        | K::EvidenceLevel
        | K::Identification => 3,
        K::Interval
        | K::Modality
        | K::VolumeRepeatability
        | K::Confidence
        | K::Consistency
        | K::ResponseRule
        | K::ResponseProbability => 4,
        K::SliceThickness
        | K::CountedDiameter
        | K::DrawnDiameter
        | K::LongestDiameter
        | K::ShortAxis
        | K::RecistSource
        | K::PartialVolume
        | K::ModelWeights
        | K::LastObservation => 5,
    }
}

/// What stands before facts of one kind about one thing: dates of visits and names of kinds take many
/// tokens, so each is said once.
fn heading(fact: &Fact) -> String {
    let kind = fact.kind.label();
    match &fact.subject {
        Subject::Lesion(label) => format!("{label}, {kind}:"),
        Subject::Patient | Subject::TimePoint(_) => format!("{kind}:"),
    }
}

/// A fact behind its heading.
fn item(fact: &Fact) -> String {
    let mut item = String::from(" ");
    if let Some(visit) = fact.time_point {
        write!(item, "{} ", time_point_label(visit)).ok();
    }
    if let Some(day) = fact.day {
        write!(item, "day {day:.0} ").ok();
    }
    write!(item, "{} [{}];", fact.text, fact.id).ok();
    item
}

/// Facts in lines of one heading each, in order of first mention.
fn told(chosen: &[&Fact]) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for fact in chosen {
        let heading = heading(fact);
        match lines.iter_mut().find(|(h, _)| *h == heading) {
            Some((_, items)) => items.push_str(&item(fact)),
            None => lines.push((heading, item(fact))),
        }
    }
    lines
        .into_iter()
        .map(|(heading, items)| format!("{heading}{}\n", items.trim_end_matches(';')))
        .collect()
}

impl Prompt {
    /// As many facts as fit; what matters most is not left out for what matters less.
    ///
    /// # Errors
    /// What counting tokens says.
    pub fn of(facts: &FactTable, images: usize, budget: &Budget<'_>) -> crate::nn::Result<Self> {
        let mut left = budget.tokens.saturating_sub((budget.count)(ASKED)?);
        let last = facts.facts.iter().filter_map(|f| f.time_point).max();
        let mut order: Vec<&Fact> = facts.facts.iter().collect();
        order.sort_by_key(|fact| rank(fact, last));
        let mut chosen: Vec<&Fact> = Vec::new();
        for fact in order {
            let own = heading(fact);
            let mut needed = (budget.count)(&item(fact))?;
            if chosen.iter().all(|other| heading(other) != own) {
                needed += (budget.count)(&own)? + 1;
            }
            // The first that does not fit ends it: a prompt without a size but with its confidence misleads.
            if needed > left {
                break;
            }
            left -= needed;
            chosen.push(fact);
        }
        chosen.sort_by_key(|fact| fact.id);
        let (shown, told) = (chosen.len(), told(&chosen));
        let mut content = vec![Content::Image; images];
        content.push(Content::Text(format!("Facts:\n{told}")));
        let asked = Message::text(Role::System, ASKED.trim_end());
        let facts_told = Message {
            role: Role::User,
            content,
        };
        Ok(Self {
            name: PROMPT,
            messages: vec![asked, facts_told],
            shown,
            left_out: facts.facts.len() - shown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::narrate::{FactId, FactValue, Subject};

    fn fact(id: u32, kind: FactKind, text: &str) -> Fact {
        let value = FactValue::Text {
            text: text.to_owned(),
        };
        Fact {
            id: FactId(id),
            subject: Subject::Lesion("L1".to_owned()),
            time_point: Some(0),
            date: Some("2024-03-01".parse().unwrap()),
            day: None,
            kind,
            value,
            text: text.to_owned(),
        }
    }

    fn words(text: &str) -> crate::nn::Result<usize> {
        Ok(text.split_whitespace().count())
    }

    fn said(prompt: &Prompt) -> &str {
        match prompt.messages[1].content.last() {
            Some(Content::Text(text)) => text,
            _ => panic!("no words at the end"),
        }
    }

    #[test]
    fn what_matters_most_is_kept_and_said_under_one_heading() {
        let at = |id, visit, kind, text| Fact {
            time_point: Some(visit),
            ..fact(id, kind, text)
        };
        let facts = FactTable {
            facts: vec![
                fact(1, FactKind::Confidence, "0.93"),
                at(2, 0, FactKind::RecistDiameter, "32.1 mm"),
                at(3, 1, FactKind::RecistDiameter, "30.0 mm"),
                at(4, 2, FactKind::RecistDiameter, "28.4 mm"),
                Fact {
                    subject: Subject::Patient,
                    ..at(5, 2, FactKind::Response, "PR")
                },
            ],
        };
        let asked = words(ASKED).unwrap();
        let budget = |extra| Budget {
            tokens: asked + extra,
            count: &words,
        };
        let all = Prompt::of(&facts, 2, &budget(100)).unwrap();
        assert_eq!((all.shown, all.left_out), (5, 0));
        assert_eq!(
            said(&all),
            "Facts:\nL1, Confidence of the mask: Baseline 0.93 [F1]\n\
             L1, Diameter that counts: Baseline 32.1 mm [F2]; Follow-up 1 30.0 mm [F3]; \
             Follow-up 2 28.4 mm [F4]\n\
             Target response: Follow-up 2 PR [F5]\n"
        );
        assert_eq!(
            all.messages[1].content[..2],
            [Content::Image, Content::Image]
        );
        // The visit between goes before first and last one.
        let three = Prompt::of(&facts, 0, &budget(21)).unwrap();
        assert_eq!((three.shown, three.left_out), (3, 2));
        assert!(!said(&three).contains("30.0") && !said(&three).contains("Confidence"));
        let none = Prompt::of(&facts, 0, &budget(0)).unwrap();
        assert_eq!((none.shown, none.left_out), (0, 5));
    }
}
