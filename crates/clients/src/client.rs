//! A client of a counsellor.

use std::fmt;

use auth::Account;
use chrono::{DateTime, TimeDelta, Utc};
use ids::{AccountId, ClientId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use values::{Email, Fault, Field, Given, List, Location, Text};

/// The name of a client.
pub type ClientName = Text<0, 100>;

/// An address as a counsellor notes it: any text. Blanks at its ends are dropped, and an empty one is none.
pub type Address = Text<0, 255>;

/// A telephone number: any text.
pub type Phone = Text<0, 50>;

/// What a counsellor notes about a client: at most 10,000 characters, and so 40,000 bytes.
pub type ClientNotes = Text<0, 10_000>;

/// Tags of a client: at most 50, each of at most 50 characters.
pub type Tags = List<Text<0, 50>, 50>;

/// The name that rooms of a client without one are called by.
const ANONYMOUS: &str = "Anonymous";

/// A client of a counsellor. Archiving keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The counsellor, who never changes.
    pub counselor_id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// Its address, which no other client of the counsellor has in any case.
    pub email: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// What the counsellor notes about it.
    pub notes: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its status.
    pub status: Status,
    /// Whether its address is verified.
    pub email_verified: bool,
    /// When its address was verified.
    pub verified_at: Option<DateTime<Utc>>,
    /// The mail that was sent to verify its address.
    pub verification: Option<Verification>,
    /// The number of its changes, from 1.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was changed.
    pub updated_at: DateTime<Utc>,
}

/// A mail that verifies an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The hash of its token.
    pub hash: Vec<u8>,
    /// Until when the token is valid.
    pub expires_at: DateTime<Utc>,
}

/// The status of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In counselling.
    Active,
    /// Not at present.
    Inactive,
    /// Kept, and out of sight.
    Archived,
}

/// A client as the counsellor requests it.
#[derive(Debug)]
pub struct NewClient {
    /// Its name.
    pub name: Option<ClientName>,
    /// Its address.
    pub email: Option<Address>,
    /// Its telephone number.
    pub phone: Option<Phone>,
    /// What the counsellor notes about it.
    pub notes: Option<ClientNotes>,
    /// Its tags.
    pub tags: Tags,
}

/// A change of the fields that are given.
#[derive(Debug)]
pub struct ClientChange {
    /// Its name; null removes it.
    pub name: Given<Option<ClientName>>,
    /// Its address; null removes it.
    pub email: Given<Option<Address>>,
    /// Its telephone number; null removes it.
    pub phone: Given<Option<Phone>>,
    /// What the counsellor notes about it; null removes it.
    pub notes: Given<Option<ClientNotes>>,
    /// Its tags; null removes them.
    pub tags: Given<Option<Tags>>,
    /// Its status.
    pub status: Given<Status>,
}

/// The entity tag of one version of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTag {
    /// The client.
    pub client: ClientId,
    /// Its version.
    pub version: i64,
}

/// An action on a client that is reserved for its counsellor and administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAction {
    /// Read it.
    View,
    /// Change it.
    Update,
    /// Archive it.
    Archive,
    /// List its rooms.
    Rooms,
    /// Read its records.
    Records,
}

