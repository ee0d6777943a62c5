/// Everything that was used once.
pub(crate) const EVERY: &str = "SELECT purpose, id, expires_at FROM used_ids";
