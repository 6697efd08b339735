//! The names that ids have in paths.

use utoipa::openapi::{Ref, RefOr, Schema};
use values::PathParam;

use crate::kinds::{
    AccountId, ClientId, FileId, GameRuleId, RecordId, RoomId, SessionId, VisitorId,
};

macro_rules! path_param {
    ($($id:ident, $name:literal, $description:literal;)+) => {$(
        impl PathParam for $id {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = $description;

            fn schema() -> RefOr<Schema> {
                Ref::from_schema_name(stringify!($id)).into()
            }
        }
    )+};
}

path_param! {
    AccountId, "user_id", "The account";
    ClientId, "client_id", "The client";
    FileId, "file_id", "The file";
    GameRuleId, "rule_id", "The rule";
    RecordId, "record_id", "The record";
    RoomId, "room_id", "The room";
    SessionId, "session_id", "The session";
    VisitorId, "visitor_id", "The visitor";
}
