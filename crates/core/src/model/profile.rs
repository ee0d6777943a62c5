use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{
    Deserialize,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// What services may know of a user and what does not fit a token: a JSON object of the operator's own making. Empty for nothing.
///
/// Personal data: it is printed nowhere but where it is asked for.
#[derive(Clone, Default, PartialEq)]
pub struct Profile(Map<String, Value>);

/// The text cannot be a profile. Quotes none of its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Every service that asks holds a copy in memory.
    #[error("the profile has {bytes} bytes; at most {max} fit", max = Profile::MAX_BYTES)]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Not JSON, two members of one name, or something after the end.
    #[error("the profile is not JSON, line {line}, column {column}: {problem}")]
    NotJson {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// JSON, and no object.
    #[error("the profile is not a JSON object")]
    NotAnObject,
    /// Nested too deeply for every reader.
    #[error("the profile is nested more than {max} deep", max = Profile::MAX_DEPTH)]
    TooDeep,
}

impl Profile {
    /// The most bytes, both as given and as kept.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The most objects and lists within each other.
    pub const MAX_DEPTH: usize = 16;

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns the JSON text, without blanks.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        check_size(text)?;
        let Strict(value) = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let Value::Object(members) = value else { return Err(ProfileError::NotAnObject) };
        if members.values().any(|member| !is_at_most(Self::MAX_DEPTH - 1, member)) {
            return Err(ProfileError::TooDeep);
        }
        let profile = Self(members);
        // A number may be longer as we write it.
        check_size(&profile.to_json())?;
        Ok(profile)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn check_size(text: &str) -> Result<(), ProfileError> {
    if text.len() > Profile::MAX_BYTES {
        return Err(ProfileError::TooLarge { bytes: text.len() });
    }
    Ok(())
}

/// The parser's own words may quote the text.
fn not_json(error: &serde_json::Error) -> ProfileError {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "a member stands twice",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "the syntax is wrong",
    };
    ProfileError::NotJson { line: error.line(), column: error.column(), problem }
}

fn is_at_most(depth: usize, value: &Value) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_at_most(depth - 1, item)),
        Value::Object(members) => depth > 0 && members.values().all(|member| is_at_most(depth - 1, member)),
        _ => true,
    }
}

/// JSON in which no object has two members of one name: readers disagree about which of them counts.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (mut all, mut names) = (Map::new(), BTreeSet::new());
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom("a member stands twice"));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::{Profile, ProfileError};

    fn refused(text: &str) -> ProfileError {
        text.parse::<Profile>().expect_err("it is no profile")
    }

    fn nested(depth: usize) -> String {
        format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
    }

    #[test]
    fn a_profile_is_kept_in_one_form() {
        let profile: Profile = " {\"name\" : \"Jürgen\", \"desk\": {\"floor\": 4.5, \"seats\":[1,null]}} "
            .parse()
            .expect("it is a profile");

        assert_eq!(profile.to_json(), r#"{"desk":{"floor":4.5,"seats":[1,null]},"name":"Jürgen"}"#);
        assert_eq!(profile.to_json().parse::<Profile>(), Ok(profile));
    }

    #[test]
    fn a_profile_that_was_never_set_is_an_empty_one() {
        assert_eq!("{}".parse::<Profile>(), Ok(Profile::default()));
        assert!(Profile::default().is_empty());
    }

    #[test]
    fn only_an_object_is_a_profile() {
        for other in ["[]", "null", "\"name\"", "7", "true"] {
            assert_eq!(refused(other), ProfileError::NotAnObject, "{other}");
        }
    }

    #[test]
    fn rfc8259_what_is_not_json_is_refused() {
        for broken in
            ["", "{", "{} {}", "{'a':1}", "{\"a\":NaN}", "{\"a\":1,}", "{\"a\":1e999}", "{\"a\":\"\\ud800\"}"]
        {
            assert!(matches!(refused(broken), ProfileError::NotJson { .. }), "{broken}");
        }
    }

    /// RFC 8259 §4: names should be unique, and readers differ where they are not.
    #[test]
    fn rfc8259_two_members_of_one_name_are_refused_at_every_depth() {
        for twice in [r#"{"a":1,"a":2}"#, r#"{"b":[{"a":1,"\u0061":1}]}"#] {
            let expected = "a member stands twice";
            assert!(
                matches!(refused(twice), ProfileError::NotJson { problem, .. } if problem == expected),
                "{twice}"
            );
        }
    }

    #[test]
    fn a_profile_beyond_the_limit_is_refused() {
        let of = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));

        assert!(of(Profile::MAX_BYTES).parse::<Profile>().is_ok());
        let bytes = Profile::MAX_BYTES + 1;
        assert_eq!(refused(&of(bytes)), ProfileError::TooLarge { bytes });
    }

    #[test]
    fn numbers_that_grow_as_they_are_written_do_not_pass_the_limit() {
        let many = vec!["1e15"; 3000].join(",");

        assert!(matches!(refused(&format!("{{\"a\":[{many}]}}")), ProfileError::TooLarge { .. }));
    }

    #[test]
    fn a_profile_that_is_nested_too_deeply_is_refused() {
        assert!(nested(Profile::MAX_DEPTH).parse::<Profile>().is_ok());
        assert_eq!(refused(&nested(Profile::MAX_DEPTH + 1)), ProfileError::TooDeep);
        // Beyond what the parser itself follows.
        assert!(matches!(refused(&nested(5000)), ProfileError::NotJson { .. }));
    }

    #[test]
    fn a_profile_is_not_printed() {
        let profile: Profile = r#"{"name":"Ada"}"#.parse().expect("it is a profile");

        assert_eq!(format!("{profile:?}"), "[redacted]");
        let broken = refused(r#"{"name":"Ada"#);
        assert!(!format!("{broken} {broken:?}").contains("Ada"));
    }
}
