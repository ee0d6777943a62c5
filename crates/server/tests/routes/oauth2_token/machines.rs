//! What the stories of machines have in common.

use std::collections::BTreeSet;

use handstamp_core::{
    flows::clients::{self, NewClient},
    model::ClientKeys,
};
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, dangerous};
use serde_json::Value;

use crate::support::{AUTH, Kit, Reply};

pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn new(id: &str, scopes: &[&str], audiences: &[&str]) -> NewClient {
    let set = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<BTreeSet<_>>();
    NewClient { id: id.parse().unwrap(), scopes: set(scopes), audiences: set(audiences) }
}

/// Registers a client, and returns its `Authorization`.
pub(crate) async fn client(kit: &Kit, id: &str, scopes: &[&str], audiences: &[&str]) -> String {
    let added = clients::add(kit.core(), new(id, scopes, audiences), None, kit.rules.clock.now()).await;
    let (_, secret) = added.unwrap();
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(format!("{id}:{}", secret.reveal())))
}

/// Registers a client that signs, and returns its key.
pub(super) async fn signing_client(kit: &Kit, id: &str, audiences: &[&str]) -> SigningKey {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = ClientKeys::new(KeySet::new([key.verifying_key()]).unwrap()).unwrap();
    let now = kit.rules.clock.now();
    clients::add_with_keys(kit.core(), new(id, &[], audiences), keys, None, now).await.unwrap();
    key
}

/// Returns the two parameters with which a client proves who it is by a signature.
pub(super) fn assertion(kit: &Kit, id: &str, key: &SigningKey) -> String {
    let now = UnixTime::from_secs(kit.rules.clock.now().as_second());
    let builder = TokenBuilder::typed("JWT", id, format!("{AUTH}/oauth2/token")).subject(id);
    let jwt = builder.lifetime("1 minute").sign(key, now, &SystemEntropy).unwrap();
    format!("client_assertion_type={BEARER}&client_assertion={}", jwt.as_str())
}

/// Asks for a token.
pub(crate) async fn ask(kit: &Kit, authorization: &str, form: &str) -> Reply {
    kit.post("/oauth2/token").header("authorization", authorization).form(form).send().await
}

/// Asks for a token on behalf of a user.
pub(crate) async fn exchange(kit: &Kit, authorization: &str, subject: &str, more: &str) -> Reply {
    let form =
        format!("grant_type={EXCHANGE}&subject_token={subject}&subject_token_type={ACCESS_TOKEN}{more}");
    ask(kit, authorization, &form).await
}

pub(crate) fn access_token(reply: Reply) -> String {
    reply.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

/// Returns what a token says.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_str(&dangerous::decode_unverified(token).unwrap().unverified_payload).unwrap()
}

/// Returns what the auth service says of a token.
pub(super) async fn introspected(kit: &Kit, token: &str) -> Value {
    let gateway = match kit.core().store.client(&"gateway".parse().unwrap()).await.unwrap() {
        None => client(kit, "gateway", &["introspection"], &[]).await,
        Some(client) => {
            clients::remove(kit.core(), &client.id, None, kit.rules.clock.now()).await.unwrap();
            self::client(kit, "gateway", &["introspection"], &[]).await
        }
    };
    let call = kit.post("/oauth2/introspect").header("authorization", gateway);
    call.form(&format!("token={token}")).send().await.expect(200).json()
}
