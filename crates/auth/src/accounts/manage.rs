//! Changes of an account by an administrator.

use chrono::{DateTime, Utc};
use ids::AccountId;
use sha2::{Digest, Sha256};
use values::time;

use crate::accounts::actor::Actor;
use crate::accounts::{Account, Role, Roles};
use crate::audit::{Action, AuditEntry};
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{Password, PasswordHash, generate};
use crate::store::{self, AccountRow, managed};

/// What an administrator changes; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) roles: Option<Roles>,
    pub(crate) is_active: Option<bool>,
    pub(crate) password: Option<NewCredentials>,
}

/// A password that an administrator sets, and whether its owner has to change it.
#[derive(Clone, Debug)]
pub(crate) struct NewCredentials {
    pub(crate) hash: PasswordHash,
    pub(crate) must_change: bool,
}

/// The version of an account, as its entity tag names it: a hash of what administrators change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountTag(String);

impl AccountTag {
    /// The tag of an account.
    pub(crate) fn of(account: &Account) -> Self {
        let Account { id, email, name, roles, is_active, must_change_password, .. } = account;
        let state = (id, email, name, roles, is_active, must_change_password);
        let hash = Sha256::digest(format!("{state:?}"));
        let half = hash.first_chunk().map_or(0, |it: &[u8; 16]| u128::from_be_bytes(*it));
        Self(format!("{half:032x}"))
    }

    /// The tag without quotes.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The versions to which a change may be made.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// Any.
    Any,
    /// One of these tags.
    Tagged(Vec<String>),
}

impl Condition {
    fn holds(&self, account: &Account) -> bool {
        match self {
            Self::Any => true,
            Self::Tagged(tags) => tags.iter().any(|it| it == AccountTag::of(account).as_str()),
        }
    }
}

/// A change that was judged: the account as it will be, and what is recorded.
struct Verdict {
    account: Account,
    actions: Vec<Action>,
    /// Whether all sessions of the account end.
    ends_sessions: bool,
}

/// Judges a change to the account `target`, given the rows of the administrator and of the account.
///
/// The administrator has to be one at this moment, and keeps the role and the activity. So as long as both
/// rows are locked, an active administrator is always left.
fn judge(
    rows: &[Account],
    (admin, target): (AccountId, AccountId),
    change: &Change,
    condition: &Condition,
) -> Result<Verdict, AuthError> {
    let find = |id| rows.iter().find(|it| it.id == id);
    let is_admin = |it: &Account| it.is_active && it.roles.has(Role::Admin);
    find(admin).filter(|it| is_admin(it)).ok_or(AuthError::NotAdmin)?;
    let before = find(target).ok_or(AuthError::NoSuchUser)?;
    if !condition.holds(before) {
        return Err(AuthError::AccountChanged);
    }
    let mut account = before.clone();
    account.name = change.name.clone().unwrap_or(account.name);
    account.roles = change.roles.clone().unwrap_or(account.roles);
    account.is_active = change.is_active.unwrap_or(account.is_active);
    account.must_change_password =
        change.password.as_ref().map_or(account.must_change_password, |it| it.must_change);
    if admin == target && !is_admin(&account) {
        return Err(AuthError::OwnAdministration);
    }
    let activity = if account.is_active { Action::Activated } else { Action::Deactivated };
    let actions = [
        (change.password.is_some(), Action::PasswordAssigned),
        (account.name != before.name, Action::Renamed),
        (account.roles != before.roles, Action::RolesChanged),
        (account.is_active != before.is_active, activity),
    ];
    let actions: Vec<_> = actions.into_iter().filter(|it| it.0).map(|it| it.1).collect();
    let ends_sessions = before.is_active && !account.is_active;
    Ok(Verdict { account, actions, ends_sessions })
}

/// The account with this id.
///
/// # Errors
/// When there is none.
pub(crate) async fn find(auth: &Auth, id: AccountId) -> Result<Account, AuthError> {
    let row = auth.db.read_one(store::by_id(id)).await?;
    row.map(Account::from).ok_or(AuthError::NoSuchUser)
}

/// Changes an account, with its audit entries in the same transaction. A deactivation and a new password end
/// its sessions.
///
/// # Errors
/// When there is no such account, it is another version than `condition` names, the administrator would take
/// the own administration away or is no longer one.
pub(crate) async fn change(
    auth: &Auth,
    by: Actor<'_>,
    id: AccountId,
    change: Change,
    condition: &Condition,
) -> Result<Account, AuthError> {
    let ids = (by.admin, id);
    let judged = |rows: &[AccountRow]| {
        let accounts: Vec<Account> = rows.iter().cloned().map(Account::from).collect();
        judge(&accounts, ids, &change, condition)
    };
    let follows = |rows: &[AccountRow]| {
        let verdict = judged(rows).ok().filter(|it| !it.actions.is_empty());
        let entries = verdict.as_ref().map(|it| entries(by, it)).unwrap_or_default();
        let [first, second, third, fourth] = entries.map(|it| it.map(|it| it.insert(by.client)));
        let password = verdict.as_ref().and(change.password.as_ref());
        let password = password.map(|new| managed::write_password(id, &new.hash, new.must_change));
        let written = verdict.map(|it| managed::write(&it.account, i32::from(it.ends_sessions)));
        ((password, written), ((first, second), (third, fourth)))
    };
    // On the heap, because the statements make it large.
    let rows = Box::pin(auth.db.write_and(managed::lock([by.admin, id]), follows)).await?;
    let verdict = judged(&rows)?;
    entries(by, &verdict).into_iter().flatten().for_each(AuditEntry::log);
    auth.accounts.invalidate(id);
    Ok(verdict.account)
}

