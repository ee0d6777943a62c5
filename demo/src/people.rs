use std::collections::HashMap;

use serde::Serialize;

/// Somebody who can sign in to the demo.
///
/// The passwords are public on purpose: the demo listens on this machine alone and its data is invented.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Person {
    /// What to type.
    pub username: &'static str,
    /// What to type.
    pub password: &'static str,
    /// Whose orders they work on.
    pub org_id: &'static str,
    /// What they may do: `buyer` orders, `admin` deletes.
    pub roles: &'static [&'static str],
    /// Their full name. It is in their profile, and in no token.
    #[serde(skip)]
    pub name: &'static str,
    /// What they do, beside it.
    #[serde(skip)]
    pub title: &'static str,
}

impl Person {
    /// Returns what the auth service is told of them for services to read.
    pub fn profile(&self) -> serde_json::Value {
        serde_json::json!({ "name": self.name, "title": self.title })
    }
}

/// Everybody: two organisations, different roles.
pub const PEOPLE: &[Person] = &[
    Person {
        username: "ada",
        password: "copper-kettle-and-tea",
        org_id: "acme",
        roles: &["admin", "buyer"],
        name: "Ada Okafor",
        title: "Head of purchasing",
    },
    Person {
        username: "ben",
        password: "seven-paper-lanterns",
        org_id: "acme",
        roles: &["buyer"],
        name: "Ben Lindqvist",
        title: "Buyer",
    },
    Person {
        username: "cleo",
        password: "quiet-river-at-dawn",
        org_id: "acme",
        roles: &[],
        name: "Cleo Marsh",
        title: "Auditor",
    },
    Person {
        username: "dora",
        password: "orange-bicycle-bell",
        org_id: "globex",
        roles: &["admin", "buyer"],
        name: "Dora Weiss",
        title: "Office manager",
    },
    Person {
        username: "emil",
        password: "window-over-the-bay",
        org_id: "globex",
        roles: &["buyer"],
        name: "Emil Novak",
        title: "Buyer",
    },
];

/// The `sub` of everybody, by user name: what the services know people by.
#[derive(Debug, Clone, Default)]
pub struct Subjects(HashMap<String, String>);

impl Subjects {
    /// Returns the `sub` of somebody, where the auth service knows them.
    pub fn of(&self, username: &str) -> Option<&str> {
        self.0.get(username).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Subjects {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PEOPLE;

    #[test]
    fn there_is_somebody_for_everything_worth_trying() {
        let orgs: BTreeSet<_> = PEOPLE.iter().map(|person| person.org_id).collect();
        let roles: BTreeSet<_> = PEOPLE.iter().map(|person| person.roles).collect();

        assert_eq!(orgs.len(), 2);
        assert!(roles.contains(&[].as_slice()), "somebody who may only look");
        assert!(roles.contains(&["buyer"].as_slice()), "somebody who may order and not delete");
        assert!(roles.iter().any(|roles| roles.contains(&"admin")), "somebody who may delete");
    }
}
