//! Writes a catalogue in the format of gettext, as `msgfmt` does.

use super::Message;

/// Every message, translated by a function.
pub(super) fn catalog(messages: &[Message], translate: impl Fn(&str) -> String) -> Vec<u8> {
    let mut entries = vec![(
        String::new(),
        "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
            .to_owned(),
    )];
    for message in messages {
        let mut key = match &message.context {
            Some(context) => format!("{context}\u{4}{}", message.text),
            None => message.text.clone(),
        };
        let mut value = translate(&message.text);
        if let Some(plural) = &message.plural {
            key.push_str(&format!("\0{plural}"));
            value.push_str(&format!("\0{}", translate(plural)));
        }
        entries.push((key, value));
    }
    // Readers of the format may look keys up by halving.
    entries.sort();

    let n = entries.len();
    let (keys, values) = (28, 28 + 8 * n);
    let mut texts: Vec<u8> = Vec::new();
    let mut tables: [Vec<u8>; 2] = Default::default();
    let start = values + 8 * n;
    for (key, value) in &entries {
        for (table, text) in tables.iter_mut().zip([key, value]) {
            for number in [text.len(), start + texts.len()] {
                table.extend(u32::try_from(number).unwrap().to_le_bytes());
            }
            texts.extend(text.as_bytes());
            texts.push(0);
        }
    }
    let head = [0x9504_12de, 0, n, keys, values, 0, start];
    let mut file: Vec<u8> = Vec::new();
    for number in head {
        file.extend(u32::try_from(number).unwrap().to_le_bytes());
    }
    let [keys, values] = tables;
    file.extend(keys.into_iter().chain(values).chain(texts));
    file
}
