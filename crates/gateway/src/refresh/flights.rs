use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use handstamp_listen::{Counted, Counts, PerAddress};

use super::flight::Flight;

/// Stands for a pair of cookies: both, because a refresh token counts only beside an access token of its own session, and
/// whoever holds the one must not learn what came of it beside another.
pub(super) type Key = [u8; 32];

/// So many sessions may refresh at once, or have just done so. More come only from somebody who means harm, or after an outage.
const MOST: usize = 10_000;

/// So many of them from one address: cookies that somebody has made up look like cookies until the auth service is asked. A whole
/// office has fewer at a time, as each takes some milliseconds.
const MOST_OF_ADDRESS: u32 = 100;

/// The refreshes that are under way, or have just been.
#[derive(Debug)]
pub(super) struct Flights {
    by_pair: Mutex<HashMap<Key, Flight>>,
    by_address: Counts,
}

/// How somebody comes to the outcome of a refresh.
pub(super) enum Boarding {
    /// As the first, who has to ask.
    First(Flight, Listed, Counted),
    /// As one of those who wait.
    Joined(Flight),
    /// Not at all: too many are under way.
    Full,
}

/// A refresh that others find, until this is dropped.
#[derive(Debug)]
pub(super) struct Listed {
    flights: Arc<Flights>,
    key: Key,
}

impl Flights {
    pub(super) fn new() -> Arc<Self> {
        let by_address = Counts::new(PerAddress::at_most(MOST_OF_ADDRESS));
        Arc::new(Self { by_pair: Mutex::default(), by_address })
    }

    /// Finds the refresh of these cookies, or lists a new one for whoever is at this address.
    pub(super) fn board(self: &Arc<Self>, key: Key, client: IpAddr) -> Boarding {
        let mut by_pair = self.by_pair.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = by_pair.get(&key) {
            return Boarding::Joined(flight.clone());
        }
        if by_pair.len() >= MOST {
            return Boarding::Full;
        }
        let Some(counted) = self.by_address.add(client) else { return Boarding::Full };
        let flight = Flight::new();
        by_pair.insert(key, flight.clone());
        Boarding::First(flight, Listed { flights: Arc::clone(self), key }, counted)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.flights.by_pair.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{Boarding, Flights, Key, MOST_OF_ADDRESS};

    fn key(number: u32) -> Key {
        let mut key = Key::default();
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    }

    /// Lists as many as one address may have.
    fn filled(flights: &Arc<Flights>, client: IpAddr) -> Vec<Boarding> {
        let all: Vec<_> = (0..MOST_OF_ADDRESS).map(|number| flights.board(key(number), client)).collect();
        assert!(all.iter().all(|boarding| matches!(boarding, Boarding::First(..))));
        all
    }

    #[test]
    fn made_up_cookies_from_one_address_leave_room_for_everybody_else() {
        let (flights, client) = (Flights::new(), IpAddr::from([192, 0, 2, 1]));
        let _all = filled(&flights, client);

        assert!(matches!(flights.board(key(MOST_OF_ADDRESS), client), Boarding::Full));
        let other = flights.board(key(MOST_OF_ADDRESS), [192, 0, 2, 2].into());
        assert!(matches!(other, Boarding::First(..)));
    }

    #[test]
    fn who_waits_for_one_that_is_under_way_needs_no_room() {
        let (flights, client) = (Flights::new(), IpAddr::from([192, 0, 2, 1]));
        let _all = filled(&flights, client);

        assert!(matches!(flights.board(key(0), client), Boarding::Joined(_)));
    }

    #[test]
    fn one_that_is_over_leaves_nothing_behind() {
        let (flights, client) = (Flights::new(), IpAddr::from([192, 0, 2, 1]));

        drop(filled(&flights, client));

        assert!(flights.by_pair.lock().unwrap().is_empty());
        drop(filled(&flights, client));
    }
}
