use serde_json::{Map, Value};

/// Returns a whole number within the schema's limits.
pub(super) fn integer(schema: &Map<String, Value>) -> Value {
    let limit = |member: &str| schema.get(member).and_then(Value::as_i64);
    let step = limit("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let least = above(schema, limit("minimum"), limit("exclusiveMinimum"), 1);
    let most = above(schema, limit("maximum"), limit("exclusiveMaximum"), -1);
    let wanted = match (least, most) {
        (Some(least), _) => least.max(if least < 0 { least } else { 0 }),
        (None, Some(most)) => most.min(1),
        (None, None) => 1,
    };
    // The next multiple at or above; 0 fits every step, but nobody orders nothing.
    let wanted = if least.is_none() && most.is_none() { wanted.max(step) } else { round_up(wanted, step) };
    Value::from(wanted)
}

/// Returns a number within the schema's limits.
pub(super) fn number(schema: &Map<String, Value>) -> Value {
    let limit = |member: &str| schema.get(member).and_then(Value::as_f64);
    let flag = |member: &str| schema.get(member) == Some(&Value::Bool(true));
    let value =
        match (limit("minimum"), limit("exclusiveMinimum"), limit("maximum"), limit("exclusiveMaximum")) {
            (Some(least), None, _, _) if !flag("exclusiveMinimum") => least,
            (Some(least), _, Some(most), _)
            | (_, Some(least), Some(most), _)
            | (_, Some(least), _, Some(most)) => f64::midpoint(least, most),
            (Some(least), ..) | (_, Some(least), ..) => least + 1.0,
            (_, _, Some(most), _) => most.min(1.0) - if flag("exclusiveMaximum") { 1.0 } else { 0.0 },
            (_, _, _, Some(most)) => (most - 1.0).min(1.0),
            _ => 1.0,
        };
    let step = limit("multipleOf").filter(|step| *step > 0.0);
    Value::from(step.map_or(value, |step| (value / step).ceil() * step))
}

/// Reads a limit in both dialects: 3.1 has `exclusiveMinimum: 5`, 3.0 `minimum: 5, exclusiveMinimum: true`.
fn above(
    schema: &Map<String, Value>,
    inclusive: Option<i64>,
    exclusive: Option<i64>,
    inside: i64,
) -> Option<i64> {
    if let Some(exclusive) = exclusive {
        return Some(exclusive.saturating_add(inside));
    }
    let name = if inside > 0 { "exclusiveMinimum" } else { "exclusiveMaximum" };
    let is_exclusive = schema.get(name) == Some(&Value::Bool(true));
    inclusive.map(|limit| if is_exclusive { limit.saturating_add(inside) } else { limit })
}

fn round_up(value: i64, step: i64) -> i64 {
    let over = value.rem_euclid(step);
    if over == 0 { value } else { value.saturating_add(step - over) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{integer, number};

    #[test]
    fn whole_numbers_keep_their_limits_in_both_dialects() {
        for (schema, expected) in [
            (json!({}), 1),
            (json!({ "minimum": 5 }), 5),
            (json!({ "minimum": 5, "exclusiveMinimum": true }), 6),
            (json!({ "exclusiveMinimum": 5 }), 6),
            (json!({ "maximum": -3 }), -3),
            (json!({ "exclusiveMaximum": 0 }), -1),
            (json!({ "minimum": -10, "maximum": -5 }), -10),
            (json!({ "multipleOf": 7 }), 7),
            (json!({ "minimum": 10, "multipleOf": 7 }), 14),
        ] {
            assert_eq!(integer(schema.as_object().unwrap()), Value::from(expected), "{schema}");
        }
    }

    #[test]
    fn numbers_keep_their_limits_in_both_dialects() {
        for (schema, fits) in [
            (json!({}), (|n| n > 0.0) as fn(f64) -> bool),
            (json!({ "minimum": 2.5 }), |n| n >= 2.5),
            (json!({ "minimum": 2, "exclusiveMinimum": true, "maximum": 3 }), |n| n > 2.0 && n <= 3.0),
            (json!({ "exclusiveMinimum": 2, "exclusiveMaximum": 3 }), |n| n > 2.0 && n < 3.0),
            (json!({ "exclusiveMaximum": 0 }), |n| n < 0.0),
        ] {
            let made = number(schema.as_object().unwrap()).as_f64().unwrap();
            assert!(fits(made), "{schema}: {made}");
        }
    }
}
