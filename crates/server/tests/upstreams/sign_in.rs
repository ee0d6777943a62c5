use handstamp_core::{
    flows::users,
    model::{Login, Role, User},
};
use serde_json::json;

use super::world::{World, ann, attempts_in, who};
use crate::support::{CLIENT, Wrong, query, visit, whoami};

const ROLES: &str = "create = true\nclaims = { roles = \"groups\" }\n[upstreams.corp.roles]\nstaff = [\"buyer\", \"editor\"]\n";

async fn user(world: &World, name: &str) -> User {
    let login: Login = name.parse().unwrap();
    world.kit.core().store.user_by_login(&login).await.unwrap().unwrap()
}

fn roles(user: &User) -> Vec<&str> {
    user.roles.iter().map(Role::as_str).collect()
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_is_signed_in() {
    let world = World::new().await;
    let mut browser = world.kit.browser();

    let reply = world.sign_in(&mut browser, ann()).await;

    assert_eq!(reply.sent_on(), "/auth/account");
    let me = whoami(&mut browser).await.expect(200).json();
    assert_eq!(me["preferred_username"], "ann");
    assert_eq!(me["email"], "ann@corp.example");
    assert_eq!(me["amr"], json!(["pwd", "otp"]));
    assert_eq!(me["auth_time"], world.kit.rules.clock.now().as_second() - 5);
    assert!(user(&world, "ann").await.password.is_none());
    assert!(attempts_in(&browser).is_empty(), "{:?}", attempts_in(&browser));
    world.counted("signed_in").await;
}

#[tokio::test]
async fn people_go_on_to_where_they_wanted() {
    let world = World::new().await;
    for (asked, expected) in [
        ("?return_to=%2Forders%3Ftab%3D2", "/orders?tab=2"),
        ("?return_to=https%3A%2F%2Fapp.example.net%2Forders%23x", "https://app.example.net/orders#x"),
    ] {
        let mut browser = world.kit.browser();
        let sent_to = world.begin(&mut browser, asked).await;
        let back = world.upstream.signs_in(&sent_to, ann());

        assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), expected);
    }
}

#[tokio::test]
async fn the_question_says_all_that_binds_the_answer() {
    let world = World::with(
        "create = true\nprompt = [\"login\"]\nmax_age = \"1h\"\nscopes = [\"openid\", \"groups\"]\n",
    )
    .await;
    let mut browser = world.kit.browser();

    let (one, other) = (world.begin(&mut browser, "").await, world.begin(&mut browser, "").await);

    let (one, other) = (query(&one), query(&other));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://auth.example/auth/callback/corp"),
        ("scope", "openid groups"),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
        ("max_age", "3600"),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(one[name].len() >= 22, "{name}: 128 bits at least");
        assert_ne!(one[name], other[name], "{name}");
    }
}

