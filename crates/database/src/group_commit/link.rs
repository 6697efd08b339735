//! What ties a group that is sent ahead to the one before it.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::Text;
use uuid::Uuid;

/// The place of a group among those that are sent ahead.
///
/// Its statement leaves a mark in the database's session, which is rolled back with it, and asks for the
/// mark of the group before it. So it fails whenever that one did. Versions alone would not tell: another
/// instance may have given the version to a document of its own.
pub struct Link {
    before: Option<String>,
    mark: String,
}

/// Groups that are sent one after the other on one connection.
#[derive(Default)]
pub(super) struct Chain {
    last: Option<String>,
}

impl Chain {
    /// The place of the next group.
    pub(super) fn link(&mut self) -> Link {
        let mark = Uuid::new_v4().to_string();
        Link { before: self.last.replace(mark.clone()), mark }
    }
}

impl Link {
    /// Pushes what has to hold beside the statement's own condition: ` AND …`, or nothing.
    ///
    /// # Errors
    /// None of its own.
    pub fn push_condition<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(before) = &self.before {
            out.push_sql(" AND coalesce(current_setting('cardroom.group', true), '') = ");
            out.push_bind_param::<Text, _>(before)?;
        }
        Ok(())
    }

    /// Pushes the expression that leaves the mark. It has to come about after the condition was judged.
    ///
    /// # Errors
    /// None of its own.
    pub fn push_mark<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("set_config('cardroom.group', ");
        out.push_bind_param::<Text, _>(&self.mark)?;
        out.push_sql(", false)");
        Ok(())
    }
}
