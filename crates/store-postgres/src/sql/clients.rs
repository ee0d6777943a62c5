/// The columns in the order that `read::clients::decode` takes them.
macro_rules! select {
    () => {
        "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients"
    };
}

statements! {
    /// A machine client by id.
    BY_ID = concat!(select!(), " WHERE id = $1");
    /// Every machine client, in the order of ids.
    LIST = concat!(select!(), " ORDER BY id");
    /// Adds a machine client.
    INSERT = "INSERT INTO clients (id, secret, jwks, scopes, audiences, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
              ON CONFLICT (id) DO NOTHING";
    /// Removes a machine client.
    DELETE = "DELETE FROM clients WHERE id = $1";
}
