statements! {
    /// An organisation by id.
    BY_ID = concat!("SELECT ", organization_columns!(), " FROM organizations WHERE id = $1");
    /// Every organisation, in the order of ids.
    LIST = concat!("SELECT ", organization_columns!(), " FROM organizations ORDER BY id");
    /// Adds an organisation.
    INSERT = "INSERT INTO organizations (id, name, created_at, suspended_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    /// Replaces an organisation.
    UPDATE = "UPDATE organizations SET name = $2, created_at = $3, suspended_at = $4 WHERE id = $1";
}
