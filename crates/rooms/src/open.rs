//! Opening a room.

use auth::{Account, Permission};
use chrono::{DateTime, Utc};
use database::idempotency::IdempotentRequest;
use ids::RoomId;
use tracing::warn;
use values::time;

use crate::error::RoomError;
use crate::game_rule::RuleSlug;
use crate::opener::{Opened, Opening, Openings};
use crate::room::{Description, Room, RoomName};
use crate::share_code::ShareCode;

/// Draws of a share code before giving up. With ten million rooms, one draw in ninety is taken,
/// and ten in a row are once in 10¹⁹ rooms.
const DRAWS_MAX: u32 = 10;

/// What a counsellor says of a new room.
#[derive(Debug)]
pub struct NewRoom {
    /// What it shall be called.
    pub name: RoomName,
    /// What it is for.
    pub description: Option<Description>,
    /// The rules to play by.
    pub rule: Option<RuleSlug>,
    /// When it shall end by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Opens a room for `owner`.
///
/// # Errors
/// When the account may not open rooms or the rule is unknown.
pub async fn open(
    openings: &Openings,
    owner: &Account,
    new: NewRoom,
    attempt: Option<IdempotentRequest>,
) -> Result<Room, RoomError> {
    if !owner.roles.may(Permission::CreateRoom) {
        return Err(RoomError::NotACounsellor);
    }
    let rule = new.rule.clone().filter(|slug| !slug.is_empty());
    let opening = |share_code| Opening {
        room: room(owner, &new, share_code),
        rule: rule.clone(),
        attempt: attempt.clone(),
    };
    keep(openings, opening, || ShareCode::draw(&mut rand::rng())).await
}

fn room(owner: &Account, new: &NewRoom, share_code: ShareCode) -> Room {
    Room {
        id: RoomId::new(),
        name: new.name.to_string(),
        description: new.description.as_ref().map(ToString::to_string),
        game_rule_id: None,
        counselor_id: owner.id,
        share_code,
        is_active: true,
        created_at: time::now(),
        expires_at: new.expires_at,
        session_count: 0,
    }
}

/// Keeps the room under the first code drawn that is free.
async fn keep(
    openings: &Openings,
    opening: impl Fn(ShareCode) -> Opening,
    mut draw: impl FnMut() -> ShareCode,
) -> Result<Room, RoomError> {
    for _ in 0..DRAWS_MAX {
        match openings.commit(opening(draw())).await? {
            Opened::Room(room) => return Ok(room),
            Opened::KeyReused => return Err(RoomError::KeyReused),
            Opened::UnknownRule(rule) => return Err(RoomError::UnknownRule(rule.to_string())),
            Opened::CodeTaken => warn!("a share code was drawn that a room has already"),
        }
    }
    Err(RoomError::NoFreeCode(DRAWS_MAX))
}

#[cfg(test)]
mod tests {
    use database::group_commit::{Drain, LaneLimits, Lanes};
    use database::schema::{game_rule_templates, users};
    use database::{At, Db};
    use diesel::prelude::*;
    use ids::AccountId;
    use settings::Environment;
    use testkit::{TestDatabase, on_both_databases};
    use tokio::runtime::Handle;

    use super::*;
    use crate::directory::Directory;
    use crate::manage;
    use crate::opener::Opener;

    fn open_db(database: &TestDatabase) -> (Db, Openings) {
        let url = database.url.expose();
        let environment = Environment::new([("CARDROOM_PROFILE", "test"), ("DATABASE_URL", &url)]);
        let settings = settings::load(&environment).unwrap().settings.database;
        let runtime = Handle::current();
        let db = Db::open(&settings, &runtime).unwrap();
        let limits = LaneLimits::of(&settings);
        let openings = Lanes::start(&Opener, &db, limits, &runtime, &mut Drain::default());
        (db, openings)
    }

    /// Somebody who can own rooms.
    async fn owner(db: &Db) -> AccountId {
        let id = AccountId::new();
        let account = diesel::insert_into(users::table).values((
            users::id.eq(id),
            users::email.eq("owner@example.com"),
            users::name.eq("Owner"),
            users::hashed_password.eq(""),
            users::roles.eq("counselor"),
            users::created_at.eq(At::from(time::now())),
        ));
        assert_eq!(db.write(account).await.unwrap(), 1);
        id
    }

