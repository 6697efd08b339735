//! Links to files: `/files/{id}?expires=…&signature=…`.
//!
//! An `<img>` sends no token, so a link carries what authorizes it: an HMAC of the file and of the moment at
//! which the link ends. Nothing is stored; a link ends earlier when its file is deleted, or when the secret
//! that it was signed with is no longer among those of the settings.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use ids::FileId;
use sha2::Sha256;

use crate::error::FileError;

/// The purpose of the keys that links are signed with.
pub const LINK_KEY_PURPOSE: &[u8] = b"cardroom file link";

/// The ends of links are whole days, so that all links to a file of one day are equal and browsers cache
/// what they lead to.
const DAY_SECS: i64 = 24 * 60 * 60;

/// Signs and verifies links.
pub(crate) struct Links {
    /// The first one signs, all verify.
    keys: Vec<[u8; 32]>,
    lifetime: TimeDelta,
    public_url: Option<String>,
}

impl Links {
    pub(crate) fn new(
        keys: Vec<[u8; 32]>,
        lifetime: TimeDelta,
        public_url: Option<String>,
    ) -> Self {
        Self { keys, lifetime, public_url }
    }

    /// The URL of this API that links begin with, if the settings name one.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.public_url.clone()
    }

    /// The path and the query of a link.
    pub(crate) fn path(&self, file: FileId, now: DateTime<Utc>) -> String {
        let end = (now + self.lifetime).timestamp();
        let expires = (end.div_euclid(DAY_SECS) + 1) * DAY_SECS;
        let signature = self.keys.first().and_then(|key| mac(key, file, expires));
        let signature = signature.map(|it| URL_SAFE_NO_PAD.encode(it.finalize().into_bytes()));
        format!("/files/{file}?expires={expires}&signature={}", signature.unwrap_or_default())
    }

    /// Checks a link at `now`.
    ///
    /// # Errors
    /// When it was not signed by one of the keys, or has ended.
    pub(crate) fn check(
        &self,
        file: FileId,
        expires: i64,
        signature: &str,
        now: DateTime<Utc>,
    ) -> Result<(), FileError> {
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| FileError::BadLink)?;
        // In constant time.
        let is_signed_by =
            |key| mac(key, file, expires).is_some_and(|it| it.verify_slice(&signature).is_ok());
        if !self.keys.iter().any(is_signed_by) {
            Err(FileError::BadLink)
        } else if expires <= now.timestamp() {
            Err(FileError::LinkExpired)
        } else {
            Ok(())
        }
    }
}

/// The HMAC of a link. Its parts have fixed lengths, so that no two links have the same.
fn mac(key: &[u8; 32], file: FileId, expires: i64) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(mac.chain_update(file.as_uuid().as_bytes()).chain_update(expires.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(key: u8) -> Links {
        Links::new(vec![[key; 32]], TimeDelta::days(10), None)
    }

    /// The end and the signature of a link.
    fn parts(path: &str) -> (i64, String) {
        let (_, query) = path.split_once("?expires=").unwrap();
        let (expires, signature) = query.split_once("&signature=").unwrap();
        (expires.parse().unwrap(), signature.to_owned())
    }

    #[test]
    fn a_link_leads_to_its_file_until_its_end() {
        let (links, file) = (links(1), FileId::new());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (expires, signature) = parts(&links.path(file, now));
        let check = |file, expires, signature: &str, now| {
            links.check(file, expires, signature, now).map_err(|it| it.to_string())
        };
        let end = DateTime::from_timestamp(expires, 0).unwrap();
        assert!(end - now > TimeDelta::days(10) && end - now <= TimeDelta::days(11));
        assert_eq!(check(file, expires, &signature, now), Ok(()));
        assert_eq!(check(file, expires, &signature, end - TimeDelta::seconds(1)), Ok(()));

        let (bad, ended) =
            (Err("The link is not valid".into()), Err("The link has expired".into()));
        assert_eq!(check(file, expires, &signature, end), ended);
        assert_eq!(check(FileId::new(), expires, &signature, now), bad);
        assert_eq!(check(file, expires + 1, &signature, now), bad);
        assert_eq!(check(file, expires, &signature[1..], now), bad);
        assert_eq!(check(file, expires, "", now), bad);
        assert_eq!(check(file, expires, "=", now), bad);
    }

    #[test]
    fn a_retired_key_still_verifies() {
        let (file, now) = (FileId::new(), Utc::now());
        let (expires, signature) = parts(&links(1).path(file, now));
        let is_good = |links: &Links| links.check(file, expires, &signature, now).is_ok();
        assert!(!is_good(&links(2)));
        assert!(is_good(&Links::new(vec![[2; 32], [1; 32]], TimeDelta::days(1), None)));
    }

    #[test]
    fn all_links_of_one_day_are_equal() {
        let (links, file) = (links(1), FileId::new());
        let morning = DateTime::from_timestamp(DAY_SECS * 20_000 + 1, 0).unwrap();
        assert_eq!(links.path(file, morning), links.path(file, morning + TimeDelta::hours(20)));
    }
}
