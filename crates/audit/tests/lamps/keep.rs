use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// The lamps, in memory.
#[derive(Debug, Default)]
pub(super) struct Lamps {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    lamps: BTreeMap<String, Value>,
}

impl Lamps {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, org: &str, name: &str) -> Value {
        let mut kept = self.lock();
        kept.last += 1;
        let id = kept.last.to_string();
        let lamp = json!({ "id": id, "org_id": org, "name": name });
        kept.lamps.insert(id, lamp.clone());
        lamp
    }

    pub(super) fn find(&self, id: &str) -> Option<Value> {
        self.lock().lamps.get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Value> {
        self.lock().lamps.values().cloned().collect()
    }

    pub(super) fn of(&self, org: &str) -> Vec<Value> {
        self.lock().lamps.values().filter(|lamp| lamp["org_id"] == org).cloned().collect()
    }

    pub(super) fn rename(&self, id: &str, name: &str) -> bool {
        match self.lock().lamps.get_mut(id) {
            Some(lamp) => {
                lamp["name"] = name.into();
                true
            }
            None => false,
        }
    }

    pub(super) fn remove(&self, id: &str) -> bool {
        self.lock().lamps.remove(id).is_some()
    }
}
