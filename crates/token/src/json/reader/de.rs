//! serde over the reader. What a method does not know how to read, it leaves to the tape.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::super::{Kind, string, words};
use super::members::Members;
use super::{GaveUp, Passed, Reader};

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("left to the tape")
    }
}

impl std::error::Error for GaveUp {}

impl serde::de::Error for GaveUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        // The tape finds the same fault and words it.
        Self
    }
}

impl<'de> Reader<'de> {
    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let (kind, start, end) = self.string()?;
        let source = &self.text[start..end];
        match kind {
            Kind::Plain => visitor.visit_borrowed_str(source),
            _ => visitor.visit_string(string::unescape(source)),
        }
    }

    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let start = self.at;
        let number = words::number(self.text, start)?;
        self.at = number.end;
        let negative = self.bytes.get(start) == Some(&b'-');
        if let (Some(digits), false) = (number.digits, negative) {
            self.passed = Passed::Number(digits);
            return visitor.visit_u64(digits);
        }
        self.passed = Passed::Other;
        let source = &self.text[start..number.end];
        if number.kind == Kind::Integer {
            if let Ok(number) = source.parse::<u64>() {
                return visitor.visit_u64(number);
            }
            if let Ok(number) = source.parse::<i64>() {
                return visitor.visit_i64(number);
            }
        }
        visitor.visit_f64(source.parse::<f64>().map_err(|_| GaveUp)?)
    }

    fn visit_literal<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let (word, value) = match self.peek() {
            Some(b't') => ("true", Some(true)),
            Some(b'f') => ("false", Some(false)),
            _ => ("null", None),
        };
        self.at = words::literal(self.bytes, self.at, word)?;
        self.passed = Passed::Other;
        value.map_or_else(|| Err(GaveUp), |value| visitor.visit_bool(value))
    }

    fn visit_null<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        self.at = words::literal(self.bytes, self.at, "null")?;
        self.passed = Passed::Other;
        visitor.visit_unit()
    }

    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        self.open()?;
        let ended = self.closes_at_once(b']');
        let mut elements = Elements { reader: self, count: 0, ended };
        let sequence = visitor.visit_seq(&mut elements)?;
        // Elements too many are a fault of the shape.
        let ended = elements.ended;
        self.passed = Passed::Other;
        if ended { Ok(sequence) } else { Err(GaveUp) }
    }

    fn visit_object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let map = Members::open(self, (), &[])?.visit(visitor);
        self.passed = Passed::Other;
        map
    }
}

/// Reads a value if it starts like this; the tape words what is wrong otherwise.
macro_rules! starting_with {
    ($($method:ident: $first:pat => $visit:ident,)+) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
            let value = match self.peek() {
                Some($first) => self.$visit(visitor),
                _ => Err(GaveUp),
            };
            self.noted(value)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = GaveUp;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        let value = match self.peek() {
            Some(b'"') => self.visit_string(visitor),
            Some(b'{') => self.visit_object(visitor),
            Some(b'[') => self.visit_array(visitor),
            Some(b't' | b'f') => self.visit_literal(visitor),
            Some(b'n') => self.visit_null(visitor),
            _ => self.visit_number(visitor),
        };
        self.noted(value)
    }

    starting_with! {
        deserialize_str: b'"' => visit_string,
        deserialize_string: b'"' => visit_string,
        deserialize_char: b'"' => visit_string,
        deserialize_bool: b't' | b'f' => visit_literal,
        deserialize_i8: b'-' | b'0'..=b'9' => visit_number,
        deserialize_i16: b'-' | b'0'..=b'9' => visit_number,
        deserialize_i32: b'-' | b'0'..=b'9' => visit_number,
        deserialize_i64: b'-' | b'0'..=b'9' => visit_number,
        deserialize_u8: b'-' | b'0'..=b'9' => visit_number,
        deserialize_u16: b'-' | b'0'..=b'9' => visit_number,
        deserialize_u32: b'-' | b'0'..=b'9' => visit_number,
        deserialize_u64: b'-' | b'0'..=b'9' => visit_number,
        deserialize_f32: b'-' | b'0'..=b'9' => visit_number,
        deserialize_f64: b'-' | b'0'..=b'9' => visit_number,
        deserialize_unit: b'n' => visit_null,
        deserialize_seq: b'[' => visit_array,
        deserialize_map: b'{' => visit_object,
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        if self.peek() == Some(b'n') {
            let read = words::literal(self.bytes, self.at, "null").map_err(GaveUp::from);
            self.at = self.noted(read)?;
            self.passed = Passed::Other;
            let value = visitor.visit_none();
            return self.noted(value);
        }
        let value = visitor.visit_some(&mut *self);
        self.noted(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        let value = visitor.visit_newtype_struct(&mut *self);
        self.noted(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        let value = match self.string() {
            Ok((Kind::Plain, start, end)) => {
                visitor.visit_enum(BorrowedStrDeserializer::new(&self.text[start..end]))
            }
            _ => Err(GaveUp),
        };
        self.noted(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        let value = self.skip().and_then(|()| visitor.visit_unit());
        self.noted(value)
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit_struct tuple tuple_struct identifier }
}

/// The elements of an array.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    count: u32,
    ended: bool,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = GaveUp;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, GaveUp> {
        if self.ended {
            return Ok(None);
        }
        let element = seed.deserialize(&mut *self.reader);
        let element = self.reader.noted(element)?;
        self.count += 1;
        let more = self.reader.next_child(b']', self.count);
        self.ended = !self.reader.noted(more)?;
        Ok(Some(element))
    }
}
