//! Delivery of mail.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use crate::keys::Keys;
use crate::secrets;

/// Delivery of mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The transport.
    pub transport: MailTransport,
    /// Sender of every mail, as `address` or `Name <address>`.
    pub from: String,
}

/// A transport for mail.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// Files in a folder, one for each mail.
    Outbox(PathBuf),
    /// To a mail server, by its URL: `smtp://…` or `smtps://…`.
    Smtp(SecretString),
}

impl Mail {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let is_smtp = keys.choice("mail.transport", [("outbox", false), ("smtp", true)]);
        let outbox = keys.text("mail.outbox_dir", "the path of a folder", folder);
        let smtp = keys.masked("mail.smtp_url", SMTP_URL, check_smtp_url);
        if is_smtp && smtp.expose_secret().is_empty() {
            keys.refuse("mail.smtp_url", "is missing, and mail.transport is smtp", SMTP_URL);
        }
        let transport = if is_smtp {
            MailTransport::Smtp(smtp)
        } else {
            MailTransport::Outbox(outbox.unwrap_or_default().into())
        };
        let from = keys.text("mail.from", "an address, alone or as in Name <address>", sender);
        Self { transport, from: from.unwrap_or_default() }
    }
}

const SMTP_URL: &str = "smtp://user:password@host:587?tls=required or smtps://user:password@host";

fn folder(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("is empty") } else { Ok(text.to_owned()) }
}

fn check_smtp_url(text: &str) -> Result<(), &'static str> {
    if secrets::has_blank_ends(text) {
        return Err(secrets::BLANK_ENDS);
    }
    let server = text.strip_prefix("smtps://").or_else(|| text.strip_prefix("smtp://"));
    match server {
        Some(server) if !server.is_empty() && !server.contains(char::is_whitespace) => Ok(()),
        _ => Err("does not fit"),
    }
}

/// A rough check that finds slips at the start; the mailer parses the sender in full.
fn sender(text: &str) -> Result<String, &'static str> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').ok_or("has a < without a > at the end")?,
        None => text,
    };
    match address.split_once('@') {
        Some((user, host)) if !user.is_empty() && !host.is_empty() && !host.contains('@') => {
            Ok(text.to_owned())
        }
        _ => Err("holds no address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_an_address() {
        for text in ["no-reply@example.org", "Cardroom <no-reply@localhost>"] {
            assert_eq!(sender(text).as_deref(), Ok(text));
        }
        for text in ["", "Cardroom", "@example.org", "a@", "a@b@c", "Cardroom <a@b", "A <>"] {
            assert!(sender(text).is_err(), "{text}");
        }
    }
}