#[tokio::test]
async fn the_way_to_the_upstream_is_no_page_that_may_be_kept() {
    let world = World::new().await;
    let reply = visit(&mut world.kit.browser(), "/auth/login/corp").await.expect(303);

    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    let cookie = reply.set_cookies().join("\n");
    assert!(
        cookie.starts_with("__Host-login-")
            && cookie.ends_with("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
}

#[tokio::test]
async fn the_same_person_is_the_same_user_whatever_they_are_called_meanwhile() {
    let world = World::new().await;
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
    let mut browser = world.kit.browser();

    let renamed = json!({ "sub": "there-ann", "preferred_username": "ann.lee", "email": "lee@corp.example", "email_verified": true });
    world.sign_in(&mut browser, renamed).await.sent_on();

    assert_eq!(who(&mut browser).await.as_deref(), Some("ann"));
    assert_eq!(user(&world, "ann").await.email.unwrap().as_str(), "lee@corp.example");
}

#[tokio::test]
async fn two_people_of_one_name_are_two_users() {
    let world = World::new().await;
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
    let mut browser = world.kit.browser();

    world.sign_in(&mut browser, json!({ "sub": "there-2", "preferred_username": "ann" })).await.sent_on();

    assert_eq!(who(&mut browser).await.as_deref(), Some("ann-2"));
}

#[tokio::test]
async fn roles_are_those_of_the_last_sign_in() {
    let world = World::with(ROLES).await;
    let with = |groups: &[&str]| json!({ "sub": "there-ann", "preferred_username": "ann", "groups": groups });
    let mut browser = world.kit.browser();

    world.sign_in(&mut browser, with(&["staff", "admin"])).await.sent_on();
    assert_eq!(roles(&user(&world, "ann").await), ["buyer", "editor"], "what is not mapped means nothing");

    world.sign_in(&mut browser, with(&[])).await.sent_on();
    assert!(roles(&user(&world, "ann").await).is_empty());
    assert_eq!(
        whoami(&mut browser).await.expect(200).json()["roles"],
        json!([]),
        "the new token is not stale"
    );
}

#[tokio::test]
async fn an_upstream_of_which_nothing_is_missing_in_the_id_token_is_asked_for_nothing_else() {
    let world = World::new().await;
    world.upstream.wrong(Wrong { id_token: Some(ann()), ..Wrong::default() });

    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();

    assert_eq!(world.upstream.asked("/userinfo"), 0);
}

#[tokio::test]
async fn addresses_and_keys_are_fetched_once_for_many() {
    let world = World::new().await;
    for _ in 0..5 {
        world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
    }

    assert_eq!(world.upstream.asked("/.well-known/openid-configuration"), 1);
    assert_eq!(world.upstream.asked("/jwks"), 1);
}

#[tokio::test]
async fn a_service_that_nobody_signs_in_through_asks_no_upstream() {
    let world = World::new().await;
    visit(&mut world.kit.browser(), "/auth/sign-in").await.page(200);

    assert_eq!(world.upstream.asked("/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn a_session_that_was_there_before_ends() {
    let world = World::new().await;
    let bob = world.kit.user("bob").await;
    let mut browser = world.kit.signed_in("bob").await;

    world.sign_in(&mut browser, ann()).await.sent_on();

    assert_eq!(who(&mut browser).await.as_deref(), Some("ann"));
    let live = world.kit.core().store.live_sessions(bob.id, world.kit.rules.clock.now()).await.unwrap();
    assert!(live.is_empty(), "nobody else could end it: its cookies are gone");
}

#[tokio::test]
async fn somebody_without_an_account_stays_outside_where_none_is_made() {
    let world = World::with("").await;
    let mut browser = world.kit.browser();

    let page = world.sign_in(&mut browser, ann()).await.page(403);

    assert!(
        page.contains("You have no account here") && page.contains("Corp &amp; Sons knows you"),
        "{page}"
    );
    assert_eq!(who(&mut browser).await, None);
    world.counted("no_account").await;
}

#[tokio::test]
async fn an_account_with_the_same_address_is_not_taken_over() {
    let world = World::new().await;
    world.kit.user("bob").await;
    let mut browser = world.kit.browser();

    let person =
        json!({ "sub": "x", "preferred_username": "x", "email": "bob@example.org", "email_verified": true });
    let page = world.sign_in(&mut browser, person).await.page(403);

    assert!(page.contains("There is an account with your address"), "{page}");
    assert_eq!(who(&mut browser).await, None);
    world.counted("email_taken").await;
}

#[tokio::test]
async fn an_account_with_the_same_verified_address_is_linked_where_the_operator_says_so() {
    let world = World::with("link = \"verified_email\"\n").await;
    world.kit.user("bob").await;
    let person =
        |verified: bool| json!({ "sub": "x", "email": "bob@example.org", "email_verified": verified });
    let mut browser = world.kit.browser();

    world.sign_in(&mut browser, person(false)).await.page(403);
    assert_eq!(who(&mut browser).await, None);
    world.sign_in(&mut browser, person(true)).await.sent_on();
    assert_eq!(who(&mut browser).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_disabled_account_stays_closed() {
    let world = World::new().await;
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
    let ann_here = user(&world, "ann").await;
    users::disable(world.kit.core(), ann_here.id, None, world.kit.rules.clock.now()).await.unwrap();

    let mut browser = world.kit.browser();
    let page = world.sign_in(&mut browser, ann()).await.page(403);

    assert!(page.contains("This account is disabled."), "{page}");
    assert_eq!(who(&mut browser).await, None);
    world.counted("account_disabled").await;
}

#[tokio::test]
async fn an_upstream_that_there_is_not_is_not_found() {
    let world = World::new().await;
    for path in ["/auth/login/other", "/auth/callback/other?code=x&state=y", "/auth/login/..%2Fcorp"] {
        visit(&mut world.kit.browser(), path).await.page(404);
    }
    world.kit.get("/auth/login/other").send().await.refused(404, "not_found");
}
