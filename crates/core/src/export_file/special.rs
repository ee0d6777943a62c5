//! Values that have no text of their own, each by a form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    Carried, ClientKeys, ClientKeysError, ClientProof, ClientSecretHash, IdError, PasswordHash, Profile,
    ProfileError, SealedSecret, StatusBits, StatusPlace, UpstreamSid, UpstreamSubject, UpstreamTextError,
};

/// Modules for serde's `with`: a value is turned into its form and back.
macro_rules! formed {
    ($($module:ident: $type:ty as $form:ty,)+) => {$(
        pub(super) mod $module {
            use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                <$form>::from(value).serialize(to)
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                <$type>::try_from(<$form>::deserialize(from)?).map_err(de::Error::custom)
            }
        }
    )+};
}

formed! {
    profile: crate::model::Profile as super::ProfileForm,
    password: Option<crate::model::PasswordHash> as super::PasswordForm,
    subject: crate::model::UpstreamSubject as super::SubjectForm,
    sid: Option<crate::model::UpstreamSid> as super::SidForm,
    secret: Option<crate::model::SealedSecret> as super::SecretForm,
    proof: crate::model::ClientProof as super::ProofForm,
    bits: crate::model::StatusBits as super::BitsForm,
    place: Option<crate::model::StatusPlace> as super::PlaceForm,
    carried: Option<crate::model::Carried> as super::CarriedForm,
}

#[derive(Serialize, Deserialize)]
struct ProfileForm(Value);

impl From<&Profile> for ProfileForm {
    fn from(profile: &Profile) -> Self {
        Self(Value::Object(profile.members().clone()))
    }
}

impl TryFrom<ProfileForm> for Profile {
    type Error = ProfileError;

    fn try_from(ProfileForm(value): ProfileForm) -> Result<Self, ProfileError> {
        value.to_string().parse()
    }
}

#[derive(Serialize, Deserialize)]
struct PasswordForm(Option<String>);

impl From<&Option<PasswordHash>> for PasswordForm {
    fn from(hash: &Option<PasswordHash>) -> Self {
        Self(hash.as_ref().map(|hash| hash.as_phc().to_owned()))
    }
}

impl From<PasswordForm> for Option<PasswordHash> {
    fn from(PasswordForm(phc): PasswordForm) -> Self {
        phc.map(PasswordHash::from_phc)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectForm {
    issuer: String,
    sub: String,
}

impl From<&UpstreamSubject> for SubjectForm {
    fn from(subject: &UpstreamSubject) -> Self {
        Self { issuer: subject.issuer().to_owned(), sub: subject.sub().to_owned() }
    }
}

impl TryFrom<SubjectForm> for UpstreamSubject {
    type Error = UpstreamTextError;

    fn try_from(form: SubjectForm) -> Result<Self, UpstreamTextError> {
        Self::new(&form.issuer, &form.sub)
    }
}

#[derive(Serialize, Deserialize)]
struct SidForm(Option<String>);

impl From<&Option<UpstreamSid>> for SidForm {
    fn from(sid: &Option<UpstreamSid>) -> Self {
        Self(sid.as_ref().map(|sid| sid.as_str().to_owned()))
    }
}

impl TryFrom<SidForm> for Option<UpstreamSid> {
    type Error = UpstreamTextError;

    fn try_from(SidForm(sid): SidForm) -> Result<Self, UpstreamTextError> {
        sid.map(|sid| sid.parse()).transpose()
    }
}

#[derive(Serialize, Deserialize)]
struct SecretForm(Option<Sealed>);

#[derive(Serialize, Deserialize)]
struct Sealed(#[serde(with = "super::forms::sealed_secret")] SealedSecret);

impl From<&Option<SealedSecret>> for SecretForm {
    fn from(secret: &Option<SealedSecret>) -> Self {
        Self(secret.clone().map(Sealed))
    }
}

impl From<SecretForm> for Option<SealedSecret> {
    fn from(SecretForm(secret): SecretForm) -> Self {
        secret.map(|Sealed(secret)| secret)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProofForm {
    Secret(String),
    Jwks(String),
}

impl From<&ClientProof> for ProofForm {
    fn from(proof: &ClientProof) -> Self {
        match proof {
            ClientProof::Secret(hash) => Self::Secret(hash.as_str().to_owned()),
            ClientProof::Keys(keys) => Self::Jwks(keys.as_jwks().to_owned()),
        }
    }
}

impl TryFrom<ProofForm> for ClientProof {
    type Error = ClientKeysError;

    fn try_from(form: ProofForm) -> Result<Self, ClientKeysError> {
        match form {
            ProofForm::Secret(hash) => Ok(Self::Secret(ClientSecretHash::from_stored(hash))),
            ProofForm::Jwks(jwks) => ClientKeys::read(&jwks).map(Self::Keys),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct BitsForm(u8);

impl From<&StatusBits> for BitsForm {
    fn from(bits: &StatusBits) -> Self {
        Self(bits.count())
    }
}

impl TryFrom<BitsForm> for StatusBits {
    type Error = &'static str;

    fn try_from(BitsForm(count): BitsForm) -> Result<Self, &'static str> {
        Self::from_count(count).ok_or("a place has 1 or 2 bits")
    }
}

#[derive(Serialize, Deserialize)]
struct PlaceForm(Option<Place>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    list: String,
    index: u32,
}

impl From<&Option<StatusPlace>> for PlaceForm {
    fn from(place: &Option<StatusPlace>) -> Self {
        Self(place.map(|StatusPlace { list, index }| Place { list: list.to_string(), index }))
    }
}

impl TryFrom<PlaceForm> for Option<StatusPlace> {
    type Error = IdError;

    fn try_from(PlaceForm(place): PlaceForm) -> Result<Self, IdError> {
        place.map(|Place { list, index }| Ok(StatusPlace { list: list.parse()?, index })).transpose()
    }
}

#[derive(Serialize, Deserialize)]
struct CarriedForm(Option<Home>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Home {
    from: String,
    to: String,
}

impl From<&Option<Carried>> for CarriedForm {
    fn from(carried: &Option<Carried>) -> Self {
        let form = |carried: &Carried| Home { from: carried.from.to_string(), to: carried.to.to_string() };
        Self(carried.as_ref().map(form))
    }
}

impl TryFrom<CarriedForm> for Option<Carried> {
    type Error = IdError;

    fn try_from(CarriedForm(carried): CarriedForm) -> Result<Self, IdError> {
        carried.map(|form| Ok(Carried { from: form.from.parse()?, to: form.to.parse()? })).transpose()
    }
}
