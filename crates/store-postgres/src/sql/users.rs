statements! {
    /// A user by id.
    BY_ID = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
    /// A user by name.
    BY_USERNAME = concat!("SELECT ", user_columns!(), " FROM users WHERE username = $1");
    /// A user by address.
    BY_EMAIL = concat!("SELECT ", user_columns!(), " FROM users WHERE email = $1");
    /// Users in the order of their names, those after one.
    LIST = concat!("SELECT ", user_columns!(), " FROM users WHERE username > $1 ORDER BY username LIMIT $2");
    /// Whether there is any user.
    ANY = "SELECT 1 FROM users LIMIT 1";
    /// Keeps everybody else from adding a user until the end of the transaction.
    LOCK_ALL = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
    /// Keeps a user as they are until the end of the transaction, and whoever else locks them waiting.
    LOCK = "SELECT version FROM users WHERE id = $1 FOR NO KEY UPDATE";
    /// Adds a user.
    INSERT = "INSERT INTO users (id, username, email, org_id, roles, claims, disabled_at, password, origin, created_at, version) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// Replaces a user that still has the version that was read.
    UPDATE = "UPDATE users SET username = $2, email = $3, org_id = $4, roles = $5, claims = $6, disabled_at = $7, password = $8, \
              origin = $9, created_at = $10, version = version + 1 WHERE id = $1 AND version = $11";
    /// Replaces the hash that was read.
    REHASH = "UPDATE users SET password = $3 WHERE id = $1 AND password = $2";
}
