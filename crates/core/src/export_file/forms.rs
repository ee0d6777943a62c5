//! How single values are written: as the text or the name that they have everywhere else.

/// A value as its text.
pub(super) mod text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// A value that may be missing, as its text or `null`.
pub(super) mod optional_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[expect(clippy::ref_option, reason = "serde hands over a reference")]
    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(ToString::to_string).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

/// Values as a list of their texts.
pub(super) mod texts {
    use std::{collections::BTreeSet, fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        values: &BTreeSet<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display> + Ord, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeSet<T>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
    }
}

/// A position of the log in two numbers: its text belongs into tokens.
pub(super) mod position {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::LogPosition;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Form {
        pub(super) epoch: u32,
        pub(super) seq: u64,
    }

    pub(in super::super) fn serialize<S: Serializer>(at: &LogPosition, to: S) -> Result<S::Ok, S::Error> {
        Form { epoch: at.epoch, seq: at.seq }.serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<LogPosition, D::Error> {
        let Form { epoch, seq } = Form::deserialize(from)?;
        Ok(LogPosition { epoch, seq })
    }
}

/// A position that may be missing.
pub(super) mod optional_position {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::position::Form;
    use crate::model::LogPosition;

    #[expect(clippy::ref_option, reason = "serde hands over a reference")]
    pub(in super::super) fn serialize<S: Serializer>(
        at: &Option<LogPosition>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(|at| Form { epoch: at.epoch, seq: at.seq }).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<LogPosition>, D::Error> {
        let form = Option::<Form>::deserialize(from)?;
        Ok(form.map(|Form { epoch, seq }| LogPosition { epoch, seq }))
    }
}

/// A length of time in milliseconds.
pub(super) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// Values with a stable name.
macro_rules! named {
    ($($module:ident: $type:ty,)+) => {$(
        pub(super) mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(value.as_str())
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let name = String::deserialize(from)?;
                <$type>::from_name(&name).ok_or_else(|| de::Error::custom(format!("the unknown name {name:?}")))
            }
        }
    )+};
}

named! {
    audit_kind: crate::model::AuditKind,
    end_reason: crate::model::EndReason,
    key_purpose: crate::model::KeyPurpose,
    reason: crate::model::Reason,
    one_time_purpose: crate::model::OneTimePurpose,
}

/// Sealed bytes in base64url.
macro_rules! sealed {
    ($($module:ident: $type:ty,)+) => {$(
        pub(super) mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&base64_simd::URL_SAFE_NO_PAD.encode_to_string(value.as_bytes()))
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let text = String::deserialize(from)?;
                let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text);
                bytes.map(<$type>::from_bytes).map_err(|_| de::Error::custom("no base64url"))
            }
        }
    )+};
}

sealed! {
    sealed_key: crate::model::SealedKey,
    sealed_secret: crate::model::SealedSecret,
}
