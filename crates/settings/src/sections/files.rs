//! Files that people upload.

use std::path::PathBuf;

use crate::keys::Keys;

use super::server;

/// Files that people upload.
#[derive(Clone, Debug)]
pub struct Files {
    /// The folder of their bytes, from the working directory or absolute; `None` when nothing may be uploaded.
    pub store: Option<PathBuf>,
    /// URL of this API, without a slash at the end; `None` for scheme and host of the request.
    pub public_url: Option<String>,
    /// Largest file, in bytes, 1 KiB to 16 MiB.
    pub max_bytes: usize,
    /// Uploads that are received or wait at the same time, 1 to 10,000.
    pub uploads_at_once: usize,
    /// Memory for one decoded picture, in bytes, 1 MiB to 1 GiB.
    pub picture_bytes: u64,
    /// Pictures that are decoded at the same time, 1 to 64.
    pub pictures_at_once: usize,
    /// Bytes of the files of one account, 1 MiB to 1 TiB.
    pub per_account_bytes: i64,
    /// Bytes of the files of one room, 1 MiB to 1 TiB.
    pub per_room_bytes: i64,
    /// How long an upload may take to arrive, in milliseconds, 1,000 to 600,000.
    pub upload_timeout_ms: u64,
    /// How long the store may take for one file, in milliseconds, 100 to 60,000.
    pub store_timeout_ms: u64,
    /// How long a link to a file is good, in days, 1 to 36,500.
    pub link_days: i64,
    /// How long a deleted or broken off file stays in the store, in hours, 1 to 8,760.
    pub grace_hours: i64,
}

const KIB: usize = 1024;
const MIB: i64 = 1024 * 1024;
const TIB: i64 = MIB * MIB;

const STORE: &str = "the path of a folder, or nothing";
const PUBLIC_URL: &str = "nothing, or http:// or https:// and a host";

impl Files {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let store = keys.text("files.store", STORE, store);
        let url = keys.text("files.public_url", PUBLIC_URL, |text| match text {
            "" => Ok(String::new()),
            text => server::public_url(text),
        });
        Self {
            store: store.filter(|it| !it.is_empty()).map(PathBuf::from),
            public_url: url.filter(|it| !it.is_empty()),
            max_bytes: keys.number("files.max_bytes", KIB..=16 * KIB * KIB),
            uploads_at_once: keys.number("files.uploads_at_once", 1..=10_000),
            picture_bytes: keys.number("files.picture_bytes", 1_048_576..=1_073_741_824),
            pictures_at_once: keys.number("files.pictures_at_once", 1..=64),
            per_account_bytes: keys.number("files.per_account_bytes", MIB..=TIB),
            per_room_bytes: keys.number("files.per_room_bytes", MIB..=TIB),
            upload_timeout_ms: keys.number("files.upload_timeout_ms", 1_000..=600_000),
            store_timeout_ms: keys.number("files.store_timeout_ms", 100..=60_000),
            link_days: keys.number("files.link_days", 1..=36_500),
            grace_hours: keys.number("files.grace_hours", 1..=8_760),
        }
    }
}

fn store(text: &str) -> Result<String, &'static str> {
    if text.contains("://") { Err("is a URL") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_or_nothing() {
        for text in ["", "data/files", "/srv/files"] {
            assert_eq!(store(text).as_deref(), Ok(text));
        }
        assert!(store("s3://cards/files").is_err(), "it would be a folder of this name");
    }
}
