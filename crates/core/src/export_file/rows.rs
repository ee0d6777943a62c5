//! How rows are written. The shapes stand here once more, and not in the model, so that a change of the model that would change
//! files which are out in the world does not compile unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use handstamp_token::{Algorithm, KeyId};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{
    forms::{
        audit_kind, end_reason, key_purpose, milliseconds, one_time_purpose, optional_text, position, reason,
        sealed_key, text, texts,
    },
    special::{bits, carried, password, place, profile, proof, secret, sid, subject},
};
use crate::{
    model::{
        AuditEntry, AuditKind, Carried, Client, ClientId, ClientProof, Email, EndReason, EventKind,
        InstanceId, KeyPurpose, KeyState, LogPosition, NewEvent, OneTimePurpose, OrgId, Organization,
        OrganizationStatus, PasswordHash, Profile, Reason, RefreshState, RevocationEvent, Role, SealedKey,
        SealedSecret, Selector, Session, SessionId, SessionState, StatusBits, StatusList, StatusListId,
        StatusPlace, StoredKey, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSession, UpstreamSid,
        UpstreamSubject, User, UserId, UserStatus, Username, VerifierReport,
    },
    store::transfer::Row,
};

/// A row, to be written.
pub(super) struct Line<'a>(pub(super) &'a Row);

/// A row that was read.
pub(super) struct OwnedLine(pub(super) Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RowDef::serialize(self.0, to)
    }
}

