//! The events of broadcasts that are reserved: what the server sends, and what clients may not.

use crate::limits::NAME_BYTES_MAX;
use crate::participant::Participant;

/// Declares the enum together with everything that has to list its variants.
macro_rules! server_events {
    ($($(#[$attribute:meta])* $variant:ident = $name:literal,)+) => {
        /// The event of a broadcast that the server sends. Clients may not send it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ServerEvent {
            $($(#[$attribute])* $variant,)+
        }

        impl ServerEvent {
            /// Every event of the server.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name of the event on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

server_events! {
    /// A gameplay state was saved.
    StateSaved = "state_saved",
    /// A gameplay state was deleted.
    StateDeleted = "state_deleted",
    /// A replay lacks broadcasts that the client asked for.
    ReplayIncomplete = "replay_incomplete",
    /// The session in the room is over.
    SessionEnded = "session_ended",
}

impl ServerEvent {
    /// Whether the room's owner may send this event too: the web app ends a session by itself.
    const fn is_open_to_owner(self) -> bool {
        matches!(self, Self::SessionEnded)
    }
}

/// Checks that a client may send a broadcast with this event.
///
/// # Errors
/// When the event is empty, too long, or reserved.
pub(crate) fn check_client_event(
    event: &str,
    participant: &Participant,
) -> Result<(), &'static str> {
    if event.is_empty() || event.len() > NAME_BYTES_MAX {
        return Err("InvalidEvent: an event has 1 to 255 bytes");
    }
    match ServerEvent::ALL.iter().find(|it| reads_as(event, it.as_str())) {
        None => Ok(()),
        Some(reserved) if !reserved.is_open_to_owner() => {
            Err("Unauthorized: only the server sends this event")
        }
        Some(_) if participant.may_act_as_owner() => Ok(()),
        Some(_) => Err("Unauthorized: only the room's owner sends this event"),
    }
}

/// Whether clients treat `text` as equal to `word`, which is lower case.
///
/// Clients compare without case. In Turkish, İ is the capital of i; elsewhere its lower case is an i
/// and a combining dot.
pub(crate) fn reads_as(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(word);
    }
    text.to_lowercase().chars().filter(|it| *it != '\u{307}').eq(word.chars())
}

#[cfg(test)]
mod tests {
    use ids::{AccountId, VisitorId};

    use super::*;
    use crate::participant::Identity;

    fn participant(identity: Identity) -> Participant {
        Participant { identity, until: None, is_strict: true }
    }

    #[test]
    fn words_are_read_without_case() {
        let word = ServerEvent::SessionEnded.as_str();
        for text in
            ["session_ended", "Session_Ended", "SESS\u{130}ON_ENDED", "sessi\u{307}on_ended"]
        {
            assert!(reads_as(text, word), "{text}");
        }
        for text in ["", "session_end", "session_ended2", "s\u{e9}ssion_ended"] {
            assert!(!reads_as(text, word), "{text}");
        }
    }

    #[test]
    fn no_visitor_sends_an_event_of_the_server() {
        let visitor = participant(Identity::Visitor(VisitorId::new()));
        for event in ServerEvent::ALL {
            assert!(check_client_event(event.as_str(), &visitor).is_err(), "{event:?}");
            let capitals = event.as_str().to_uppercase();
            assert!(check_client_event(&capitals, &visitor).is_err(), "{event:?}");
        }
        assert_eq!(check_client_event("card_moved", &visitor), Ok(()));
    }

    #[test]
    fn every_event_of_the_server_is_documented() {
        let readme = include_str!("../../../README.md");
        for event in ServerEvent::ALL {
            assert!(readme.contains(&format!("`{}`", event.as_str())), "{event:?}");
        }
    }

    #[test]
    fn the_owner_only_ends_sessions() {
        let owner = participant(Identity::Owner(AccountId::new()));
        let allowed =
            ServerEvent::ALL.iter().filter(|it| check_client_event(it.as_str(), &owner).is_ok());
        assert_eq!(allowed.collect::<Vec<_>>(), [&ServerEvent::SessionEnded]);
    }

    #[test]
    fn an_event_has_one_to_255_bytes() {
        let visitor = participant(Identity::Visitor(VisitorId::new()));
        assert!(check_client_event("", &visitor).is_err());
        assert!(check_client_event(&"x".repeat(255), &visitor).is_ok());
        assert!(check_client_event(&"x".repeat(256), &visitor).is_err());
    }
}
