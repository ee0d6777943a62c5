-- What is told of users beside their tokens, a JSON object each. Apart from `users`, which every refresh reads.
CREATE TABLE profiles (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
    members TEXT NOT NULL
) STRICT;
