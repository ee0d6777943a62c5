//! Refreshes that meet, by how often the database is asked.

use futures_util::future::join_all;
use handstamp_core::store::{Applied, Change, Changes, Store};
use handstamp_testbed::Postgres;

use crate::kit::{commit, database_name, open, patient};
use crate::samples::{rotating, session, starting, user};

/// Counts the statements that change sessions, whether they find any.
const COUNT: &str = "
    CREATE SEQUENCE statements;
    CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        PERFORM nextval('statements');
        RETURN NULL;
    END $$;
    CREATE TRIGGER count_statement BEFORE UPDATE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION count_statement()";

/// Whoever sends one token a hundred times keeps no neighbour waiting for a hundred statements.
#[tokio::test]
async fn of_rotations_that_rest_on_the_same_state_one_is_tried() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = open(&patient(&url)).await;
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    commit(&store, starting(&session(1), 0)).await;
    postgres.sql(database_name(&url), COUNT);

    let done = join_all((0..100).map(|_| store.apply(rotating(&session(1))))).await;

    let held = done.iter().filter(|done| matches!(done, Ok(Applied::Committed { .. }))).count();
    let refused = done.iter().filter(|done| matches!(done, Ok(Applied::Conflict(_)))).count();
    assert_eq!((held, refused), (1, 99));
    let statements: u32 =
        postgres.sql(database_name(&url), "SELECT last_value FROM statements").parse().unwrap();
    assert!(statements < 10, "{statements} statements");
}
