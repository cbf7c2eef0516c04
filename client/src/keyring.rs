//! Passwords of this run, in memory only: nobody types one twice.

use hallway::secret::Secret;

/// Passwords by whom they are for: by a fingerprint, or by the address that was typed.
#[derive(Default)]
pub struct Keyring {
    known: Vec<(String, Secret)>,
    tried: Option<Secret>,
}

impl Keyring {
    /// The password for this key, if one has worked before.
    pub fn known(&self, key: &str) -> Option<Secret> {
        let found = self.known.iter().find(|(known, _)| known == key);
        found.map(|(_, password)| password.clone())
    }

    /// Uses this one from now on.
    pub fn add(&mut self, key: &str, password: Secret) {
        self.known.retain(|(known, _)| known != key);
        self.known.push((key.to_owned(), password));
    }

    /// This one is being tried.
    pub fn try_out(&mut self, password: Secret) {
        self.tried = Some(password);
    }

    /// The one that was tried is right.
    pub fn worked(&mut self, key: &str) {
        if let Some(password) = self.tried.take() {
            self.add(key, password);
        }
    }

    /// The one that was tried is wrong, also if it was right once.
    pub fn failed(&mut self, key: &str) {
        self.tried = None;
        self.known.retain(|(known, _)| known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_when_it_has_worked_and_forgotten_when_it_fails() {
        let mut keyring = Keyring::default();
        keyring.try_out(Secret::new("frog").unwrap());
        assert!(keyring.known("katie").is_none());
        keyring.worked("katie");
        assert_eq!(keyring.known("katie").unwrap().reveal(), "frog");
        keyring.failed("katie");
        assert!(keyring.known("katie").is_none());
    }
}
