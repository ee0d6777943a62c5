//! What several replicas have counted, taken together, as whoever watches them does.

use std::collections::HashMap;

/// Adds up the figures of several replicas, each in Prometheus' text format.
pub(crate) fn sum(replicas: &[String]) -> String {
    let mut sums: HashMap<&str, f64> = HashMap::new();
    for (name, value) in replicas.iter().flat_map(|replica| replica.lines()).filter_map(figure) {
        *sums.entry(name).or_default() += value;
    }
    let mut told: Vec<String> = Vec::new();
    for line in replicas.iter().flat_map(|replica| replica.lines()) {
        match figure(line) {
            // Where it was counted first, and only there.
            Some((name, _)) => {
                if let Some(sum) = sums.remove(name) {
                    told.push(format!("{name} {sum}\n"));
                }
            }
            None if told.iter().any(|before| before.trim_end() == line) => {}
            None => told.push(format!("{line}\n")),
        }
    }
    told.concat()
}

/// Returns the name, labels and all, and the value; nothing for a comment.
fn figure(line: &str) -> Option<(&str, f64)> {
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.rsplit_once(' ')?;
    Some((name, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn what_each_has_counted_is_added_up_and_what_it_means_is_said_once() {
        let first = "# TYPE a counter\na{b=\"c d\"} 2\na{b=\"e\"} 1\n".to_owned();
        let second = "# TYPE a counter\na{b=\"c d\"} 40\nf 0.5\n".to_owned();

        assert_eq!(sum(&[first, second]), "# TYPE a counter\na{b=\"c d\"} 42\na{b=\"e\"} 1\nf 0.5\n");
    }
}