/// The entries of a change, which consists of four actions at most.
fn entries(by: Actor<'_>, verdict: &Verdict) -> [Option<AuditEntry>; 4] {
    let entry = |index: usize| verdict.actions.get(index).copied();
    [0, 1, 2, 3].map(|index| entry(index).map(|action| by.entry(action, verdict.account.id)))
}

/// Gives an account a generated password, which has to be changed. All its sessions end. Returns the account
/// and the password.
///
/// # Errors
/// When there is no such account, or the hashing queue is full.
pub(crate) async fn reset_password(
    auth: &Auth,
    by: Actor<'_>,
    id: AccountId,
) -> Result<(Account, Password, DateTime<Utc>), AuthError> {
    // Nothing is hashed for an account that does not exist.
    find(auth, id).await?;
    let (password, cost) = (generate(), auth.rules.bcrypt_cost);
    let hashed = password.clone();
    let hash = auth.hashing.run(move || hashed.hash(cost)).await??;
    let assigned = store::assign_password(id, &hash, true);
    let account = by.change(auth, Action::PasswordAssigned, assigned).await?;
    let account = account.ok_or(AuthError::NoSuchUser)?;
    auth.accounts.invalidate(id);
    Ok((account, password, time::now()))
}

#[cfg(test)]
mod tests {
    use values::Email;

    use super::*;

    const ADA: AccountId = AccountId::from_u128(1);
    const GRACE: AccountId = AccountId::from_u128(2);

    fn account(id: AccountId, roles: &str) -> Account {
        Account {
            id,
            email: Email::trusted("ada@example.com"),
            name: "Ada".to_owned(),
            roles: Roles::from(roles),
            is_active: true,
            must_change_password: false,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn roles(roles: &str) -> Change {
        Change { roles: Some(roles.into()), ..Change::default() }
    }

    /// The outcome of a change by Ada.
    fn judged(
        rows: &[Account],
        target: AccountId,
        change: &Change,
    ) -> Result<Vec<Action>, AuthError> {
        judge(rows, (ADA, target), change, &Condition::Any).map(|it| it.actions)
    }

    #[test]
    fn who_is_no_longer_an_active_administrator_changes_nothing() {
        let mut rows = [account(ADA, "counselor"), account(GRACE, "admin")];
        let change = roles("client");
        assert!(matches!(judged(&rows, GRACE, &change), Err(AuthError::NotAdmin)));
        rows[0].roles = "admin".into();
        assert_eq!(judged(&rows, GRACE, &change).unwrap(), [Action::RolesChanged]);
        rows[0].is_active = false;
        assert!(matches!(judged(&rows, GRACE, &change), Err(AuthError::NotAdmin)));
        assert!(matches!(judged(&[], GRACE, &change), Err(AuthError::NotAdmin)));
    }

    #[test]
    fn nobody_takes_the_own_administration_away() {
        let rows = [account(ADA, "admin,counselor")];
        let inactive = Change { is_active: Some(false), ..Change::default() };
        for refused in [roles("counselor"), roles(""), inactive] {
            assert!(matches!(judged(&rows, ADA, &refused), Err(AuthError::OwnAdministration)));
        }
        assert_eq!(judged(&rows, ADA, &roles("admin")).unwrap(), [Action::RolesChanged]);
    }

    #[test]
    fn only_what_changes_is_recorded_and_a_deactivation_ends_sessions() {
        let rows = [account(ADA, "admin"), account(GRACE, "client")];
        assert_eq!(judged(&rows, GRACE, &roles("client")).unwrap(), []);
        let change =
            Change { name: Some("Grace".to_owned()), is_active: Some(false), ..roles("counselor") };
        let verdict = judge(&rows, (ADA, GRACE), &change, &Condition::Any).unwrap();
        let expected = [Action::Renamed, Action::RolesChanged, Action::Deactivated];
        assert_eq!(verdict.actions, expected);
        assert!(verdict.ends_sessions);
        let gone = judged(&rows, AccountId::from_u128(3), &change);
        assert!(matches!(gone, Err(AuthError::NoSuchUser)));
    }

    #[test]
    fn a_tag_names_one_version() {
        let rows = [account(ADA, "admin"), account(GRACE, "client")];
        let tag = AccountTag::of(&rows[1]);
        let condition = Condition::Tagged(vec![tag.as_str().to_owned()]);
        let change = roles("counselor");
        let verdict = judge(&rows, (ADA, GRACE), &change, &condition).unwrap();
        assert_ne!(AccountTag::of(&verdict.account), tag);
        let rows = [rows[0].clone(), verdict.account];
        let again = judge(&rows, (ADA, GRACE), &change, &condition);
        assert!(matches!(again, Err(AuthError::AccountChanged)));
    }
}
