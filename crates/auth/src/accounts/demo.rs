//! The demo accounts: ordinary accounts with a published password, where the profile has them.

use ids::AccountId;
use values::{Email, time};

use crate::accounts::{Account, Credentials};
use crate::accounts::{Role, Roles};
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{Password, PasswordHash};
use crate::store::{self, NewAccount};

/// The password of the demo accounts, until it is changed.
pub const PASSWORD: &str = "demo123";

/// A demo account.
#[derive(Debug)]
pub struct DemoAccount {
    /// The id, equal in every installation.
    pub id: AccountId,
    /// The address to log in with.
    pub email: &'static str,
    /// The display name.
    pub name: &'static str,
    /// The published password, until it is changed.
    password: &'static str,
    /// The roles.
    pub roles: &'static [Role],
    /// What the account demonstrates.
    pub description: &'static str,
}

/// The four demo accounts.
pub const ACCOUNTS: [DemoAccount; 4] = [
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0001),
        email: "demo.counselor@example.com",
        name: "Dr. Sarah Chen",
        password: PASSWORD,
        roles: &[Role::Counselor],
        description: "Career counselor who opens rooms and leads consultations",
    },
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0002),
        email: "demo.counselor2@example.com",
        name: "Prof. Michael Wang",
        password: PASSWORD,
        roles: &[Role::Counselor],
        description: "Second career counselor, to see that rooms are kept apart",
    },
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0003),
        email: "demo.admin@example.com",
        name: "Admin User",
        password: PASSWORD,
        roles: &[Role::Admin, Role::Counselor],
        description: "Administrator who manages users and may act on every room",
    },
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0004),
        email: "demo.client@example.com",
        name: "Alex Johnson",
        password: PASSWORD,
        roles: &[Role::Client],
        description: "Client who plays card games in a counselor's room",
    },
];

/// The test accounts of the earlier backend, which an administrator creates.
const TESTS: [DemoAccount; 3] = [
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0011),
        email: "test@example.com",
        name: "測試諮詢師",
        password: PASSWORD,
        roles: &[Role::Counselor],
        description: "Counselor of tests",
    },
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0012),
        email: "counselor@example.com",
        name: "王諮詢師",
        password: "password123",
        roles: &[Role::Counselor],
        description: "Second counselor of tests",
    },
    DemoAccount {
        id: AccountId::from_u128(0x0001_0000_0000_0013),
        email: "admin@example.com",
        name: "系統管理員",
        password: "admin123",
        roles: &[Role::Admin, Role::Counselor],
        description: "Administrator of tests",
    },
];

impl DemoAccount {
    fn with(&self, hash: PasswordHash) -> Credentials {
        let account = Account {
            id: self.id,
            email: Email::trusted(self.email),
            name: self.name.to_owned(),
            roles: Roles::new(self.roles.iter().copied()),
            is_active: true,
            must_change_password: false,
            created_at: time::now(),
        };
        Credentials { account, hash, epoch: 0 }
    }
}

/// The demo accounts of this installation: all, or none where the profile has none.
pub fn listed(auth: &Auth) -> &'static [DemoAccount] {
    if auth.rules.demo_accounts { &ACCOUNTS } else { &[] }
}

/// Creates the demo accounts that are missing; returns their addresses.
///
/// # Errors
/// When the profile has no demo accounts, or the database fails.
pub async fn create_missing(auth: &Auth) -> Result<Vec<&'static str>, AuthError> {
    create(auth, &ACCOUNTS).await
}

/// Creates the test accounts that are missing.
///
/// # Errors
/// When the profile has no demo accounts, or the database fails.
pub async fn create_missing_tests(auth: &Auth) -> Result<(), AuthError> {
    create(auth, &TESTS).await.map(drop)
}

async fn create(
    auth: &Auth,
    accounts: &'static [DemoAccount],
) -> Result<Vec<&'static str>, AuthError> {
    if !auth.rules.demo_accounts {
        return Err(AuthError::NoDemoAccounts);
    }
    let emails = accounts.iter().map(|it| it.email.to_owned()).collect();
    let taken: Vec<String> = auth.db.read_all(store::taken(emails)).await?;
    let missing = accounts.iter().filter(|it| !taken.iter().any(|email| email == it.email));
    let mut created = Vec::new();
    for demo in missing {
        let cost = auth.rules.bcrypt_cost;
        let hash = move || Password::from(demo.password.to_owned()).hash(cost);
        let hash = auth.hashing.run_unbounded(hash).await??;
        let account = NewAccount::from(&demo.with(hash));
        created.extend(auth.db.write_one(store::create(&account)).await?.map(|_| demo.email));
    }
    Ok(created)
}
