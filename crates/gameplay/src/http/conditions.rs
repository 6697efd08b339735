//! The conditions of requests about states.

use actix_web::HttpRequest;
use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use api::{Problem, SentTags};

use crate::version::{Condition, Versions};

/// The conditions that a request sets.
pub(super) fn condition(request: &HttpRequest) -> Result<Condition, Problem> {
    let matches = SentTags::of(request, &IF_MATCH)?;
    let matches_not = SentTags::of(request, &IF_NONE_MATCH)?;
    Ok(Condition { matches: matches.map(versions), matches_not: matches_not.map(versions) })
}

fn versions(sent: SentTags) -> Versions {
    match sent {
        SentTags::Any => Versions::Any,
        SentTags::Tags(tags) => Versions::Tagged(tags),
    }
}