impl<'de> Deserialize<'de> for OwnedLine {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        RowDef::deserialize(from).map(Self)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Row", rename_all = "snake_case", deny_unknown_fields)]
enum RowDef {
    Organization(#[serde(with = "OrganizationDef")] Organization),
    User(#[serde(with = "UserDef")] User),
    Profile {
        #[serde(with = "text")]
        user_id: UserId,
        #[serde(with = "profile")]
        profile: Profile,
    },
    UpstreamLink(#[serde(with = "UpstreamLinkDef")] UpstreamLink),
    Client(#[serde(with = "ClientDef")] Client),
    Key(#[serde(with = "StoredKeyDef")] StoredKey),
    StatusList(#[serde(with = "StatusListDef")] StatusList),
    Session(#[serde(with = "SessionDef")] Session),
    UpstreamSession(#[serde(with = "UpstreamSessionDef")] UpstreamSession),
    Epoch {
        #[serde(with = "position")]
        last: LogPosition,
        forget_at: Timestamp,
    },
    Event(#[serde(with = "RevocationEventDef")] RevocationEvent),
    UsedId {
        #[serde(with = "one_time_purpose")]
        purpose: OneTimePurpose,
        id: String,
        expires_at: Timestamp,
    },
    Report(#[serde(with = "VerifierReportDef")] VerifierReport),
    Audit(#[serde(with = "AuditEntryDef")] AuditEntry),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Organization", deny_unknown_fields)]
struct OrganizationDef {
    #[serde(with = "text")]
    id: OrgId,
    name: String,
    #[serde(with = "OrganizationStatusDef")]
    status: OrganizationStatus,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrganizationStatus", rename_all = "snake_case", deny_unknown_fields)]
enum OrganizationStatusDef {
    Active,
    Suspended { at: Timestamp },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "User", deny_unknown_fields)]
struct UserDef {
    #[serde(with = "text")]
    id: UserId,
    #[serde(with = "text")]
    username: Username,
    #[serde(with = "optional_text")]
    email: Option<Email>,
    #[serde(with = "optional_text")]
    org_id: Option<OrgId>,
    #[serde(with = "texts")]
    roles: BTreeSet<Role>,
    claims: BTreeMap<String, Value>,
    #[serde(with = "UserStatusDef")]
    status: UserStatus,
    #[serde(with = "password")]
    password: Option<PasswordHash>,
    #[serde(with = "optional_text")]
    origin: Option<UpstreamName>,
    created_at: Timestamp,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UserStatus", rename_all = "snake_case", deny_unknown_fields)]
enum UserStatusDef {
    Active,
    Disabled { at: Timestamp },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UpstreamLink", deny_unknown_fields)]
struct UpstreamLinkDef {
    #[serde(with = "text")]
    upstream: UpstreamName,
    #[serde(with = "subject")]
    subject: UpstreamSubject,
    #[serde(with = "text")]
    user_id: UserId,
    linked_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Client", deny_unknown_fields)]
struct ClientDef {
    #[serde(with = "text")]
    id: ClientId,
    #[serde(with = "proof")]
    proof: ClientProof,
    scopes: BTreeSet<String>,
    audiences: BTreeSet<String>,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StoredKey", deny_unknown_fields)]
struct StoredKeyDef {
    id: KeyId,
    #[serde(with = "key_purpose")]
    purpose: KeyPurpose,
    #[serde(with = "text")]
    algorithm: Algorithm,
    #[serde(with = "sealed_key")]
    sealed: SealedKey,
    #[serde(with = "KeyStateDef")]
    state: KeyState,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyState", rename_all = "snake_case", deny_unknown_fields)]
enum KeyStateDef {
    Next { asked_at: Option<Timestamp> },
    Active { since: Timestamp },
    Retired { at: Timestamp, remove_at: Timestamp },
    Revoked { at: Timestamp },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StatusList", deny_unknown_fields)]
struct StatusListDef {
    #[serde(with = "text")]
    id: StatusListId,
    #[serde(with = "bits")]
    bits: StatusBits,
    size: u32,
    taken: u32,
    created_at: Timestamp,
    keep_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Session", deny_unknown_fields)]
struct SessionDef {
    #[serde(with = "text")]
    id: SessionId,
    #[serde(with = "text")]
    user_id: UserId,
    #[serde(with = "text")]
    client_id: ClientId,
    device: String,
    created_at: Timestamp,
    auth_time: Timestamp,
    amr: Vec<String>,
    absolute_expiry: Timestamp,
    idle_expiry: Timestamp,
    #[serde(with = "RefreshStateDef")]
    refresh: RefreshState,
    last_seen_at: Timestamp,
    #[serde(with = "place")]
    status: Option<StatusPlace>,
    #[serde(with = "carried")]
    carried: Option<Carried>,
    #[serde(with = "SessionStateDef")]
    state: SessionState,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RefreshState", deny_unknown_fields)]
struct RefreshStateDef {
    generation: u32,
    branch: u16,
    parent_branch: Option<u16>,
    rotated_at: Timestamp,
    handed_out_at: Timestamp,
    confirmed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SessionState", rename_all = "snake_case", deny_unknown_fields)]
enum SessionStateDef {
    Active,
    Ended {
        at: Timestamp,
        #[serde(with = "end_reason")]
        reason: EndReason,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UpstreamSession", deny_unknown_fields)]
struct UpstreamSessionDef {
    #[serde(with = "text")]
    session_id: SessionId,
    #[serde(with = "text")]
    upstream: UpstreamName,
    #[serde(with = "subject")]
    subject: UpstreamSubject,
    #[serde(with = "sid")]
    sid: Option<UpstreamSid>,
    exchanged: bool,
    #[serde(with = "secret")]
    secret: Option<SealedSecret>,
    #[serde(with = "UpstreamCheckDef")]
    check: UpstreamCheck,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UpstreamCheck", deny_unknown_fields)]
struct UpstreamCheckDef {
    checked_at: Timestamp,
    asked_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RevocationEvent", deny_unknown_fields)]
struct RevocationEventDef {
    seq: u64,
    #[serde(with = "NewEventDef")]
    event: NewEvent,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NewEvent", deny_unknown_fields)]
struct NewEventDef {
    #[serde(with = "SelectorDef")]
    selector: Selector,
    #[serde(with = "EventKindDef")]
    kind: EventKind,
    #[serde(with = "reason")]
    reason: Reason,
    at: Timestamp,
    forget_at: Timestamp,
    #[serde(with = "optional_text")]
    user: Option<UserId>,
    #[serde(with = "optional_text")]
    org_id: Option<OrgId>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Selector", rename_all = "snake_case")]
enum SelectorDef {
    Token(String),
    Session(#[serde(with = "text")] SessionId),
    Subject(#[serde(with = "text")] UserId),
    Organization(#[serde(with = "text")] OrgId),
    Client(#[serde(with = "text")] ClientId),
    Key(KeyId),
    Profile(#[serde(with = "text")] UserId),
    Everything,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EventKind", rename_all = "snake_case")]
enum EventKindDef {
    Stale,
    Dead,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "VerifierReport", deny_unknown_fields)]
struct VerifierReportDef {
    #[serde(with = "optional_text")]
    client: Option<ClientId>,
    #[serde(with = "text")]
    instance: InstanceId,
    kids: Vec<KeyId>,
    #[serde(with = "position")]
    position: LogPosition,
    #[serde(with = "milliseconds", rename = "lag_ms")]
    lag: Duration,
    reported_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AuditEntry", deny_unknown_fields)]
struct AuditEntryDef {
    at: Timestamp,
    #[serde(with = "audit_kind")]
    kind: AuditKind,
    #[serde(with = "optional_text")]
    user_id: Option<UserId>,
    #[serde(with = "optional_text")]
    session_id: Option<SessionId>,
    #[serde(with = "optional_text")]
    actor: Option<UserId>,
    address: Option<IpAddr>,
    detail: Option<String>,
}
