//! Finds the texts of the window in the source, and lists them as translators' tools want it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oncotwin::keymap::Action;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Words that lower modules give to the record, scripts or files, and that the window shows
/// translated: file, type, function, context.
const WORDS: &[(&str, &str, &str, Option<&str>)] = &[
    ("app/view.rs", "FileState", "word", None),
    ("app/view_build.rs", "", "treatment_kind", None),
    ("case/marking.rs", "ValueSource", "word", None),
    ("case/marking/step.rs", "", "edit_word", None),
    ("case/reading.rs", "Meaning", "name", None),
    ("case/reading.rs", "ReaderRole", "name", None),
    (
        "keymap/action.rs",
        "Group",
        "text",
        Some("group of actions"),
    ),
    (
        "keymap/mouse.rs",
        "Button",
        "text",
        Some("button of the mouse"),
    ),
    ("keymap/mouse.rs", "Drag", "text", None),
    ("keymap/mouse.rs", "Held", "text", None),
    ("measure/figure.rs", "FigureKind", "word", None),
    ("open/item.rs", "ItemKind", "name", None),
    ("segment/prompt.rs", "Prompt", "word", None),
    ("volume/colour_map.rs", "ColourMap", "name", None),
];

/// Modules whose jobs the window shows, step by step.
const JOBS: &[&str] = &["app", "open", "register", "segment", "twin"];

/// A text for translators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Tells it from the same English with another meaning.
    pub(crate) context: Option<String>,
    pub(crate) text: String,
    /// The form for several, where it counts something.
    pub(crate) plural: Option<String>,
    /// Files below `src` that use it.
    pub(crate) files: Vec<String>,
}

/// All texts, in the order of files and of their places in them.
pub(crate) fn messages(src: &Path) -> Vec<Message> {
    let mut paths = Vec::new();
    super::files(src, &mut paths);
    paths.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    paths.sort();
    let mut found = Found::default();
    for path in paths {
        found.take_file(&path, src);
    }
    for action in Action::all() {
        found.add("keymap/action.rs", None, action.text().to_owned(), None);
    }
    found.messages
}

#[derive(Default)]
struct Found {
    messages: Vec<Message>,
    at: BTreeMap<(Option<String>, String), usize>,
}

impl Found {
    fn add(&mut self, file: &str, context: Option<&str>, text: String, plural: Option<String>) {
        if text.is_empty() {
            return;
        }
        let file = format!("src/{file}");
        let key = (context.map(str::to_owned), text.clone());
        let at = *self.at.entry(key).or_insert(self.messages.len());
        match self.messages.get_mut(at) {
            Some(message) => {
                assert_eq!(
                    message.plural, plural,
                    "{file}: “{text}” is used with another plural in {:?}",
                    message.files
                );
                if !message.files.contains(&file) {
                    message.files.push(file);
                }
            }
            None => self.messages.push(Message {
                context: context.map(str::to_owned),
                text,
                plural,
                files: vec![file],
            }),
        }
    }

    fn take_file(&mut self, path: &Path, src: &Path) {
        let file = relative(path, src);
        let source = std::fs::read_to_string(path).unwrap();
        let tokens: Vec<TokenTree> = source
            .parse::<TokenStream>()
            .unwrap_or_else(|e| panic!("{file}: {e}"))
            .into_iter()
            .collect();
        // What the macros are made of is no use of them.
        if file != "texts.rs" {
            let jobs = JOBS.contains(&file.split(['/', '.']).next().unwrap_or_default());
            self.take_uses(&file, &tokens, jobs);
        }
        for (of, type_name, function, context) in WORDS {
            if *of == file {
                let words = words(&tokens, type_name, function);
                assert!(!words.is_empty(), "{file}: no {type_name}::{function}");
                for word in words {
                    self.add(&file, *context, word, None);
                }
            }
        }
    }

