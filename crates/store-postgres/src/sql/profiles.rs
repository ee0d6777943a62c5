statements! {
    /// A user's profile.
    BY_USER = "SELECT members FROM profiles WHERE user_id = $1";
    /// A profile with all else that is told beside it.
    WITH_SUBJECT = concat!(
        "SELECT ", subject_columns!(), ", profiles.members FROM users ", subject_joins!(),
        " LEFT JOIN profiles ON profiles.user_id = users.id WHERE users.id = $1"
    );
    /// Sets a profile, whatever was there.
    PUT = "INSERT INTO profiles (user_id, members) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET members = excluded.members";
    /// Forgets a profile.
    DELETE = "DELETE FROM profiles WHERE user_id = $1";
}
