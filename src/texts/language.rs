//! Which languages the environment asks for.

/// Names of catalogues to look for, best first; none where English is asked for or nothing is said.
pub(super) fn wanted(get: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &str| get(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(set)
        .unwrap_or_default();
    // Who asks for the plain locale wants no translation, whatever else is set.
    if matches!(stem(&locale), "C" | "POSIX") {
        return Vec::new();
    }
    let list = set("LANGUAGE").unwrap_or(locale);
    let mut names: Vec<String> = Vec::new();
    for language in list.split(':').map(stem) {
        let short = language.split('_').next().unwrap_or(language);
        // The texts are in English: what is asked for after it is never needed.
        if short == "en" {
            break;
        }
        for name in [language, short] {
            // It becomes the name of a file.
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain && !name.is_empty() && !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// `de_AT` of `de_AT.UTF-8@euro`.
fn stem(locale: &str) -> &str {
    locale.split(['.', '@']).next().unwrap_or(locale)
}

#[cfg(test)]
mod tests {
    use super::wanted;

    fn of(set: &[(&str, &str)]) -> Vec<String> {
        wanted(|name| {
            let found = set.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_language_list_goes_before_the_locale() {
        assert_eq!(of(&[("LANG", "de_AT.UTF-8")]), ["de_AT", "de"]);
        assert_eq!(
            of(&[("LANG", "de_AT.UTF-8"), ("LC_ALL", "fr_FR@euro")]),
            ["fr_FR", "fr"]
        );
        assert_eq!(
            of(&[("LANG", "de_DE.UTF-8"), ("LANGUAGE", "cs:de")]),
            ["cs", "de"]
        );
    }

    #[test]
    fn english_and_the_plain_locale_need_no_catalogue() {
        assert!(of(&[]).is_empty());
        assert!(of(&[("LC_ALL", "C.UTF-8"), ("LANGUAGE", "de")]).is_empty());
        assert_eq!(of(&[("LANG", "de_DE"), ("LANGUAGE", "cs:en:de")]), ["cs"]);
        assert!(of(&[("LANGUAGE", "../../x")]).is_empty());
    }
}
