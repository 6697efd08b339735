//! Who plays: a counsellor or a visitor.

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth::{Account, Caller, Pass, pass_of};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use ids::RoomId;
use rooms::Owners;
use std::sync::Arc;
use store::Db;

use crate::access::Access;
use crate::error::GameplayError;

/// Somebody with a good token, of a counsellor or of a visitor.
pub(super) enum Player {
    Counsellor(Arc<Account>),
    Visitor(Pass),
}

impl Player {
    /// What the player may do in this room.
    pub(super) async fn enter(
        &self,
        db: &Db,
        owners: &Owners,
        room: RoomId,
    ) -> Result<Access, GameplayError> {
        match self {
            Self::Counsellor(account) => Access::of_owner(owners, account, room).await,
            Self::Visitor(pass) => Access::of_visitor(db, *pass, room).await,
        }
    }
}

impl FromRequest for Player {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if let Some(pass) = pass_of(request) {
            return std::future::ready(Ok(Self::Visitor(pass))).boxed_local();
        }
        let caller = Caller::from_request(request, payload);
        caller.map(|it| it.map(|Caller(account)| Self::Counsellor(account))).boxed_local()
    }
}
