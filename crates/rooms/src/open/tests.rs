//! Share codes that are taken, and faults within a group, on both databases.

use database::Db;
use database::group_commit::{Drain, LaneLimits, Lanes};
use database::schema::{game_rule_templates, rooms};
use diesel::prelude::*;
use ids::AccountId;
use settings::Environment;
use testkit::{TestDatabase, on_both_databases};
use tokio::runtime::Handle;

use super::*;
use crate::directory::Directory;
use crate::fixture::{a_room, owner};
use crate::game_rule::RuleSlug;
use crate::manage;
use crate::page::{PAGE_MAX, PageRequest};

/// Rooms of an account in these tests.
const ROOMS_MAX: i64 = 4;

fn open_db(database: &TestDatabase) -> (Db, Openings) {
    let url = database.url.expose();
    let environment = Environment::new([("CARDROOM_PROFILE", "test"), ("DATABASE_URL", &url)]);
    let settings = settings::load(&environment).unwrap().settings.database;
    let runtime = Handle::current();
    let db = Db::open(&settings, &runtime).unwrap();
    let limits = LaneLimits::of(&settings);
    let openings =
        Lanes::start(&RoomWriter::new(ROOMS_MAX), &db, limits, &runtime, &mut Drain::default());
    (db, openings)
}

async fn all_rooms(db: &Db, owner: AccountId) -> Vec<Room> {
    let page = PageRequest { after: None, limit: PAGE_MAX };
    manage::list(db, owner, true, page).await.unwrap().items
}

fn opening(owner: AccountId, share_code: ShareCode) -> Opening {
    Opening { room: a_room(owner, share_code), rule: None, attempt: None }
}

fn code(text: &str) -> ShareCode {
    ShareCode::from_column(text.into())
}

#[on_both_databases]
async fn a_code_that_is_taken_is_drawn_again() {
    let database = testkit::database().await;
    let (db, openings) = open_db(&database);
    let owner = owner(&db).await;
    let first = insert_with_free_code(&openings, |code| opening(owner, code), || code("AAAAAA"))
        .await
        .unwrap();
    let mut draws = ["AAAAAA", "AAAAAA", "BBBBBB", "CCCCCC"].into_iter();

    let second = insert_with_free_code(
        &openings,
        |code| opening(owner, code),
        || code(draws.next().unwrap()),
    )
    .await;

    assert_eq!(second.unwrap().room.share_code, code("BBBBBB"));
    assert_eq!(draws.next(), Some("CCCCCC"));
    assert_eq!(
        Directory::of(&db, &Handle::current()).find_by_code(code("AAAAAA")).await.unwrap(),
        first.room
    );
    assert_eq!(all_rooms(&db, owner).await.len(), 2);
}

#[on_both_databases]
async fn an_error_of_one_room_fails_no_other() {
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

    assert!(matches!(first, Ok(Opened::Room(it)) if it.room.game_rule_id.is_some()));
    assert!(matches!(unknown, Ok(Opened::UnknownRule(slug)) if *slug == *"solitaire"));
    assert!(matches!(inactive, Ok(Opened::UnknownRule(_))));
    assert!(matches!(known, Ok(Opened::Room(it)) if it.room.game_rule_id.is_some()));
    assert!(matches!((twice, taken), (Ok(Opened::CodeTaken), Ok(Opened::CodeTaken))));
    assert_eq!(all_rooms(&db, owner).await.len(), 2);
}

#[on_both_databases]
async fn no_room_is_opened_when_every_code_is_taken() {
    let database = testkit::database().await;
    let (db, openings) = open_db(&database);
    let owner = owner(&db).await;
    let first = insert_with_free_code(&openings, |code| opening(owner, code), || code("AAAAAA"))
        .await
        .unwrap();
    let mut draws = 0;

    let refused = insert_with_free_code(
        &openings,
        |code| opening(owner, code),
        || {
            draws += 1;
            code("AAAAAA")
        },
    );

    assert!(matches!(refused.await, Err(RoomError::NoFreeCode(DRAWS_MAX))));
    assert_eq!(draws, DRAWS_MAX);
    assert_eq!(all_rooms(&db, owner).await, [first.room]);
}

#[on_both_databases]
async fn the_rooms_of_an_account_are_bounded() {
    let database = testkit::database().await;
    let (db, openings) = open_db(&database);
    let owner = owner(&db).await;
    let codes = ["AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD", "EEEEEE", "GGGGGG"];

    // While the first is committed, the others wait for the next group.
    let opened = codes.map(|it| openings.commit(opening(owner, code(it))));
    let opened = futures::future::join_all(opened).await;

    let is_room = |it: &Result<Opened, _>| matches!(it, Ok(Opened::Room(_)));
    let is_refused = |it: &Result<Opened, _>| matches!(it, Ok(Opened::TooMany));
    assert!(opened[..4].iter().all(is_room), "{opened:?}");
    assert!(opened[4..].iter().all(is_refused), "{opened:?}");
    let gone = diesel::delete(rooms::table.filter(rooms::share_code.eq("AAAAAA")));
    assert_eq!(db.write(gone).await.unwrap(), 1);
    assert!(is_room(&openings.commit(opening(owner, code("FFFFFF"))).await));
}
