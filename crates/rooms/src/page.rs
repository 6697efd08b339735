//! Pages of lists.

/// Items of a page at most, and of the whole answer where a client does not ask for a page. Clients of the
/// earlier backend, which know no pages, get all items up to this number.
pub const PAGE_MAX: i64 = 1_000;

/// The page of a list that a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<I> {
    /// The last item of the page before; `None` is the first page.
    pub after: Option<I>,
    /// Items at most, 1 to [`PAGE_MAX`].
    pub limit: i64,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether there are more after it.
    pub has_more: bool,
}

impl<I> PageRequest<I> {
    /// One more item than the page has, which tells whether there are more.
    pub fn fetched(&self) -> i64 {
        self.limit + 1
    }
}

impl<T> Page<T> {
    /// The page of at most `limit` items of those that were fetched.
    pub fn of(mut fetched: Vec<T>, limit: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = fetched.len() > limit;
        fetched.truncate(limit);
        Self { items: fetched, has_more }
    }
}
