statements! {
    /// Uses something up, unless somebody did before.
    INSERT = "INSERT INTO used_ids (purpose, id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (purpose, id) DO NOTHING";
}
