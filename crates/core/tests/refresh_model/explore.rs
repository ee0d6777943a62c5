use std::collections::{HashMap, hash_map::Entry};

use super::{
    service::{Decide, HandsOut, Service},
    what::What,
    world::{Rules, World},
};

/// Far more than any of the tests has.
const MOST_STATES: usize = 30_000_000;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// How many states there are; all of them were visited, unless something is broken.
    pub states: usize,
    /// How many steps from state to state.
    pub steps: usize,
    /// The shortest run that breaks a property: what is broken, and how it came to it.
    pub broken: Option<Run>,
}

/// A run, in words.
#[derive(Debug)]
pub(crate) struct Run {
    /// What is broken.
    pub property: &'static str,
    /// What happened, from the sign-in on.
    pub steps: Vec<String>,
}

/// A step from one world to the next.
pub(crate) struct Next {
    /// What happens.
    pub what: What,
    /// The world after it.
    pub world: World,
    /// The property it breaks, if any.
    pub breaks: Option<&'static str>,
}

/// Walks every run of every length, breadth first.
pub(crate) fn explore(rules: &Rules, decide: Decide, hands_out: HandsOut) -> Found {
    let mut service = Service::new(decide, hands_out, rules.settings());
    let mut first = World::signed_in();
    first.normalise(rules);
    let mut seen = HashMap::from([(first.clone(), 0)]);
    let mut order = vec![(first, 0, What::SignIn)];
    let mut steps = 0;
    let mut at = 0;
    while at < order.len() {
        assert!(order.len() <= MOST_STATES, "the model is larger than was thought: it may have no end");
        let world = order[at].0.clone();
        for mut next in world.steps_from(rules, &mut service) {
            steps += 1;
            if let Some(property) = next.breaks {
                let run = Run { property, steps: trace(&order, at, next.what) };
                return Found { states: order.len(), steps, broken: Some(run) };
            }
            next.world.normalise(rules);
            let number = order.len();
            if let Entry::Vacant(entry) = seen.entry(next.world) {
                order.push((entry.key().clone(), at, next.what));
                entry.insert(number);
            }
        }
        at += 1;
    }
    Found { states: order.len(), steps, broken: None }
}

fn trace(order: &[(World, usize, What)], mut at: usize, last: What) -> Vec<String> {
    let mut steps = vec![last.to_string()];
    while at != 0 {
        steps.push(order[at].2.to_string());
        at = order[at].1;
    }
    steps.reverse();
    steps
}

impl World {
    fn steps_from(&self, rules: &Rules, service: &mut Service) -> Vec<Next> {
        let mut next = Vec::new();
        if self.ended {
            return next;
        }
        self.honest_steps(rules, service, &mut next);
        if rules.thief {
            self.thief_steps(rules, service, &mut next);
        }
        next
    }
}
