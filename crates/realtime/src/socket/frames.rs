//! The frames of a client, and how many of them a socket accepts.

use std::rc::Rc;
use std::time::Instant;

use super::Socket;
use crate::frame_reader::{FrameEvent, MessageLimits};
use crate::metrics::{METRICS, dropped, refused};
use crate::protocol::{ClientMessage, CloseCode, Malformed, Request, wire};

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    /// The client closed it.
    ByClient,
    /// The server closed it.
    ByServer,
}

impl ConnectionEnd {
    pub(crate) fn is_by_client(self) -> bool {
        self == Self::ByClient
    }
}

impl Socket {
    /// The bounds of a message.
    pub(crate) fn message_limits(&self) -> MessageLimits {
        self.local.hub.limits.messages
    }

    /// Handles a frame of the client. Every frame counts against the rate limit. Beyond it, messages are
    /// refused; a client that sends many times as much is closed.
    ///
    /// # Errors
    /// When the connection ends.
    pub(crate) fn receive_frame(self: &Rc<Self>, event: FrameEvent) -> Result<(), ConnectionEnd> {
        self.last_received.set(Instant::now());
        if let FrameEvent::Close = event {
            self.close(CloseCode::Normal, "");
            return Err(ConnectionEnd::ByClient);
        }
        if self.outbox.is_closed() {
            return Err(ConnectionEnd::ByServer);
        }
        let is_within_rate = self.rate.check().is_ok();
        if !is_within_rate && self.excess_rate.check().is_err() {
            refused("too_many_frames");
            self.close(CloseCode::PolicyViolation, "too many frames per second");
            return Err(ConnectionEnd::ByServer);
        }
        match event {
            FrameEvent::Text(text) => {
                self.receive(ClientMessage::of_text(self.version, &text), is_within_rate);
            }
            FrameEvent::Binary(bytes) => {
                self.receive(ClientMessage::of_binary(self.version, &bytes), is_within_rate);
            }
            FrameEvent::Oversized(scanner) => {
                self.receive(scanner.finish(self.version), is_within_rate);
            }
            FrameEvent::Ping(payload) if is_within_rate => {
                self.outbox.send(wire::pong(&payload));
            }
            FrameEvent::Ping(_) => dropped("rate"),
            FrameEvent::Part | FrameEvent::Pong | FrameEvent::Close => {}
        }
        Ok(())
    }

    fn receive(self: &Rc<Self>, message: Result<ClientMessage, Malformed>, is_within_rate: bool) {
        METRICS.received.increment(1);
        let Ok(message) = message else { return dropped("malformed") };
        match message.request {
            Request::Heartbeat => self.reply(&message, Ok("{}")),
            Request::Leave => self.leave(&message),
            _ if !is_within_rate => self.refuse_excess(&message),
            Request::Join(_) if !self.permit.may_request_join() => self.refuse_excess(&message),
            Request::Join(_) => self.request_join(message),
            _ => self.receive_in_channel(message),
        }
    }
}
