use super::{
    explore::Next,
    request::{Phase, Read, Request},
    row::ticks_ago,
    service::{Reply, Service},
    thief,
    what::What,
    world::{Asks, Holder, Rules, Whoami, World},
};

impl World {
    /// What clock, network, replicas, disk and honest tabs can do next.
    pub(crate) fn honest_steps(&self, rules: &Rules, service: &mut Service, next: &mut Vec<Next>) {
        next.push(self.after(What::Tick, |world| world.tick(rules)));
        if self.requests.iter().filter(|request| !request.is_dropped(rules)).count() < rules.in_flight {
            next.push(self.after(What::Sent(self.jar.refresh), World::send));
        }
        for index in 0..self.requests.len() {
            self.request_steps(index, rules, service, next);
        }
        match rules.whoami {
            Asks::Never => {}
            Asks::AtOnce => {
                next.push(self.after(What::WhoamiArrived, |world| service.see(world, world.jar.access)));
            }
            Asks::Late => self.whoami_steps(service, next),
        }
        if rules.power_cuts {
            self.disk_steps(next);
        }
    }

    fn send(&mut self) {
        self.requests.push(Request { age: 0, token: self.jar.refresh, phase: Phase::Sent });
    }

    /// Where one request can go next. At any point it, or its answer, can be lost; a replica killed before it writes is a
    /// request lost, and one killed after is an answer lost.
    fn request_steps(&self, index: usize, rules: &Rules, service: &mut Service, next: &mut Vec<Next>) {
        let request = self.requests[index].clone();
        next.push(self.after(What::RequestLost(request.token), |world| {
            world.requests.remove(index);
        }));
        match request.phase {
            Phase::Sent => next.push(self.after(What::Arrived(request.token), |world| {
                let read = Read { row: world.row, ended: world.ended };
                world.requests[index].phase = Phase::Arrived { since: 0, read };
            })),
            Phase::Arrived { since, read } if request.is_dropped(rules) => {
                let mut written = self.after(What::WrittenLate(request.token), |world| {
                    world.requests.remove(index);
                    service.act(world, read, request.token, ticks_ago(since));
                });
                written.breaks =
                    (written.world.ended && !rules.thief).then_some("an honest user is signed out");
                next.push(written);
            }
            Phase::Arrived { since, read } => {
                next.push(self.handled(index, rules, (since, read), service));
            }
            Phase::Answered { refresh, access, late } => {
                let mut received = self.after(What::Received(request.token), |world| {
                    world.requests.remove(index);
                    world.jar.access = access;
                    if let Some(refresh) = refresh {
                        world.jar.refresh = refresh;
                        thief::note_gain(world, Holder::Victim, refresh, late);
                    }
                });
                received.breaks = received.world.too_long_a_fight();
                next.push(received);
            }
        }
    }

    fn handled(&self, index: usize, rules: &Rules, arrived: (u8, Read), service: &mut Service) -> Next {
        let (since, read) = arrived;
        let mut world = self.clone();
        let token = world.requests[index].token;
        let was_due = self.is_due(rules);
        let was_current = token == self.row.current;
        let Some(reply) = service.handle(&mut world, read, token, ticks_ago(since)) else {
            world.requests.remove(index);
            let breaks = (!rules.thief).then_some("an honest user is signed out");
            return Next { what: What::Handled(token, None), world, breaks };
        };
        let Reply { refresh, access, kind } = reply;
        let late = thief::is_late(self, &reply, rules);
        world.requests[index].phase = Phase::Answered { refresh, access, late };
        let stays = was_due && was_current && since == 0 && world.row.current == self.row.current;
        let breaks = stays.then_some("a token that is due is not replaced");
        Next { what: What::Handled(token, Some((kind, access))), world, breaks }
    }

    /// Returns whether the current token was handed out so long ago that presenting it must replace it.
    fn is_due(&self, rules: &Rules) -> bool {
        self.row.rotated > rules.all_windows()
    }

    fn whoami_steps(&self, service: &mut Service, next: &mut Vec<Next>) {
        match self.whoami {
            None => {
                next.push(self.after(What::WhoamiSent(self.jar.access), |world| {
                    world.whoami = Some(Whoami { access: world.jar.access, age: 0 });
                }));
            }
            Some(Whoami { access, .. }) => {
                next.push(self.after(What::WhoamiArrived, |world| {
                    world.whoami = None;
                    service.see(world, access);
                }));
                next.push(self.after(What::WhoamiLost, |world| world.whoami = None));
            }
        }
    }

    /// The disk is synced by whatever commits beside us. A power cut takes the row back to the last time, and the requests
    /// that were being handled with it; what is on the wire stays there.
    fn disk_steps(&self, next: &mut Vec<Next>) {
        if self.durable == self.row {
            return;
        }
        next.push(self.after(What::Synced, |world| world.durable = world.row));
        next.push(self.after(What::PowerCut, |world| {
            world.row = world.durable;
            world.requests.retain(|request| !matches!(request.phase, Phase::Arrived { .. }));
        }));
    }

    /// Returns the world after something happened to it.
    pub(crate) fn after(&self, what: What, happens: impl FnOnce(&mut World)) -> Next {
        let mut world = self.clone();
        happens(&mut world);
        Next { what, world, breaks: None }
    }
}