    /// `tr!(…)`, `mark!(…)` and `progress.step(…)`, wherever they are.
    fn take_uses(&mut self, file: &str, tokens: &[TokenTree], jobs: bool) {
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else {
                continue;
            };
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let before = |n: usize| at.checked_sub(n).map(|i| tokens[i].to_string());
            let is = |n: usize, text: &str| before(n).is_some_and(|t| t == text);
            if is(1, "!") && (is(2, "tr") || is(2, "mark")) {
                self.take_text(file, &inner);
            } else if jobs
                && is(1, "step")
                && is(2, ".")
                && is(3, "progress")
                && let [only] = &inner[..]
            {
                self.add(file, None, literal(only).expect("a literal"), None);
            }
            self.take_uses(file, &inner, jobs);
        }
    }

    /// What stands inside `tr!(…)`.
    fn take_text(&mut self, file: &str, inner: &[TokenTree]) {
        let texts: Vec<Option<String>> = inner.iter().take(4).map(literal).collect();
        let sign = |at: usize| inner.get(at).map(ToString::to_string).unwrap_or_default();
        let text = |at: usize| texts.get(at).cloned().flatten();
        let Some(first) = text(0) else {
            panic!("{file}: a text that is not written out: {:?}", sign(0));
        };
        match (&*sign(1), text(2), text(3)) {
            ("|", plural @ Some(_), _) => self.add(file, None, first, plural),
            ("=", _, Some(text)) => self.add(file, Some(&first), text, None),
            _ => self.add(file, None, first, None),
        }
    }
}

fn relative(path: &Path, src: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(src).unwrap().into();
    let parts: Vec<_> = parts.iter().map(|p| p.to_string_lossy()).collect();
    parts.join("/")
}

/// Texts in the body of a function: of a type, or free where the name of the type is empty.
fn words(tokens: &[TokenTree], type_name: &str, function: &str) -> Vec<String> {
    let body = |tokens: &[TokenTree], word: &str, name: &str| {
        let named = |w: &[TokenTree]| w[0].to_string() == word && w[1].to_string() == name;
        let at = tokens.windows(2).position(named)?;
        tokens[at..].iter().find_map(|token| match token {
            TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => {
                Some(g.stream().into_iter().collect::<Vec<_>>())
            }
            _ => None,
        })
    };
    let within = if type_name.is_empty() {
        Some(tokens.to_vec())
    } else {
        body(tokens, "impl", type_name)
    };
    let body = within.and_then(|within| body(&within, "fn", function));
    let mut found = Vec::new();
    literals(&body.unwrap_or_default(), &mut found);
    found
}

fn literals(tokens: &[TokenTree], found: &mut Vec<String>) {
    for token in tokens {
        if let TokenTree::Group(group) = token {
            literals(&group.stream().into_iter().collect::<Vec<_>>(), found);
        }
        found.extend(literal(token));
    }
}

/// What a string literal stands for.
fn literal(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else {
        return None;
    };
    let written = literal.to_string();
    let mut rest = written
        .strip_prefix('"')?
        .strip_suffix('"')?
        .chars()
        .peekable();
    let mut text = String::new();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next()? {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'u' => {
                let digits: String = rest.by_ref().take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(digits.trim_start_matches('{'), 16).ok()?;
                text.push(char::from_u32(code)?);
            }
            // A line that goes on.
            '\n' => while rest.next_if(|c| c.is_whitespace()).is_some() {},
            c => text.push(c),
        }
    }
    Some(text)
}

/// The file that translators begin with.
pub(super) fn pot(messages: &[Message]) -> String {
    let mut pot = String::from(
        "# Texts of the window of OncoTwin. Made from the source by a test; docs/translating.md says how.\n\
         msgid \"\"\n\
         msgstr \"\"\n\
         \"Project-Id-Version: OncoTwin\\n\"\n\
         \"MIME-Version: 1.0\\n\"\n\
         \"Content-Type: text/plain; charset=UTF-8\\n\"\n\
         \"Content-Transfer-Encoding: 8bit\\n\"\n\
         \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n",
    );
    for message in messages {
        pot.push_str(&format!("\n#: {}\n", message.files.join(" ")));
        // The nearest that translators' tools know: they warn when a name in braces was changed.
        if message.text.contains('{') {
            pot.push_str("#, python-brace-format\n");
        }
        if let Some(context) = &message.context {
            pot.push_str(&format!("msgctxt {}\n", quoted(context)));
        }
        pot.push_str(&format!("msgid {}\n", quoted(&message.text)));
        match &message.plural {
            None => pot.push_str("msgstr \"\"\n"),
            Some(plural) => {
                pot.push_str(&format!("msgid_plural {}\n", quoted(plural)));
                pot.push_str("msgstr[0] \"\"\nmsgstr[1] \"\"\n");
            }
        }
    }
    pot
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\t', "\\t"))
}
