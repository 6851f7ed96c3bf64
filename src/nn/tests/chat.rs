//! Conversations in the model's own template.

use crate::nn::chat::{Content, Message, Role, render};

#[test]
fn turns_alternate_and_a_system_message_stands_before_the_first() {
    let text = |role, text: &str| Message::text(role, text);
    let rendered = render(&[
        text(Role::System, "Be brief."),
        text(Role::User, "  Hello \n"),
        text(Role::Assistant, "Hi."),
        text(Role::User, "Bye."),
    ]);
    assert_eq!(
        rendered.unwrap(),
        "<bos><start_of_turn>user\nBe brief.\n\nHello<end_of_turn>\n<start_of_turn>model\nHi.<end_of_turn>\n\
         <start_of_turn>user\nBye.<end_of_turn>\n<start_of_turn>model\n"
    );
    for wrong in [
        vec![],
        vec![text(Role::System, "alone")],
        vec![text(Role::Assistant, "first")],
        vec![text(Role::User, "a"), text(Role::User, "b")],
        vec![text(Role::User, "a"), text(Role::System, "late")],
    ] {
        assert!(render(&wrong).is_err());
    }
}

#[test]
fn images_stand_where_they_are_mentioned() {
    let message = Message {
        role: Role::User,
        content: vec![
            Content::Image,
            Content::Text(" Compare with ".to_owned()),
            Content::Image,
        ],
    };
    assert_eq!(
        render(&[message]).unwrap(),
        "<bos><start_of_turn>user\n<start_of_image>Compare with<start_of_image><end_of_turn>\n<start_of_turn>model\n"
    );
}
