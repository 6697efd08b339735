//! Mail to the owners of accounts, sent in the background. No request waits for it.

use std::path::Path;

use lettre::message::Mailbox;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use settings::MailTransport;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{error, info};

use crate::accounts::Account;
use crate::tokens::ResetToken;

/// Capacity of the queue, in mails. Further mails are dropped; a client can request them again.
const QUEUE: usize = 256;

/// Sends mail in the background. A clone shares the queue.
#[derive(Clone)]
pub struct Mailer {
    queue: mpsc::Sender<Message>,
    from: Mailbox,
    public_url: String,
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
    Outbox(#[from] std::io::Error),
}

enum Transport {
    Outbox(AsyncFileTransport<Tokio1Executor>),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Transport {
    fn new(settings: &MailTransport) -> Result<Self, MailerError> {
        match settings {
            MailTransport::Outbox(folder) => Self::outbox(folder),
            MailTransport::Smtp(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
                Ok(Self::Smtp(transport?.build()))
            }
        }
    }

    fn outbox(folder: &Path) -> Result<Self, MailerError> {
        std::fs::create_dir_all(folder)?;
        Ok(Self::Outbox(AsyncFileTransport::new(folder)))
    }

    async fn send(&self, message: Message) {
        let failure = match self {
            Self::Outbox(it) => it.send(message).await.map(drop).map_err(|e| e.to_string()),
            Self::Smtp(it) => it.send(message).await.map(drop).map_err(|e| e.to_string()),
        };
        match failure {
            Ok(()) => info!("a mail was sent"),
            Err(cause) => error!(cause, "a mail could not be sent: {cause}"),
        }
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
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        runtime.spawn(async move {
            while let Some(message) = waiting.recv().await {
                transport.send(message).await;
            }
        });
        Ok(Self { queue, from: settings.from.parse()?, public_url: public_url.to_owned() })
    }

    /// Sends the link that resets a password, to the stored address of the account.
    pub(crate) fn send_reset(&self, account: &Account, token: &ResetToken, minutes: u32) {
        let link = format!("{}/reset-password?token={}", self.public_url, token.as_str());
        let text = format!(
            "Hello {},\n\nsomebody asked to reset the password of your account. If it was you, \
             open this link within {minutes} minutes and choose a new one:\n\n{link}\n\n\
             If it was not you, nothing has changed and there is nothing to do.\n",
            account.name,
        );
        self.send(account, "Reset your password", text);
    }

    fn send(&self, account: &Account, subject: &str, text: String) {
        let written = account.email.as_str().parse().map_err(|e| format!("{e}")).and_then(|to| {
            let message = Message::builder().from(self.from.clone()).to(Mailbox::new(None, to));
            message.subject(subject).body(text).map_err(|e| e.to_string())
        });
        let queued = written
            .and_then(|message| self.queue.try_send(message).map_err(|error| error.to_string()));
        if let Err(cause) = queued {
            error!(user.id = %account.id, cause, "a mail was dropped: {cause}");
        }
    }
}
