//! The tables that administrators see, with the columns that are shown of each.
//!
//! Both are lists: a table or a column that is not named here is never part of an answer. Left out are hashes
//! and tokens, what the owner of a room alone may read (the documents of its games), the `session_id` by which
//! a visitor comes back, and tables that hold nothing else: `password_resets`, `idempotency_keys`,
//! `gameplay_segments`.

use database::{At, DatabaseError, Db, Fetch, columns};
use diesel::prelude::*;
use ids::{AccountId, AuditId, GameRuleId, GameplayStateId, RoomId, SessionId, VisitorId};
use serde_json::{Map, Value};
use values::time;

/// Characters of a text that are shown at most.
const TEXT_MAX: usize = 1_000;

/// A table with the columns that are shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownTable {
    /// Its name.
    pub name: &'static str,
    /// The columns, the primary key first.
    pub columns: &'static [&'static str],
}

/// A page of a table, by primary key: at most `limit` rows after the key `after`, without the first `skip`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) after: u128,
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}

/// A row, by column.
pub(crate) type Row = Map<String, Value>;

/// Declares the tables, each with the type of its key and its columns after it. A column that the schema does
/// not have, or has of another type, does not compile.
macro_rules! shown {
    ($($table:ident by $id:ident { $($column:ident: $kind:ty),+ $(,)? })+) => {
        /// The tables that are shown, by name.
        pub const SHOWN: &[ShownTable] = &[
            $(ShownTable { name: stringify!($table), columns: &["id", $(stringify!($column)),+] }),+
        ];

        /// A page of the table with this name; `None` when it is not shown.
        pub(crate) async fn page(
            db: &Db,
            table: &str,
            place: Place,
        ) -> Result<Option<Vec<Row>>, DatabaseError> {
            match table {
                $(stringify!($table) => {
                    let rows = db.read_all($table::page(place)).await?;
                    Ok(Some(rows.into_iter().map($table::ShownRow::into_row).collect()))
                })+
                _ => Ok(None),
            }
        }

        $(mod $table {
            use super::*;
            use database::schema::$table::dsl;

            /// The shown columns of a row.
            #[derive(Queryable, Selectable)]
            #[diesel(table_name = database::schema::$table)]
            pub(super) struct ShownRow {
                id: $id,
                $($column: $kind,)+
            }

            impl ShownRow {
                pub(super) fn into_row(self) -> Row {
                    let cells = [
                        ("id", self.id.into_cell()),
                        $((stringify!($column), self.$column.into_cell()),)+
                    ];
                    cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()
                }
            }

            pub(super) fn page(place: Place) -> impl Fetch<'static, ShownRow> {
                dsl::$table
                    .filter(dsl::id.gt($id::from_u128(place.after)))
                    .order(dsl::id)
                    .offset(place.skip)
                    .limit(place.limit)
                    .select(columns::<ShownRow>())
            }
        })+
    };
}

shown! {
    audit_log by AuditId {
        at: At,
        action: String,
        actor_id: Option<AccountId>,
        account_id: Option<AccountId>,
        session_id: Option<SessionId>,
        address: String,
        device: String,
    }
    deleted_gameplay_states by GameplayStateId {
        room_id: RoomId,
        gameplay_id: String,
        version: i64,
        created_at: At,
        deleted_at: At,
    }
    game_rule_templates by GameRuleId {
        name: String,
        slug: String,
        description: Option<String>,
        version: String,
        is_active: bool,
        created_at: At,
        updated_at: At,
    }
    gameplay_states by GameplayStateId {
        room_id: RoomId,
        gameplay_id: String,
        version: i64,
        last_played_at: At,
        created_at: At,
        updated_at: At,
    }
    rooms by RoomId {
        name: String,
        description: Option<String>,
        game_rule_id: Option<GameRuleId>,
        counselor_id: AccountId,
        share_code: String,
        is_active: bool,
        created_at: At,
        expires_at: Option<At>,
        session_count: i32,
    }
    sessions by SessionId {
        account_id: AccountId,
        device: String,
        network: String,
        created_at: At,
        rotated_at: At,
        idle_until: At,
        ends_at: At,
        ended_at: Option<At>,
    }
    users by AccountId {
        email: String,
        name: String,
        roles: String,
        is_active: bool,
        must_change_password: bool,
        created_at: At,
    }
    visitors by VisitorId {
        name: String,
        room_id: RoomId,
        is_active: bool,
        joined_at: At,
        last_seen: At,
    }
}

/// The table with this name, if it is shown.
pub(crate) fn find(name: &str) -> Option<&'static ShownTable> {
    SHOWN.iter().find(|it| it.name == name)
}

/// A value of a column, as JSON shows it.
trait IntoCell {
    fn into_cell(self) -> Value;
}

impl<T: IntoCell> IntoCell for Option<T> {
    fn into_cell(self) -> Value {
        self.map_or(Value::Null, T::into_cell)
    }
}

impl IntoCell for String {
    fn into_cell(self) -> Value {
        match self.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => format!("{}…", &self[..end]).into(),
            None => self.into(),
        }
    }
}

impl IntoCell for At {
    fn into_cell(self) -> Value {
        time::zulu(self.utc()).into()
    }
}

macro_rules! cells {
    ($($number:ident),+; $($id:ident),+) => {
        $(impl IntoCell for $number {
            fn into_cell(self) -> Value {
                self.into()
            }
        })+
        $(impl IntoCell for $id {
            fn into_cell(self) -> Value {
                self.to_string().into()
            }
        })+
    };
}

cells! {
    bool, i32, i64;
    AccountId, AuditId, GameRuleId, GameplayStateId, RoomId, SessionId, VisitorId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_show_no_secret() {
        assert!(SHOWN.is_sorted_by_key(|it| it.name));
        let secret = ["hash", "password", "token", "journal", "document", "fingerprint", "answer"];
        for ShownTable { name, columns } in SHOWN {
            for column in *columns {
                let is_secret = secret.iter().any(|word| column.contains(word));
                let is_flag = *column == "must_change_password";
                assert!(!is_secret || is_flag, "{name}.{column}");
            }
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = "陳".repeat(TEXT_MAX);
        assert_eq!(text.clone().into_cell(), Value::from(text.clone()));
        assert_eq!(format!("{text}x").into_cell(), Value::from(format!("{text}…")));
    }
}