    fn opening(owner: AccountId, share_code: ShareCode) -> Opening {
        let room = Room {
            id: RoomId::new(),
            name: "A room".into(),
            description: None,
            game_rule_id: None,
            counselor_id: owner,
            share_code,
            is_active: true,
            created_at: time::now(),
            expires_at: None,
            session_count: 0,
        };
        Opening { room, rule: None, attempt: None }
    }

    fn code(text: &str) -> ShareCode {
        ShareCode::from_column(text.into())
    }

    #[on_both_databases]
    async fn a_code_that_is_taken_is_drawn_anew() {
        let database = testkit::database().await;
        let (db, openings) = open_db(&database);
        let owner = owner(&db).await;
        let first = keep(&openings, |code| opening(owner, code), || code("AAAAAA")).await.unwrap();
        let mut draws = ["AAAAAA", "AAAAAA", "BBBBBB", "CCCCCC"].into_iter();

        let second =
            keep(&openings, |code| opening(owner, code), || code(draws.next().unwrap())).await;

        assert_eq!(second.unwrap().share_code, code("BBBBBB"));
        assert_eq!(draws.next(), Some("CCCCCC"));
        assert_eq!(
            Directory::of(&db, &Handle::current()).find_by_code(code("AAAAAA")).await.unwrap(),
            first
        );
        assert_eq!(manage::list(&db, owner, true).await.unwrap().len(), 2);
    }

    #[on_both_databases]
    async fn what_is_wrong_with_a_room_fails_no_other() {
        let database = testkit::database().await;
        let (db, openings) = open_db(&database);
        let owner = owner(&db).await;
        let ruled = |share_code: &str, slug: &str| {
            let rule = RuleSlug::parse(slug).ok();
            Opening { rule, ..opening(owner, code(share_code)) }
        };

        let retired = diesel::update(game_rule_templates::table)
            .filter(game_rule_templates::slug.eq("value_navigation"))
            .set(game_rule_templates::is_active.eq(false));
        assert_eq!(db.write(retired).await.unwrap(), 1);

        // While the first is committed, the others wait for the next group.
        let commit = |opening| openings.commit(opening);
        let (first, unknown, inactive, known, twice, taken) = tokio::join!(
            commit(ruled("AAAAAA", "skill_assessment")),
            commit(ruled("BBBBBB", "solitaire")),
            commit(ruled("DDDDDD", "value_navigation")),
            commit(ruled("CCCCCC", "skill_assessment")),
            commit(ruled("CCCCCC", "skill_assessment")),
            commit(ruled("AAAAAA", "skill_assessment")),
        );

        assert!(matches!(first, Ok(Opened::Room(room)) if room.game_rule_id.is_some()));
        assert!(matches!(unknown, Ok(Opened::UnknownRule(slug)) if *slug == *"solitaire"));
        assert!(matches!(inactive, Ok(Opened::UnknownRule(_))));
        assert!(matches!(known, Ok(Opened::Room(room)) if room.game_rule_id.is_some()));
        assert!(matches!((twice, taken), (Ok(Opened::CodeTaken), Ok(Opened::CodeTaken))));
        assert_eq!(manage::list(&db, owner, true).await.unwrap().len(), 2);
    }

    #[on_both_databases]
    async fn no_room_is_opened_when_every_code_is_taken() {
        let database = testkit::database().await;
        let (db, openings) = open_db(&database);
        let owner = owner(&db).await;
        let first = keep(&openings, |code| opening(owner, code), || code("AAAAAA")).await.unwrap();
        let mut draws = 0;

        let refused = keep(
            &openings,
            |code| opening(owner, code),
            || {
                draws += 1;
                code("AAAAAA")
            },
        );

        assert!(matches!(refused.await, Err(RoomError::NoFreeCode(DRAWS_MAX))));
        assert_eq!(draws, DRAWS_MAX);
        assert_eq!(manage::list(&db, owner, true).await.unwrap(), [first]);
    }
}
