//! The account that the server runs as: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use rustix::process::geteuid;

/// In order of preference; Debian always has the second.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// Part of util-linux, which Debian always has.
const SETPRIV: &str = "/usr/bin/setpriv";

/// An account without privileges.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to run the server as; `None` where this process is not root.
    pub(crate) fn for_server() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read the accounts")?;
        CANDIDATES
            .iter()
            .find_map(|name| Self::find(&passwd, name))
            .map(Some)
            .context("PostgreSQL does not run as root, and there is no account `nobody`")
    }

    /// Looks a name up among lines of `name:password:uid:gid:…`.
    fn find(passwd: &str, name: &str) -> Option<Self> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        let (uid, gid) = (ids.next()?.ok()?, ids.next()?.ok()?);
        Some(Self { uid, gid })
    }

    /// Makes the account the owner of the file or folder.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("cannot give {} away", path.display()))
    }
}

/// Runs `program` as the account. The child is the program itself, not a shell around it, and
/// stops when the thread that started it does.
pub(crate) fn command(account: Option<&Account>, program: &Path) -> Command {
    if !Path::new(SETPRIV).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    if let Some(Account { uid, gid }) = account {
        command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:7::/:\npostgres:x:101:104::/:";

        let found = Account::find(passwd, "postgres");

        assert_eq!(found, Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::find(passwd, "nobody"), None);
    }
}
