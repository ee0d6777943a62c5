use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// How much of an IPv6 address names a customer; everybody chooses the rest for themselves.
const CUSTOMER: u128 = u128::MAX << 64;

/// Returns what stands for whoever has an address. In IPv6 the first 64 bits do: whoever has a single one has all that begin like it.
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & CUSTOMER).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How much one address may hold, such as connections, so that nobody takes every place. All of one [`customer`] are one.
#[derive(Clone)]
pub struct PerAddress {
    most: u32,
    exempt: Option<Exempt>,
}

type Exempt = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

impl PerAddress {
    /// As many as there are places: where only machines of our own connect.
    pub const UNBOUNDED: Self = Self::at_most(u32::MAX);

    /// At most so many.
    pub const fn at_most(most: u32) -> Self {
        Self { most, exempt: None }
    }

    /// Leaves out addresses behind which many people are, such as those of proxies.
    #[must_use]
    pub fn except(self, exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { exempt: Some(Arc::new(exempt)), ..self }
    }

    /// Returns what the connections of this address are counted under; `None` where they are not.
    fn counts(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let is_exempt = self.exempt.as_ref().is_some_and(|exempt| exempt(address));
        (self.most < u32::MAX && !is_exempt).then(|| customer(address))
    }
}

impl fmt::Debug for PerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerAddress").field("most", &self.most).finish_non_exhaustive()
    }
}

/// What addresses hold at the moment: connections, or whatever else a server can run out of.
#[derive(Debug)]
pub struct Counts {
    bound: PerAddress,
    open: Arc<Open>,
}

impl Counts {
    /// Begins with nothing.
    pub fn new(bound: PerAddress) -> Self {
        Self { bound, open: Arc::default() }
    }

    /// Counts one more until what this returns is dropped; `None` where the address has as many as it may.
    pub fn add(&self, address: IpAddr) -> Option<Counted> {
        let Some(address) = self.bound.counts(address) else { return Some(Counted(None)) };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        // One that has none may have one: nothing stays that nobody takes away.
        if *count >= self.bound.most.max(1) {
            return None;
        }
        *count += 1;
        Some(Counted(Some((Arc::clone(&self.open), address))))
    }
}

/// One of those that an address holds.
#[derive(Debug)]
pub struct Counted(Option<(Arc<Open>, IpAddr)>);

/// How many there are of each address.
type Open = Mutex<HashMap<IpAddr, u32>>;

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((open, address)) = self.0.take() else { return };
        if let Entry::Occupied(mut count) = open.lock().unwrap_or_else(PoisonError::into_inner).entry(address)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, PerAddress};

    fn counts(most: u32) -> Counts {
        Counts::new(PerAddress::at_most(most).except(|address| address.is_loopback()))
    }

    fn add(counts: &Counts, address: &str) -> Option<super::Counted> {
        counts.add(address.parse().unwrap())
    }

    #[test]
    fn an_address_has_so_many_and_no_more() {
        let counts = counts(2);
        let _both = (add(&counts, "192.0.2.1").unwrap(), add(&counts, "192.0.2.1").unwrap());

        assert!(add(&counts, "192.0.2.1").is_none());
        assert!(add(&counts, "192.0.2.2").is_some());
    }

    #[test]
    fn one_that_ends_makes_room_and_leaves_nothing_behind() {
        let counts = counts(1);
        drop(add(&counts, "192.0.2.1"));

        assert!(counts.open.lock().unwrap().is_empty());
        assert!(add(&counts, "192.0.2.1").is_some());
    }

    #[test]
    fn the_addresses_of_one_customer_are_one() {
        let counts = counts(1);
        let _one = add(&counts, "2001:db8:0:1::1").unwrap();

        assert!(add(&counts, "2001:db8:0:1:ffff::2").is_none());
        assert!(add(&counts, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn an_address_has_one_number_however_it_is_written() {
        let counts = counts(1);
        let _one = add(&counts, "192.0.2.1").unwrap();

        assert!(add(&counts, "::ffff:192.0.2.1").is_none());
    }

    #[test]
    fn those_who_stand_for_many_are_not_counted() {
        let counts = counts(1);
        let _many = (add(&counts, "127.0.0.1").unwrap(), add(&counts, "::ffff:127.0.0.1").unwrap());

        assert!(add(&counts, "::1").is_some() && counts.open.lock().unwrap().is_empty());
    }
}