impl Client {
    /// The client that `owner` creates at `now`.
    pub(crate) fn new(new: &NewClient, owner: AccountId, now: DateTime<Utc>) -> Self {
        Self {
            id: ClientId::new(),
            counselor_id: owner,
            name: text(new.name.as_ref()),
            email: address(new.email.as_ref()),
            phone: text(new.phone.as_ref()),
            notes: text(new.notes.as_ref()),
            tags: tags(Some(&new.tags)),
            status: Status::Active,
            email_verified: false,
            verified_at: None,
            verification: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The client after a change at `now`: the next version, or the same one when the change changes
    /// nothing.
    ///
    /// Another address is not verified, and a token that was sent to the one before is void.
    pub(crate) fn changed(&self, change: &ClientChange, now: DateTime<Utc>) -> Self {
        let mut client = self.clone();
        if let Given(Some(name)) = &change.name {
            client.name = text(name.as_ref());
        }
        if let Given(Some(email)) = &change.email {
            client.move_to(address(email.as_ref()));
        }
        if let Given(Some(phone)) = &change.phone {
            client.phone = text(phone.as_ref());
        }
        if let Given(Some(notes)) = &change.notes {
            client.notes = text(notes.as_ref());
        }
        if let Given(Some(given)) = &change.tags {
            client.tags = tags(given.as_ref());
        }
        if let Given(Some(status)) = change.status {
            client.status = status;
        }
        client.after(self, now)
    }

    /// The client after it was archived at `now`.
    pub(crate) fn archived(&self, now: DateTime<Utc>) -> Self {
        Self { status: Status::Archived, ..self.clone() }.after(self, now)
    }

    /// The client with this address and, if its owner is to verify it, the hash of the token for that.
    pub(crate) fn bound(
        &self,
        email: &Email,
        hash: Option<Vec<u8>>,
        valid: TimeDelta,
        now: DateTime<Utc>,
    ) -> Self {
        let mut client = self.clone();
        client.move_to(Some(email.as_str().to_owned()));
        client.verification = hash.map(|hash| Verification { hash, expires_at: now + valid });
        client.after(self, now)
    }

    fn move_to(&mut self, email: Option<String>) {
        if email.as_deref().map(fold) != self.email.as_deref().map(fold) {
            self.email_verified = false;
            self.verified_at = None;
            self.verification = None;
        }
        self.email = email;
    }

    fn after(self, before: &Self, now: DateTime<Utc>) -> Self {
        if self == *before {
            return self;
        }
        Self { version: before.version + 1, updated_at: now, ..self }
    }

    /// The entity tag of this version.
    pub fn tag(&self) -> ClientTag {
        ClientTag { client: self.id, version: self.version }
    }

    /// Whether `account` may carry out the action: the counsellor may, and administrators.
    pub(crate) fn admits(&self, account: &Account) -> bool {
        account.owns_or_administers(self.counselor_id)
    }

    /// The name of the room that a client begins with.
    pub(crate) fn room_name(&self) -> String {
        let name = self.name.as_deref().filter(|it| !it.is_empty()).unwrap_or(ANONYMOUS);
        format!("{name} 的諮詢室")
    }
}

fn text<const MIN: usize, const MAX: usize>(text: Option<&Text<MIN, MAX>>) -> Option<String> {
    text.map(ToString::to_string)
}

fn address(address: Option<&Address>) -> Option<String> {
    let trimmed = address.map(|it| it.trim().to_owned());
    trimmed.filter(|it| !it.is_empty())
}

fn tags(tags: Option<&Tags>) -> Vec<String> {
    tags.map(|it| it.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// A text without regard to case: each character in its lower case, by Unicode's table and not by a
/// database's, so that both databases compare and search alike. Characters that only look alike, such as a
/// letter with a mark and the same letter followed by the mark, differ.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Status {
    const ALL: [(&'static str, Self); 3] =
        [("active", Self::Active), ("inactive", Self::Inactive), ("archived", Self::Archived)];

    /// The name in answers and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Archived => "archived",
        }
    }

    /// The status of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|it| it.0 == name).map(|it| it.1)
    }
}

impl Field for Status {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let status = value.as_str().and_then(Self::of).ok_or_else(|| {
            let expected = "'active', 'inactive' or 'archived'";
            Fault::new("enum", format!("Input should be {expected}"))
                .context(json!({ "expected": expected }))
        });
        location.check(value, status)
    }
}

impl ClientAction {
    /// The refusal, as the earlier backend words it.
    pub(crate) fn refusal(self) -> &'static str {
        match self {
            Self::View => "You don't have permission to view this client",
            Self::Update => "You don't have permission to update this client",
            Self::Archive => "Only the counselor or admin can archive a client",
            Self::Rooms => "You don't have permission to view this client's rooms",
            Self::Records => "You don't have permission to view this client's records",
        }
    }
}

impl fmt::Display for ClientTag {
    /// The opaque tag, without the quotes of an `ETag` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.version, self.client.as_uuid().simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_client(name: Option<&str>, email: Option<&str>) -> Client {
        let new = NewClient {
            name: name.map(|it| ClientName::parse(it).unwrap()),
            email: email.map(|it| Address::parse(it).unwrap()),
            phone: None,
            notes: None,
            tags: Tags::default(),
        };
        Client::new(&new, AccountId::new(), Utc::now())
    }

    fn no_change() -> ClientChange {
        ClientChange {
            name: Given(None),
            email: Given(None),
            phone: Given(None),
            notes: Given(None),
            tags: Given(None),
            status: Given(None),
        }
    }

    fn another_email(email: Option<&str>) -> ClientChange {
        let email = Given(Some(email.map(|it| Address::parse(it).unwrap())));
        ClientChange { email, ..no_change() }
    }

    #[test]
    fn an_empty_address_is_none() {
        for email in [None, Some(""), Some("  ")] {
            assert_eq!(new_client(None, email).email, None);
        }
        assert_eq!(new_client(None, Some(" Mei@x ")).email.as_deref(), Some("Mei@x"));
    }

    #[test]
    fn a_room_is_named_after_its_client() {
        assert_eq!(new_client(Some("陳同學"), None).room_name(), "陳同學 的諮詢室");
        for nameless in [None, Some("")] {
            assert_eq!(new_client(nameless, None).room_name(), "Anonymous 的諮詢室");
        }
    }

    #[test]
    fn a_change_that_changes_nothing_makes_no_version() {
        let (client, now) = (new_client(Some("Mei"), None), Utc::now());
        assert_eq!(client.changed(&no_change(), now), client);
        let renamed = Given(Some(Some(ClientName::parse("Mei").unwrap())));
        let same = ClientChange { name: renamed, ..no_change() };
        assert_eq!(client.changed(&same, now), client);
        let archived = client.archived(now);
        assert_eq!((archived.version, archived.status), (2, Status::Archived));
        assert_eq!(archived.archived(now), archived);
    }

    #[test]
    fn another_address_is_not_verified() {
        let now = Utc::now();
        let email = Email::parse("mei@example.com").unwrap();
        let bound = new_client(None, None).bound(&email, Some(vec![7]), TimeDelta::hours(1), now);
        assert!(bound.verification.is_some());
        let verified = Client { email_verified: true, verified_at: Some(now), ..bound };
        let spelled = verified.changed(&another_email(Some("MEI@example.com")), now);
        assert!(spelled.email_verified && spelled.verification.is_some());
        for other in [Some("other@example.com"), None] {
            let moved = verified.changed(&another_email(other), now);
            assert!(!moved.email_verified && moved.verified_at.is_none());
            assert_eq!(moved.verification, None);
        }
    }

    #[test]
    fn folding_does_not_depend_on_the_place_of_a_character() {
        assert_eq!(fold("Mei ÄÖ ΟΔΟΣ İ"), "mei äö οδοσ i\u{307}");
        assert!(fold("ΟΔΟΣ").contains(&fold("Σ")));
    }
}
