-- Lists of users are in this order.
CREATE INDEX users_created_at_idx ON users (created_at, id);
