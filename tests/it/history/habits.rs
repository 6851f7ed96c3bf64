//! What a person chose comes back: keys.

use oncotwin::keymap::{Action, Profile, Settings, Shortcut};

use super::*;

#[test]
fn keys_come_back_with_the_next_session_and_a_broken_file_is_named() {
    let mut desk = Desk::open();
    let mut settings = Settings {
        profile: Profile::ItkSnap,
        ..Settings::default()
    };
    settings.bind(Action::Cine, Shortcut::parse("Ctrl+J").expect("a key"));
    desk.send(Command::SetKeys {
        settings: settings.clone(),
    });
    desk.restart();
    assert_eq!(*desk.session().view().keys.settings(), settings);

    let file = desk.workspace().join("preferences/keys.toml");
    std::fs::write(&file, "[keys]\n\"cine\" = [\"Hyper+C\"]\n").expect("written");
    desk.restart();
    let view = desk.session().view();
    let found = view.messages.iter().find(|m| m.text.contains("keys.toml"));
    let message = found.expect("a message");
    assert_eq!(message.severity, Severity::Warning);
    assert!(message.text.contains("line 2"), "{}", message.text);
    assert!(!message.hint.is_empty());
    assert_eq!(view.keys.settings().profile, Profile::OncoTwin);
}
