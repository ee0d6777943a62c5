use serde_json::{Map, Value};

/// How deep in an answer lists of objects are looked for.
const DEPTH: usize = 3;

/// More objects that others made are of no use. Those that this run has made are always noted: only they may be changed.
const MAX_OBJECTS: usize = 500;

/// The owner's objects, as their own answers told of them: what goes into paths, and what somebody else must not get at.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    objects: Vec<Object>,
}

#[derive(Debug)]
struct Object {
    /// The path of what lists it, values filled in: `/orgs/acme/orders`.
    collection: String,
    members: Map<String, Value>,
    /// Where it is, when the answer said so.
    last_segment: Option<String>,
    is_ours: bool,
    is_gone: bool,
}

impl Shelf {
    /// Notes the objects in an answer. `ours` are those that this run has made.
    pub(crate) fn note(&mut self, collection: &str, answer: &Value, ours: bool) {
        if ours {
            let members = innermost(answer);
            return self.put(collection, members, None, true);
        }
        let mut found = Vec::new();
        lists(answer, 0, &mut found);
        for members in found {
            self.put(collection, members.clone(), None, false);
        }
    }

    /// Notes an object of which only the address is known, as `Location` has it.
    pub(crate) fn note_location(&mut self, collection: &str, location: &str) {
        let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        if let Some((_, segment)) = path.rsplit_once(&format!("{collection}/"))
            && !segment.is_empty()
            && !segment.contains('/')
        {
            self.put(collection, Map::new(), Some(segment.to_owned()), true);
        }
    }

    fn put(
        &mut self,
        collection: &str,
        members: Map<String, Value>,
        last_segment: Option<String>,
        is_ours: bool,
    ) {
        let known = self.objects.iter().any(|object| {
            object.collection == collection
                && object.members == members
                && object.last_segment == last_segment
        });
        let others = || self.objects.iter().filter(|object| !object.is_ours).count();
        if !known && (is_ours || others() < MAX_OBJECTS) {
            let collection = collection.to_owned();
            self.objects.push(Object { collection, members, last_segment, is_ours, is_gone: false });
        }
    }

    /// Returns what may stand for a parameter below a collection: ours first, and what was noted last before the rest.
    pub(crate) fn ids(&self, collection: &str, parameter: &str, ours_only: bool) -> Vec<String> {
        let there = self.objects.iter().filter(|object| {
            object.collection == collection && !object.is_gone && (object.is_ours || !ours_only)
        });
        let (ours, others): (Vec<_>, Vec<_>) = there.partition(|object| object.is_ours);
        let mut ids = Vec::new();
        for object in ours.iter().rev().chain(others.iter().rev()) {
            if let Some(id) = object.id(parameter)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        ids
    }

    /// Notes that an object is no more.
    pub(crate) fn remove(&mut self, collection: &str, parameter: &str, id: &str) {
        for object in self.objects.iter_mut().filter(|object| object.collection == collection) {
            if object.id(parameter).as_deref() == Some(id) {
                object.is_gone = true;
            }
        }
    }
}

impl Object {
    /// Returns what stands for this object in a parameter of that name.
    fn id(&self, parameter: &str) -> Option<String> {
        let wanted = plain(parameter);
        let member = |fits: &dyn Fn(&str) -> bool| {
            self.members.iter().filter(|(name, _)| fits(&plain(name))).find_map(|(_, value)| scalar(value))
        };
        member(&|name| name == wanted)
            .or_else(|| member(&|name| name == "id"))
            .or_else(|| self.last_segment.clone())
            .or_else(|| member(&|name| matches!(name, "uuid" | "guid" | "key" | "slug")))
            .or_else(|| member(&|name| name.ends_with("id") && wanted.ends_with("id")))
    }
}

/// `orderId`, `order_id` and `order-id` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An object that was made may come in a wrapping of its own: `{"order":{…}}`.
fn innermost(answer: &Value) -> Map<String, Value> {
    match answer {
        Value::Object(members) if members.len() == 1 => match members.values().next() {
            Some(Value::Object(inner)) => inner.clone(),
            _ => members.clone(),
        },
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    }
}

fn lists<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a Map<String, Value>>) {
    match value {
        Value::Array(items) => found.extend(items.iter().filter_map(Value::as_object)),
        Value::Object(members) if depth < DEPTH => {
            members.values().for_each(|member| lists(member, depth + 1, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Shelf;

    #[test]
    fn ids_are_found_under_the_names_they_go_by() {
        let mut shelf = Shelf::default();
        shelf.note(
            "/orders",
            &json!({ "page": 1, "orders": [{ "id": 7, "buyer": "ada" }, { "id": 8 }] }),
            false,
        );
        shelf.note("/people", &json!([{ "sub": "u1", "name": "Ada" }]), false);

        for parameter in ["id", "orderId", "order_id"] {
            assert_eq!(shelf.ids("/orders", parameter, false), ["8", "7"], "{parameter}");
        }
        assert_eq!(shelf.ids("/people", "sub", false), ["u1"]);
        assert!(shelf.ids("/elsewhere", "id", false).is_empty());
    }

    #[test]
    fn what_this_run_made_comes_first_and_what_is_gone_does_not_come() {
        let mut shelf = Shelf::default();
        shelf.note("/orders", &json!([{ "id": 7 }]), false);
        shelf.note("/orders", &json!({ "order": { "id": 9 } }), true);
        shelf.note_location("/orders", "http://localhost/v1/orders/10");

        assert_eq!(shelf.ids("/orders", "id", false), ["10", "9", "7"]);
        assert_eq!(shelf.ids("/orders", "id", true), ["10", "9"]);

        shelf.remove("/orders", "id", "10");
        assert_eq!(shelf.ids("/orders", "id", true), ["9"]);
    }

    #[test]
    fn what_this_run_made_is_noted_however_many_there_were_before() {
        let mut shelf = Shelf::default();
        let others: Vec<_> = (0..=super::MAX_OBJECTS).map(|id| json!({ "id": id })).collect();
        shelf.note("/orders", &others.into(), false);

        shelf.note("/orders", &json!({ "id": "ours" }), true);

        assert_eq!(shelf.ids("/orders", "id", true), ["ours"]);
        assert_eq!(shelf.ids("/orders", "id", false).len(), super::MAX_OBJECTS + 1);
    }
}
