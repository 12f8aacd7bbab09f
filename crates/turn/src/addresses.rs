//! The ports of relayed addresses, and the count of each user.

use std::collections::{BTreeSet, HashMap};

/// The dynamic ports (RFC 8656 section 7.2).
const FIRST: u16 = 49_152;
const COUNT: u16 = u16::MAX - FIRST + 1;

/// The ports of relayed addresses. A port is one allocation, whatever the family of its address.
#[derive(Debug)]
pub struct Addresses {
    taken: BTreeSet<u16>,
    next: u16,
    users: HashMap<String, usize>,
    most: usize,
    most_of_user: usize,
}

/// The bound that was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// The user has the most allocations that one may have.
    User,
    /// The server has.
    Server,
}

impl Addresses {
    /// At most `most` allocations in all, `most_of_user` of one user. `start` is any number: ports are handed out
    /// from there on, in turn, so that one is used again as late as can be.
    pub fn new(most: usize, most_of_user: usize, start: u16) -> Self {
        Self {
            taken: BTreeSet::new(),
            next: start % COUNT,
            users: HashMap::new(),
            most: most.min(usize::from(COUNT)),
            most_of_user,
        }
    }

    /// How many allocations there are.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// A port for an allocation of `user`.
    pub fn take(&mut self, user: &str) -> Result<u16, Full> {
        if self
            .users
            .get(user)
            .is_some_and(|count| *count >= self.most_of_user)
        {
            return Err(Full::User);
        }
        if self.taken.len() >= self.most {
            return Err(Full::Server);
        }
        let port = loop {
            let port = FIRST + self.next;
            self.next = (self.next + 1) % COUNT;
            if self.taken.insert(port) {
                break port;
            }
        };
        *self.users.entry(user.to_owned()).or_default() += 1;
        Ok(port)
    }

    /// The allocation has ended.
    pub fn give_back(&mut self, user: &str, port: u16) {
        if !self.taken.remove(&port) {
            return;
        }
        if let Some(count) = self.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_the_server_have_their_bounds() {
        let mut addresses = Addresses::new(3, 2, 65_535);
        let first = addresses.take("ada").expect("a port");
        let second = addresses.take("ada").expect("a port");
        assert_eq!(addresses.take("ada"), Err(Full::User));
        let third = addresses.take("ben").expect("a port");
        assert_eq!(addresses.take("cho"), Err(Full::Server));
        assert!(first != second && second != third && third != first);
        addresses.give_back("ada", first);
        addresses.give_back("ada", first);
        assert_eq!(addresses.len(), 2);
        let again = addresses.take("cho").expect("a port");
        assert_ne!(again, first, "it is used again as late as can be");
        for (user, port) in [("ada", second), ("ben", third), ("cho", again)] {
            addresses.give_back(user, port);
        }
        assert!(addresses.is_empty() && addresses.users.is_empty());
    }
}
