//! The condition that ties a prepared group to the group before it.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::Text;
use uuid::Uuid;

/// The position of a prepared group in a pipeline.
///
/// The statement of a group sets a mark in the database session, which is rolled back with the
/// statement, and requires the mark of the group before it. So it fails whenever that group failed.
/// Versions alone would not tell: another instance may have given the same version to other content.
pub struct Link {
    before: Option<String>,
    mark: String,
}

/// The groups that are sent one after the other on one connection.
#[derive(Default)]
pub(super) struct Chain {
    last: Option<String>,
}

impl Chain {
    /// The position of the next group.
    pub(super) fn link(&mut self) -> Link {
        let mark = Uuid::new_v4().to_string();
        Link { before: self.last.replace(mark.clone()), mark }
    }
}

impl Link {
    /// Pushes the condition to add to that of the statement: ` AND …`, or nothing for the first group.
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

    /// Pushes the expression that sets the mark. It must be evaluated after the condition.
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
