statements! {
    /// Every key, oldest first.
    LIST = "SELECT id, purpose, algorithm, sealed, state, state_at, remove_at, created_at FROM keys ORDER BY created_at, id";
    /// Keeps everybody else from adding or moving a key until the end of the transaction.
    LOCK_ALL = "LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE";
    /// Whether there is a key of a purpose.
    ANY_OF = "SELECT 1 FROM keys WHERE purpose = $1";
    /// Whether a purpose has a next key.
    NEXT_OF = "SELECT 1 FROM keys WHERE purpose = $1 AND state = 'next'";
    /// Adds a key.
    INSERT = "INSERT INTO keys (id, purpose, algorithm, sealed, state, state_at, remove_at, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
    /// Moves a key on whose state still is the one that was read.
    MOVE = "UPDATE keys SET state = $5, state_at = $6, remove_at = $7 WHERE id = $1 AND state = $2 \
            AND state_at IS NOT DISTINCT FROM $3 AND remove_at IS NOT DISTINCT FROM $4";
    /// Forgets a key.
    DELETE = "DELETE FROM keys WHERE id = $1";
}
