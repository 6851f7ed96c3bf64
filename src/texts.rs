//! Texts of the window in the language of who reads them, by way of gettext.
//!
//! A text stands in English where it is used, inside `tr!`. Without a translation
//! that is what is shown, letter by letter. All of them are listed in `assets/texts/oncotwin.pot`, from
//! which translators make a catalogue; `docs/translating.md` says how. What is stored, logged or written
//! into reports is never translated, so that it means the same everywhere.

mod fill;
mod language;

use std::cell::Cell;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::OnceLock;

use gettext::Catalog;

pub(crate) use fill::fill;

// Set at most once, before the window opens: a text has one translation as long as the program runs.
static CATALOG: OnceLock<Catalog> = OnceLock::new();

thread_local! {
    static ENGLISH: Cell<usize> = const { Cell::new(0) };
}

/// Why a catalogue of translations is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read it: {0}")]
    Read(#[from] std::io::Error),
    /// It is not a catalogue in the format of gettext, or is damaged.
    #[error("not a catalogue of gettext (.mo): {0}")]
    Format(#[from] gettext::Error),
    /// Another one is in use.
    #[error("a catalogue is in use already")]
    Second,
}

/// Takes the first catalogue for the languages of the environment (`LANGUAGE`, `LC_ALL`,
/// `LC_MESSAGES`, `LANG`) that is in a folder. One that cannot be read is passed over with a line in
/// the log; English is left if there is none.
pub fn begin(folder: &Path) {
    for language in language::wanted(|name| std::env::var(name).ok()) {
        let path = folder.join(format!("{language}.mo"));
        match std::fs::read(&path) {
            Ok(bytes) => match install(&bytes) {
                Ok(()) => return,
                Err(error) => tracing::warn!("translation {}: {error}", path.display()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("translation {}: {error}", path.display()),
        }
    }
}

/// Takes a catalogue (the bytes of a `.mo` file) for as long as the program runs.
///
/// # Errors
/// When it is no catalogue, or when one is in use already.
pub fn install(bytes: &[u8]) -> Result<(), Error> {
    let catalog = Catalog::parse(bytes)?;
    CATALOG.set(catalog).map_err(|_| Error::Second)
}

/// Keeps texts that this thread asks for in English while it lives.
#[derive(Debug)]
#[must_use]
pub struct English(PhantomData<*const ()>);

/// For what a report is made of, where the window shows the same: a report does not depend on who
/// writes it.
pub fn english() -> English {
    ENGLISH.set(ENGLISH.get() + 1);
    English(PhantomData)
}

impl Drop for English {
    fn drop(&mut self) {
        ENGLISH.set(ENGLISH.get() - 1);
    }
}

fn catalog() -> Option<&'static Catalog> {
    CATALOG.get().filter(|_| ENGLISH.get() == 0)
}

/// A text as it is shown. `tr!` asks for it; this is for texts that stand in a table
/// under `mark!`. One that has no translation comes back as it is.
#[must_use]
pub fn text(text: &str) -> &str {
    // An empty text is the key of the catalogue's own description.
    match catalog() {
        Some(catalog) if !text.is_empty() => catalog.gettext(text),
        _ => text,
    }
}

/// The translation of a text whose English has other meanings elsewhere.
#[must_use]
pub fn text_in<'a>(context: &'static str, text: &'a str) -> &'a str {
    catalog().map_or(text, |catalog| catalog.pgettext(context, text))
}

/// A word as a line begins with it.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The form for so many; numbers beyond what a language tells apart do not occur.
pub(crate) fn plural(one: &'static str, many: &'static str, n: usize) -> &'static str {
    match catalog() {
        Some(catalog) => catalog.ngettext(one, many, n as u64),
        None if n == 1 => one,
        None => many,
    }
}

/// A text as it is shown.
///
/// - `tr!("Files")` is a `&'static str`.
/// - `tr!("levels" => "Window")` says which of several meanings is meant.
/// - `tr!("Slice {n} of {total}", n, total = slices.len())` is a `String`. Values have names, because
///   other languages put them in another order.
/// - `tr!("{n} file" | "{n} files" % count)` chooses by a number, which is called `n`.
macro_rules! tr {
    (@value $name:ident) => { $name };
    (@value $name:ident = $value:expr) => { $value };
    ($text:literal) => { $crate::texts::text($text) };
    ($context:literal => $text:literal) => { $crate::texts::text_in($context, $text) };
    ($one:literal | $many:literal % $n:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        let n: usize = $n;
        $crate::texts::fill(
            $crate::texts::plural($one, $many, n),
            &[("n", &n) $(, (stringify!($name), &$crate::texts::tr!(@value $name $(= $value)?)))*],
        )
    }};
    // English goes through `format!`, so that the compiler checks names and values.
    ($text:literal, $($name:ident $(= $value:expr)?),+ $(,)?) => {{
        let text = $crate::texts::text($text);
        if std::ptr::eq(text, $text) {
            format!($text, $($name = $crate::texts::tr!(@value $name $(= $value)?)),+)
        } else {
            $crate::texts::fill(
                text,
                &[$((stringify!($name), &$crate::texts::tr!(@value $name $(= $value)?))),+],
            )
        }
    }};
}
pub(crate) use tr;

/// Lists a text of a table for translators; [`text`] translates it where it is shown.
macro_rules! mark {
    ($text:literal) => {
        $text
    };
}
pub(crate) use mark;

#[cfg(test)]
mod tests {

    #[test]
    fn without_a_translation_texts_are_as_they_are_written() {
        let (size, total) = (12.345, 3);
        assert_eq!(tr!("Files"), "Files");
        assert_eq!(tr!("levels" => "Window"), "Window");
        assert_eq!(
            tr!("{size:.1} of {all:02}", size, all = total),
            "12.3 of 03"
        );
        let files = |n| {
            tr!(
                "{n} file in {folder}" | "{n} files in {folder}" % n,
                folder = "a"
            )
        };
        assert_eq!(files(1), "1 file in a");
        assert_eq!(files(4), "4 files in a");
    }
}
