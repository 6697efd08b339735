//! Frames as clients send them.

use proptest::prelude::*;

use super::*;
use crate::protocol::{Request, Version};

const LIMITS: MessageLimits = MessageLimits { kept: 1000, accepted: 200_000 };
const MASK: [u8; 4] = [7, 0, 255, 9];

/// A masked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            frame.push(0xFE);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0xFF);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Reads bytes in chunks of this size, until the end or the first error.
fn read(bytes: &[u8], chunk: usize) -> (Vec<FrameEvent>, Option<FrameError>) {
    let mut reader = FrameReader::new(LIMITS);
    let mut events = Vec::new();
    for chunk in bytes.chunks(chunk) {
        let mut input = BytesMut::from(chunk);
        loop {
            match reader.read(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
    }
    (events, None)
}

fn names(events: &[FrameEvent]) -> Vec<String> {
    let name = |event: &FrameEvent| match event {
        FrameEvent::Text(text) => format!("text {}", str::from_utf8(text).unwrap()),
        FrameEvent::Binary(bytes) => format!("binary {bytes:?}"),
        FrameEvent::Ping(payload) => format!("ping {payload:?}"),
        FrameEvent::Oversized(_) => "oversized".into(),
        other => format!("{other:?}").to_lowercase(),
    };
    events.iter().map(name).collect()
}

#[test]
fn frames_are_read_however_they_are_split() {
    let bytes = [
        frame(0x81, "héé".as_bytes()),
        frame(0x01, b"a"),
        frame(0x89, b"p"),
        frame(0x00, b"b"),
        frame(0x80, b"c"),
        frame(0x82, &[0, 255]),
        frame(0x8A, b""),
        frame(0x81, &[b'x'; 300]),
        frame(0x88, &[3, 232]),
    ]
    .concat();
    let expected = [
        "text héé",
        "part",
        "ping b\"p\"",
        "part",
        "text abc",
        "binary b\"\\0\\xff\"",
        "pong",
        &format!("text {}", "x".repeat(300)),
        "close",
    ];
    for chunk in [1, 2, 3, 7, 64, 10_000] {
        let (events, error) = read(&bytes, chunk);
        assert_eq!((names(&events), error), (expected.map(str::to_owned).to_vec(), None));
    }
}

#[test]
fn an_invalid_frame_has_its_close_code() {
    for (bytes, code) in [
        // Not masked, a reserved bit, an unknown opcode.
        (vec![0x81, 1, b'x'], 1002),
        (frame(0xC1, b"x"), 1002),
        (frame(0x83, b"x"), 1002),
        // A continuation of nothing, a message within a message.
        (frame(0x80, b"x"), 1002),
        ([frame(0x01, b"x"), frame(0x81, b"y")].concat(), 1002),
        // A fragmented ping, a long one.
        (frame(0x09, b"x"), 1002),
        (frame(0x89, &[0; 126]), 1002),
        // A close with half a code, a reserved code, a text that is not UTF-8.
        (frame(0x88, &[3]), 1002),
        (frame(0x88, &[3, 237]), 1002),
        (frame(0x88, &[3, 232, 255]), 1007),
        (frame(0x81, &[b'"', 0xFF, b'"']), 1007),
        ([frame(0x01, &[0xC3]), frame(0x80, &[0x28])].concat(), 1007),
        (frame(0x82, &vec![0; 200_001]), 1009),
        ([frame(0x02, &vec![0; 150_000]), frame(0x80, &vec![0; 50_001])].concat(), 1009),
    ] {
        let (_, error) = read(&bytes, 4096);
        let close_code = error.map(|it| it.close_code().number());
        assert_eq!(close_code, Some(code), "{:?}", &bytes[..2]);
    }
}

#[test]
fn a_character_may_be_split_between_fragments() {
    let (events, error) = read(&[frame(0x01, &[0xC3]), frame(0x80, &[0xA9])].concat(), 10);
    assert_eq!((names(&events), error), (vec!["part".into(), "text é".into()], None));
}

#[test]
fn an_oversized_message_keeps_only_its_envelope() {
    let payload = "x\\\"}],".repeat(30_000);
    let v1 = format!(
        r#"{{"event":"broadcast","payload":{{"event":"e","payload":"{payload}"}},"topic":"realtime:a","ref":"8","join_ref":"6"}}"#
    );
    let v2 = format!(r#"["6","8","realtime:a","broadcast",{{"payload":"{payload}"}}]"#);
    let binary = [&[3, 1, 1, 10, 1, 0, 1][..], b"68realtime:ae", payload.as_bytes()].concat();
    for (first, message, version) in [
        (0x81, v1.as_bytes(), Version::V1),
        (0x81, v2.as_bytes(), Version::V2),
        (0x82, &binary, Version::V2),
    ] {
        let (mut events, error) = read(&frame(first, message), 50_000);
        assert_eq!(error, None);
        // Every 64 KiB count as a frame.
        assert_eq!(events.len(), 1 + message.len() / SCANNED_BYTES_PER_FRAME);
        let Some(FrameEvent::Oversized(scanner)) = events.pop() else { panic!("{events:?}") };
        let message = scanner.finish(version).unwrap();
        assert_eq!((message.join_ref.json(), message.reference.json()), (r#""6""#, r#""8""#));
        assert_eq!(message.topic, "realtime:a");
        assert_eq!(message.request, Request::Oversized { is_broadcast: true });
    }
}

/// A message in fragments, with a ping after each that is not the last.
fn fragmented(is_text: bool, fragments: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let opcode = if index > 0 { 0 } else { 2 - u8::from(is_text) };
        let is_final = index + 1 == fragments.len();
        bytes.extend(frame(opcode | u8::from(is_final) << 7, fragment.as_bytes()));
        if !is_final {
            bytes.extend(frame(0x89, b""));
        }
    }
    bytes
}

proptest! {
    #[test]
    fn messages_are_read_as_they_were_written(
        messages in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(".{0,60}", 1..4)),
            0..5,
        ),
        chunk in 1..100_usize,
    ) {
        let written = messages.iter().flat_map(|(is_text, it)| fragmented(*is_text, it));
        let (events, error) = read(&written.collect::<Vec<_>>(), chunk);
        prop_assert_eq!(error, None);
        let read = events.iter().filter_map(|event| match event {
            FrameEvent::Text(text) => Some((true, text.to_vec())),
            FrameEvent::Binary(bytes) => Some((false, bytes.to_vec())),
            _ => None,
        });
        let expected = messages.iter().map(|(is_text, it)| (*is_text, it.concat().into_bytes()));
        prop_assert_eq!(read.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read_or_refused_however_they_are_split(
        frames in prop::collection::vec((any::<u8>(), any::<Vec<u8>>()), 0..5),
        rest: Vec<u8>,
        chunk in 1..50_usize,
    ) {
        let mut bytes: Vec<_> = frames.iter().flat_map(|(first, it)| frame(*first, it)).collect();
        bytes.extend(rest);
        let (whole, error) = read(&bytes, bytes.len().max(1));
        let (split, error_of_split) = read(&bytes, chunk);
        prop_assert_eq!((names(&split), error_of_split), (names(&whole), error));
    }

    #[test]
    fn what_is_masked_is_unmasked(payload: Vec<u8>, chunk in 1..50_usize) {
        let (mut events, error) = read(&frame(0x82, &payload), chunk);
        prop_assert_eq!(error, None);
        let Some(FrameEvent::Binary(read)) = events.pop() else { panic!("{events:?}") };
        prop_assert_eq!(&read[..], &payload[..]);
    }
}
