use handstamp_core::{
    model::SealedKey,
    root_key::{RootKey, RootKeyError},
    test_support::SeededEntropy,
};

fn root(seed: u64) -> RootKey {
    RootKey::generate(&SeededEntropy::new(seed))
}

fn sealed(root: &RootKey) -> SealedKey {
    root.seal(b"access_token:a", b"a private key", &SeededEntropy::new(9)).expect("sealing works")
}

#[test]
fn what_was_sealed_opens_again() {
    let root = root(1);
    assert_eq!(root.open(b"access_token:a", &sealed(&root)).expect("it opens").as_slice(), b"a private key");
}

#[test]
fn sealed_bytes_show_nothing_of_the_secret() {
    let sealed = sealed(&root(1));
    assert!(!sealed.as_bytes().windows(7).any(|window| window == b"private"));
}

#[test]
fn another_root_key_does_not_open_it() {
    let opened = root(2).open(b"access_token:a", &sealed(&root(1)));
    assert_eq!(opened.err(), Some(RootKeyError::CannotOpen));
}

#[test]
fn a_key_does_not_open_in_another_ones_place() {
    let root = root(1);
    for purpose in [b"access_token:b".as_slice(), b"refresh_token:a", b""] {
        assert_eq!(root.open(purpose, &sealed(&root)).err(), Some(RootKeyError::CannotOpen));
    }
}

#[test]
fn no_changed_byte_opens() {
    let root = root(1);
    let sealed = sealed(&root);
    for at in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[at] ^= 1;
        let opened = root.open(b"access_token:a", &SealedKey::from_bytes(bytes));
        assert_eq!(opened.err(), Some(RootKeyError::CannotOpen), "byte {at}");
    }
    for length in 0..sealed.as_bytes().len() {
        let short = SealedKey::from_bytes(sealed.as_bytes()[..length].to_vec());
        assert_eq!(
            root.open(b"access_token:a", &short).err(),
            Some(RootKeyError::CannotOpen),
            "{length} bytes"
        );
    }
}

#[test]
fn the_text_form_reads_back_with_white_space_around_it() {
    let root = root(1);
    let read = RootKey::from_text(&format!("\n{}\n", *root.to_text())).expect("it is one");
    assert_eq!(*read.to_text(), *root.to_text());
}

#[test]
fn a_text_that_is_no_root_key_is_refused() {
    let good = root(1).to_text();
    for wrong in [
        "",
        "hsroot_",
        &good[..good.len() - 1],
        &format!("{}0", *good),
        &good[7..],
        &good.replace("hsroot_", "hsroot_+").as_str()[..71],
        &good.to_uppercase(),
    ] {
        assert_eq!(RootKey::from_text(wrong).err(), Some(RootKeyError::Malformed), "{wrong}");
    }
}

#[test]
fn the_setup_secret_is_the_same_on_every_replica_and_of_this_installation_alone() {
    let secret = root(1).setup_secret();
    assert!(root(1).setup_secret().matches(secret.reveal()));
    assert!(!root(2).setup_secret().matches(secret.reveal()));
    assert!(!secret.matches(""));
    assert!(secret.reveal().len() >= 40);
}

#[test]
fn neither_prints() {
    assert_eq!(format!("{:?} {:?}", root(1), root(1).setup_secret()), "[redacted] [redacted]");
}

#[test]
fn one_of_many_texts_opens_for_its_own_purpose_and_root_key_alone() {
    let (root, entropy) = (RootKey::from_bytes([7; RootKey::LEN]), SeededEntropy::new(1));
    let sealed = root.seal_one_of_many(b"a cookie", b"a text", &entropy).expect("it seals");

    assert_eq!(*root.open_one_of_many(b"a cookie", &sealed).expect("it opens"), b"a text");
    assert_eq!(root.open_one_of_many(b"a row", &sealed), Err(RootKeyError::CannotOpen));
    let other = RootKey::from_bytes([8; RootKey::LEN]);
    assert_eq!(other.open_one_of_many(b"a cookie", &sealed), Err(RootKeyError::CannotOpen));
    // What `seal` makes is another thing.
    let key = root.seal(b"a cookie", b"a text", &entropy).expect("it seals");
    assert_eq!(root.open_one_of_many(b"a cookie", key.as_bytes()), Err(RootKeyError::CannotOpen));
    assert_eq!(root.open(b"a cookie", &SealedKey::from_bytes(sealed)), Err(RootKeyError::CannotOpen));
}

#[test]
fn one_of_many_texts_that_was_changed_or_cut_anywhere_does_not_open() {
    let (root, entropy) = (RootKey::from_bytes([7; RootKey::LEN]), SeededEntropy::new(1));
    let sealed = root.seal_one_of_many(b"a cookie", b"a text", &entropy).expect("it seals");
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert_eq!(root.open_one_of_many(b"a cookie", &changed), Err(RootKeyError::CannotOpen), "at {place}");
        let cut = &sealed[..place];
        assert_eq!(root.open_one_of_many(b"a cookie", cut), Err(RootKeyError::CannotOpen), "up to {place}");
    }
}

#[test]
fn the_same_text_is_never_sealed_alike() {
    let (root, entropy) = (RootKey::from_bytes([7; RootKey::LEN]), SeededEntropy::new(1));
    let seal = || root.seal_one_of_many(b"a cookie", b"a text", &entropy).expect("it seals");
    assert_ne!(seal(), seal());
}
