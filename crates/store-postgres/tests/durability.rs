//! Who waits for the disk, by what the database goes by when it commits.

use handstamp_core::model::{AuditEntry, AuditKind, EndReason};
use handstamp_core::store::{Change, Changes};
use handstamp_store_postgres::PostgresStore;
use handstamp_testbed::Postgres;

use crate::kit::{commit, database_name, open, patient};
use crate::samples::{event, now, rotating, session, starting, user};

/// Notes at the end of each transaction that has changed one of these tables, right before its commit, whether that waits.
const NOTE: &str = "
    CREATE TABLE noted (waits text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO noted VALUES (current_setting('synchronous_commit'));
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON revocation_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON audit_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()";

/// A database that notes, with sessions 1 to 4 of user 1, and one connection: what one unit says must not hold for the next.
struct Noting {
    url: String,
    store: PostgresStore,
}

impl Noting {
    async fn start() -> Self {
        let url = Postgres::shared().database();
        let mut options = patient(&url);
        options.connections = 1;
        let store = open(&options).await;
        commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
        for number in 1..=4 {
            commit(&store, starting(&session(number), 0)).await;
        }
        Postgres::shared().sql(database_name(&url), NOTE);
        Self { url, store }
    }

    /// Applies a unit, and returns whether its commit waited for the disk.
    async fn waits(&self, changes: Changes) -> bool {
        commit(&self.store, changes).await;
        let noted = "SELECT DISTINCT waits FROM noted; TRUNCATE noted";
        match Postgres::shared().sql(database_name(&self.url), noted).as_str() {
            "on" => true,
            "off" => false,
            other => panic!("{other:?}"),
        }
    }
}

fn ending(number: u32) -> Changes {
    Changes::one(Change::EndSession { id: session(number).id, at: now(), reason: EndReason::SignedOut })
}

#[tokio::test]
async fn what_every_refresh_does_waits_for_no_disk() {
    let noting = Noting::start().await;
    let from = session(1).refresh;

    assert!(!noting.waits(rotating(&session(1))).await);
    let seen = Change::SeeSession { id: session(3).id, at: now(), issued_under: from.current() };
    assert!(!noting.waits(Changes::one(seen).relaxed()).await);
    // Within a unit of work as well.
    let entry = AuditEntry::new(AuditKind::SignedIn, now());
    assert!(!noting.waits(rotating(&session(4)).audit(entry)).await);
}

#[tokio::test]
async fn what_people_are_told_of_waits_for_the_disk() {
    let noting = Noting::start().await;
    assert!(!noting.waits(rotating(&session(1))).await);

    assert!(noting.waits(starting(&session(5), 0)).await);
    assert!(noting.waits(ending(1)).await);
}

/// A power cut would take it back, and other services have heard of it.
#[tokio::test]
async fn what_others_hear_of_waits_for_the_disk_whatever_is_asked() {
    let noting = Noting::start().await;

    assert!(noting.waits(ending(1).event(event(session(1).id)).relaxed()).await);
    let (id, at) = (session(2).id, now());
    let group = Change::EndGroup { id, at, reason: EndReason::SignedOut, event: event(id) };
    assert!(noting.waits(Changes::one(group).relaxed()).await);
}
