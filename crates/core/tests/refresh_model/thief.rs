use handstamp_core::{model::Step, refresh_machine::IssuedKind};

use super::{
    explore::Next,
    request::Read,
    row::NOW,
    service::{Reply, Service},
    what::What,
    world::{Holder, LateGain, Rules, World},
};

/// How many tokens the thief keeps.
const HOARD: usize = 2;
/// How often the two may take turns before the session must be over. The longest run there is: the victim rotates, the thief
/// rotates, the victim comes with a parent nobody has confirmed, the thief does the same; whatever the victim then holds has
/// been replaced.
const MOST_CHANGES: u8 = 3;

impl World {
    /// What a thief can do next: copy the victim's cookies, present any token, show an access token. A thief's requests are
    /// never slow: being slow can only lose what being quick gets.
    pub(crate) fn thief_steps(&self, rules: &Rules, service: &mut Service, next: &mut Vec<Next>) {
        if !self.stolen.contains(&self.jar.refresh) {
            next.push(self.after(What::Copied(self.jar.refresh), |world| {
                keep(&mut world.stolen, world.jar.refresh);
                world.last_late = None;
            }));
        }
        for &token in &self.stolen {
            next.push(self.thief_presents(token, rules, service));
        }
        if self.stolen.contains(&self.row.current) && !self.row.confirmed {
            next.push(self.after(What::ThiefWhoami, |world| {
                let access = world.row.current;
                service.see(world, access);
            }));
        }
    }

    fn thief_presents(&self, token: Step, rules: &Rules, service: &mut Service) -> Next {
        let mut world = self.clone();
        let read = Read { row: self.row, ended: self.ended };
        let reply = service.handle(&mut world, read, token, NOW);
        let what = What::Presented(token, reply.map(|reply| (reply.kind, reply.access)));
        let was_due = self.row.rotated > rules.all_windows();
        let mut breaks = None;
        if let Some(reply) = reply {
            let stays = world.row.current == self.row.current;
            if was_due && token == self.row.current && stays {
                breaks = Some("a token that is due is not replaced");
            }
            if let Some(refresh) = reply.refresh {
                keep(&mut world.stolen, refresh);
                note_gain(&mut world, Holder::Thief, refresh, is_late(self, &reply, rules));
            }
            breaks = breaks.or(world.too_long_a_fight());
        }
        Next { what, world, breaks }
    }

    /// Both got the current token in turn, again and again, outside every window, and nobody noticed.
    pub(crate) fn too_long_a_fight(&self) -> Option<&'static str> {
        let lasts = self.last_late.is_some_and(|last| last.changes > MOST_CHANGES);
        lasts.then_some("thief and victim both go on, and nobody notices")
    }
}

/// Keeps a token, and forgets the oldest where there are too many.
fn keep(hoard: &mut Vec<Step>, token: Step) {
    if !hoard.contains(&token) {
        hoard.push(token);
    }
    hoard.sort_unstable();
    if hoard.len() > HOARD {
        hoard.remove(0);
    }
}

/// Returns whether somebody got a token outside every window: by a rotation, or by a branch, or when all are closed.
pub(crate) fn is_late(before: &World, reply: &Reply, rules: &Rules) -> bool {
    let moves = matches!(reply.kind, IssuedKind::Rotated | IssuedKind::Branched);
    moves || before.row.rotated > rules.all_windows()
}

/// Follows who gets the current token, while there are two holders. Getting it inside a window is the exception that no design
/// without a look at the client can exclude, and the fight begins anew.
pub(crate) fn note_gain(world: &mut World, holder: Holder, token: Step, late: bool) {
    if world.stolen.is_empty() || token != world.row.current {
        return;
    }
    world.last_late = match world.last_late {
        _ if !late => None,
        Some(last) if last.holder == holder => Some(last),
        Some(last) => Some(LateGain { holder, changes: last.changes + 1 }),
        None => Some(LateGain { holder, changes: 0 }),
    };
}
