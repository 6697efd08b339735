//! Mail to the owners of accounts and their clients, sent in the background. No request waits for it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ids::AccountId;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use settings::MailTransport;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::{error, info};
use values::Email;

use crate::accounts::Account;
use crate::tokens::MailToken;

/// Capacity of the queue, in mails. Further mails are dropped; a client can request them again.
const QUEUE: usize = 256;

/// Sends mail in the background. A clone shares the queue.
#[derive(Clone)]
pub struct Mailer {
    queue: mpsc::Sender<Letter>,
    public_url: Arc<str>,
}

/// Why the mailer could not be set up.
#[derive(Debug, Error)]
pub enum MailerError {
    /// `mail.from` is not an address.
    #[error("mail.from is no e-mail address: {0}")]
    From(#[from] lettre::address::AddressError),
    /// `mail.smtp_url` is not an SMTP URL.
    #[error("mail.smtp_url is no SMTP URL: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The folder of the outbox could not be created.
    #[error("the outbox cannot be created: {0}")]
    Outbox(#[from] io::Error),
}

/// How a mail leaves.
enum Transport {
    Outbox(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Transport {
    fn new(settings: &MailTransport) -> Result<Self, MailerError> {
        match settings {
            MailTransport::Outbox(folder) => {
                std::fs::create_dir_all(folder)?;
                Ok(Self::Outbox(folder.clone()))
            }
            MailTransport::Smtp(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
                Ok(Self::Smtp(transport?.build()))
            }
        }
    }

    async fn send(&self, message: Message) -> Result<(), String> {
        match self {
            Self::Smtp(it) => it.send(message).await.map(drop).map_err(|e| e.to_string()),
            Self::Outbox(folder) => {
                let path = folder.join(format!("{:032x}.eml", rand::random::<u128>()));
                let written = spawn_blocking(move || write_private(&path, &message.formatted()));
                written.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
            }
        }
    }
}

/// Writes a new file that only its owner may read: a mail holds a token.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// A mail to write and send.
struct Letter {
    user: AccountId,
    to: Email,
    subject: &'static str,
    text: String,
}

impl Letter {
    async fn send(self, transport: &Transport, from: Mailbox) {
        let user = self.user;
        let sent = match self.message(from) {
            Ok(message) => transport.send(message).await,
            Err(cause) => Err(cause),
        };
        match sent {
            Ok(()) => info!(user.id = %user, "a mail was sent"),
            Err(cause) => error!(user.id = %user, cause, "a mail could not be sent: {cause}"),
        }
    }

    fn message(self, from: Mailbox) -> Result<Message, String> {
        let to = self.to.as_str().parse().map_err(|e| format!("{e}"))?;
        let message = Message::builder().from(from).to(Mailbox::new(None, to));
        message.subject(self.subject).body(self.text).map_err(|e| e.to_string())
    }
}

impl Mailer {
    /// Starts a task on `runtime` that sends the mail.
    ///
    /// # Errors
    /// When sender or server in the settings are malformed, or the folder cannot be created.
    pub fn start(
        settings: &settings::Mail,
        public_url: &str,
        runtime: &Handle,
    ) -> Result<Self, MailerError> {
        let transport = Transport::new(&settings.transport)?;
        let from: Mailbox = settings.from.parse()?;
        let (queue, mut waiting) = mpsc::channel::<Letter>(QUEUE);
        runtime.spawn(async move {
            while let Some(letter) = waiting.recv().await {
                letter.send(&transport, from.clone()).await;
            }
        });
        Ok(Self { queue, public_url: public_url.into() })
    }

    /// Reserves a place in the queue; none when it is full.
    pub fn reserve(&self) -> Option<Place<'_>> {
        let permit = self.queue.try_reserve().ok()?;
        Some(Place { permit, public_url: &self.public_url })
    }
}

/// A place in the queue for one mail. Dropping it frees the place.
pub struct Place<'a> {
    permit: mpsc::Permit<'a, Letter>,
    public_url: &'a str,
}

impl Place<'_> {
    /// The URL that links begin with, without a slash at its end.
    pub fn public_url(&self) -> &str {
        self.public_url.trim_end_matches('/')
    }

    /// Sends a mail. The log names the account `user` alone.
    pub fn send(self, user: AccountId, to: Email, subject: &'static str, text: String) {
        self.permit.send(Letter { user, to, subject, text });
    }

    /// Sends the link that resets a password, to the stored address of the account.
    pub(crate) fn send_reset(self, account: &Account, token: &MailToken, minutes: u32) {
        let link = format!("{}/reset-password?token={}", self.public_url, token.as_str());
        let text = format!(
            "Hello {},\n\nsomebody asked to reset the password of your account. If it was you, \
             open this link within {minutes} minutes and choose a new one:\n\n{link}\n\n\
             If it was not you, nothing has changed and there is nothing to do.\n",
            account.name,
        );
        self.send(account.id, account.email.clone(), "Reset your password", text);
    }
}
