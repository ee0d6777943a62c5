//! serde over the tape. Unlike a general JSON reader it refuses an array where a struct is asked for: a derived struct
//! would otherwise take `["admin"]` for its first field.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Kind, Value, string};

/// Why a document does not have the shape the caller's type asks for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeserializeProblem(Box<Details>);

/// Boxed: every step of a deserialisation hands its result on, and what it hands on should be small.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    path: Vec<String>,
    message: String,
}

impl DeserializeProblem {
    fn inside(mut self, name: &str) -> Self {
        self.0.path.push(name.to_owned());
        self
    }
}

impl fmt::Display for DeserializeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            let path: Vec<&str> = self.0.path.iter().rev().map(String::as_str).collect();
            write!(f, "{}: ", path.join("."))?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for DeserializeProblem {}

impl serde::de::Error for DeserializeProblem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(Details { path: Vec::new(), message: message.to_string() }))
    }
}

impl<'d, 'de> Value<'d, 'de> {
    /// Reads this value as the caller's type.
    pub(crate) fn deserialize<T: serde::Deserialize<'de>>(self) -> Result<T, DeserializeProblem> {
        T::deserialize(self)
    }

    fn visit_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeProblem> {
        let source = self.source();
        if self.kind() == Kind::Integer {
            if let Ok(number) = source.parse::<u64>() {
                return visitor.visit_u64(number);
            }
            if let Ok(number) = source.parse::<i64>() {
                return visitor.visit_i64(number);
            }
        }
        let number = source.parse::<f64>().map_err(DeserializeProblem::custom)?;
        visitor.visit_f64(number)
    }

    fn unexpected(self) -> Unexpected<'static> {
        match self.kind() {
            Kind::Null => Unexpected::Unit,
            Kind::False => Unexpected::Bool(false),
            Kind::True => Unexpected::Bool(true),
            Kind::Array => Unexpected::Seq,
            Kind::Object => Unexpected::Map,
            Kind::Integer | Kind::Float | Kind::Plain | Kind::Escaped => Unexpected::Other(self.kind_name()),
        }
    }

    fn children(self) -> Children<'d, 'de> {
        let node = self.node();
        Children { next: Value { document: self.document, index: self.index + 1 }, left: node.end as usize }
    }
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = DeserializeProblem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::False => visitor.visit_bool(false),
            Kind::True => visitor.visit_bool(true),
            Kind::Integer | Kind::Float => self.visit_number(visitor),
            Kind::Plain => visitor.visit_borrowed_str(self.source()),
            Kind::Escaped => visitor.visit_string(string::unescape(self.source())),
            Kind::Array => {
                let mut elements = self.children();
                let sequence = visitor.visit_seq(&mut elements)?;
                if elements.left > 0 {
                    return Err(DeserializeProblem::custom("the array has more elements than expected"));
                }
                Ok(sequence)
            }
            Kind::Object => {
                let Children { next: name, left } = self.children();
                visitor.visit_map(Members { name, left, value_is_due: false })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.kind() == Kind::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if !self.is_object() {
            return Err(DeserializeProblem::invalid_type(self.unexpected(), &visitor));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.kind() {
            Kind::Plain | Kind::Escaped => {
                visitor.visit_enum(self.as_str().unwrap_or_default().into_deserializer())
            }
            Kind::Object if self.node().end == 1 => {
                let name = self.children().next;
                visitor.visit_enum(Variant {
                    name,
                    content: Value { document: self.document, index: self.index + 2 },
                })
            }
            _ => Err(DeserializeProblem::invalid_type(
                self.unexpected(),
                &"a variant name or an object with one member",
            )),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        // The scanner has been everywhere already.
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier
    }
}

/// The values that follow one another inside a container.
struct Children<'d, 'de> {
    next: Value<'d, 'de>,
    left: usize,
}

impl<'d, 'de> Children<'d, 'de> {
    fn take(&mut self) -> Option<Value<'d, 'de>> {
        self.left = self.left.checked_sub(1)?;
        let value = self.next;
        self.next.index = value.node().next as usize;
        Some(value)
    }
}

impl<'de> SeqAccess<'de> for Children<'_, 'de> {
    type Error = DeserializeProblem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        self.take().map(|value| seed.deserialize(value)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

struct Members<'d, 'de> {
    /// The next name.
    name: Value<'d, 'de>,
    left: usize,
    /// The name was handed out, its value not yet.
    value_is_due: bool,
}

impl<'d, 'de> Members<'d, 'de> {
    /// The value after the current name.
    fn value(&self) -> Value<'d, 'de> {
        Value { document: self.name.document, index: self.name.index + 1 }
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = DeserializeProblem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        if self.value_is_due {
            return Err(Self::Error::custom("a name was asked for before the value of the last one"));
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.value_is_due = true;
        let name = match self.name.kind() {
            Kind::Escaped => seed.deserialize(StringDeserializer::new(string::unescape(self.name.source()))),
            _ => seed.deserialize(BorrowedStrDeserializer::new(self.name.source())),
        };
        name.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        if !std::mem::take(&mut self.value_is_due) {
            return Err(Self::Error::custom("a value was asked for before its name"));
        }
        let (name, value) = (self.name, self.value());
        self.left -= 1;
        self.name.index = value.node().next as usize;
        seed.deserialize(value).map_err(|problem| problem.inside(&name.as_str().unwrap_or_default()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// `{"Name": content}`.
struct Variant<'d, 'de> {
    name: Value<'d, 'de>,
    content: Value<'d, 'de>,
}

impl<'d, 'de> EnumAccess<'de> for Variant<'d, 'de> {
    type Error = DeserializeProblem;
    type Variant = Value<'d, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Self::Error> {
        Ok((seed.deserialize(self.name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Value<'_, 'de> {
    type Error = DeserializeProblem;

    fn unit_variant(self) -> Result<(), Self::Error> {
        if self.kind() == Kind::Null {
            Ok(())
        } else {
            Err(DeserializeProblem::invalid_type(self.unexpected(), &"null"))
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Self::Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_map(visitor)
    }
}
